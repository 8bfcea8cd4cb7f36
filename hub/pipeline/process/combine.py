"""Lay what all systems say of a return together, and see who still has to be told (Aggregator, Process Manager)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from hub.accounts import Account, parties
from hub.model.identity.names import speaks_of_order
from hub.model.language.sentences import Sentence, sentence
from hub.model.merge import rekeyed
from hub.model.merge.merger import Merger
from hub.model.merge.outward import outward, short
from hub.model.plan.delivery import LAST_CONFLICT
from hub.model.plan.planner import needs_somebody, plan, state, unheard
from hub.model.plan.refusals import SUMS
from hub.model.schema import bindings
from hub.model.schema.bindings import Name
from hub.model.schema.fragment import Zero
from hub.model.schema.observation import MergeInputs, Observation, Sibling
from hub.model.schema.operation import Operation, Outstanding, Undeliverable
from hub.model.schema.returns import Return
from hub.pipeline.process import carrier_events, routes, unknown_numbers, unread
from hub.pipeline.process.story import changes
from hub.pipeline.process.translate import size
from hub.pipeline.writes import awaited, no_effect, overtaken, recognition
from hub.store import dead_jobs, duplicate_facts, intents, jobs, journal, observations, paying, returns, sync
from hub.store.database import Connection, Database, now
from hub.store.intents import Intent

T = TypeVar("T")


_ECHOES = {
    "authorize": ("authorized",),
    "reopen": ("authorized", "requested"),
    # A system without an approval step knows only one way to end a return, whichever of the two it was told.
    "reject": ("rejected", "cancelled"),
    "cancel": ("rejected", "cancelled"),
}
"""What an account says once such a write of ours had its effect."""


class Moved(Exception):
    """A return went into another one while we waited for it: begin again."""


def whole(database: Database, work: Callable[[Connection], T]) -> T:
    """Do `work` in a transaction, once more where a return went into another one meanwhile."""
    while True:
        try:
            return database.run(work)
        except Moved:
            continue


MOST = 100_000
"""Lines and facts of all records of a return, and of its orders, that are laid together."""


class TooMuch(jobs.Futile):
    """A return that many large records feed: understanding it would hold up all others."""

    def __init__(self, return_id: int, parts: int) -> None:
        why = f"the records of R{return_id} have {parts} lines and facts; the hub lays {MOST} together"
        super().__init__(why, [return_id])


class Situation(NamedTuple):
    """All that is known of one return at one moment, under its lock."""

    id: int
    row: returns.ReturnRow
    old: Return | None
    seen: Sequence[Observation]
    merger: Merger
    merged: Return
    intents: Sequence[Intent]
    read_back: bool
    """A write of ours was just found to be observed."""


class Plan(NamedTuple):
    operations: tuple[Operation, ...]
    undeliverable: tuple[Undeliverable, ...]
    state: str
    settle: float
    why: str | Sentence | None
    """What it waits for."""


def look(
    conn: Connection,
    return_ids: Iterable[int],
    accounts: Mapping[str, Account],
    reads: Mapping[Name, int] = {},
    fresh: Sequence[int] = (),
) -> list[Situation]:
    """Hold these returns and merge what is observed of them. Raises Moved where one went into another.

    `reads`: records that we just read ourselves, with the read_seqs of these reads. `fresh`: returns that begin now.
    """
    rows = returns.lock(conn, set(return_ids).difference(fresh))
    rows |= {return_id: returns.ReturnRow.new(return_id) for return_id in fresh}
    if any(row.merged_into for row in rows.values()):
        raise Moved
    if not rows:
        return []
    ids = sorted(rows)
    seen = observations.of_returns(conn, ids)
    astray = unknown_numbers.of_returns(conn, seen)
    for return_id, told in carrier_events.of_returns(conn, ids):
        seen[return_id].append(told)
    known = duplicate_facts.of_returns(conn, ids)
    unfinished = intents.unfinished(conn, ids)
    others = observations.of_siblings(conn, ids)
    theirs = duplicate_facts.of_returns(conn, sorted({other for beside in others.values() for other in beside}))
    wrote = intents.decided(conn, ids)
    made = paying.made(conn, {*ids, *(other for beside in others.values() for other in beside)})
    waiting = unread.of_returns(conn, seen, accounts)
    people = parties(accounts)
    at = now(conn) if any(row.bindings for row in rows.values()) else None
    situations = []
    for return_id in ids:
        if (parts := sum(size(o.fragment) for o in seen[return_id])) > MOST:
            raise TooMuch(return_id, parts)
        row = rows[return_id]
        old = returns.decode(row.doc) if row.doc else None
        same = known.get(return_id, ())
        before = unfinished.get(return_id, [])
        beside = others.get(return_id, {})
        # A refund that names only the order stands by itself until it is known to be ours.
        around = [*seen[return_id], *(told for records in beside.values() for told in records)] if before else ()
        open_, found, over = recognition.observed(conn, return_id, before, around, same, reads)
        bound = bindings.decode(row.bindings) if row.bindings else bindings.Bindings()
        inputs = MergeInputs(
            parties=people,
            duplicates=(*same, *found),
            number=f"R{return_id}",
            others=tuple(Sibling(f"R{other}", tuple(told), theirs.get(other, ())) for other, told in beside.items()),
            made=made,
            echoes=frozenset((name, word) for name, kind in wrote.get(return_id, ()) for word in _ECHOES[kind]),
            bindings=bound,
            matched=old.matched() if old is not None else {},
            unread=waiting.get(return_id, ()),
            untaken=overtaken.untaken(before, old),
            strays=astray.get(return_id, ()),
            immature=frozenset(link.guest for link in bound.links if at is not None and link.matures_at > at),
        )
        shown = overtaken.without(seen[return_id], open_, old, inputs.duplicates)
        merger = Merger(shown, inputs)
        merged = merger.whole()
        open_ = [
            *(i for i in open_ if not _paid_after_all(conn, i, merged)),
            *_without_effect(conn, accounts, over, merged),
        ]
        closed = len(open_) < len(before)
        situations.append(Situation(return_id, row, old, shown, merger, merged, open_, closed))
    return situations


def _without_effect(
    conn: Connection, accounts: Mapping[str, Account], over: Sequence[Intent], merged: Return
) -> list[Intent]:
    """All records of these writes are read: what they show is over, the others (money) are not."""
    still = []
    for intent in over:
        if awaited.shown(intent, merged):
            awaited.closes(conn, intent)
            continue
        still.append(intent)
        account, rows = accounts.get(intent.account), sync.of_returns(conn, [intent.return_id])
        row = rows.get((intent.return_id, intent.account))
        if account is not None and row is not None and intent.state == "sent":
            awaited.read(conn, account, row, intent, "not_shown")
    return still


def _paid_after_all(conn: Connection, intent: Intent, merged: Return) -> bool:
    """A payment that a person is asked about is seen: that answers it."""
    if intent.kind != "refund" or intent.state != "dead" or not intent.possible or not awaited.shown(intent, merged):
        return False
    awaited.closes(conn, intent)
    return True


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
            operation=rekeyed.operation(msgspec.convert(intent.operation, Operation), situation.merger.book),
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
    news: list[sync.News] = []
    entries: list[journal.JournalEntry] = []
    tell: dict[tuple[str, str], float] = {}
    told_before: set[int] = set()
    situations = look(conn, return_ids, accounts, reads, fresh)
    situations += look(conn, _moved(conn, situations, loud), accounts)
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
                sync.News(
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
    told = changes(situation.old, situation.merged)
    if opened and not situation.row.opened:
        told.insert(0, sentence("new_return", number=f"R{situation.id}"))
    if told:
        account = because[0].split(" ", 1)[0] if because else None
        source = sentence("because", records=", ".join(because)) if because else sentence("recomputed")
        yield journal.entry(situation.id, account, "merge", *told, because=source)
