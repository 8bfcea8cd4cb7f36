"""Writes that wait: for their read-back, for terms that allow them, or for another one that takes their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hub.accounts import Account
from hub.model.language.sentences import Sentence, sentence
from hub.model.plan import delivery
from hub.model.plan.delivery import decide
from hub.model.plan.refusals import replaces
from hub.model.schema.bindings import Name
from hub.model.schema.operation import PlannedOperation
from hub.model.schema.returns import Return
from hub.pipeline.writes import questions, settle
from hub.store import intents, read_backs, returns, reviews, sync
from hub.store.database import Connection, next_read_seq
from hub.store.intents import Intent


def stopped(conn: Connection, account: Account, row: sync.SyncRow, intent: Intent) -> bool:
    """Whether the account's terms of this moment forbid to go on with this write; the row says so."""
    operation = msgspec.convert(intent.operation, PlannedOperation)
    terms = account.terms
    if operation.kind not in terms.asked:
        why = sentence("not_asked", account=account.name, operation=operation.kind)
    elif operation.moves_money and not terms.money:
        why = sentence("money_off", account=account.name, operation=operation.kind)
    else:
        return False
    sync.settle(conn, row, "blocked", why=why, said=True)
    return True


def unsent(conn: Connection, intent_id: int) -> None:
    """Its next call was prepared and not made: it goes on from where it was."""
    intent = intents.get(conn, intent_id)
    if intent is not None:
        state = "waiting" if intent.progress or intent.possible else "held"
        intents.move(conn, intent_id, state, uncounted=1, error=intent.error)


def late(conn: Connection, account: Account, row: sync.SyncRow, intent: Intent) -> None:
    """Its records were not read in time: ask for them once more, then a person."""
    read(conn, account, row, intent, "overdue")


def read(
    conn: Connection, account: Account, row: sync.SyncRow, intent: Intent, came: delivery.Outcome, **more: str
) -> None:
    """What is to become of an answered write whose read-back is wanting."""
    verdict = decide("read", came, settle.known(account, intent))
    if verdict.rule.intent == "dead":
        awaited = (intent.reply or {}).get("read_back", ())
        records = ", ".join(f"{stream} {external_id}" for stream, external_id in awaited)
        questions.ask(conn, account, row, intent, verdict.rule.asks, **{"records": records, **more})
        return
    (drawn,) = next_read_seq(conn)
    reply = {**(intent.reply or {}), "read_seq": drawn}
    if came == "not_shown":  # it may be late over there: all of them are read once more
        reply["read_back"] = reply.get("records", reply["read_back"])
    intents.move(conn, intent.id, "sent", reply=reply, error=intent.error, looks=1, wait=verdict.wait)
    after = account.spec(intent.kind).settles_within if came == "not_shown" else 0.0
    settle.read_again(conn, account, intent._replace(reply=reply), after)


def unreadable(
    conn: Connection, accounts: Mapping[str, Account], records: Iterable[tuple[Name, Sequence[Mapping[str, Any]]]]
) -> None:
    """These records came and cannot be understood, for these errors: who waits for one of them asks a person."""
    names = {name: "; ".join(str(error["why"]) for error in errors) for name, errors in records}
    found = read_backs.awaiting_records(conn, names)
    returns.lock(conn, {intent.return_id for intent in found})
    for intent in read_backs.awaiting_records(conn, names) if found else ():
        account = accounts.get(intent.account)
        row = sync.of_returns(conn, [intent.return_id]).get((intent.return_id, intent.account))
        if account is None or row is None:
            continue
        for stream, external_id in (intent.reply or {}).get("read_back", ()):
            if why := names.get((intent.account, stream, external_id)):
                read(conn, account, row, intent, "unreadable", record=f"{stream} {external_id}", why=why)
                break


def close(conn: Connection, shown: Sequence[Intent]) -> None:
    """Observations show these: they are over, and so is a question about them."""
    intents.move_all(conn, [intents.Move(intent.id, "done", possible=False) for intent in shown])
    reviews.close_all(conn, [f"intent:{intent.id}" for intent in shown])
    for intent in shown:
        settle.landed(conn, intent)


def drop(conn: Connection, held: Sequence[Intent]) -> None:
    """What never had an effect and is not wanted any more is not left behind."""
    for intent in held:
        intents.forget(conn, intent.id)
        settle.landed(conn, intent)


def replaced(conn: Connection, those: Sequence[Intent], operation: PlannedOperation) -> int:
    """Refusals that this operation, which comes out differently, takes the place of; the calls of the same so far."""
    before = 0
    for intent in those:
        if intent.account != operation.account or not refused(intent):
            continue
        old = msgspec.convert(intent.operation, PlannedOperation)
        if replaces(operation, old):
            intents.move(conn, intent.id, "dropped", error=intent.error)
            reviews.close(conn, f"intent:{intent.id}")
            if old.fingerprint == operation.fingerprint:
                before = max(before, intent.tries)
    return before


def refused(intent: Intent) -> bool:
    """It ended, and provably nothing was done, or nothing that stating it once more would double: it may be planned
    again, come out differently."""
    return intent.state == "dead" and not intent.possible and not (intent.progress and intent.kind in settle.CREATES)


def shown(intent: Intent, merged: Return) -> bool:
    """Whether the money that a refund moved is among what went back on its return."""
    operation = msgspec.convert(intent.operation, PlannedOperation)
    if intent.kind != "refund" or operation.gone is None or operation.amount is None:
        return "read_seq" in (intent.reply or {})
    return merged.money.refunded + merged.money.pending >= operation.gone + operation.amount


def why(mine: Sequence[Intent]) -> str | Sentence | None:
    """What a row of these writes waits for."""
    for intent in mine:
        if intent.state == "sent":
            awaited = (intent.reply or {}).get("read_back", ())
            return sentence("waits_for_record", records=", ".join(" ".join(name) for name in awaited))
        if intent.state in ("open", "unknown", "waiting"):
            return _last_error(intent) or sentence("under_way", operation=intent.kind)
    return next((_last_error(intent) for intent in reversed(mine) if intent.state == "dead"), None)


def _last_error(intent: Intent) -> str | Sentence | None:
    return msgspec.convert(intent.said, Sentence) if intent.said else intent.error
