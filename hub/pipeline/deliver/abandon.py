"""A person ended a write between two of its calls: what it left open over there is taken back, its draft or lock."""

from __future__ import annotations

from connectors.kit import errors
from connectors.kit.api import Reply
from hub.accounts import Account
from hub.model.language.sentences import sentence
from hub.model.plan.delivery import growing
from hub.pipeline.remote import Outcome
from hub.store import intents, jobs, journal, sync
from hub.store.database import Connection
from hub.store.intents import Intent

LAST = 12
"""Calls, and looks before; then the story says what may still be open there."""
_FINAL = (errors.Rejected, errors.NotFound)


def give_up(conn: Connection, account: Account | None, intent: Intent, note: str) -> None:
    """The write counts as dealt with; what it left open is taken back, where its system can."""
    able = account is not None and account.entry.capabilities.abandon
    row = sync.of_returns(conn, [intent.return_id]).get((intent.return_id, intent.account))
    left = intent.progress if able and row is not None else {}
    intents.move(conn, intent.id, "given_up", error=note, progress=left)
    if left and row is not None:
        jobs.want(conn, "deliver", [(row.account, row.job)])


def settle(conn: Connection, row: sync.SyncRow, intent: Intent, outcome: Outcome[Reply | None]) -> None:
    """Write down what the call came to; what failed is tried again when it is overdue (read_backs.overdue)."""
    error, left, said, wait = outcome.error, dict[str, str](), None, 0.0
    about = {"account": row.account, "operation": intent.kind}
    if error is None or isinstance(error, errors.Unsupported):  # it leaves nothing open
        if outcome.value is not None:
            said = sentence("left_nothing", **about, detail=outcome.value.detail)
    elif isinstance(error, _FINAL) or intent.looks + 1 >= LAST:
        said = sentence("left_open", **about, message=str(error) or repr(error))
    else:
        left, wait = intent.progress, growing(intent.looks, getattr(error, "after", None))
    intents.move(conn, intent.id, intent.state, error=intent.error, progress=left, looks=1, wait=wait)
    if said is not None:
        journal.write(conn, [journal.entry(row.return_id, row.account, "give up", said)])
