"""What changed at Square since the last poll: a list per stream, read from a little before where the last one ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.kit.alone import piecewise, unreadable
from connectors.kit.api import Message, Page, Unreadable
from connectors.kit.changes import Ask, At, Changes, ListedRow, Taken
from connectors.kit.errors import NotFound
from connectors.kit.versions import Kind
from connectors.square.client import BEGINNING, Client, Mark, Record
from connectors.square.reading import Reader
from connectors.square.records import back

LOCATIONS = 10
"""Locations per search of orders, the most that Square takes."""
EVERYWHERE = "*"
"""Stands in a cursor for all locations, where a list need not be asked for one by one."""
TIMES = Kind(["time"])


class Feeds:
    """The polled streams of one account. A cursor says per location up to when it was read.

    Square's cursors are opaque, so the next page is asked for by the time of the last record, where the list is sorted
    by it. `overlaps`: seconds of the past that each stream asks for again, since Square's lists lag behind its writes.
    """

    def __init__(self, client: Client, reader: Reader, locations: Sequence[str], overlaps: Mapping[str, float]) -> None:
        self.client = client
        self.reader = reader
        self.chosen = locations
        self.overlaps = overlaps

    def locations(self) -> list[str]:
        """The locations that are read: the chosen ones, else all there are."""
        return list(self.chosen) or [place["id"] for place in self.client.get("locations").get("locations") or ()]

    def begin(self, stream: str, since: datetime) -> str:
        """The cursor from which a moment's changes are read."""
        names = self.locations() if stream == "order" else self.chosen or [EVERYWHERE]
        return _written({name: stamp(since) for name in names})

    def orders(self, cursor: str | None) -> Iterator[Page]:
        """Returns and exchanges that changed, each with its sale; a sale alone concerns nobody."""
        reached, names = _read(cursor), self.locations()
        for start in range(0, len(names), LOCATIONS):
            some = names[start : start + LOCATIONS]

            def ask(since: str | None, place: Any, some: Sequence[str] = some) -> Taken:
                more = {"cursor": place} if place else {}
                page = self.client.ask("orders/search", {**_search(some, since or BEGINNING), **more})
                return _taken(page, page.get("orders"), "updated_at")

            for rows, after in self._changes("order", ask, sorted_by_it=True).since(_common(reached, some)):
                reached.update(dict.fromkeys(some, after))
                yield Page(
                    self._messages("order", self.reader.orders, list(filter(_comes_back, rows))), _written(reached)
                )

    def refunds(self, cursor: str | None) -> Iterator[Page]:
        """Refunds that changed, each with the sale it is of."""
        reached = _read(cursor)
        for name in self.chosen or [EVERYWHERE]:
            where = {} if name == EVERYWHERE else {"location_id": name}

            def ask(since: str | None, place: Any, where: Mapping[str, Any] = where) -> Taken:
                asked = {"updated_at_begin_time": since or BEGINNING, "sort_field": "UPDATED_AT", "sort_order": "ASC"}
                more = {"cursor": place} if place else {}
                page = self.client.get("refunds", **asked, **where, **more, limit=100)
                return _taken(page, page.get("refunds"), "updated_at")

            for rows, after in self._changes("refund", ask, sorted_by_it=True).since(reached.get(name)):
                reached[name] = after
                yield Page(self._messages("refund", self.reader.refunds, rows), _written(reached))

    def adjustments(self, cursor: str | None) -> Iterator[Page]:
        """What the hub booked into stock. The list goes by when it happened, not by when it became known."""

        def ask(since: str | None, place: Any) -> Taken:
            asked: Record = {
                "types": ["ADJUSTMENT"],
                "states": ["IN_STOCK", "WASTE"],
                "updated_after": since or BEGINNING,
            }
            where = {"location_ids": list(self.chosen)} if self.chosen else {}
            more = {"cursor": place} if place else {}
            page = self.client.ask("inventory/changes/batch-retrieve", {**asked, **where, **more})
            changes = [change.get("adjustment") for change in page.get("changes") or ()]
            return _taken(page, changes, "created_at")

        for rows, after in self._changes("adjustment", ask, sorted_by_it=False).since(_read(cursor).get(EVERYWHERE)):
            ours = [row for row in rows if not isinstance(row, dict) or Mark.read(row.get("reference_id"))]
            yield Page(self._messages("adjustment", self.reader.adjustments, ours), _written({EVERYWHERE: after}))

    def _changes(self, stream: str, ask: Ask, *, sorted_by_it: bool) -> Changes:
        return Changes(
            ask,
            TIMES,
            self.client.http.clock,
            overlap=self.overlaps[stream],
            oldest_first=sorted_by_it,
            name=f"Square's list of {stream}s",
        )

    @staticmethod
    def _messages(
        stream: str, read: Callable[[Sequence[Record]], list[Message | Unreadable]], rows: Sequence[Any]
    ) -> list[Message | Unreadable]:
        return piecewise(read, rows, lambda row, problem: unreadable(stream, row, problem))

    def fetch(self, stream: str, external_id: str) -> Message | Unreadable:
        """One record, made whole; one that is gone is a deleted message."""
        try:
            if stream == "order":
                found = self.reader.orders([self.client.get("orders", external_id)["order"]])
            elif stream == "refund":
                found = self.reader.refunds([self.client.get("refunds", external_id)["refund"]])
            else:
                found = self.reader.adjustments([self.client.get("inventory/adjustments", external_id)["adjustment"]])
        except NotFound:
            return Message(stream, external_id, b"null", deleted=True)
        return next(message for message in found if (message.stream, message.external_id) == (stream, external_id))


def stamp(at: datetime) -> str:
    """A time as Square writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _search(locations: Sequence[str], since: str) -> Record:
    return {
        "location_ids": list(locations),
        "limit": 200,
        "query": {
            "filter": {
                "date_time_filter": {"updated_at": {"start_at": since}},
                "state_filter": {"states": ["OPEN", "COMPLETED", "CANCELED"]},
            },
            "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
        },
    }


def _taken(page: Record, rows: Any, moved: str) -> Taken:
    """A page of a list, with when each of its records changed."""
    found = rows if isinstance(rows, list) else []
    return Taken(
        [ListedRow(_name(row, "id") or "", _name(row, moved), row) for row in found], page.get("cursor") or None
    )


def _name(row: Any, field: str) -> str | None:
    value = row.get(field) if isinstance(row, dict) else None
    return value if isinstance(value, str) else None


def _comes_back(row: Any) -> bool:
    """Whether something comes back with this order; one that cannot even be asked is read, and then says why."""
    try:
        return bool(back(row))
    except (KeyError, TypeError, AttributeError):
        return True


def _common(reached: Mapping[str, str], names: Sequence[str]) -> str | None:
    """Where all of these locations were read up to: where they were read together it goes on, else at the earliest."""
    known = {reached.get(name, "") for name in names}
    return known.pop() if len(known) == 1 else min((At.read(cursor).since for cursor in known), default=None)


def _read(cursor: str | None) -> dict[str, str]:
    return msgspec.json.decode(cursor, type=dict[str, str]) if cursor else {}


def _written(reached: Mapping[str, Any]) -> str:
    return msgspec.json.encode(dict(sorted(reached.items()))).decode()
