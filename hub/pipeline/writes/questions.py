"""A write that has come to its end without an observation is a question for a person, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.accounts import Account
from hub.model.language.sentences import Sentence, sentence
from hub.store import intents, journal, reviews, sync
from hub.store.database import Connection
from hub.store.intents import Intent

KIND = "unknown_outcome"

REASONS: Mapping[str, Callable[[Intent, Mapping[str, str]], Sentence]] = {
    "endless": lambda intent, values: sentence("endless"),
    "conflicts": lambda intent, values: sentence("conflicts", count=intent.tries, message=values["message"]),
    "not_taken": lambda intent, values: sentence("not_taken", count=intent.tries, message=values["message"]),
    "refused_later": lambda intent, values: sentence("refused_later", message=values["message"]),
    "looked_twice": lambda intent, values: sentence("looked_twice"),
    "tried_often": lambda intent, values: sentence("tried_often", count=intent.tries),
    "cannot_look": lambda intent, values: sentence("cannot_look"),
    "money_not_shown": lambda intent, values: sentence("money_not_shown"),
    "unreadable": lambda intent, values: sentence("unreadable", record=values["record"], why=values["why"]),
    "never_read_back": lambda intent, values: sentence("never_read_back", records=values["records"]),
}
"""By the code that the table of `model/plan/delivery.py` gives."""
NOTHING_DONE = frozenset({"conflicts", "not_taken"})
"""Of these it is known that nothing was done."""


def ask(conn: Connection, account: Account, row: sync.SyncRow, intent: Intent, reason: str, **values: str) -> None:
    """Put the question what is to become of this write; it is dead until somebody answers, or an observation does."""
    why, number = REASONS[reason](intent, values), f"R{row.return_id}"
    if reason in NOTHING_DONE:
        question = sentence("not_delivered", account=account.name, operation=intent.kind, number=number, why=why)
    else:
        question = sentence("unknown_outcome", account=account.name, operation=intent.kind, number=number, why=why)
    intents.move(conn, intent.id, "dead", error=question, possible=None if reason in NOTHING_DONE else True)
    detail = {"intent": intent.id, "account": account.name}
    reviews.ask(conn, KIND, [row.return_id], question, f"intent:{intent.id}", detail)
    sync.settle(conn, row, "blocked", why=question, said=True)
    write(conn, row, question)


def write(conn: Connection, row: sync.SyncRow, said: Sentence) -> None:
    """One line of the return's story; what the last line about this account says is not said again."""
    entry = journal.entry(row.return_id, row.account, "deliver", said)
    if not journal.is_last(conn, entry):
        journal.write(conn, [entry])
