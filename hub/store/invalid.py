"""Messages that are not understood, or not even read (Invalid Message Channel): they wait in the inbox for a person.

The very same again, bytes and error, is one message that counts how often it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.model.schema.bindings import Name
from hub.store import documents, jobs
from hub.store.connection import Connection

_SEP = "\x1f"
_UNREAD = "(i.state = 'invalid' OR (i.state = 'waiting' AND i.names IS NOT NULL))"
"""A message that is not understood, or was not and waits to be read again."""


def _stored(names: Iterable[Name]) -> list[str]:
    """Without names that hold the separator itself: nobody's are like that."""
    return [_SEP.join(name) for name in names if not any(_SEP in part for part in name)]


def named(names: Iterable[str] | None) -> set[Name]:
    """The names that a message showed, as they are stored."""
    found = (tuple(name.split(_SEP)) for name in names or ())
    return {(issuer, type_, value) for issuer, type_, value in found}


class RefusedMessage(NamedTuple):
    """A message that is not understood: what it is about, what is wrong, and all that it names."""

    name: Name
    errors: list[dict[str, Any]]
    names: Sequence[Name]


def keep(conn: Connection, refused: Mapping[int, RefusedMessage]) -> None:
    """We do not understand these (by row): they keep their errors and wait for a better mapping.

    The very same said again of one object is one message with a count.
    """
    if refused:
        conn.exec_driver_sql(
            "UPDATE inbox i SET state = 'invalid', error = n.error::jsonb, names = n.names::jsonb"
            " FROM unnest(%(i)b::bigint[], %(e)b::text[], %(n)b::text[]) AS n(id, error, names) WHERE i.id = n.id",
            {
                "i": list(refused),
                "e": [documents.text(one.errors) for one in refused.values()],
                "n": [documents.text(_stored(one.names)) for one in refused.values()],
            },
        )
        unite(conn, {one.name for one in refused.values()})


_INVALID = """
SELECT i.id FROM inbox i JOIN unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[], %(t)b::bigint[])
AS n(account, stream, external_id, read_seq) USING (account, stream, external_id)
WHERE i.state = 'invalid' AND (n.read_seq IS NULL OR (i.via <> 'push' AND i.read_seq <= n.read_seq))
ORDER BY i.id FOR UPDATE OF i"""


def of_objects(conn: Connection, objects: Mapping[Name, int | None]) -> list[int]:
    """Invalid messages of these objects, held; with a read_seq only those that were read before it was drawn."""
    listed = sorted(objects.items())
    if not listed:
        return []
    names = [name for name, _ in listed]
    asked = {"a": [n[0] for n in names], "s": [n[1] for n in names], "e": [n[2] for n in names]}
    return list(conn.exec_driver_sql(_INVALID, {**asked, "t": [read_seq for _, read_seq in listed]}).scalars())


def unite(conn: Connection, objects: Iterable[Name]) -> None:
    """Of invalid messages of one object that are the same, bytes and error, the first stays and counts."""
    held = of_objects(conn, dict.fromkeys(objects))
    if len(held) > 1:
        conn.exec_driver_sql(
            "WITH same AS MATERIALIZED (SELECT id, min(id) OVER w AS first, sum(times) OVER w AS times,"
            " max(read_seq) OVER w AS read_seq FROM inbox WHERE id = ANY(%(i)b::bigint[])"
            " WINDOW w AS (PARTITION BY account, stream, external_id, error, body, deleted)),"
            " gone AS (DELETE FROM inbox i USING same s WHERE i.id = s.id AND s.id <> s.first)"
            " UPDATE inbox i SET times = s.times, read_seq = s.read_seq FROM same s"
            " WHERE i.id = s.id AND s.id = s.first AND i.times <> s.times",
            {"i": held},
        )


def reopen(conn: Connection, objects: Iterable[tuple[str, str, str]]) -> int:
    """Invalid messages of these objects wait again."""
    listed = sorted(objects)
    if not listed:
        return 0
    found = conn.exec_driver_sql(
        "UPDATE inbox SET state = 'waiting', error = NULL WHERE id IN (SELECT id FROM inbox"
        " JOIN unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, external_id)"
        " USING (account, stream, external_id) WHERE state = 'invalid' AND NOT notification"
        " ORDER BY id FOR UPDATE OF inbox)",
        {"a": [o[0] for o in listed], "s": [o[1] for o in listed], "e": [o[2] for o in listed]},
    )
    return found.rowcount


def replay(conn: Connection, row_ids: Iterable[int]) -> int:
    """Take invalid messages up again; how many of these were invalid. What could not be read is fetched anew, and
    goes when it could."""
    found = conn.exec_driver_sql(
        "SELECT DISTINCT account, stream, external_id, notification FROM inbox"
        " WHERE id = ANY(%(i)b::bigint[]) AND state = 'invalid'",
        {"i": sorted(set(row_ids))},
    ).all()
    wanted = {
        notification: {(row[0], row[1], row[2]) for row in found if row[3] == notification}
        for notification in (False, True)
    }
    for kind, objects in (("process", wanted[False]), ("fetch", wanted[True])):
        jobs.want(conn, kind, [(account, jobs.object_key(stream, id_)) for account, stream, id_ in objects])
    return reopen(conn, wanted[False]) + len(wanted[True])


def outlived(conn: Connection, objects: Iterable[Name]) -> None:
    """A version of these objects was understood: pushes that were not are compared with it, and go where they are
    older."""
    held = of_objects(conn, dict.fromkeys(objects))
    if held:
        query = "SELECT id FROM inbox WHERE id = ANY(%(i)b::bigint[]) AND via = 'push'"
        replay(conn, conn.exec_driver_sql(query, {"i": held}).scalars())


class Waits(NamedTuple):
    """A message that is not understood: its row, which object it is about, and when it was read, or came."""

    id: int
    name: Name
    read_seq: int | None
    at: datetime


def of_returns(conn: Connection, return_ids: Iterable[int]) -> dict[int, list[Waits]]:
    """What waits here that is about these returns or their orders, or names them, also where nothing of it was read.

    It begins with the names of the returns, so it costs the same however much waits of others.
    """
    found = conn.exec_driver_sql(
        "WITH mine AS MATERIALIZED (SELECT return_id, issuer, type, value FROM keys"
        " WHERE return_id = ANY(%(r)b::bigint[]) UNION SELECT ro.return_id, k.issuer, k.type, k.value"
        # OFFSET 0: else a planner without statistics begins with all keys that have no return.
        " FROM return_orders ro, LATERAL (SELECT * FROM keys WHERE order_id = ro.order_id OFFSET 0) k"
        " WHERE ro.return_id = ANY(%(r)b::bigint[]) AND k.return_id IS NULL)"
        " SELECT m.return_id, i.id, i.account, i.stream, i.external_id, i.read_seq, i.at FROM mine m"
        " JOIN inbox i ON (i.account, i.stream, i.external_id) = (m.issuer, m.type, m.value)"
        f" WHERE {_UNREAD} UNION SELECT m.return_id, i.id, i.account, i.stream, i.external_id, i.read_seq, i.at"
        " FROM mine m JOIN inbox i ON i.names ? concat_ws(%(s)s, m.issuer, m.type, m.value)"
        f" WHERE i.names IS NOT NULL AND {_UNREAD} ORDER BY 2",
        {"r": sorted(set(return_ids)), "s": _SEP},
    )
    waiting: dict[int, list[Waits]] = {}
    for row in found:
        waiting.setdefault(row[0], []).append(Waits(row[1], (row[2], row[3], row[4]), row[5], row[6]))
    return waiting


def bodies(conn: Connection, message_ids: Iterable[int], most: int) -> dict[int, bytes]:
    """Of these messages those that a dictionary refused, by number; of one object the newest, up to so many bytes."""
    listed = sorted(set(message_ids))
    if not listed:
        return {}
    found = conn.exec_driver_sql(
        "WITH sized AS MATERIALIZED (SELECT id, sum(octet_length(body)) OVER (PARTITION BY account, stream, external_id"
        " ORDER BY id DESC) AS size FROM inbox"
        " WHERE id = ANY(%(i)b::bigint[]) AND names IS NOT NULL AND NOT deleted AND body IS NOT NULL)"
        " SELECT i.id, i.body FROM sized s JOIN inbox i USING (id) WHERE s.size <= %(n)s",
        {"i": listed, "n": most},
    )
    return {row[0]: bytes(row[1]) for row in found}


def concerned(conn: Connection, objects: Iterable[Name]) -> set[int]:
    """The returns that these objects are about, as records themselves or as their orders."""
    listed = sorted(set(objects))
    if not listed:
        return set()
    found = conn.exec_driver_sql(
        "SELECT DISTINCT coalesce(k.return_id, ro.return_id) FROM keys k"
        " JOIN unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(issuer, type, value)"
        " USING (issuer, type, value)"
        " LEFT JOIN return_orders ro ON k.return_id IS NULL AND ro.order_id = k.order_id",
        {"a": [n[0] for n in listed], "s": [n[1] for n in listed], "e": [n[2] for n in listed]},
    )
    return {return_id for return_id in found.scalars() if return_id is not None}
