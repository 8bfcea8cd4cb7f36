"""An operation that has no effect over there is a question for a person, until the plan does without it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from hub.accounts import Account
from hub.model.language.sentences import Sentence, sentence
from hub.model.schema.operation import PlannedOperation
from hub.pipeline.writes.questions import write
from hub.store import reviews, sync
from hub.store.database import Connection

KIND = "no_effect"


def park(conn: Connection, account: Account, row: sync.SyncRow, operation: PlannedOperation, why: Sentence) -> None:
    """Telling it again would change nothing: stop until an input changes or a person asks, and ask one."""
    sync.settle(conn, row, "blocked", why=why, said=True)
    said = sentence("no_effect", account=account.name, operation=operation.kind, why=why)
    write(conn, row, said)
    what = msgspec.to_builtins(operation, str_keys=True)
    detail = {"account": account.name, "operation": operation.kind, "what": what}
    dedupe = _dedupe(row.return_id, account.name, operation.fingerprint)
    question = sentence("ask_no_effect", number=f"R{row.return_id}", said=said)
    reviews.ask(conn, KIND, [row.return_id], question, dedupe, detail)


def asked(conn: Connection, row: sync.SyncRow, operation: PlannedOperation) -> bool:
    """Whether a person is being asked about this very operation."""
    return reviews.is_open(conn, _dedupe(row.return_id, row.account, operation.fingerprint))


def planned(conn: Connection, news: Sequence[sync.PlannedRow]) -> None:
    """Questions about operations that these plans do not hold any more have answered themselves."""
    still = [_dedupe(n.return_id, n.account, operation.fingerprint) for n in news for operation in n.planned]
    reviews.close_outdated(conn, KIND, [(n.return_id, n.account) for n in news], still)


def asked_again(conn: Connection, return_id: int, account: str) -> None:
    """A person had it told again: if it has no effect this time either, the question comes back."""
    reviews.close_outdated(conn, KIND, [(return_id, account)], ())


def gone(conn: Connection, return_id: int) -> None:
    """The return went into another one, which is planned by itself."""
    reviews.close_outdated(conn, KIND, [(return_id, "")], ())


def _dedupe(return_id: int, account: str, fingerprint: str) -> str:
    """Short whatever the operation holds: an index takes no long texts."""
    return f"{KIND}:{return_id}:{account}:{blake2b(fingerprint.encode(), digest_size=12).hexdigest()}"
