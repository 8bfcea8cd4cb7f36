"""What the console asks: read-only questions, each answered by one or two statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, case, desc, func, literal, select, tuple_

from hub.model.schema.observation import FactId
from hub.model.schema.operation import Undeliverable
from hub.model.schema.returns import Return
from hub.store.connection import Connection
from hub.store.tables import attempts, inbox, intents, journal, returns, reviews, sync

PAGE = 50
"""Rows per page; the next page starts after the last row's key, so depth costs nothing."""

BODY_SHOWN = 20_000
"""Bytes of a raw body that a page shows."""

STUCK = ("dead", "unknown")
"""States of a write that needs eyes: refused for good, or sent without an answer."""

UNFINISHED = ("open", "waiting", "sent", *STUCK)
"""States of a write that is under way, or stuck."""

QUIET = ("in_sync", "untold")
"""States of a sync row that want nothing of anybody."""

_decode = msgspec.json.Decoder(Return).decode

# A row may be written before its revision is carried out, and undeliverable is never shown as in sync.
shown_state = case(
    (and_(sync.c.state.in_(QUIET), sync.c.wanted > sync.c.done), literal("pending")),
    (and_(sync.c.state == "in_sync", func.jsonb_array_length(sync.c.undeliverable) > 0), literal("blocked")),
    else_=sync.c.state,
)


ASKING = (returns.c.questions > 0, returns.c.merged_into.is_(None))
"""Which returns wait for a person's answer."""


@dataclass(frozen=True)
class ListedReturn:
    """A return in a list: its row, its document, and the sync state per account."""

    id: int
    status: str
    kind: str | None
    order_number: str | None
    discrepancies: int
    at: datetime
    opened_at: datetime
    merged_into: int | None
    doc: Return
    sync: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Slice:
    """Some rows, and the key after which the next ones follow (None: these were the last)."""

    rows: Sequence[Any]
    after: tuple[Any, ...] | None


def counted(conn: Connection, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in conn.execute(query)}


def listed(opened: bool | None = True) -> tuple[ColumnElement[bool], ...]:
    """Returns that stand for themselves, not signposts to another. Not `opened`: records still without a return;
    None: both."""
    alone = (returns.c.merged_into.is_(None), returns.c.doc.is_not(None))
    return alone if opened is None else (*alone, returns.c.opened.is_(opened))


DISCREPANT = (*listed(None), returns.c.discrepancies > 0)
"""Where something does not fit, also in a record that is still without a return: nobody would look for it there."""


def statuses(conn: Connection) -> dict[str, int]:
    """The derived statuses that occur, with their counts, for the filter."""
    return counted(
        conn,
        select(returns.c.status, func.count()).where(*listed()).group_by(returns.c.status).order_by(returns.c.status),
    )


def search(
    conn: Connection,
    text: str = "",
    status: str = "",
    *,
    discrepant: bool = False,
    unbound: bool = False,
    after: Sequence[Any] | None = None,
    limit: int = PAGE,
) -> Slice:
    """Returns by number, order number or SKU (every word of `text` has to occur), last changed first."""
    query = select(returns).where(*listed(None if discrepant and not unbound else not unbound))
    for word in text.lower().split()[:8]:
        query = query.where(returns.c.search.contains(word, autoescape=True))
    if status:
        query = query.where(returns.c.status == status)
    if discrepant:
        query = query.where(returns.c.discrepancies > 0)
    if after:
        query = query.where(tuple_(returns.c.at, returns.c.id) < tuple_(*map(literal, after)))
    rows = conn.execute(query.order_by(desc(returns.c.at), desc(returns.c.id)).limit(limit + 1)).all()
    found = _with_sync(conn, rows[:limit])
    return Slice(found, (found[-1].at, found[-1].id) if len(rows) > limit else None)


def _with_sync(conn: Connection, rows: Sequence[Row[Any]]) -> list[ListedReturn]:
    by_return: dict[int, dict[str, str]] = {}
    for return_id, account, state in conn.execute(
        select(sync.c.return_id, sync.c.account, shown_state)
        .where(sync.c.return_id.in_([row.id for row in rows]))
        .order_by(sync.c.account)
    ):
        by_return.setdefault(return_id, {})[account] = state
    return [
        ListedReturn(
            id=row.id,
            status=row.status,
            kind=row.kind,
            order_number=row.order_number,
            discrepancies=row.discrepancies,
            at=row.at,
            opened_at=row.opened_at,
            merged_into=row.merged_into,
            doc=_decode(row.doc) if row.doc else Return(),
            sync=by_return.get(row.id, {}),
        )
        for row in rows
    ]


def asking(conn: Connection, *, after: int = 0, limit: int | None = 20) -> Slice:
    """Returns that wait for a person's answer (`answers.waiting` are their questions), oldest first; no limit: all."""
    query = select(returns).where(*ASKING, returns.c.id > after).order_by(returns.c.id)
    rows = conn.execute(query if limit is None else query.limit(limit + 1)).all()
    found = _with_sync(conn, rows[:limit])
    return Slice(found, (found[-1].id,) if len(rows) > len(found) else None)


def find(conn: Connection, return_ids: Sequence[int]) -> dict[int, ListedReturn]:
    """These returns, merged away or not; unknown numbers are left out."""
    rows = conn.execute(select(returns).where(returns.c.id.in_(list(return_ids)))).all()
    return {found.id: found for found in _with_sync(conn, rows)}


def telling(conn: Connection, return_id: int) -> Sequence[Row[Any]]:
    """What each account still has to be told about one return, and what it cannot be told."""
    query = select(sync, shown_state.label("shown")).where(sync.c.return_id == return_id).order_by(sync.c.account)
    return conn.execute(query).all()


def cannot(row: Row[Any]) -> list[Undeliverable]:
    """What a sync row's account cannot be told."""
    return msgspec.convert(row.undeliverable, list[Undeliverable])


def document(ret: Return) -> dict[str, Any]:
    """The return for machines; each discrepancy with its English text."""
    plain: dict[str, Any] = _whole(ret)
    for shown, discrepancy in zip(plain["discrepancies"], ret.discrepancies, strict=True):
        shown["text"] = discrepancy.text
    return plain


def _whole(value: Any) -> Any:
    """A struct with all its fields, those that have their default, too: what is unknown is said to be so."""
    if isinstance(value, FactId):
        return msgspec.to_builtins(value)
    if isinstance(value, msgspec.Struct):
        return {name: _whole(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    return None if value is msgspec.UNSET else value


def writes(conn: Connection, return_id: int) -> Sequence[Row[Any]]:
    """The writes of one return that are under way or stuck."""
    query = select(intents).where(intents.c.return_id == return_id, intents.c.state.in_(UNFINISHED))
    return conn.execute(query.order_by(intents.c.id)).all()


def story(conn: Connection, return_id: int, limit: int = 500) -> Sequence[Row[Any]]:
    """The journal of one return, oldest first; of a long story its last `limit` lines."""
    query = select(journal).where(journal.c.return_id == return_id).order_by(desc(journal.c.id)).limit(limit)
    return conn.execute(query).all()[::-1]


def sync_rows(
    conn: Connection, state: str = "", account: str = "", *, after: Sequence[Any] | None = None, limit: int = PAGE
) -> Slice:
    """Who still has to be told what; without a state everything that is not in sync, longest unchanged last."""
    query = select(sync, shown_state.label("shown")).where(shown_state == state if state else shown_state.not_in(QUIET))
    if account:
        query = query.where(sync.c.account == account)
    if after:
        query = query.where(tuple_(sync.c.at, sync.c.return_id, sync.c.account) < tuple_(*map(literal, after)))
    query = query.order_by(desc(sync.c.at), desc(sync.c.return_id), desc(sync.c.account))
    rows = conn.execute(query.limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Slice(rows[:limit], (last.at, last.return_id, last.account) if last else None)


def calls(
    conn: Connection,
    account: str = "",
    outcome: str = "",
    return_id: int | None = None,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> Slice:
    """The log of conversations with other systems, newest first; the wire itself comes with `call`."""
    columns = [column for column in attempts.c if column.name != "wire"]
    query = select(*columns, func.jsonb_array_length(attempts.c.wire).label("hops"))
    if account:
        query = query.where(attempts.c.account == account)
    if outcome:
        query = query.where(attempts.c.outcome == outcome)
    if return_id is not None:
        query = query.where(attempts.c.return_id == return_id)
    return _newest(conn, query, attempts.c.id, before, limit)


def _newest(
    conn: Connection, query: Select[Any], key: ColumnElement[Any], before: int | None, limit: int = PAGE
) -> Slice:
    if before is not None:
        query = query.where(key < before)
    rows = conn.execute(query.order_by(desc(key)).limit(limit + 1)).all()
    return Slice(rows[:limit], (rows[limit - 1].id,) if len(rows) > limit else None)


def outcomes(conn: Connection) -> list[str]:
    """The outcomes that occur in the log's newest part, for the filter."""
    newest = select(attempts.c.outcome).order_by(desc(attempts.c.id)).limit(2000).subquery()
    return list(conn.execute(select(newest.c.outcome).distinct().order_by(newest.c.outcome)).scalars())


def call(conn: Connection, attempt_id: int) -> Row[Any] | None:
    """One conversation with its requests and answers (redacted before they were stored)."""
    return conn.execute(select(attempts).where(attempts.c.id == attempt_id)).first()


def invalid(conn: Connection, account: str = "", *, before: int | None = None, limit: int = PAGE) -> Slice:
    """Messages that we do not understand: fix the mapping, replay."""
    columns = [column for column in inbox.c if column.name not in ("body", "dedupe")]
    body = func.substring(inbox.c.body, 1, BODY_SHOWN).label("body")
    query = select(*columns, body, func.length(inbox.c.body).label("size")).where(inbox.c.state == "invalid")
    if account:
        query = query.where(inbox.c.account == account)
    return _newest(conn, query, inbox.c.id, before, limit)


def dead(conn: Connection, account: str = "", *, before: int | None = None, limit: int = PAGE) -> Slice:
    """What we have to say and cannot deliver: fix the account, resend."""
    query = select(intents).where(intents.c.state.in_(STUCK))
    if account:
        query = query.where(intents.c.account == account)
    return _newest(conn, query, intents.c.id, before, limit)


def review_queue(conn: Connection, *, state: str = "open", before: int | None = None, limit: int = 20) -> Slice:
    """Questions that only a person can answer; `state` other than open gives the answered ones."""
    wanted = reviews.c.state == "open" if state == "open" else reviews.c.state != "open"
    return _newest(conn, select(reviews).where(wanted), reviews.c.id, before, limit)


def reviews_of(conn: Connection, return_id: int) -> Sequence[Row[Any]]:
    """Open questions about one return."""
    named = reviews.c.returns.contains([return_id])
    return conn.execute(select(reviews).where(reviews.c.state == "open", named).order_by(reviews.c.id)).all()
