"""Write what all systems together say of a return, and who still has to be told (Aggregator, Process Manager)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from hub.accounts import Account
from hub.model.identity.names import speaks_of_order
from hub.model.language.sentences import Sentence, sentence
from hub.model.merge import rekeyed
from hub.model.merge.outward import outward, short
from hub.model.plan.delivery import LAST_CONFLICT
from hub.model.plan.planner import needs_somebody, plan, state, unheard
from hub.model.plan.refusals import SUMS
from hub.model.schema.bindings import Name
from hub.model.schema.fragment import Zero
from hub.model.schema.operation import Outstanding, PlannedOperation, Undeliverable
from hub.pipeline.process import routes
from hub.pipeline.process.load import Situation, load_for_update
from hub.pipeline.process.story import changes
from hub.pipeline.writes import awaited, no_effect
from hub.store import dead_jobs, jobs, journal, paying, returns, sync
from hub.store.database import Connection
from hub.store.intents import Intent


class Plan(NamedTuple):
    operations: tuple[PlannedOperation, ...]
    undeliverable: tuple[Undeliverable, ...]
    state: str
    settle: float
    why: str | Sentence | None
    """What it waits for."""


def _planned_as(intent: Intent) -> str:
    """An intent's state as the plan knows it: what is between two steps is under way."""
    if awaited.refused(intent):
        return "refused" if intent.tries < LAST_CONFLICT else "tried_out"
    return {"waiting": "open"}.get(intent.state, intent.state)


def plan_for(conn: Connection, situation: Situation, account: Account) -> Plan:
    """What this account still has to be told, and what it cannot be."""
    matter = [intent for intent in situation.intents if intent.state != "held"]
    outstanding = [
        Outstanding(
            operation=rekeyed.operation(msgspec.convert(intent.operation, PlannedOperation), situation.merger.book),
            state=_planned_as(intent),
            since=paying.since(conn, intent) if intent.state == "given_up" and intent.kind in SUMS else Zero,
        )
        for intent in matter
    ]
    terms = account.terms
    its_view = situation.merger.of(account.name)
    if terms.money and situation.merged.money.due:
        payments = [payment.id for payment in its_view.payments]
        terms = replace(terms, reserved=paying.reserved(conn, situation.id, account.name, payments))
    operations, undeliverable = plan(situation.merged, its_view, terms, outstanding)
    mine = [intent for intent in matter if intent.account == account.name]
    waits = [o for o, i in zip(outstanding, matter, strict=True) if i.account == account.name]
    creates = any(operation.kind == "create_return" for operation in operations)
    said = state(operations, [rest for rest in undeliverable if needs_somebody(rest, situation.merged)], waits)
    undeliverable += unheard(situation.merged, its_view, terms, outstanding, operations, undeliverable)
    said = "untold" if said == "in_sync" and undeliverable else said
    why = awaited.why(mine) if said != "pending" else None
    return Plan(operations, undeliverable, said, account.settle if creates else 0.0, why)


def combine(
    conn: Connection,
    return_ids: Iterable[int],
    accounts: Mapping[str, Account],
    because: Mapping[int, Sequence[str]],
    *,
    replan: bool = False,
    reads: Mapping[Name, int] = {},
    fresh: Sequence[int] = (),
    loud: Collection[int] = (),
) -> None:
    """Merge these returns, write what changed, and note for each account what it has to be told.

    `because` says per return which records brought the news; `replan` also where nothing changed; `loud` are those of
    which others may see something new: the other returns of their orders are merged, too, where that changes them.
    """
    changed: list[returns.Change] = []
    news: list[sync.PlannedRow] = []
    entries: list[journal.JournalEntry] = []
    tell: dict[tuple[str, str], float] = {}
    told_before: set[int] = set()
    situations = load_for_update(conn, return_ids, accounts, reads, fresh)
    situations += load_for_update(conn, _moved(conn, situations, loud), accounts)
    for situation in situations:
        doc = returns.encode(situation.merged)
        opened = situation.row.opened or situation.merged.origin is not None
        is_new = doc != situation.row.doc
        if is_new:
            changed.append(returns.Change(situation.id, doc, situation.merged, opened))
            entries += _entries(situation, because.get(situation.id, ()), opened)
        if not opened or not (is_new or replan or situation.intents or situation.read_back):
            continue
        if situation.row.revision:
            told_before.add(situation.id)
        for account in routes.routed(situation.merged, accounts):
            planned = plan_for(conn, situation, account)
            job = routes.job_key(situation.merged, situation.id, account)
            news.append(
                sync.PlannedRow(
                    situation.id,
                    account.name,
                    job,
                    planned.state,
                    planned.operations,
                    planned.undeliverable,
                    planned.settle,
                    planned.why,
                )
            )
            if planned.state == "pending" or _unsettled(situation, account):
                key = (account.name, job)
                tell[key] = min(tell.get(key, planned.settle), planned.settle)
    returns.save(conn, changed)
    if changed:
        dead_jobs.try_about(conn, [change.id for change in changed])
    sync.save(conn, news)
    no_effect.planned(conn, [planned for planned in news if planned.return_id in told_before])
    journal.write(conn, entries)
    for after in sorted(set(tell.values())):
        jobs.want(conn, "deliver", [key for key, wait in tell.items() if wait == after], after=after)


def _moved(conn: Connection, situations: Sequence[Situation], loud: Collection[int]) -> set[int]:
    """The other returns of their orders that come out differently now: money and replacements concern all of them,
    pieces asked for only who is left more or less by them."""
    moved: set[int] = set()
    done = {situation.id for situation in situations}
    for one in situations:
        beside = {int(other.number[1:]) for other in one.merger.inputs.others} - done - moved
        if one.id not in loud or not beside:
            continue
        # A refund that opens nothing and names no return is the order's, also in a record of its own.
        alone = one.merged.origin is None
        order_money = any(o.fragment.refunds and (alone or speaks_of_order(o.fragment)) for o in one.seen)
        if order_money or outward(one.old) != outward(one.merged):
            moved |= beside
            continue
        keys = {line.key for ret in (one.old, one.merged) if ret is not None for line in ret.lines}
        left = one.merger.shortages(f"R{one.id}", keys)
        for other, row in returns.read(conn, beside).items():
            before = short(returns.decode(row.doc) if row.doc else None)
            if {key: n for key, n in before.items() if key in keys} != left.get(f"R{other}", {}):
                moved.add(other)
    return moved


def _unsettled(situation: Situation, account: Account) -> bool:
    """A write there of which we do not know yet what became of it: its job may have another key since."""
    mine = (intent for intent in situation.intents if intent.account == account.name)
    return any(intent.state in ("open", "waiting", "unknown") for intent in mine)


def _entries(situation: Situation, because: Sequence[str], opened: bool) -> Iterator[journal.JournalEntry]:
    """A line of the story, where there is something to tell people: a new version of the same is none."""
    story = changes(situation.old, situation.merged)
    if opened and not situation.row.opened:
        story.insert(0, sentence("new_return", number=f"R{situation.id}"))
    if story:
        account = because[0].split(" ", 1)[0] if because else None
        source = sentence("because", records=", ".join(because)) if because else sentence("recomputed")
        yield journal.entry(situation.id, account, "merge", *story, because=source)
