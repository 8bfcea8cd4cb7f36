"""Flows of goods: two rounds with damage, unannounced, too many, the wrong ones, refused at the door, two warehouses."""

from __future__ import annotations

from hub.model.schema.observation import DistinctFacts, DuplicateFacts, FactId, Party
from hub.model.schema.operation import Outstanding
from tests.model.records import D, World, at, inputs, terms

WEB = Party(name="web", kind="storefront", holds_money=True, auto_authorize=True)
ERP = Party(name="erp", kind="erp")
LINE = "web/o1/A"


def shop(*parties: Party, quantity: int = 2) -> World:
    """A shop that approves by itself and an ERP that has the return; order 12 with a shoe and a hat."""
    silent = frozenset({"authorization", "closure", "acceptance"})
    world = World(
        inputs(WEB, ERP, *parties, number="R1"),
        terms("web", "storefront", sells=True, silent=silent),
        terms("erp", "erp", silent=silent),
        *(terms(p.name, p.kind, silent=silent, locations=p.locations) for p in parties),
    )
    lines = [{"id": "A", "quantity": quantity, "sku": "SHOE"}, {"id": "B", "quantity": 1, "sku": "HAT"}]
    world.hears(
        "web", "order", "o1", keys=[{"type": "order_number", "value": "12"}], order={"number": "12", "lines": lines}
    )
    erp_lines = [{"id": "11", "quantity": quantity, "sku": "SHOE"}, {"id": "12", "quantity": 1, "sku": "HAT"}]
    world.hears("erp", "sale", "s1", keys=[{"issuer": "web", "type": "order_number", "value": "12"}],
                order={"number": "12", "lines": erp_lines})  # fmt: skip
    return world


def request(world: World, quantity: int = 2, **more: object) -> None:
    world.hears("web", "return", "w1", origin="request", requested_at=at(9), orders=[{"type": "order", "value": "o1"}],
                lines=[{"line": "l1", "order_line": "A", "quantity": quantity}], **more)  # fmt: skip
    world.hears("erp", "complaint", "7", origin="request", keys=[{"issuer": "hub", "type": "return", "value": "R1"}],
                orders=[{"type": "sale", "value": "s1"}], lines=[{"line": "1", "order_line": "11", "quantity": quantity}])  # fmt: skip


def arrives(world: World, account: str, number: str, **receipt: object) -> None:
    world.hears(account, "arrival", number, keys=[{"issuer": "hub", "type": "return", "value": "R1"}],
                receipts=[{"id": "1", **receipt}])  # fmt: skip


def test_good_and_damaged_in_two_rounds_with_inspection_and_places() -> None:
    world = shop()
    request(world)
    arrives(world, "erp", "1", order_line="11", quantity=1, condition="good")
    assert (world.merged.axes.receipt, world.merged.status) == ("partial", "partially_received")
    arrives(world, "erp", "2", order_line="11", quantity=1, condition="damaged")
    world.hears("erp", "quality", "1", keys=[{"type": "complaint", "value": "7"}],
                inspections=[{"id": "1", "order_line": "11", "quantity": 1, "result": "accepted"},
                             {"id": "2", "order_line": "11", "quantity": 1, "result": "damaged",
                              "found": {"code": "damaged_in_transit"}}],
                dispositions=[{"id": "1", "order_line": "11", "quantity": 1, "disposition": "restock"},
                              {"id": "2", "order_line": "11", "quantity": 1, "disposition": "scrap"},
                              {"id": "3", "order_line": "11", "quantity": 1, "disposition": "scrap", "state": "reversed"}])  # fmt: skip
    (line,) = world.merged.lines
    assert (line.received, line.by_condition, line.accepted, line.damaged) == (2, {"good": 1, "damaged": 1}, 1, 1)
    assert (line.disposed, line.undisposed) == ({"restock": 1, "scrap": 1}, 0)
    assert line.found is not None
    assert line.found.code == "damaged_in_transit"
    assert line.refunded is None, "nobody said so, which is not zero"
    (receive,), undeliverable = world.plan("web")
    assert receive.lines[0].totals == {"received": 2, "damaged": 1}
    assert undeliverable == (), "where goods were put is told once they are received there"


def test_more_put_away_than_received_is_shown_and_never_negative() -> None:
    world = shop()
    request(world)
    arrives(world, "erp", "1", order_line="11", quantity=1)
    world.hears("erp", "quality", "1", keys=[{"type": "complaint", "value": "7"}],
                dispositions=[{"id": "1", "order_line": "11", "quantity": 2, "disposition": "restock"}])  # fmt: skip
    assert world.merged.lines[0].undisposed == 0
    assert world.discrepancies() == ["over_disposed"]


def test_a_blind_return_is_joined_by_a_later_request() -> None:
    world = shop()
    world.hears("erp", "arrival", "1", origin="blind", orders=[{"type": "sale", "value": "s1"}],
                receipts=[{"id": "1", "sku": "SHOE", "quantity": 1}])  # fmt: skip
    merged = world.merged
    assert (merged.origin, merged.axes.authorization.value, merged.axes.receipt) == ("blind", "none", "full")
    assert [(line.key, line.quantity, line.unexpected) for line in merged.lines] == [(LINE, 1, False)]
    assert world.asks("web") == ["create_return"]

    world.hears("web", "return", "w1", origin="request", requested_at=at(15), orders=[{"type": "order", "value": "o1"}],
                lines=[{"order_line": "A", "quantity": 1}])  # fmt: skip
    merged = world.merged
    assert (len(merged.lines), merged.lines[0].received, merged.axes.authorization.value) == (1, 1, "authorized")
    assert world.asks("web") == ["receive"]


def test_a_blind_return_without_a_known_order_says_why_nobody_is_told() -> None:
    world = shop()
    world.records.clear()
    world.hears("erp", "arrival", "1", origin="blind", receipts=[{"id": "1", "sku": "SCARF", "quantity": 1}])
    assert [line.key for line in world.merged.lines] == ["sku:SCARF"]
    assert world.plan("web") == ((), ()), "a shop hears only of orders that it sold"


def test_too_many_and_the_wrong_item() -> None:
    world = shop()
    request(world, quantity=1)
    arrives(world, "erp", "1", order_line="11", quantity=2)
    arrives(world, "erp", "2", sku="HAT", quantity=1)
    arrives(world, "erp", "3", sku="SCARF", quantity=1)
    merged = world.merged
    assert merged.axes.receipt == "over"
    assert {(line.sku, line.received, line.unexpected) for line in merged.lines} == {
        ("SHOE", 2, False),
        ("HAT", 1, True),
        ("SCARF", 1, True),
    }
    assert world.discrepancies() == ["unasked"] * 3, "one account counts for itself, and what nobody asked for is said"
    assert not any(discrepancy.freezes for discrepancy in merged.discrepancies)


def test_counter_and_warehouse_add_up_and_possible_twins_wait_for_a_person() -> None:
    wms = Party(name="wms", kind="wms")
    world = shop(wms)
    request(world)
    arrives(world, "erp", "1", order_line="11", quantity=1)
    arrives(world, "wms", "9", sku="SHOE", quantity=1)
    assert (world.merged.lines[0].received, world.discrepancies()) == (2, []), (
        "one here and one there are the two that were expected"
    )

    arrives(world, "wms", "9", sku="SHOE", quantity=2)
    assert world.discrepancies() == ["possible_duplicates"]
    operations, undeliverable = world.plan("web")
    assert operations == ()
    assert "Waits for a person" in undeliverable[0].why

    one = FactId("erp", "arrival", "1", "receipts", "1")
    other = FactId("wms", "arrival", "9", "receipts", "1")
    plain = world.inputs
    world.links(DuplicateFacts(frozenset({one, other})))
    assert (world.merged.lines[0].received, world.discrepancies()) == (2, ["duplicates_differ"]), (
        "the warehouse outranks the ERP"
    )
    world.inputs = inputs(*plain.parties.values(), distinct=(DistinctFacts(frozenset({one, other})),))
    assert (world.merged.lines[0].received, world.merged.axes.receipt, world.discrepancies()) == (
        3,
        "over",
        ["unasked"],
    )


def test_two_shops_and_two_warehouses_hear_only_what_concerns_them() -> None:
    north = Party(name="north", kind="wms", locations=frozenset({"N"}))
    south = Party(name="south", kind="wms", locations=frozenset({"S"}))
    web2 = Party(name="web2", kind="storefront", locations=frozenset())
    world = shop(north, south, web2)
    world.terms["web2"] = terms("web2", "storefront", sells=True)
    world.hears("web2", "order", "o1", keys=[{"type": "order_number", "value": "12"}],
                order={"number": "12", "lines": [{"id": "A", "quantity": 5, "sku": "SHOE"}]})  # fmt: skip
    request(world)
    orders = {(order.home, tuple(order.ids)) for order in world.merged.orders}
    assert ("web2", ("web2",)) in orders, "#12 of two shops never meet"
    del world.records["web2", "order", "o1"]
    assert world.plan("web2") == ((), ())
    for name in ("north", "south"):
        world.hears(name, "case", "1", origin="request", keys=[{"issuer": "hub", "type": "return", "value": "R1"}],
                    lines=[{"sku": "SHOE", "quantity": 2}])  # fmt: skip
    arrives(world, "erp", "1", order_line="11", quantity=1, location="N")
    assert world.asks("north") == ["receive"]
    assert world.asks("south") == []


def test_a_refused_parcel_comes_back_without_any_request() -> None:
    carrier = Party(name="post", kind="carrier")
    world = shop(carrier)
    world.hears("post", "parcel", "p1", origin="undelivered", orders=[{"issuer": "web", "type": "order", "value": "o1"}],
                lines=[{"sku": "SHOE", "quantity": 2}],
                shipments=[{"id": "p1", "direction": "forward", "purpose": "sale", "state": "returning_to_sender", "number": "SF1"}])  # fmt: skip
    merged = world.merged
    assert (merged.origin, merged.kind, merged.status) == ("undelivered", "undelivered", "coming_back")
    assert (merged.lines[0].goods, merged.lines[0].key, merged.axes.receipt) == ("refused", LINE, "none")
    assert (world.asks("web"), world.asks("erp")) == (["create_return"], ["create_return"])
    arrives(world, "erp", "1", sku="SHOE", quantity=2)
    assert world.merged.axes.receipt == "full"


def test_a_parcel_told_by_two_is_one_and_the_carrier_knows_best() -> None:
    world = shop(Party(name="post", kind="carrier"))
    world.terms["post"] = terms("post", "carrier")
    parcel = {"id": "x", "direction": "return", "purpose": "return", "number": "SF9", "carrier": "SF"}
    request(world, shipments=[{**parcel, "state": "delivered"}])
    assert world.asks("post") == ["add_tracking"]
    assert world.asks("erp") == ["note"]
    world.outstanding = [Outstanding(operation=world.plan("erp")[0][0], state="sent")]
    assert world.asks("erp") == []
    world.hears("post", "parcel", "SF9", keys=[{"issuer": "hub", "type": "return", "value": "R1"}],
                shipments=[{**parcel, "id": "SF9", "state": "in_transit"}])  # fmt: skip
    merged = world.merged
    assert len(merged.shipments) == 1
    assert (merged.axes.transit, merged.status) == ("in_transit", "in_transit"), (
        "delivered proposes, it states no quantity"
    )
    assert merged.lines[0].received == D(0)
    assert world.asks("post") == []


def test_a_lost_parcel_asks_a_person_while_something_is_waited_for() -> None:
    carrier = Party(name="parcels", kind="carrier")
    world = shop(carrier)
    request(world)
    parcel = {"id": "T1", "number": "1Z1", "direction": "return", "purpose": "return", "state": "in_transit"}
    key = [{"issuer": "hub", "type": "return", "value": "R1"}]
    world.hears("parcels", "tracker", "T1", keys=key, shipments=[parcel])
    assert world.discrepancies() == []
    world.hears("parcels", "tracker", "T1", keys=key, shipments=[{**parcel, "state": "lost"}])
    (discrepancy,) = world.merged.discrepancies
    assert (discrepancy.kind, discrepancy.accounts, discrepancy.values) == ("parcel_lost", ("parcels",), ("1Z1",))
    assert (world.merged.axes.transit, world.merged.status) == ("lost", "lost")
    assert discrepancy.text.startswith("parcels says that parcel 1Z1 is lost; not here yet: SHOE.")
    assert world.merged.money.due == 0, "nothing is owed for goods that nobody has"
    arrives(world, "erp", "1", order_line="11", quantity=2, condition="good")
    assert world.discrepancies() == [], "it was found"
