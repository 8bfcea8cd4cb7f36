"""What became of a remote call: what the table (model/plan/delivery.py) says of its outcome is carried out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from connectors.kit import errors
from connectors.kit.api import Reply
from hub.accounts import Account
from hub.model.language.sentences import Sentence, sentence
from hub.model.plan import delivery
from hub.model.plan.delivery import Known, Verdict, decide
from hub.model.plan.progress import performed
from hub.model.schema.bindings import Name
from hub.model.schema.operation import PlannedOperation
from hub.pipeline.intake.accept import arrivals
from hub.pipeline.remote import Outcome
from hub.pipeline.writes import overtaken, questions
from hub.pipeline.writes.outcome_words import outcome_word
from hub.pipeline.writes.questions import write
from hub.store import inbox, intents, jobs, journal, keys, returns, sync
from hub.store.database import Connection, next_read_seq, now
from hub.store.intents import Intent

CREATES = frozenset(
    {"create_return", "refund", "record_refund", "credit", "exchange", "note", "add_evidence", "dispose"}
)
"""Operations whose repetition would be a second event."""

WHOLE_JOB = frozenset({"later", "denied", "over_budget"})
"""Outcomes that do not concern one record: every write of this job would meet them."""


class Then(NamedTuple):
    """How the job goes on: with this intent's next call at once, or after `wait` seconds, or with other returns."""

    next: Literal["", "repeat", "next step"] = ""
    wait: float = 0.0


class Answer(NamedTuple):
    """A reply that is to be written down."""

    account: Account
    row: sync.SyncRow
    intent: Intent
    reply: Reply


def settle(
    conn: Connection,
    account: Account,
    row: sync.SyncRow,
    intent: Intent,
    outcome: Outcome[Reply | None],
    answers: list[Answer],
    *,
    looking: bool,
) -> Then:
    """Write down what a call or a look came to. A reply is added to `answers`, which `answered` writes down at once."""
    came = outcome_word(outcome, looking=looking)
    if looking and came == "found" and outcome.value is not None and not outcome.value.finished:
        came = "step"  # found half done
    ended: delivery.Ended = "look" if looking and came != "step" else "call"
    verdict = decide(ended, came, known(account, intent, outcome.error, looking=looking))
    rule = verdict.rule
    if isinstance(outcome.value, Reply):
        answers.append(Answer(account, row, intent, outcome.value))
        return _step(conn, answers[-1], verdict)
    text = str(outcome.error or "") or (repr(outcome.error) if outcome.error else intent.error or "")
    intents.move(
        conn,
        intent.id,
        rule.intent,
        error=text,
        looks=int(came == "not_found"),
        misses=int(looking and came in ("broken", "later", "denied")),
        uncounted=int(came == "over_budget" and not looking),
        possible=True if looking or came == "unknown" else None,
        refused=came in delivery.NO and intent.possible,
        wait=verdict.wait,
        settles=rule.wait == "settles",
    )
    overtaken.ended(conn, intent, rule.intent)
    if rule.next in ("repeat", "next step") and not rule.row:
        return Then("repeat")
    if "read" in rule.next:
        read_again(conn, account, intent)
    if rule.intent == "dead":
        _end(conn, account, row, intent, rule.asks, text)
    elif rule.intent == "no_way":
        _no_way(conn, row, intent, text)
    elif rule.intent == "sent":
        _observe(conn, account, row, intent)
    else:
        _put_off(conn, account, row, intent, came, text, verdict)
    if rule.row == "pending" and came in WHOLE_JOB:
        return Then(wait=max(verdict.wait, 0.001))
    return Then()


def known(account: Account, intent: Intent, problem: Exception | None = None, *, looking: bool = False) -> Known:
    """What the table has to know of an intent. `looking`: it may have had an effect, as one that a crash left open."""
    spec = account.spec(intent.kind)
    able = account.entry.capabilities.fetches
    objects = intent.call.get("objects", {})
    awaited = (intent.reply or {}).get("read_back", ())
    return Known(
        possible=intent.possible or looking,
        refused=intent.refused,
        begun=bool(intent.progress),
        # A repetition may itself take as long to take effect as an effect takes at most.
        covered=intent.age + spec.settles_within < spec.key_retention,
        money=pays(account, intent.kind),
        once=intent.kind in CREATES,
        readable=any(stream in able and stream != "order" for stream in objects),
        fetched=all(stream in able for stream, _ in awaited),
        tries=intent.tries,
        calls=intent.attempts,
        looks=intent.looks,
        misses=intent.misses,
        settles=spec.settles_within,
        after=problem.after if isinstance(problem, errors.RetryLater) else None,
    )


def _step(conn: Connection, answer: Answer, verdict: Verdict) -> Then:
    """Keep what one step of several did: it stands in the progress of the intent."""
    account, row, intent, reply = answer
    if reply.finished:
        return Then()
    progress = {**intent.progress, **reply.progress}
    kept = {"detail": reply.detail}
    intents.move(conn, intent.id, verdict.rule.intent, progress=progress, reply=kept, possible=False)
    if verdict.rule.intent == "dead":
        _end(conn, account, row, intent, verdict.rule.asks, "")
        return Then()
    return Then("next step")


def answered(conn: Connection, answers: Sequence[Answer]) -> None:
    """Write down these replies: what they made is bound, and whose write is done there waits for its records."""
    bind_objects(conn, [(answer.account, answer.row.return_id, answer.reply) for answer in answers])
    done = [answer for answer in answers if answer.reply.finished]
    if not done:
        return
    moves, rows, entries, came, at = [], [], [], [], now(conn)
    wanted: list[tuple[str, str]] = []
    for (account, row, intent, reply), drawn in zip(done, next_read_seq(conn, len(done)), strict=True):
        # What the answer carries itself is read already, with this read_seq.
        came += arrivals(account, reply.messages, "fetch", drawn)
        named = [(changed.stream, changed.external_id) for changed in reply.read_back]
        read_back = named or sorted(reply.objects.items())
        answer = {
            "read_seq": drawn,
            "read_back": read_back,
            "records": read_back,
            "made": [msgspec.to_builtins(made) for made in reply.made],
            "objects": dict(reply.objects),
            "detail": reply.detail,
        }
        fetched = all(stream in account.entry.capabilities.fetches for stream, _ in read_back)
        progress = {**intent.progress, **reply.progress}
        wait = delivery.read_back(fetched)
        moves.append(intents.Move(intent.id, "sent", progress=progress, reply=answer, wait=wait))
        rows.append(_awaits(row, intent, read_back, at))
        wanted += _fetched(account, read_back)
        objects = ", ".join(f"{stream} {external_id}" for stream, external_id in reply.objects.items())
        said = sentence("told", account=account.name, operation=intent.kind, detail=reply.detail or objects)
        entries.append(journal.entry(row.return_id, row.account, "deliver", said))
    inbox.accept(conn, came)
    intents.move_all(conn, moves)
    for _, _, intent, _ in done:
        overtaken.ended(conn, intent, "sent")
    jobs.want(conn, "fetch", wanted)
    sync.settle_all(conn, rows)
    journal.write(conn, entries)


def _awaits(row: sync.SyncRow, intent: Intent, read_back: Iterable[tuple[str, str]], at: datetime) -> sync.Told:
    """The sync row of a write that was answered: told until these records are read, counted by the progress guard."""
    noted = performed(row.guard, msgspec.convert(intent.operation, PlannedOperation), at)
    records = ", ".join(f"{stream} {external_id}" for stream, external_id in read_back)
    why = sentence("waits_for_record", records=records)
    return sync.Told(row, "awaiting", planned=[], guard=noted, why=why, said=True)


def _observe(conn: Connection, account: Account, row: sync.SyncRow, intent: Intent) -> None:
    """Nobody knows what was done. The records it is about will show it, so their next read ends the write."""
    (drawn,) = next_read_seq(conn)
    able = account.entry.capabilities.fetches
    read_back = [(s, i) for s, i in sorted(intent.call.get("objects", {}).items()) if s in able]
    reply = {"read_seq": drawn, "read_back": read_back, "records": read_back, "made": []}
    intents.move(conn, intent.id, "sent", reply=reply, wait=delivery.read_back(True))
    sync.settle_all(conn, [_awaits(row, intent, read_back, now(conn))])


def _put_off(
    conn: Connection,
    account: Account,
    row: sync.SyncRow,
    intent: Intent,
    came: delivery.Outcome,
    text: str,
    verdict: Verdict,
) -> None:
    """It goes on later; the row says why."""
    rule = verdict.rule
    if rule.row == "awaiting":
        why: str | Sentence = sentence("not_found_yet") if came == "not_found" else text
        sync.settle(conn, row, "awaiting", why=why)
        if came == "unknown":
            write(conn, row, sentence("no_answer", account=account.name, operation=intent.kind, message=text))
        return
    operation = msgspec.convert(intent.operation, PlannedOperation)
    wait = None if came in WHOLE_JOB else verdict.wait
    sync.settle(conn, row, "pending", planned=[operation], why=text, wait=wait)
    if intent.reply is not None:  # a step before this one was answered
        write(conn, row, sentence("told_in_part", account=row.account, operation=intent.kind))


def _end(conn: Connection, account: Account, row: sync.SyncRow, intent: Intent, asks: str, text: str) -> None:
    """A person has to decide: a dead letter, or a question with the reason why it stops here."""
    if not asks:
        landed(conn, intent)
        said = sentence("refusal", account=account.name, operation=intent.kind, message=text)
        sync.settle(conn, row, "blocked", why=text)  # planned once more: what a person can do about it
        write(conn, row, said)
        return
    questions.ask(conn, account, row, intent, asks, message=text)


def _no_way(conn: Connection, row: sync.SyncRow, intent: Intent, text: str) -> None:
    """They have no such step. The row is planned anew; the plan says what is undeliverable."""
    landed(conn, intent)
    said = sentence("no_such_step", account=row.account, operation=intent.kind, message=text)
    sync.settle(conn, row, "pending", planned=[], why=said)
    write(conn, row, said)


def bind_objects(conn: Connection, replies: Sequence[tuple[Account, int, Reply]]) -> None:
    """What these writes (account, return, reply) made over there, or found there, is their return's: a strong key.

    It may have been read before we asked: then it waits under its own name, opened by nobody, and joins now.
    """
    made: dict[Name, int] = {}
    for account, return_id, reply in replies:
        for stream, external_id in reply.objects.items():
            made.setdefault((account.name, stream, external_id), return_id)
    if not made:
        return
    keys.lock(conn, made)
    known = keys.find(conn, made)
    keys.bind_returns(conn, {name: i for name, i in made.items() if known.get(name, (None, None)) == (None, None)})
    apart = {thing for thing, _ in keys.blocked_links(conn, made)}  # a person said that it belongs elsewhere
    waiting = {name: i for name, (i, _) in known.items() if i is not None and i != made[name] and name not in apart}
    rows = returns.lock(conn, {*waiting.values(), *(made[name] for name in waiting)})
    for name, other in sorted(waiting.items(), key=lambda item: item[1]):
        if other not in rows or rows[other].opened or rows[other].merged_into:
            continue
        rows[other] = rows[other]._replace(merged_into=made[name])
        returns.merge_returns(conn, made[name], other)
        said = sentence("same_answer", one=f"R{made[name]}", other=f"R{other}", account=name[0])
        journal.write(conn, [journal.entry(made[name], name[0], "link", said)])


def pays(account: Account, kind: str) -> bool:
    """Whether an operation of this kind pays somebody; `may` counts as yes."""
    return account.terms.moves_money.get(kind, "no") != "no"


def landed(conn: Connection, intent: Intent) -> None:
    """Nothing of it is in flight any more: returns that waited for its money are planned again."""
    if intent.kind == "refund":
        jobs.want(conn, "deliver", sync.money_free(conn, intent.return_id, intent.account))


def read_again(conn: Connection, account: Account, intent: Intent, after: float = 0.0) -> None:
    """Fetch what this operation was about, or what its answer named, in `after` seconds."""
    awaited = (intent.reply or {}).get("read_back")
    objects = awaited or intent.call.get("objects", {}).items()
    jobs.want(conn, "fetch", _fetched(account, objects), after=after)


def _fetched(account: Account, objects: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Jobs that fetch those of these records (stream, id) that can be fetched."""
    able = account.entry.capabilities.fetches
    return [(account.name, jobs.object_key(stream, external_id)) for stream, external_id in objects if stream in able]
