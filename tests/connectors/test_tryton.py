"""The Tryton connector and its mapping, from recordings of a real server (tests/connectors/tryton; simulated data)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.answers import Response
from connectors.kit.api import Operation, OperationLine
from connectors.kit.errors import ConnectorError, OutcomeUnknown, Rejected, RetryLater, Unauthorized, Unsupported
from connectors.kit.manifest import lint
from connectors.tryton import goods, lookup, streams, wire
from connectors.tryton.client import Rest, refusal
from connectors.tryton.lookup import hub_number, pair
from mappings.engine import Mapping, UnknownWord, read_json
from tests.connectors import tryton_tape

HERE = Path(__file__).parent / "tryton"
ROOT = Path(__file__).parents[2]
RECORDS = sorted(file for file in HERE.glob("*.json") if not file.name.endswith(".expected.json"))


@pytest.fixture(scope="module")
def dictionary() -> Mapping:
    return Mapping.load(ROOT / "mappings" / "tryton.yaml")


def stream_of(file: Path) -> str:
    return next(stream for stream in streams.STREAMS if file.name.startswith(f"{stream}_"))


def test_every_stream_has_recordings() -> None:
    assert {stream_of(file) for file in RECORDS} == set(streams.STREAMS)


@pytest.mark.parametrize("name", tryton_tape.names())
def test_the_same_questions_and_the_same_outcome_as_on_tape(name: str) -> None:
    kept = tryton_tape.load(name)
    tape = tryton_tape.Tape(kept["exchanges"])
    tryton = tryton_tape.connector(tape, **kept["settings"])
    if "refused" in kept:
        with pytest.raises(ConnectorError) as refused:
            tryton_tape.do(tryton, kept["call"])
        assert type(refused.value).__name__ == kept["refused"]["error"]
        assert str(refused.value) == kept["refused"]["text"]
    else:
        assert tryton_tape.do(tryton, kept["call"]) == kept["brings"]
    assert tape.left == []


def test_a_second_poll_from_the_last_cursor_tells_only_what_overlaps() -> None:
    first = tryton_tape.load("poll_shipment")["brings"]
    again = tryton_tape.load("poll_shipment_again")
    assert again["call"]["cursor"] == first[-1]["cursor"]
    told = {m["id"]: m["version"] for page in first for m in page["messages"]}
    assert {m["id"]: m["version"] for page in again["brings"] for m in page["messages"]}.items() <= told.items()


def test_at_most_one_write_on_any_tape() -> None:
    for name in tryton_tape.names():
        exchanges = tryton_tape.load(name)["exchanges"]
        writes = [e for e in exchanges if e["method"] != "GET" and not e["path"].endswith(("preferences", "access"))]
        assert len(writes) <= 1, name


def test_no_tape_holds_a_key_or_another_host() -> None:
    for file in HERE.rglob("*.json"):
        text = file.read_text("utf-8").lower()
        assert "bearer" not in text, file
        assert 'authorization": "' not in text, file


# -- words


@pytest.mark.parametrize(
    ("stream", "file", "field", "word"),
    [
        ("complaint", "complaint_waiting", "standing", "escalated"),
        ("credit_note", "credit_note_draft", "state", "disputed"),
        ("return_sale", "return_sale_by_wizard", "state", "on_hold"),
    ],
)
def test_an_unknown_word_stops_the_message_and_is_named(
    stream: str, file: str, field: str, word: str, dictionary: Mapping
) -> None:
    record = read_json((HERE / f"{file}.json").read_bytes())["record"]
    with pytest.raises(UnknownWord, match=word):
        dictionary.read(stream, {**record, field: word}, tryton_tape.SETTINGS)


def test_what_a_complaint_gets_written_into_it(dictionary: Mapping) -> None:
    lines = [{"words": {"reason": "size_too_small"}}, {"words": {"reason": "size_too_small"}}, {"words": {}}]
    assert dictionary.write("create_return", {"lines": lines}) == {"description": "size_too_small"}
    assert dictionary.write("note", {"words": {"text": "Hello"}, "facts": ["S1"]}) == {"text": "Hello", "facts": ["S1"]}


@pytest.mark.parametrize(
    ("text", "number"),
    [("R1001", "R1001"), ("R1", "R1"), ("r1001", None), ("RMA-1001", None), ("R1001 ", None), ("", None), (None, None)],
)
def test_only_a_number_of_the_hubs_own_binds(text: str | None, number: str | None) -> None:
    assert hub_number(text) == number


# -- the wire


def test_values_of_the_wire_and_back() -> None:
    at = {"year": 2026, "month": 11, "day": 24, "hour": 1, "minute": 2, "second": 3, "microsecond": 45}
    told = {
        "__name__": "sale.sale",
        "id": 1,
        "amount": {"__class__": "Decimal", "decimal": "-79.00"},
        "at": {"__class__": "datetime", **at},
        "day": {"__class__": "date", "year": 2026, "month": 1, "day": 2},
        "lines": [{"__name__": "sale.line", "id": 2}],
    }
    plain = wire.plain(told)
    assert plain == {
        "id": 1,
        "amount": "-79.00",
        "at": "2026-11-24T01:02:03.000045Z",
        "day": "2026-01-02",
        "lines": [{"id": 2}],
    }
    assert wire.moment(plain["at"]) == {"__class__": "datetime", **at}


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(2.0, 0, "2"), (0.1 + 0.2, 3, "0.3"), (100.0, 0, "100"), (None, 0, "0"), (Decimal("1.250"), 3, "1.25")],
)
def test_quantities_lose_nothing_but_noise(number: Any, digits: int, text: str) -> None:
    assert str(wire.pieces(number, digits)) == text


def test_references_name_a_model() -> None:
    assert wire.target("sale.sale,6", "sale.sale") == 6
    assert wire.target("sale.sale,6", "sale.line") is None
    assert wire.target(None, "sale.sale") is None
    assert wire.target("sale.sale,", "sale.sale") is None


def answer(status: int, body: bytes = b"", *, read: bool = True) -> Response:
    return Response(status, {}, body, "GET" if read else "POST", "http://tryton.test/x", read, "Tryton")


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(401, b"<html>"), Unauthorized),
        (answer(400, b'{"status": 400, "message": "Not allowed.", "description": ""}'), Rejected),
        (answer(403), Rejected),
        (answer(404), Rejected),
        (answer(500, read=False), OutcomeUnknown),
        (answer(500), None),
        (answer(429), None),
        (answer(200, b"[]"), None),
    ],
)
def test_refusals_by_what_happens_next(response: Response, error: type[ConnectorError] | None) -> None:
    found = refusal(response)
    assert type(found) is error if error else found is None


def test_trytons_own_sentence_reaches_the_reader() -> None:
    told = refusal(answer(400, b'{"status": 400, "message": "The complaint is similar.", "description": ""}'))
    assert "The complaint is similar." in str(told)


def test_a_stream_that_does_not_exist() -> None:
    tryton = tryton_tape.connector(tryton_tape.Tape([]))
    with pytest.raises(Unsupported, match="'parcel'"):
        next(iter(tryton.poll("parcel", None)))
    with pytest.raises(Unsupported, match="'parcel'"):
        tryton.fetch("parcel", "1")


# -- polling


class Shelf:
    """Stands where Rest stands, for one table: answers keyset queries from a list, as Tryton's search does."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
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


def at(second: int) -> str:
    return f"2026-11-24T01:{second // 60:02d}:{second % 60:02d}.000000Z"


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
    tape: Any = tryton_tape.Tape([{**asked, "answer": {"status": 200, "body": [{"id": 1, "number": "1"}]}}])
    with pytest.raises(RetryLater, match="sale.sale lacks party"):
        Rest(tryton_tape.SETTINGS, tape).search("sale.sale", [], ["number", "party.name"])


def test_an_empty_table_is_asked_once() -> None:
    shelf = Shelf([])
    assert list(changes(shelf, None)) == []
    assert len(shelf.questions) == 1


# -- lines and places


def product(i: int) -> dict[str, Any]:
    return {"id": i, "code": f"P{i}"}


def sale_line(i: int, of: int, quantity: float) -> dict[str, Any]:
    return {"id": i, "type": "line", "product": product(of), "quantity": quantity}


def test_return_lines_pair_with_the_complaints_lines_in_order() -> None:
    sold = {"lines": [sale_line(1, 7, 2.0), sale_line(2, 8, 1.0), sale_line(3, 7, 1.0)]}
    back = {"lines": [sale_line(11, 7, -1.0), sale_line(12, 7, -2.0)]}
    named = {"origin": "sale.sale,1", "actions": [{"sale_lines": [{"line": 3}, {"line": 1}]}]}
    assert pair(back, sold, named) == {11: 3, 12: 1}
    assert pair(back, sold, None) == {11: 1, 12: 3}
    assert pair(back, None, named) == {}
    of_line = {"origin": "sale.line,3", "actions": [{"sale_lines": []}]}
    assert pair({"lines": [sale_line(11, 7, -1.0)]}, sold, of_line) == {11: 3}
    assert pair({"lines": [sale_line(11, 9, -1.0), sale_line(12, 7, 1.0)]}, sold, named) == {}


def test_a_shelf_counts_as_the_nearest_location_that_is_named() -> None:
    table = {"locations": {"STO": {"condition": "good"}, "DAM": {"condition": "damaged"}}}
    shelf = {"to_location": {"code": "A-1", "parent": {"code": None, "parent": {"code": "STO", "parent": None}}}}
    assert goods.place(shelf, table) == {"location": "A-1", "condition": "good"}
    assert goods.place({"to_location": {"code": "DAM"}}, table) == {"location": "DAM", "condition": "damaged"}
    assert goods.place({"to_location": {"code": "XYZ", "parent": None}}, table) == {"location": "XYZ"}
    assert goods.place({"to_location": {"code": None}}, {}) == {"location": None}


def moves(state: str, inside: int = 1, storage: int = 3) -> dict[str, Any]:
    unit = {"digits": 0}
    came = {"id": 11, "state": "done", "quantity": 3.0, "unit": unit, "product": product(7), "origin": "sale.line,5"}
    came |= {"from_location": 7, "to_location": {"id": inside, "code": "IN"}, "last_modified_at": at(1)}
    put = {**came, "id": 12, "state": state, "quantity": 2.0, "origin": "stock.move,11"}
    put |= {"from_location": inside, "to_location": {"id": storage, "code": "STO"}}
    return {"state": "done", "warehouse_input": inside, "warehouse_storage": storage, "moves": [came, put]}


SETTINGS = {"locations": {"STO": {"condition": "good", "disposition": "restock"}}}


def received(row: dict[str, Any]) -> list[tuple[str, Any, str, str | None]]:
    told = goods._receipts(row, {5: 1}, SETTINGS)
    return [(r["id"], r["quantity"], r["condition"], r["order_line"]) for r in told]


def test_what_was_not_put_away_is_received_all_the_same() -> None:
    assert received(moves("done")) == [("12", 2, "good", "1"), ("11", 1, "unknown", "1")]


def test_a_move_added_by_hand_counts_for_what_came_of_its_product() -> None:
    row = moves("done")
    row["moves"].append({**row["moves"][1], "id": 13, "quantity": 1.0, "origin": None})
    assert received(row) == [("12", 2, "good", "1"), ("13", 1, "good", "1")]


def test_a_warehouse_without_an_input_zone_receives_by_the_incoming_moves() -> None:
    row = moves("done", inside=3)
    row["moves"] = row["moves"][:1]
    row["moves"][0]["to_location"] = {"id": 3, "code": "STO"}
    assert received(row) == [("11", 3, "good", "1")]


def test_cancelled_moves_take_their_receipts_back() -> None:
    row = moves("cancelled")
    row["moves"][0]["state"] = "cancelled"
    assert received(row) == []


# -- the connector as the hub sees it


def test_the_manifest_is_sound_and_names_every_operation() -> None:
    assert lint(ROOT / "connectors" / "tryton" / "manifest.yaml") == []
    entry = registry.load("tryton")
    assert entry.problem == ""
    assert set(entry.capabilities.operations) == set(entry.manifest.operations)
    assert set(entry.capabilities.fetches) == set(entry.capabilities.polls) == set(streams.STREAMS)
    assert entry.capabilities.find
    assert entry.capabilities.check
    assert not entry.capabilities.webhook


def test_every_table_read_names_its_fields_once() -> None:
    for fields in (lookup.SALE_FIELDS, lookup.COMPLAINT_FIELDS, goods.SHIPMENT_FIELDS):
        assert len(fields) == len(set(fields))


class Failing:
    """Stands where the kit's Http stands: reads from a tape, and the write fails."""

    def __init__(self, exchanges: list[Any], error: ConnectorError) -> None:
        self.tape = tryton_tape.Tape(exchanges)
        self.error = error
        self.written = 0

    def request(self, method: str, path: str, **options: Any) -> Response:
        if method != "GET":
            self.written += 1
            raise self.error
        return self.tape.request(method, path, **options)


def test_a_write_of_unknown_outcome_is_looked_for_before_it_is_repeated() -> None:
    kept = tryton_tape.load("create_1")
    http = Failing(kept["exchanges"], OutcomeUnknown("hung up"))
    told = tryton_tape.operation(kept["call"]["perform"])
    with pytest.raises(OutcomeUnknown):
        tryton_tape.connector(http).perform(told)
    assert http.written == 1
    not_there = Failing(kept["exchanges"], OutcomeUnknown("never written"))
    assert tryton_tape.connector(not_there).find(told) is None
    there = Failing(tryton_tape.load("create_2")["exchanges"], OutcomeUnknown("never written"))
    found = tryton_tape.connector(there).find(tryton_tape.operation(tryton_tape.load("create_2")["call"]["perform"]))
    assert found is not None
    assert not found.finished
    assert not_there.written == there.written == 0


def test_a_look_that_fails_after_the_write_does_not_undo_the_write() -> None:
    """The next call meets the same trouble and tells it; this one says what was done."""
    kept = tryton_tape.load("create_1")
    last = max(i for i, exchange in enumerate(kept["exchanges"]) if exchange["method"] == "POST")

    class Ends(tryton_tape.Tape):
        def request(self, *args: Any, **options: Any) -> Response:
            if not self.left:
                raise RetryLater("Tryton is restarting")
            return super().request(*args, **options)

    http = Ends(kept["exchanges"][: last + 1])
    reply = tryton_tape.connector(http).perform(tryton_tape.operation(kept["call"]["perform"]))
    assert not reply.finished
    assert reply.progress == {"complaint": kept["brings"]["progress"]["complaint"]}


def test_an_order_line_is_found_by_sku_only_where_that_is_clear() -> None:
    from connectors.tryton.ordered import find_line

    sold = {
        "number": "1",
        "reference": "12",
        "lines": [sale_line(1, 7, 2.0), sale_line(2, 8, 1.0), sale_line(3, 7, 1.0)],
    }
    one = Decimal(1)
    assert find_line(sold, OperationLine(one, sku="P8"))["id"] == 2
    assert find_line(sold, OperationLine(one, order_line="3", sku="P7"))["id"] == 3
    with pytest.raises(Rejected, match="on 2 lines"):
        find_line(sold, OperationLine(one, sku="P7"))
    with pytest.raises(Rejected, match="no such line"):
        find_line(sold, OperationLine(one, order_line="9"))


def test_refunds_without_goods_are_refused_before_anything_is_written() -> None:
    kept = tryton_tape.load("create_1")
    http = Failing(kept["exchanges"], OutcomeUnknown("never written"))
    line = OperationLine(Decimal(1), order_line="1", words={"goods": "kept"})
    operation = Operation("create_return", "41", "R1001", order_number="12", lines=(line,))
    with pytest.raises(Rejected, match="refund without goods"):
        tryton_tape.connector(http).perform(operation)
    assert http.written == 0


def test_rest_names_the_company_and_never_the_key() -> None:
    rest = Rest(tryton_tape.SETTINGS, tryton_tape.Tape([]))  # type: ignore[arg-type]
    assert "simulated-key" not in json.dumps(rest.headers)
