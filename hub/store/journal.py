"""What happened to each return, in sentences for people (Wire Tap, Message History)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hub.model.language.sentences import Sentence, plain
from hub.store import documents
from hub.store.connection import Connection

Stage = Literal["merge", "deliver", "link", "split", "apart", "answer", "retry", "give up", "erase"]
"""What kind of step a line tells of; people read a word of their language (`web/words.py`)."""


class JournalEntry(NamedTuple):
    """A line to be written."""

    return_id: int | None
    account: str | None
    stage: Stage
    text: str
    detail: dict[str, Any] | None = None
    said: Sequence[Sentence] = ()


class JournalLine(NamedTuple):
    """A line as it stands."""

    id: int
    return_id: int | None
    account: str | None
    stage: str
    text: str
    detail: dict[str, Any] | None
    said: list[dict[str, Any]] | None
    at: datetime


_COLUMNS = ", ".join(JournalLine._fields)


def entry(
    return_id: int | None,
    account: str | None,
    stage: Stage,
    *said: Sentence,
    because: Sentence | None = None,
    detail: dict[str, Any] | None = None,
) -> JournalEntry:
    """The line that says this. `because`: what brought it; of a stored line that has one it is the first sentence."""
    text = "; ".join(map(plain, said))
    if because is None:
        return JournalEntry(return_id, account, stage, text, detail, said)
    return JournalEntry(return_id, account, stage, f"{plain(because)}: {text}", detail, (because, *said))


def write(conn: Connection, entries: Sequence[JournalEntry]) -> None:
    """Add lines, in this order."""
    if entries:
        conn.exec_driver_sql(
            "INSERT INTO journal (return_id, account, stage, text, detail, said)"
            " SELECT r, a, s, t, d::jsonb, o::jsonb FROM unnest(%(r)b::bigint[], %(a)b::text[], %(s)b::text[],"
            " %(t)b::text[], %(d)b::text[], %(o)b::text[]) WITH ORDINALITY AS n(r, a, s, t, d, o, n) ORDER BY n",
            {
                "r": [entry.return_id for entry in entries],
                "a": [entry.account for entry in entries],
                "s": [entry.stage for entry in entries],
                "t": [documents.plain(entry.text) for entry in entries],
                "d": [None if entry.detail is None else documents.text(entry.detail) for entry in entries],
                "o": [documents.text(entry.said) if entry.said else None for entry in entries],
            },
        )


def is_last(conn: Connection, entry: JournalEntry) -> bool:
    """Whether the last line of this return about this account says the same."""
    found = conn.exec_driver_sql(
        "SELECT text FROM journal WHERE return_id = %(r)s AND account = %(a)s ORDER BY id DESC LIMIT 1",
        {"r": entry.return_id, "a": entry.account},
    ).first()
    return found is not None and found[0] == documents.plain(entry.text)


def add(conn: Connection, entry: JournalEntry) -> int:
    """Add one line; its number, for acts that can be undone."""
    write(conn, [entry])
    found = conn.exec_driver_sql("SELECT currval(pg_get_serial_sequence('journal', 'id'))")
    return int(found.scalar_one())


def get(conn: Connection, line_id: int) -> JournalLine | None:
    """One line, or None."""
    found = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM journal WHERE id = %(i)s", {"i": line_id}).first()
    return None if found is None else JournalLine(*found)


def story(conn: Connection, return_id: int) -> list[JournalLine]:
    """Everything that happened to one return, in order."""
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM journal WHERE return_id = %(r)s ORDER BY id",
        {"r": return_id},
    )
    return [JournalLine(*row) for row in found]
