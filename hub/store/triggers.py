"""What makes PostgreSQL count the rows of a table as they change (`counts.py` reads it)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class _Counted(NamedTuple):
    """Which rows of a table are counted, and by what; as SQL."""

    account: str
    state: str
    where: str


COUNTED = {"returns": _Counted("''", "status", "opened"), "sync": _Counted("account", "shown", "true")}
_EVENTS = {"insert": ("came",), "update": ("came", "went"), "delete": ("went",)}
_SIGN = {"came": "1", "went": "-1"}
_NAMED = {"came": "NEW TABLE AS came", "went": "OLD TABLE AS went"}


def statements() -> Iterator[str]:
    """All of it, for tables that are there and have no row yet."""
    for table, (account, state, where) in COUNTED.items():
        for action, sides in _EVENTS.items():
            rows = " UNION ALL ".join(
                f"SELECT {account} AS a, {state} AS s, {_SIGN[side]} AS n FROM {side} WHERE {where}" for side in sides
            )
            named = f"count_{table}_{action}"
            yield (
                f"CREATE FUNCTION {named}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " INSERT INTO counts (what, account, state, number)"
                f" SELECT '{table}', a, s, sum(n) FROM ({rows}) AS changed GROUP BY a, s HAVING sum(n) <> 0;"
                " RETURN NULL; END $$"
            )
            yield (
                f"CREATE TRIGGER {named} AFTER {action.upper()} ON {table}"
                f" REFERENCING {' '.join(_NAMED[side] for side in sides)} FOR EACH STATEMENT EXECUTE FUNCTION {named}()"
            )
