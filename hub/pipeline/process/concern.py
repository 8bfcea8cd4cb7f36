"""Which returns the news concern, and of which others may see something new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hub.model.identity.names import own_name
from hub.model.merge.outward import face
from hub.model.schema.bindings import Name
from hub.pipeline.process.batch import Batch, Concerned
from hub.store import invalid, parcels, read_backs, returns
from hub.store.database import Connection
from hub.store.observations import Stored


def concern(conn: Connection, batch: Batch) -> Batch:
    """The returns of the news and of their parcels, those that a write waits for, and what was not understood."""
    observed, bound = batch.observed, batch.bound
    ids = bound.returns | parcels.returns_of(conn, bound.parcels)
    ids |= _read_back(conn, observed.before, observed.reads) | invalid.concerned(conn, batch.unclear)
    loud = bound.loud | _loud(conn, bound.news, observed.before)
    return replace(batch, concerned=Concerned(ids, loud, bound.fresh, _because(bound.news)))


def _loud(conn: Connection, news: Sequence[Stored], before: Mapping[Name, Stored]) -> set[int]:
    """The returns of which others may see something new."""
    found: set[int] = set()
    orders: set[int] = set()
    for record in news:
        old = before.get(own_name(record.observation))
        same = old is not None and (old.return_id, old.order_id) == (record.return_id, record.order_id)
        if old is None or not same or face(old.observation) != face(record.observation):
            if record.return_id is not None:
                found.add(record.return_id)
            elif record.order_id is not None:
                orders.add(record.order_id)
    return found | {return_id for return_id, _ in returns.of_orders(conn, orders)}


def _because(news: Sequence[Stored]) -> dict[int, list[str]]:
    """Per return: the records that brought news of it."""
    because: dict[int, list[str]] = {}
    for record in news:
        if record.return_id is not None:
            o = record.observation
            because.setdefault(record.return_id, []).append(f"{o.account} {o.stream} {o.external_id}")
    return because


def _read_back(conn: Connection, current: Mapping[Name, Stored], reads: Iterable[Name]) -> set[int]:
    """Returns whose write was awaited, also where the read-back turned out to say what we knew already."""
    records = [current[name] for name in reads if name in current]
    ids = {record.return_id for record in records if record.return_id is not None}
    orders = {record.order_id for record in records if record.order_id is not None}
    ids |= {return_id for return_id, _ in returns.of_orders(conn, orders)}
    return read_backs.awaiting(conn, ids) if ids else set()
