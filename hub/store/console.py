"""What the console asks: read-only questions, each answered by one or two statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    column,
    desc,
    func,
    literal,
    select,
    true,
    tuple_,
    values,
)

from hub.model.schema.observation import FactId
from hub.model.schema.operation import Undeliverable
from hub.model.schema.returns import Return
from hub.store import counts, search_words, slices
from hub.store.connection import Connection
from hub.store.slices import PAGE
from hub.store.slices import Slice as Slice
from hub.store.tables import accounts, attempts, inbox, intents, journal, returns, reviews, sync

BODY_SHOWN = 20_000
"""Bytes of a raw body that a page shows."""

STUCK = ("dead", "unknown")
"""States of a write that needs eyes: refused for good, or sent without an answer."""

UNFINISHED = ("open", "waiting", "sent", *STUCK)
"""States of a write that is under way, or stuck."""

UNTOLD = ("pending", "awaiting", "blocked")
"""States of a sync row in which somebody does not know something yet; the others want nothing of anybody."""

_decode = msgspec.json.Decoder(Return).decode

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


def listed(opened: bool | None = True) -> tuple[ColumnElement[bool], ...]:
    """Returns that stand for themselves, not redirects to another. Not `opened`: records still without a return;
    None: both."""
    alone = (returns.c.merged_into.is_(None), returns.c.doc.is_not(None))
    return alone if opened is None else (*alone, returns.c.opened if opened else ~returns.c.opened)


DISCREPANT = (*listed(None), returns.c.discrepancies > 0)
"""Where something does not fit, also in a record that is still without a return: nobody would look for it there."""

_NEWEST = (returns.c.at, returns.c.id)


def statuses(conn: Connection) -> dict[str, int]:
    """The derived statuses that occur, with their counts, for the filter."""
    return {status: number for (_, status), number in counts.of(conn, "returns").items()}


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
    """Returns by number, order number or SKU, last changed first: every word of `text` has to occur in these, and one
    that few have to be the beginning of one. Words that many or none have are looked for a window at a time."""
    words = text.lower().split()[:8]
    rows, wanted = _led_to(words, status, discrepant, unbound)
    few = search_words.find(conn, words) if words else None
    if few:
        found = slices.newest(
            conn, rows.where(*wanted(returns.c), returns.c.id == func.any(list(few))), _NEWEST, after, limit
        )
    elif words or (discrepant and (status or unbound)) or (unbound and status):
        found = slices.sifted(conn, rows, _NEWEST, wanted, after, limit)
    else:
        found = slices.newest(conn, rows, _NEWEST, after, limit)
    return Slice(_with_sync(conn, found.rows), found.after)


def _led_to(
    words: Sequence[str], status: str, discrepant: bool, unbound: bool
) -> tuple[Select[Any], Callable[[slices.Columns], Sequence[ColumnElement[bool]]]]:
    """The rows to which an index leads in their order, and which of them are wanted."""
    if discrepant and not unbound:
        rows = select(returns).where(*DISCREPANT)
    elif status and not unbound:
        rows = select(returns).where(*listed(), returns.c.status == status)
    else:
        rows = select(returns).where(*listed(not unbound))

    def wanted(c: slices.Columns) -> Sequence[ColumnElement[bool]]:
        asked = [c.search.contains(word, autoescape=True) for word in words]
        asked += [c.status == status] if status else []
        return [*asked, c.discrepancies > 0] if discrepant else asked

    return rows, wanted


def _with_sync(conn: Connection, rows: Sequence[Row[Any]]) -> list[ListedReturn]:
    by_return: dict[int, dict[str, str]] = {}
    for return_id, account, state in conn.execute(
        select(sync.c.return_id, sync.c.account, sync.c.shown)
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
    query = select(sync).where(sync.c.return_id == return_id).order_by(sync.c.account)
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
    """Who still has to be told what; without a state everything that is not in sync. The newest return comes first."""
    told = values(column("shown", Text), name="told").data([(one,) for one in ([state] if state else UNTOLD)])
    each = accounts.join(told, accounts.c.name == account if account else true())
    rows = select(sync).where(sync.c.account == accounts.c.name, sync.c.shown == told.c.shown)
    if after:
        rows = rows.where(tuple_(sync.c.return_id, sync.c.account) < tuple_(*map(literal, after)))
    return slices.united(conn, each, rows, (sync.c.return_id, sync.c.account), limit)


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
    rows, after = select(attempts), None if before is None else (before,)
    if account:
        rows = rows.where(attempts.c.account == account)
    if return_id is not None:
        rows = rows.where(attempts.c.return_id == return_id)
    if outcome:
        return slices.sifted(conn, rows, (attempts.c.id,), lambda c: [c.outcome == outcome], after, limit, _call)
    return slices.newest(conn, rows.with_only_columns(*_call(attempts.c)), (attempts.c.id,), after, limit)


def _call(c: slices.Columns) -> Sequence[ColumnElement[Any]]:
    """How a list shows a conversation: without the wire, and how long that is."""
    return [*(column for column in c if column.key != "wire"), func.jsonb_array_length(c.wire).label("hops")]


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
    rows = select(*columns, body, func.length(inbox.c.body).label("size")).where(inbox.c.state == "invalid")
    return _of_accounts(conn, rows, inbox, account, before, limit)


def dead(conn: Connection, account: str = "", *, before: int | None = None, limit: int = PAGE) -> Slice:
    """What we have to say and cannot deliver: fix the account, resend."""
    rows = select(intents).where(intents.c.state.in_(STUCK))
    return _of_accounts(conn, rows, intents, account, before, limit)


def _of_accounts(
    conn: Connection, rows: Select[Any], table: Table, account: str, before: int | None, limit: int
) -> Slice:
    """The newest of these rows, of one account or of all of them."""
    each = select(accounts.c.name).where(accounts.c.name == account if account else true()).subquery()
    rows = rows.where(table.c.account == each.c.name)
    return slices.united(conn, each, rows if before is None else rows.where(table.c.id < before), (table.c.id,), limit)


def review_queue(conn: Connection, *, state: str = "open", before: int | None = None, limit: int = 20) -> Slice:
    """Questions that only a person can answer; `state` other than open gives the answered ones."""
    wanted = reviews.c.state == "open" if state == "open" else reviews.c.state != "open"
    after = None if before is None else (before,)
    return slices.newest(conn, select(reviews).where(wanted), (reviews.c.id,), after, limit)


def reviews_of(conn: Connection, return_id: int) -> Sequence[Row[Any]]:
    """Open questions about one return."""
    named = reviews.c.returns.contains([return_id])
    return conn.execute(select(reviews).where(reviews.c.state == "open", named).order_by(reviews.c.id)).all()
