"""Tryton's lines and moves read: which line is meant, where a piece lies, what was received."""

from __future__ import annotations

from typing import Any

from connectors.tryton import goods
from connectors.tryton.lookup import pair
from tests.connectors.tryton_rows import at, product, sale_line


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
    receipts = goods._receipts(row, {5: 1}, SETTINGS)
    return [(r["id"], r["quantity"], r["condition"], r["order_line"]) for r in receipts]


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
