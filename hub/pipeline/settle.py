"""What became of a remote call: one of the kit's errors, or a reply; each has one consequence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from connectors.kit import errors
from connectors.kit.api import Reply
from hub.accounts import Account
from hub.model.operation import Operation
from hub.model.progress import performed
from hub.model.sentences import Sentence, sentence
from hub.pipeline.accept import arrivals
from hub.pipeline.remote import REAUTH_AGAIN, Outcome
from hub.store import inbox, intents, journal, keys, lanes, returns, reviews, sync
from hub.store.database import Connection, now, ticket
from hub.store.intents import Intent

LOOKS = 2
"""An effect not found is looked for once more before the write is repeated: it may be late."""


def settle(
    conn: Connection, account: Account, row: sync.Row, intent_id: int, outcome: Outcome[Reply | None], *, looking: bool
) -> Mapping[str, Any] | float | None:
    """Write it down. Returns the progress for the next step, the seconds to wait, or None: this row is settled."""
    intent = intents.get(conn, intent_id)
    if intent is None:  # pragma: no cover - rows of intents are never deleted while their lane is held
        return None
    match outcome.error:
        case None if looking and outcome.value is None:
            return _not_found(conn, account, row, intent)
        case None if isinstance(outcome.value, Reply):
            return _answered(conn, account, row, intent, outcome.value)
        case _ if outcome.changed and not looking:  # whatever the error is about, the change may have been made
            return _unknown(conn, account, row, intent, outcome.error)
        case errors.Conflict():
            return _changed_meanwhile(conn, account, row, intent, outcome.error)
        case errors.RetryLater() | errors.Unauthorized() if looking:
            return _wait(outcome.error)
        case errors.RetryLater() | errors.Unauthorized():
            return _later(conn, row, intent, outcome.error)
        case errors.Unsupported() if looking:
            return _cannot_look(conn, account, row, intent)
        case errors.Rejected() | errors.Unsupported():
            _refused(conn, account, row, intent, outcome.error)
            return None
        case _:
            return _unknown(conn, account, row, intent, outcome.error)


def _answered(
    conn: Connection, account: Account, row: sync.Row, intent: Intent, reply: Reply
) -> Mapping[str, Any] | None:
    progress = {**intent.progress, **reply.progress}
    bind_objects(conn, account, row.return_id, reply)
    if not reply.finished:
        intents.move(conn, intent.id, "waiting", progress=progress, reply={"detail": reply.detail})
        return progress
    (drawn,) = ticket(conn)
    # What the answer carries itself is read already, with this ticket.
    inbox.accept(conn, arrivals(account, reply.messages, "fetch", drawn))
    hints = [(hint.stream, hint.external_id) for hint in reply.read_back]
    read_back = hints or sorted(reply.objects.items())
    told = {
        "ticket": drawn,
        "read_back": read_back,
        "made": [msgspec.to_builtins(made) for made in reply.made],
        "objects": dict(reply.objects),
        "detail": reply.detail,
    }
    intents.move(conn, intent.id, "sent", progress=progress, reply=told)
    _fetch(conn, account, read_back)
    operation = msgspec.convert(intent.operation, Operation)
    noted = performed(row.guard, operation, now(conn))
    sync.settle(conn, row, "awaiting", planned=[], guard=noted, said=True)
    objects = ", ".join(f"{stream} {external_id}" for stream, external_id in reply.objects.items())
    write(conn, row, sentence("told", account=account.name, operation=intent.kind, detail=reply.detail or objects))
    return None


def bind_objects(conn: Connection, account: Account, return_id: int, reply: Reply) -> None:
    """What the write made over there, or found there, is this return's: a strong key.

    It may have been read before we asked: then it waits under its own name, founded by nobody, and joins now.
    """
    made = {(account.name, stream, external_id): return_id for stream, external_id in reply.objects.items()}
    keys.lock(conn, made)
    known = keys.find(conn, made)
    keys.bind_returns(conn, {name: i for name, i in made.items() if known.get(name, (None, None)) == (None, None)})
    apart = {thing for thing, _ in keys.cuts(conn, made)}  # a person said that it belongs elsewhere
    held_by = [known[name][0] for name in made if name in known and name not in apart]
    waiting = {other for other in held_by if other is not None and other != return_id}
    if waiting:
        rows = returns.lock(conn, {return_id, *waiting})
        for other in sorted(i for i, held in rows.items() if i != return_id and not (held.founded or held.merged_into)):
            returns.absorb(conn, return_id, other)
            said = sentence("same_answer", one=f"R{return_id}", other=f"R{other}", account=account.name)
            journal.write(conn, [journal.entry(return_id, account.name, "link", said)])


def _not_found(conn: Connection, account: Account, row: sync.Row, intent: Intent) -> Mapping[str, Any] | float | None:
    spec = account.spec(intent.kind)
    if intent.looks + 1 < LOOKS:
        intents.move(conn, intent.id, "unknown", looked=True, error=intent.error, wait=spec.settles_within)
        sync.settle(conn, row, "awaiting", why=sentence("not_found_yet"))
        return spec.settles_within
    if moves_money(account, intent) and intent.age >= spec.key_retention:
        _ask(conn, account, row, intent, sentence("looked_twice"))
        return None
    intents.move(conn, intent.id, "waiting", looked=True, error=intent.error)
    return intent.progress


def _cannot_look(conn: Connection, account: Account, row: sync.Row, intent: Intent) -> Mapping[str, Any] | float | None:
    """Without a way to find an effect, their idempotency key covers a repetition for as long as they remember it; then
    what sets a state is planned again from a fresh read, and the rest asks a person."""
    if intent.age < account.spec(intent.kind).key_retention:
        intents.move(conn, intent.id, "waiting", looked=True, error=intent.error)
        return intent.progress
    if intent.kind in CREATES or moves_money(account, intent):
        _ask(conn, account, row, intent, sentence("cannot_look"))
        return None
    intents.move(conn, intent.id, "dropped", error="outcome unknown; read again and planned anew")
    read_again(conn, account, intent)
    sync.settle(conn, row, "pending", wait=account.spec(intent.kind).settles_within)
    return account.spec(intent.kind).settles_within


CREATES = frozenset(
    {"create_return", "refund", "record_refund", "credit", "exchange", "note", "add_evidence", "dispose"}
)
"""Operations whose repetition would be a second event."""


def moves_money(account: Account, intent: Intent) -> bool:
    """Whether this operation pays somebody; `may` counts as yes."""
    return account.terms.moves_money.get(intent.kind, "no") != "no"


def _ask(conn: Connection, account: Account, row: sync.Row, intent: Intent, why: Sentence) -> None:
    question = sentence(
        "unknown_outcome", account=account.name, operation=intent.kind, number=f"R{row.return_id}", why=why
    )
    intents.move(conn, intent.id, "dead", error=question, looked=True)
    reviews.ask(conn, "unknown_outcome", [row.return_id], question, f"intent:{intent.id}", {"intent": intent.id})
    sync.settle(conn, row, "blocked", why=question, said=True)
    write(conn, row, question)


def _changed_meanwhile(
    conn: Connection, account: Account, row: sync.Row, intent: Intent, problem: Exception
) -> float | None:
    intents.move(conn, intent.id, "dropped", error=str(problem))
    read_again(conn, account, intent)
    sync.settle(conn, row, "pending", why=str(problem), wait=1.0)
    return 1.0


def read_again(conn: Connection, account: Account, intent: Intent) -> None:
    """Fetch what this operation was about."""
    _fetch(conn, account, intent.call.get("objects", {}).items())


def _fetch(conn: Connection, account: Account, objects: Iterable[tuple[str, str]]) -> None:
    able = account.entry.capabilities.fetches
    wanted = [
        (account.name, lanes.object_key(stream, external_id)) for stream, external_id in objects if stream in able
    ]
    lanes.want(conn, "fetch", wanted)


def _later(conn: Connection, row: sync.Row, intent: Intent, problem: Exception) -> float:
    """This call did nothing; it is still to be said, and the row says why it waits."""
    intents.move(conn, intent.id, "waiting" if intent.progress else "dropped", error=str(problem))
    operation = msgspec.convert(intent.operation, Operation)
    sync.settle(conn, row, "pending", planned=[operation], why=str(problem))
    if intent.reply is not None:  # a step before this one was answered
        write(conn, row, sentence("told_in_part", account=row.account, operation=intent.kind))
    return _wait(problem)


def _wait(problem: Exception | None) -> float:
    if isinstance(problem, errors.RetryLater) and problem.after is not None:
        return problem.after
    return REAUTH_AGAIN if isinstance(problem, errors.Unauthorized) else lanes.WAITS[0]


def _refused(conn: Connection, account: Account, row: sync.Row, intent: Intent, problem: Exception) -> None:
    text = str(problem)
    intents.move(conn, intent.id, "dead", error=text)
    sync.settle(conn, row, "blocked", why=text, said=True)
    write(conn, row, sentence("refusal", account=account.name, operation=intent.kind, message=text))


def _unknown(conn: Connection, account: Account, row: sync.Row, intent: Intent, problem: Exception | None) -> float:
    text = str(problem) or repr(problem)
    wait = account.spec(intent.kind).settles_within
    intents.move(conn, intent.id, "unknown", error=text, wait=wait)
    sync.settle(conn, row, "awaiting", why=text)
    write(conn, row, sentence("no_answer", account=account.name, operation=intent.kind, message=text))
    return wait


def write(conn: Connection, row: sync.Row, said: Sentence) -> None:
    """One line of the return's story."""
    journal.write(conn, [journal.entry(row.return_id, row.account, "tell", said)])
