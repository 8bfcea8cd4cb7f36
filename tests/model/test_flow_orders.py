"""Flows over orders: an exchange, lines of two orders, a kit, two records that are one return and one that is two."""

from __future__ import annotations

from hub.model.identity.names import bind
from hub.model.schema.observation import Party
from tests.model.records import World, at, inputs, said, terms

WEB = Party(name="web", kind="storefront", holds_money=True, auto_authorize=True)
ERP = Party(name="erp", kind="erp")
KEY = [{"issuer": "hub", "type": "return", "value": "R1"}]
SILENT = frozenset({"authorization", "closure", "acceptance"})


def world_of(*orders: tuple[str, list[dict[str, object]], list[dict[str, object]]]) -> World:
    """Orders as (number, lines at the shop, lines at the ERP)."""
    world = World(
        inputs(WEB, ERP, number="R1"),
        terms("web", "storefront", sells=True, silent=SILENT),
        terms("erp", "erp", silent=SILENT),
    )
    for number, web, erp in orders:
        world.hears(
            "web",
            "order",
            f"o{number}",
            keys=[{"type": "order_number", "value": number}],
            order={"number": number, "lines": web},
        )
        world.hears("erp", "sale", f"s{number}", keys=[{"issuer": "web", "type": "order_number", "value": number}],
                    order={"number": number, "lines": erp})  # fmt: skip
    return world


def test_an_exchange_from_m_to_l() -> None:
    world = world_of(("12", [{"id": "A", "quantity": 1, "sku": "TEE-M"}], [{"id": "1", "quantity": 1, "sku": "TEE-M"}]))
    lines = [
        {
            "order_line": "A",
            "quantity": 1,
            "resolution": "exchange",
            "wanted_sku": "TEE-L",
            "reason": {"code": "size_too_small"},
        }
    ]
    own = [{"id": "x1", "sku": "TEE-L", "state": "due"}]
    world.hears(
        "web",
        "exchange",
        "x1",
        origin="request",
        orders=[{"type": "order", "value": "o12"}],
        lines=lines,
        replacements=own,
    )
    assert (world.merged.kind, world.merged.axes.exchange) == ("exchange", "due")
    (create,), _ = world.plan("erp")
    assert (create.lines[0].words["resolution"], create.lines[0].words["wanted_sku"]) == ("exchange", "TEE-L")
    complaint = {"origin": "request", "keys": KEY, "lines": [{"order_line": "1", "order": "s12", "quantity": 1}]}
    world.hears("erp", "complaint", "7", **complaint)
    (exchange,), _ = world.plan("erp")
    assert (exchange.kind, exchange.lines[0].order_line, exchange.lines[0].words) == (
        "exchange",
        "1",
        {"wanted_sku": "TEE-L"},
    )
    sent = {"id": "s9", "direction": "forward", "purpose": "replacement", "state": "in_transit", "number": "DHL1"}
    world.hears("erp", "complaint", "7", **complaint, replacements=[{"id": "s77", "state": "sent"}],
                receipts=[{"id": "1", "order_line": "1", "order": "s12", "quantity": 1}], shipments=[sent],
                credits=[{"id": "c", "state": "posted", "amount": "20", "currency": "EUR"}])  # fmt: skip
    assert world.plan("erp") == ((), ())
    assert set(world.asks("web")) == {"receive", "add_tracking"}
    assert world.merged.money.due == 0, "the credit stands against the new sale, no money goes back"


def test_lines_of_two_orders_in_one_return() -> None:
    shoe, hat = {"id": "A", "quantity": 1, "sku": "SHOE"}, {"id": "A", "quantity": 2, "sku": "HAT"}
    world = world_of(
        ("12", [shoe], [{"id": "1", "quantity": 1, "sku": "SHOE"}]),
        ("13", [hat], [{"id": "2", "quantity": 2, "sku": "HAT"}]),
    )
    refs = [{"type": "order", "value": "o12"}, {"type": "order", "value": "o13"}]
    world.hears("web", "return", "w1", origin="request", orders=refs,
                lines=[{"order": "o12", "order_line": "A", "quantity": 1}, {"order": "o13", "order_line": "A", "quantity": 2}])  # fmt: skip
    assert [(o.home, o.number) for o in world.merged.orders] == [("web", "12"), ("web", "13")]
    assert [(line.key, line.order_lines["erp"], line.quantity) for line in world.merged.lines] == [
        ("web/o12/A", "1", 1),
        ("web/o13/A", "2", 2),
    ]


def test_a_line_is_matched_by_explicit_id_before_sku_and_never_guessed() -> None:
    two = [{"id": "A", "quantity": 1, "sku": "SHOE"}, {"id": "B", "quantity": 1, "sku": "SHOE"}]
    rows = [{"id": str(i), "quantity": 1, "sku": "SHOE", "refs": [{"issuer": "web", "type": "order_line", "value": v}]}
            for i, v in ((1, "B"), (2, "A"))]  # fmt: skip
    world = world_of(("12", two, rows))
    world.hears("web", "return", "w1", origin="request", orders=[{"type": "order", "value": "o12"}],
                lines=[{"order_line": v, "quantity": 1} for v in "AB"])  # fmt: skip
    assert [(line.key, line.order_lines["erp"]) for line in world.merged.lines] == [
        ("web/o12/A", "2"),
        ("web/o12/B", "1"),
    ]
    world.hears("erp", "arrival", "1", keys=KEY, receipts=[{"id": "1", "sku": "SHOE", "quantity": 1}])
    assert world.discrepancies() == ["ambiguous_line"]


def test_a_kit_comes_back_in_pieces() -> None:
    kit = {
        "id": "K",
        "quantity": 2,
        "sku": "SET",
        "components": [{"sku": "CUP", "quantity": 2}, {"sku": "POT", "quantity": 1}],
    }
    parts = [{"id": "1", "quantity": 4, "sku": "CUP"}, {"id": "2", "quantity": 2, "sku": "POT"}]
    world = world_of(("12", [kit], parts))
    world.hears("web", "return", "w1", origin="request", orders=[{"type": "order", "value": "o12"}],
                lines=[{"order_line": "K", "quantity": 2}])  # fmt: skip
    world.hears("erp", "arrival", "1", keys=KEY, orders=[{"type": "sale", "value": "s12"}],
                receipts=[{"id": "1", "order_line": "1", "quantity": 3}, {"id": "2", "order_line": "2", "quantity": 1}])  # fmt: skip
    (line,) = world.merged.lines
    assert (line.key, line.received, world.merged.axes.receipt, world.discrepancies()) == (
        "web/o12/K",
        1,
        "partial",
        ["incomplete_kit"],
    )
    assert world.plan("web")[0][0].lines[0].totals == {"received": 1, "damaged": 0}
    world.hears("erp", "arrival", "2", keys=KEY, receipts=[{"id": "1", "sku": "CUP", "quantity": 1, "condition": "damaged"},
                                                          {"id": "2", "sku": "POT", "quantity": 1}])  # fmt: skip
    (line,) = world.merged.lines
    assert (line.received, line.by_condition, world.discrepancies()) == (2, {"good": 1, "damaged": 1}, [])


def test_two_returns_that_are_one_bind_in_any_order() -> None:
    web = said("web", "return", "w1", origin="request")
    erp = said("erp", "complaint", "7", origin="request", keys=[{"type": "return_sale", "value": "6"}])
    sale = said("erp", "return_sale", "6")
    apart = bind([web, erp, sale])
    assert [c.members for c in apart] == [
        (("erp", "complaint", "7"), ("erp", "return_sale", "6")),
        (("web", "return", "w1"),),
    ]
    link = [(("web", "return", "w1"), ("erp", "complaint", "7"))]
    (one,) = bind([sale, web, erp], link)
    assert len(one.members) == 3
    assert bind([erp, sale, web], link) == (one,)


def test_two_cases_in_one_system_after_a_link_freeze_money_and_cancel_nothing() -> None:
    lines = [{"id": "A", "quantity": 2, "sku": "SHOE"}]
    world = world_of(("12", lines, [{"id": "1", "quantity": 2, "sku": "SHOE"}]))
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o12"}],
                lines=[{"order_line": "A", "quantity": 1}])  # fmt: skip
    for number in ("7", "8"):
        world.hears("erp", "complaint", number, origin="request", requested_at=at(10), orders=[{"type": "sale", "value": "s12"}],
                    lines=[{"order_line": "1", "quantity": 1}], credits=[{"id": number, "state": "posted", "amount": "20", "currency": "EUR"}])  # fmt: skip
    assert world.discrepancies() == ["doubled"]
    assert world.asks("erp") == []
    # Found to be two after all: each keeps its own, and says again what is missing.
    del world.records["erp", "complaint", "8"]
    assert world.discrepancies() == []
