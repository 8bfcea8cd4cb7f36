"""What each system last said of each object; the input of every merge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from hub.model.schema.bindings import Name
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import Observation
from hub.store.connection import Connection

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Fragment).decode


class Stored(NamedTuple):
    """An observation with its bindings and the digest of the body it was made from."""

    observation: Observation
    digest: bytes | None
    return_id: int | None
    order_id: int | None


def digest(body: bytes | None) -> bytes:
    """What tells one body from another: the same again says nothing new."""
    return blake2b(body or b"", digest_size=16).digest()


_COLUMNS = (
    "account, stream, external_id, read_seq, version, mapping, fragment, digest, gone, seen_at, return_id, order_id"
)


def _stored(row: Sequence[object]) -> Stored:
    account, stream, external_id, read_seq, version, mapping, fragment, digest, gone, seen_at, return_id, order_id = row
    observation = Observation(
        account=account,  # type: ignore[arg-type]
        stream=stream,  # type: ignore[arg-type]
        external_id=external_id,  # type: ignore[arg-type]
        fragment=_decode(fragment),  # type: ignore[arg-type]
        read_seq=read_seq,  # type: ignore[arg-type]
        version=version,  # type: ignore[arg-type]
        seen_at=seen_at,  # type: ignore[arg-type]
        mapping=mapping,  # type: ignore[arg-type]
        gone=gone,  # type: ignore[arg-type]
    )
    return Stored(observation, digest, return_id, order_id)  # type: ignore[arg-type]


def of_objects(conn: Connection, names: Iterable[Name]) -> dict[Name, Stored]:
    """The current observations of these objects, as far as there are any."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM observations JOIN unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) "
        "AS n(account, stream, external_id) USING (account, stream, external_id)",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]},
    )
    stored = (_stored(row) for row in found)
    return {(s.observation.account, s.observation.stream, s.observation.external_id): s for s in stored}


def save(conn: Connection, news: Sequence[Stored]) -> None:
    """Write these observations; bindings already known stay, new ones are added."""
    if not news:
        return
    ordered = sorted(news, key=lambda s: (s.observation.account, s.observation.stream, s.observation.external_id))
    seen = [s.observation for s in ordered]
    conn.exec_driver_sql(
        "INSERT INTO observations (account, stream, external_id, read_seq, version, mapping, fragment, digest, gone,"
        " return_id, order_id) SELECT * FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[], %(t)b::bigint[],"
        " %(v)b::text[], %(m)b::text[], %(f)b::bytea[], %(d)b::bytea[], %(g)b::bool[], %(r)b::bigint[],"
        " %(o)b::bigint[]) ON CONFLICT (account, stream, external_id)"
        " DO UPDATE SET read_seq = excluded.read_seq, version = excluded.version, mapping = excluded.mapping,"
        " fragment = excluded.fragment, digest = excluded.digest, gone = excluded.gone,"
        " seen_at = clock_timestamp(), return_id = coalesce(excluded.return_id, observations.return_id),"
        " order_id = coalesce(excluded.order_id, observations.order_id)",
        {
            "a": [o.account for o in seen],
            "s": [o.stream for o in seen],
            "e": [o.external_id for o in seen],
            "t": [o.read_seq for o in seen],
            "v": [o.version for o in seen],
            "m": [o.mapping for o in seen],
            "f": [_encode(o.fragment) for o in seen],
            "d": [s.digest for s in ordered],
            "g": [o.gone for o in seen],
            "r": [s.return_id for s in ordered],
            "o": [s.order_id for s in ordered],
        },
    )


def touch(conn: Connection, read_seqs: Mapping[Name, int]) -> None:
    """The same was read again: only its age changes."""
    ordered = sorted(read_seqs.items())
    if ordered:
        conn.exec_driver_sql(
            "UPDATE observations o SET read_seq = greatest(o.read_seq, n.read_seq), seen_at = clock_timestamp()"
            " FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[], %(t)b::bigint[])"
            " AS n(account, stream, external_id, read_seq)"
            " WHERE (o.account, o.stream, o.external_id) = (n.account, n.stream, n.external_id)",
            {
                "a": [name[0] for name, _ in ordered],
                "s": [name[1] for name, _ in ordered],
                "e": [name[2] for name, _ in ordered],
                "t": [read_seq for _, read_seq in ordered],
            },
        )


def of_returns(conn: Connection, return_ids: Sequence[int]) -> dict[int, list[Observation]]:
    """Everything that feeds these returns: their own objects, and the orders and payments they belong to."""
    result: dict[int, list[Observation]] = {return_id: [] for return_id in return_ids}
    own = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM observations WHERE return_id = ANY(%(r)b::bigint[])",
        {"r": list(return_ids)},
    )
    for row in own:
        result[row[-2]].append(_stored(row).observation)
    pairs = conn.exec_driver_sql(
        "SELECT return_id, order_id FROM return_orders WHERE return_id = ANY(%(r)b::bigint[])", {"r": list(return_ids)}
    ).all()
    shared: dict[int, list[Observation]] = {}
    for order_id, observation in _of_orders(conn, {order_id for _, order_id in pairs}) if pairs else ():
        shared.setdefault(order_id, []).append(observation)
    for return_id, order_id in pairs:
        result[return_id] += shared.get(order_id, ())
    return result


def own_of_returns(conn: Connection, return_ids: Iterable[int]) -> dict[int, list[Observation]]:
    """The records that are these returns' alone."""
    wanted = sorted(set(return_ids))
    if not wanted:
        return {}
    result: dict[int, list[Observation]] = {}
    found = conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM observations WHERE return_id = ANY(%(r)b::bigint[])", {"r": wanted}
    )
    for row in found:
        result.setdefault(row[-2], []).append(_stored(row).observation)
    return result


def of_orders(conn: Connection, order_ids: Iterable[int]) -> list[Observation]:
    """The records of these orders and of their payments."""
    return [observation for _, observation in _of_orders(conn, order_ids)]


def _of_orders(conn: Connection, order_ids: Iterable[int]) -> Iterator[tuple[int, Observation]]:
    for row in conn.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM observations WHERE order_id = ANY(%(o)b::bigint[]) AND return_id IS NULL",
        {"o": sorted(set(order_ids))},
    ):
        yield row[-1], _stored(row).observation


def reorder(conn: Connection, names: Iterable[Name], order_id: int) -> None:
    """These records are of another order."""
    wanted = sorted(set(names))
    conn.exec_driver_sql(
        "UPDATE observations o SET order_id = %(o)s"
        " FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, external_id)"
        " WHERE (o.account, o.stream, o.external_id) = (n.account, n.stream, n.external_id)",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted], "o": order_id},
    )


def of_siblings(conn: Connection, return_ids: Sequence[int]) -> dict[int, dict[int, Sequence[Observation]]]:
    """Per return: what is known of each of the other returns of its orders (their own objects only).

    Each return's records are read once, however many returns it is a sibling of.
    """
    beside: dict[int, set[int]] = {}
    members: dict[int, set[int]] = {}
    for return_id, order_id in conn.exec_driver_sql(
        "SELECT other.return_id, order_id FROM return_orders other WHERE order_id IN"
        " (SELECT order_id FROM return_orders WHERE return_id = ANY(%(r)b::bigint[]))",
        {"r": list(return_ids)},
    ):
        members.setdefault(order_id, set()).add(return_id)
        beside.setdefault(return_id, set()).add(order_id)
    near = {i: {j for order in beside.get(i, ()) for j in members[order]} - {i} for i in return_ids}
    records = own_of_returns(conn, {j for found in near.values() for j in found})
    return {i: {j: records[j] for j in sorted(found) if j in records} for i, found in near.items() if found}


def objects_of(conn: Connection, return_id: int) -> list[tuple[Name, bool]]:
    """The objects that feed a return, and whether each is an order's (shared with other returns)."""
    found = conn.exec_driver_sql(
        "SELECT account, stream, external_id, false FROM observations WHERE return_id = %(r)s"
        " UNION ALL SELECT o.account, o.stream, o.external_id, true FROM return_orders ro"
        " JOIN observations o USING (order_id) WHERE ro.return_id = %(r)s AND o.return_id IS NULL",
        {"r": return_id},
    )
    return [((row[0], row[1], row[2]), row[3]) for row in found]


def move(conn: Connection, names: Iterable[Name], return_id: int) -> None:
    """These objects belong to another return now."""
    wanted = sorted(set(names))
    conn.exec_driver_sql(
        "UPDATE observations o SET return_id = %(r)s"
        " FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, external_id)"
        " WHERE (o.account, o.stream, o.external_id) = (n.account, n.stream, n.external_id)",
        {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted], "r": return_id},
    )


def open_objects(conn: Connection, account: str, streams: Sequence[str]) -> list[tuple[str, str]]:
    """(stream, external id) of all that this account told of returns that are still open, orders included."""
    found = conn.exec_driver_sql(
        "SELECT o.stream, o.external_id FROM observations o JOIN returns r ON r.id = o.return_id"
        " WHERE o.account = %(a)s AND o.stream = ANY(%(s)b::text[]) AND NOT o.gone AND r.is_open"
        " UNION SELECT o.stream, o.external_id FROM observations o JOIN return_orders ro USING (order_id)"
        " JOIN returns r ON r.id = ro.return_id WHERE o.account = %(a)s AND o.stream = ANY(%(s)b::text[])"
        " AND NOT o.gone AND r.is_open ORDER BY 1, 2",
        {"a": account, "s": list(streams)},
    )
    return [(row[0], row[1]) for row in found]
