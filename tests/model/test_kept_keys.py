"""A key that was kept finds the line that it is by now (all simulated)."""

from __future__ import annotations

import pytest

from hub.model.identity.order_book import Book
from tests.model.records import Party, inputs, said

PARTIES = inputs(Party(name="web", kind="storefront"), Party(name="erp", kind="erp", orders_of="web"))
ORDERS = [{"issuer": "web", "type": "order_number", "value": "12"}]
LINES = [{"id": "L1", "quantity": 1, "sku": "MUG", "gtin": "4006381333931"}, {"id": "L2", "quantity": 1, "sku": "POT"}]
ORDER = said("web", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
             order={"number": "12", "currency": "EUR", "lines": LINES})  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        {"line": "1", "sku": "MUG"},
        {"line": "1", "gtin": "4006381333931"},
        {"line": "1", "sku": "nobody's"},
        {"order_line": "9"},
    ],
    ids=["by its article", "by its barcode", "by an article that no order has", "of an order that nobody told of"],
)
def test_each_key_that_a_line_had_leads_to_the_one_it_has(line: dict[str, str]) -> None:
    orders = [] if "order_line" in line else ORDERS
    asked = said("erp", "return", "c1", origin="request", orders=orders, lines=[{**line, "quantity": 1}])
    before, after = Book([asked], PARTIES), Book([asked, ORDER], PARTIES)
    (part,) = asked.fragment.lines or ()
    old, new = (book.key(asked, part, part.gtin) for book in (before, after))
    assert old is not None
    assert (before.today(old), after.today(old)) == (old, new)
    assert (old != new) == (line.get("sku") == "MUG" or "gtin" in line)


def test_a_line_of_its_own_number_that_gets_an_article_later() -> None:
    asked = {"origin": "request", "orders": ORDERS}
    bare = said("erp", "return", "c1", **asked, lines=[{"line": "1", "quantity": 1}])
    named = said("erp", "return", "c1", **asked, lines=[{"line": "1", "quantity": 1, "sku": "POT"}])
    assert Book([bare], PARTIES).today("erp:1") == "erp:1"
    assert Book([named, ORDER], PARTIES).today("erp:1") == "web/o1/L2"


def test_an_order_whose_id_is_known_later() -> None:
    asked = said("web", "return", "r1", origin="request", lines=[{"order_line": "L2", "quantity": 1}])
    assert Book([asked], PARTIES).today("web//L2") == "web//L2"
    bound = said("web", "return", "r1", origin="request", orders=[{"type": "order", "value": "o1"}],
                 lines=[{"order_line": "L2", "quantity": 1}])  # fmt: skip
    assert Book([bound, ORDER], PARTIES).today("web//L2") == "web/o1/L2"
