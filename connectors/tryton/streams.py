"""The streams: which tables are watched for each, how a page is read, and how a change of a part finds its whole.

`last_modified_at` is watched, never `write_date` (null until the first update). It is the start of the writing
transaction, so a row can become visible after a later-stamped one was polled: every poll begins `overlap` seconds
before the mark. Changes of a part (a move, the sale a complaint brought forth) do not move the date of the
whole, so parts are watched, too, each with a mark of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.kit.alone import explained, piecewise
from connectors.kit.api import Unreadable
from connectors.kit.clock import FINE
from connectors.kit.errors import RetryLater
from connectors.tryton import cases, credits, goods
from connectors.tryton.client import Rest
from connectors.tryton.lookup import COMPLAINT, COMPLAINT_FIELDS, INVOICE, SALE, SALE_FIELDS, SHIPMENT, Lookup, Row
from connectors.tryton.wire import MICROSECONDS, ident, moment, target

PAGE = 50
Domain = list[Any]
Build = Callable[[Lookup, Sequence[Row], Mapping[str, Any]], list[Row]]


@dataclass(frozen=True, slots=True)
class Watch:
    """A table whose changes concern a stream. `path`: the field that names the whole ("": the row is the whole)."""

    model: str
    domain: tuple[Any, ...] = ()
    path: str = ""

    @property
    def name(self) -> str:
        return f"{self.model}:{self.path}" if self.path else self.model


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record. `only`: an extra domain that a whole must meet."""

    model: str
    fields: Sequence[str]
    build: Build
    watches: tuple[Watch, ...]
    only: tuple[Any, ...] = ()


BORN_OF_COMPLAINT = ["origin", "like", f"{COMPLAINT},%"]
STREAMS: Mapping[str, Stream] = {
    "complaint": Stream(
        COMPLAINT,
        COMPLAINT_FIELDS,
        cases.complaints,
        # Notes cannot be watched: Tryton lets nobody search them but by the record they hang on.
        (Watch(COMPLAINT), Watch(SALE, (BORN_OF_COMPLAINT,), "origin")),
    ),
    "return_sale": Stream(
        SALE,
        SALE_FIELDS,
        cases.return_sales,
        (Watch(SALE, (["OR", ["lines.quantity", "<", 0], BORN_OF_COMPLAINT],)),),
        (["OR", ["lines.quantity", "<", 0], BORN_OF_COMPLAINT],),
    ),
    "shipment": Stream(
        SHIPMENT,
        goods.SHIPMENT_FIELDS,
        goods.shipments,
        (Watch(SHIPMENT), Watch("stock.move", (["shipment", "like", f"{SHIPMENT},%"],), "shipment")),
    ),
    "credit_note": Stream(
        INVOICE,
        credits.INVOICE_FIELDS,
        credits.credit_notes,
        (Watch(INVOICE, (["type", "=", "out"], ["lines.quantity", "<", 0])),),
        (["type", "=", "out"], ["lines.quantity", "<", 0]),
    ),
    # Only sales that something came back from, and those that carry a shop's order number: a return may have waited for
    # one to be entered. An ERP has many others, and nobody here needs them.
    "sale": Stream(
        SALE,
        SALE_FIELDS,
        cases.orders,
        (
            Watch(COMPLAINT, (), "origin"),
            Watch(SALE, (["origin", "like", f"{SALE},%"],), "origin"),
            Watch(SALE, (["lines.quantity", ">", 0],)),
        ),
    ),
}


STANDS: Any = ["state", "in", ["confirmed", "processing", "done"]]
"""A sale that something can come back to."""


@dataclass(frozen=True, slots=True)
class Found:
    """One record of a page. `version` is the newest change of anything in it; it can stand still."""

    id: int
    version: str
    record: Row


class Reader:
    """Reads streams for one account."""

    def __init__(self, rest: Rest, settings: Mapping[str, Any]) -> None:
        self.rest = rest
        self.settings = settings
        self.company = int(settings["company"])
        self.overlap = timedelta(seconds=float(settings.get("overlap_seconds") or 60))

    def one(self, stream: str, record: int) -> Found | None:
        """One record read afresh; None when it is gone, or hidden from us."""
        return next(iter(self._records(stream, [record])), None)

    def begin(self, stream: str, since: datetime) -> str:
        """The cursor that begins at this moment: the same mark for every watched table."""
        mark = since.astimezone(UTC).strftime(MICROSECONDS)
        return json.dumps({watch.name: mark for watch in STREAMS[stream].watches}, sort_keys=True)

    def poll(self, stream: str, cursor: str | None) -> Iterator[tuple[list[Found | Unreadable], str]]:
        """Pages of records changed since the cursor (JSON: a mark per watched table), each with the cursor after it.

        No mark is later than the moment the poll began, whatever a row says.
        """
        marks: dict[str, str] = json.loads(cursor) if cursor else {}
        given: set[tuple[Any, str]] = set()
        began = time.monotonic()
        self.rest.http.clock.begin()
        for watch in STREAMS[stream].watches:
            begun = marks.get(watch.name)
            for roots, mark in self._changes(STREAMS[stream], watch, begun):
                now = self.rest.http.clock.at(began).strftime(MICROSECONDS)
                marks[watch.name] = min(max(mark, marks.get(watch.name, "")), now)
                fresh = [one for one in self._found(stream, watch, roots) if _name(one) not in given]
                given.update(map(_name, fresh))
                yield fresh, json.dumps(marks, sort_keys=True)

    def _found(self, stream: str, watch: Watch, roots: Sequence[int]) -> list[Found | Unreadable]:
        """These records as far as they are wanted; one that alone cannot be read stands for itself."""

        def read(some: Sequence[int]) -> list[Found | Unreadable]:
            return [*self._records(stream, self._wanted(stream, watch, list(some)))]

        return piecewise(read, roots, lambda root, problem: Unreadable(stream, str(root), explained(problem)))

    def _changes(self, stream: Stream, watch: Watch, mark: str | None) -> Iterator[tuple[list[int], str]]:
        """Ids of wholes that changed, page by page in the order of change, with the mark after each page."""
        last: tuple[str, int] | None = None
        if mark:
            clock, begun = self.rest.http.clock, datetime.fromisoformat(mark)
            if begun - clock.at(time.monotonic()) < timedelta(seconds=FINE):  # else some clock was set back: begin anew
                last = ((begun - self.overlap - timedelta(seconds=clock.behind())).strftime(MICROSECONDS), 0)
        while True:
            domain: Domain = [*watch.domain, ["company", "=", self.company]]
            if last:
                at, record = moment(last[0]), last[1]
                after = [["last_modified_at", "=", at], ["id", ">", record]]
                domain.append(["OR", [["last_modified_at", ">", at]], after])
            fields = ["last_modified_at", *([watch.path] if watch.path else [])]
            rows = self.rest.search(watch.model, domain, fields, size=PAGE)
            if not rows:
                return
            newest = (rows[-1]["last_modified_at"], rows[-1]["id"])
            if last and newest <= last:
                raise RetryLater(f"Tryton answers what changed in {watch.model} after {last[0]} with older rows")
            last = newest
            yield _roots(stream, watch, rows), last[0]
            if len(rows) < PAGE:
                return

    def _wanted(self, stream: str, watch: Watch, roots: list[int]) -> list[int]:
        """For plain sales: only those that something came back from, or that an invoice or line complaint is about; and
        where the account's sales repeat a shop's order numbers (`orders_of`) those that bear one."""
        if stream != "sale" or not roots:
            return roots
        if watch.model == COMPLAINT:
            lookup = Lookup(self.rest)
            return sorted({sale["id"] for sale in lookup.sold_by(lookup.complaints(roots).values()).values()})
        if watch.path:
            return roots
        named = [f"{SALE},{i}" for i in roots]
        complained = self.rest.search(
            COMPLAINT, ["OR", ["origin", "in", named], ["origin.sale", "in", roots, "sale.line"]], ["origin"]
        )
        returned = self.rest.search(SALE, [["origin", "in", named], ["lines.quantity", "<", 0]], ["origin"])
        direct = {i for row in (*complained, *returned) if (i := target(row["origin"], SALE))}
        of_line = Lookup(self.rest).many("sale.line", (target(c["origin"], "sale.line") for c in complained), ["sale"])
        direct |= {i for line in of_line.values() if (i := ident(line["sale"]))}
        rest = [i for i in roots if i not in direct]
        if rest and self.settings.get("orders_of"):
            entered = [["id", "in", rest], ["reference", "!=", None], ["origin", "=", None], STANDS]
            direct |= {row["id"] for row in self.rest.search(SALE, entered, ["reference"])}
        return [i for i in roots if i in direct]

    def _records(self, stream: str, ids: Iterable[int]) -> list[Found]:
        wanted = sorted(set(ids))
        if not wanted:
            return []
        kind = STREAMS[stream]
        rows = self.rest.search(kind.model, [["id", "in", wanted], *kind.only], kind.fields)
        records = kind.build(Lookup(self.rest), rows, self.settings)
        return [Found(int(r["id"]), r["modified_at"], r) for r in records]


def _roots(stream: Stream, watch: Watch, rows: Sequence[Row]) -> list[int]:
    """The wholes these changed rows belong to. Complaints watched for their sale stay complaints: see `_wanted`."""
    if not watch.path or watch.model == COMPLAINT:
        return [row["id"] for row in rows]
    return [i for row in rows if (i := target(row[watch.path], stream.model)) is not None]


def _name(one: Found | Unreadable) -> tuple[Any, str]:
    """What makes a record the same in two pages."""
    return (one.id, one.version) if isinstance(one, Found) else (one.external_id, one.error)
