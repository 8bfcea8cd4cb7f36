"""How long each table keeps its rows, and why; what is over goes in small batches, by an index, a few times a minute.

What is still needed stays however old it is: an open return's records, what waits for a person, what makes a write
unique, what a later reading is compared with, what a person may take back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from hub.settings import Settings
from hub.store.connection import Connection

BATCH = 2_000
"""Rows of a table that are looked at in one transaction."""
EVERY = 10.0
"""Seconds between two: 17 million rows a day of each table."""

Place = datetime | date | int

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_OPEN = "NOT EXISTS (SELECT FROM returns r WHERE r.id = t.return_id AND r.is_open)"


class Going(NamedTuple):
    """Which rows go, as SQL. `days`: how many, or the setting that says so; `by`: the column by which an index leads to
    the oldest, of those that are `old`; `over`: what has to hold besides of a row `t`."""

    days: int | str
    key: str
    by: str
    old: str
    over: str = "true"
    begin: Place = _BEGIN


class Kept(NamedTuple):
    """A line of the table."""

    until: str
    why: str
    going: Going | None = None


def _old(column: str) -> str:
    return f"{column} < statement_timestamp() - %(d)s * interval '1 day'"


_LIKE_RETURNS = Kept("for good", "grows with the returns, not with what is said of them: a later reading needs it")
_LIKE_ACCOUNTS = Kept("as long as the account", "a row for each account, or a few")

TABLE: Mapping[str, Kept] = {
    "accounts": Kept("until it is removed", "what the hub is connected to"),
    "webhooks": _LIKE_ACCOUNTS,
    "cursors": _LIKE_ACCOUNTS,
    "budgets": _LIKE_ACCOUNTS,
    "jobs": Kept("until it is done", "what is parked waits for a person; with its account it goes"),
    "inbox": Kept("until it is understood", "then it goes into `raw`; what is not understood waits for a person"),
    "raw": Kept(
        "`HUB_KEEP_RAW`, by whole months; what an open return rests on as long as it is open",
        "what systems said, in their words: for people, and to be read again by a better dictionary",
    ),
    "seen": Kept(
        "30 days",
        "a delivery is repeated for three days at most by the systems we know",
        Going(30, "account, digest", "day", "day < current_date - %(d)s::int", begin=date(1970, 1, 1)),
    ),
    "erased": Kept("for good", "whose data was erased stays erased, whoever tells of it again"),
    "observations": Kept(
        "for good", "what a later reading is compared with; a removed account's, too: what it paid is paid"
    ),
    "orders": _LIKE_RETURNS,
    "returns": _LIKE_RETURNS,
    "search_words": _LIKE_RETURNS,
    "return_orders": _LIKE_RETURNS,
    "held_names": Kept("until its transaction ends", "never a row that others see"),
    "keys": Kept("for good", "a record that comes late, or once more, is still the same return's"),
    "blocked_links": Kept("until a person takes it back", "a person's word"),
    "typed_references": Kept("for good", "a number that is told later finds who had named it before"),
    "bearers": _LIKE_RETURNS,
    "parcels": _LIKE_RETURNS,
    "facts": _LIKE_RETURNS,
    "duplicate_facts": Kept("for good", "an event that was counted once is not counted again"),
    "sync": _LIKE_RETURNS,
    "intents": Kept(
        "those that are over: `HUB_KEEP_WRITES` after the last change, once the return is over; all others for good",
        "the key of a write, and what it had paid, count as long as its return may change",
        Going("keep_writes", "id", "changed_at", f"state IN ('done', 'dropped') AND {_old('changed_at')}", _NOT_OPEN),
    ),
    "attempts": Kept(
        "`HUB_KEEP_CALLS`", "the log of conversations, for people", Going("keep_calls", "id", "at", _old("at"))
    ),
    "journal": Kept(
        "`HUB_KEEP_STORY`, once the return is over; what a person may take back for good",
        "each return's story, for people; the line of an act holds what it moved",
        Going("keep_story", "id", "at", _old("at"), f"t.detail IS NULL AND {_NOT_OPEN}"),
    ),
    "reviews": Kept(
        "open ones until they are answered, others `HUB_KEEP_STORY`, once their returns are over",
        "what was answered is not asked again",
        Going(
            "keep_story",
            "id",
            "id",
            "state <> 'open'",
            f"{_old('t.at')} AND NOT EXISTS (SELECT FROM jsonb_array_elements_text(t.returns) AS of"
            " JOIN returns r ON r.id = of::bigint WHERE r.is_open)",
            begin=0,
        ),
    ),
    "ticks": Kept("2 days", "a slot of the clock never comes again", Going(2, "task, slot", "at", _old("at"))),
    "counts": Kept("until it is summed up, ten seconds", "what one statement changed"),
}


class Purge:
    """Takes away a batch of each table with every call. It remembers how far it came where something had to stay."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places: dict[str, Place] = {}

    def __call__(self, conn: Connection) -> dict[str, int]:
        """How many rows of each table went; in one transaction with the tick that it is done in."""
        return {name: self._batch(conn, name, kept.going) for name, kept in TABLE.items() if kept.going}

    def _batch(self, conn: Connection, name: str, going: Going) -> int:
        days = going.days if isinstance(going.days, int) else getattr(self._settings, going.days)
        place = self._places.get(name, going.begin)
        seen, last, gone = conn.exec_driver_sql(
            f"WITH old AS MATERIALIZED (SELECT {going.key}, {going.by} AS place FROM {name}"
            f" WHERE {going.old} AND {going.by} >= %(p)s ORDER BY {going.by} LIMIT %(n)s),"
            f" gone AS (DELETE FROM {name} t USING old WHERE {_same(going.key)} AND {going.over} RETURNING 1)"
            " SELECT count(*), max(place), (SELECT count(*) FROM gone) FROM old",
            {"d": days, "p": place, "n": BATCH},
        ).one()
        self._places[name] = going.begin if seen < BATCH else last if gone < seen else place
        return int(gone)


def _same(key: str) -> str:
    return " AND ".join(f"t.{column} = old.{column}" for column in key.split(", "))


def table() -> str:
    """Every table's line, as Markdown."""
    rows = [(f"`{name}`", kept.until, kept.why) for name, kept in sorted(TABLE.items())]
    return "\n".join(f"| {' | '.join(row)} |" for row in [("table", "a row stays", "why"), ("---",) * 3, *rows])
