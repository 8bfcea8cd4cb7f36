"""What changed at Square since the last poll: a list per stream, read from a little before where the last one ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.kit.api import Message, Page
from connectors.kit.errors import NotFound
from connectors.square.client import BEGINNING, Client, Mark, Record
from connectors.square.reading import Reader, back

OVERLAP = timedelta(minutes=2)
"""A poll asks again for this much of the past: Square's lists lag behind its writes by seconds."""
LOCATIONS = 10
"""Locations per search of orders, the most that Square takes."""
EVERYWHERE = "*"
"""Stands in a cursor for all locations, where a list need not be asked for one by one."""


class Feeds:
    """The polled streams of one account. A cursor says per location up to when it was read."""

    def __init__(self, client: Client, reader: Reader, locations: Sequence[str]) -> None:
        self.client = client
        self.reader = reader
        self.chosen = locations

    def locations(self) -> list[str]:
        """The locations that are read: the chosen ones, else all there are."""
        return list(self.chosen) or [place["id"] for place in self.client.get("locations").get("locations") or ()]

    def begin(self, stream: str, since: datetime) -> str:
        """The cursor from which a moment's changes are read."""
        names = self.locations() if stream == "order" else self.chosen or [EVERYWHERE]
        return _written({name: stamp(since) for name in names})

    def orders(self, cursor: str | None) -> Iterator[Page]:
        """Returns and exchanges that changed, each with its sale; a sale alone concerns nobody."""
        reached = _read(cursor)
        names = self.locations()
        for start in range(0, len(names), LOCATIONS):
            some = names[start : start + LOCATIONS]
            since = min(reached.get(name, BEGINNING) for name in some)
            for page in self.client.searched("orders/search", _search(some, since)):
                rows = page.get("orders") or ()
                if rows:
                    reached.update(dict.fromkeys(some, max(since, rows[-1]["updated_at"])))
                yield Page(self.reader.orders([row for row in rows if back(row)]), _written(reached))

    def refunds(self, cursor: str | None) -> Iterator[Page]:
        """Refunds that changed, each with the sale it is of."""
        reached = _read(cursor)
        for name in self.chosen or [EVERYWHERE]:
            since = reached.get(name, BEGINNING)
            asked = {"updated_at_begin_time": earlier(since), "sort_field": "UPDATED_AT", "sort_order": "ASC"}
            where = {} if name == EVERYWHERE else {"location_id": name}
            for page in self.client.listed("refunds", **asked, **where, limit=100):
                rows = page.get("refunds") or ()
                if rows:
                    reached[name] = max(since, rows[-1]["updated_at"])
                yield Page(self.reader.refunds(rows), _written(reached))

    def adjustments(self, cursor: str | None) -> Iterator[Page]:
        """What the hub booked into stock. The list goes by when it happened, not by when it became known."""
        reached = _read(cursor)
        since = newest = reached.get(EVERYWHERE, BEGINNING)
        asked: Record = {"types": ["ADJUSTMENT"], "states": ["IN_STOCK", "WASTE"], "updated_after": earlier(since)}
        if self.chosen:
            asked["location_ids"] = list(self.chosen)
        for page in self.client.searched("inventory/changes/batch-retrieve", asked):
            rows = [change["adjustment"] for change in page.get("changes") or ()]
            newest = max([newest, *(row["created_at"] for row in rows)])
            ours = [row for row in rows if Mark.read(row.get("reference_id"))]
            yield Page(self.reader.adjustments(ours), _written(reached))
        yield Page([], _written({EVERYWHERE: newest}))

    def fetch(self, stream: str, external_id: str) -> Message:
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


def earlier(text: str) -> str:
    """The same time with the overlap taken off."""
    return stamp(datetime.fromisoformat(text) - OVERLAP)


def _search(locations: Sequence[str], since: str) -> Record:
    return {
        "location_ids": list(locations),
        "limit": 200,
        "query": {
            "filter": {
                "date_time_filter": {"updated_at": {"start_at": earlier(since)}},
                "state_filter": {"states": ["OPEN", "COMPLETED", "CANCELED"]},
            },
            "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
        },
    }


def _read(cursor: str | None) -> dict[str, str]:
    return msgspec.json.decode(cursor, type=dict[str, str]) if cursor else {}


def _written(reached: Mapping[str, Any]) -> str:
    return msgspec.json.encode(dict(sorted(reached.items()))).decode()
