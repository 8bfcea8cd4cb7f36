"""Records that name a number of ours which is none, so that somebody hears of the typing error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.model.identity.names import name_of, own_name, speaks_of_order
from hub.model.schema.observation import HUB, Observation
from hub.store import keys
from hub.store.database import Connection

Stray = tuple[str, str, str, str]
"""Account, stream and id of the record, and the number that it names."""


def of_returns(conn: Connection, seen: Mapping[int, Sequence[Observation]]) -> dict[int, tuple[Stray, ...]]:
    """By return: its records that name a return which they are not bound to, though nobody parted them from it."""
    named = [
        (return_id, own_name(o), name)
        for return_id, records in seen.items()
        for o in records
        if not (o.gone or speaks_of_order(o.fragment))
        for name in (name_of(key, o.account) for key in o.fragment.keys)
        if name[0] == HUB and name[2] != f"R{return_id}"
    ]
    known = keys.find(conn, (name for _, _, name in named))
    cut = keys.blocked_links(conn, (record for _, record, _ in named)) if named else set()
    found: dict[int, list[Stray]] = {}
    for return_id, record, name in named:
        if known.get(name, (None, None))[0] != return_id and (record, name) not in cut:
            found.setdefault(return_id, []).append((*record, name[2]))
    return {return_id: tuple(sorted(rows)) for return_id, rows in found.items()}
