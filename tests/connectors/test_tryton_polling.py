"""Polling Tryton: every row once, late ones within the overlap, and no page for ever."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.kit.api import Unreadable
from connectors.kit.clock import Clock
from connectors.kit.errors import RetryLater, Unsupported
from connectors.tryton import streams, wire
from connectors.tryton.client import Rest
from tests.connectors import tryton_replay
from tests.connectors.tryton_rows import at


class Shelf:
    """Stands where Rest stands, for one table: answers keyset queries from a list, as Tryton's search does."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.http = SimpleNamespace(clock=Clock())
        self.questions: list[Any] = []

    def search(self, model: str, domain: list[Any], fields: Any, *, size: int | None = None) -> list[dict[str, Any]]:
        self.questions.append(domain)
        after = next((clause for clause in domain if clause[0] == "OR"), None)
        rows = sorted(self.rows, key=lambda row: (row["last_modified_at"], row["id"]))
        if after:
            start = wire.plain(after[1][0][2]), after[2][1][2]
            rows = [row for row in rows if (row["last_modified_at"], row["id"]) > start]
        return rows[:size]


def changes(shelf: Shelf, mark: str | None, overlap: float = 60.0) -> Iterator[tuple[list[int], str]]:
    rest: Any = shelf
    reader = streams.Reader(rest, {"company": 1, "overlap_seconds": overlap})
    stream = streams.STREAMS["shipment"]
    return reader._changes(stream, stream.watches[0], mark)


def test_every_row_is_read_once_though_many_share_a_moment() -> None:
    """A bulk change stamps all its rows with one moment, more than fit on a page."""
    shelf = Shelf([{"id": i, "last_modified_at": at(7)} for i in range(1, 2 * streams.PAGE + 4)])
    pages = list(changes(shelf, None))
    assert [i for ids, _ in pages for i in ids] == list(range(1, 2 * streams.PAGE + 4))
    assert {mark for _, mark in pages} == {at(7)}


def test_a_row_that_became_visible_late_is_read_within_the_overlap() -> None:
    """Its transaction began before the last poll and ended after it."""
    shelf = Shelf([{"id": 1, "last_modified_at": at(100)}])
    ((_, mark),) = changes(shelf, None)
    shelf.rows.append({"id": 2, "last_modified_at": at(50)})
    assert [ids for ids, _ in changes(shelf, mark)] == [[2, 1]]
    assert [ids for ids, _ in changes(shelf, mark, overlap=10)] == [[1]]


def test_a_server_that_answers_the_same_page_for_ever_is_left_alone() -> None:
    class Stuck(Shelf):
        def search(
            self, model: str, domain: list[Any], fields: Any, *, size: int | None = None
        ) -> list[dict[str, Any]]:
            return self.rows[:size]

    shelf = Stuck([{"id": i, "last_modified_at": at(7)} for i in range(1, streams.PAGE + 1)])
    with pytest.raises(RetryLater, match="older rows"):
        list(changes(shelf, None))


def test_a_field_that_may_not_be_read_is_named() -> None:
    question = {"o": [["last_modified_at", "ASC"], ["id", "ASC"]], "d": []}
    asked = {
        "method": "GET",
        "path": "tryton/rest/model/sale.sale",
        "query": question,
        "fields": ["number", "party.name"],
    }
    tape: Any = tryton_replay.Tape([{**asked, "answer": {"status": 200, "body": [{"id": 1, "number": "1"}]}}])
    with pytest.raises(RetryLater, match="sale.sale lacks party"):
        Rest(tryton_replay.SETTINGS, tape).search("sale.sale", [], ["number", "party.name"])


def test_an_empty_table_is_asked_once() -> None:
    shelf = Shelf([])
    assert list(changes(shelf, None)) == []
    assert len(shelf.questions) == 1


def test_a_stream_that_does_not_exist() -> None:
    tryton = tryton_replay.connector(tryton_replay.Tape([]))
    with pytest.raises(Unsupported, match="'parcel'"):
        next(iter(tryton.poll("parcel", None)))
    with pytest.raises(Unsupported, match="'parcel'"):
        tryton.fetch("parcel", "1")


class Moving(Shelf):
    """Shipments, and moves of other ones: what one table's pages lose must not come by the other's. After each page that
    is served some of the rows are written again, or new ones made.

    `said`: per shipment the last time that it, or its move, was written.
    """

    chance: random.Random | None = None

    def __init__(self) -> None:
        super().__init__([])
        self.tables: dict[str, dict[int, dict[str, Any]]] = {"stock.shipment.in": {}, "stock.move": {}}
        self.said: dict[int, str] = {}
        self.last = datetime.now(UTC) - timedelta(hours=5)
        for number in range(48):
            self.make()
            self.last += timedelta(minutes=number % 8 == 7)

    def search(self, model: str, domain: list[Any], fields: Any, *, size: int | None = None) -> list[dict[str, Any]]:
        table = "stock.move" if model == "stock.move" else "stock.shipment.in"
        self.rows = [dict(row) for row in self.tables[table].values()]
        found = super().search(model, domain, fields, size=size)
        if self.chance:
            for _ in range(self.chance.randrange(4)):
                self.move(self.chance)
        return found

    def write(self, table: str, id: int) -> None:
        """It was written just now; while nobody reads, four rows in one moment, as a transaction stamps them."""
        if self.chance:
            self.last = max(self.last + timedelta(microseconds=1), datetime.now(UTC))
        self.said[id] = self.last.strftime(wire.MICROSECONDS)
        row = {"id": id, "shipment": f"{streams.SHIPMENT},{id}", "last_modified_at": self.said[id]}
        self.tables[table][id] = row

    def make(self) -> None:
        self.write(sorted(self.tables)[len(self.said) % 2], len(self.said) + 1)

    def move(self, chance: random.Random) -> None:
        if chance.random() < 0.2:
            return self.make()
        table = chance.choice(sorted(self.tables))
        rows = sorted(self.tables[table].values(), key=lambda row: row["last_modified_at"])
        return self.write(table, rows[0]["id"] if chance.random() < 0.9 else chance.choice(rows)["id"])


class Bare(streams.Reader):
    """Reads shipments that say nothing but when they were written."""

    def _found(self, stream: str, watch: streams.Watch, roots: Sequence[int]) -> list[streams.Found | Unreadable]:
        rest: Any = self.rest
        return [streams.Found(root, rest.said[root], {}) for root in dict.fromkeys(roots)]


def polled(reader: streams.Reader, cursor: str | None, known: dict[int, str], most: int | None = None) -> str | None:
    """One poll, broken off after `most` pages; the cursor after it."""
    for number, (found, after) in enumerate(reader.poll("shipment", cursor)):
        known |= {one.id: one.version for one in found if isinstance(one, streams.Found)}
        cursor = after
        if most is not None and number + 1 >= most:
            break
    return cursor


@pytest.mark.parametrize("run", range(10))
def test_whatever_is_written_while_it_is_read_is_read_by_this_poll_or_the_next(
    run: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is written again goes to the end of its table: nothing slips off the next page by it."""
    monkeypatch.setattr(streams, "PAGE", 3)
    chance = random.Random(f"{seed} {run}")
    shelf: Any = Moving()
    reader = Bare(shelf, {"company": 1, "overlap_seconds": 1e-6})  # an overlap would hide a loss
    cursor: str | None = None
    known: dict[int, str] = {}
    for _ in range(3):
        shelf.chance = chance
        cursor = polled(reader, cursor, known, chance.choice([None, None, 1, 5]))
        shelf.chance = None
        cursor = polled(reader, cursor, known)
        assert known == shelf.said
