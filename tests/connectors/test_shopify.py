"""What is told to Shopify, each once: its state machine, its goods, its money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.kit import registry
from connectors.kit.api import Changed, Operation, OperationLine
from connectors.kit.errors import Conflict, NotFound, OutcomeUnknown, Rejected, Unsupported
from connectors.shopify.connector import Shopify
from connectors.shopify.sandbox_shop import LOCATION
from tests.connectors.shopify_side import Remote, carry_out, connect


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote() as running:
        yield running
    registry.close()


@pytest.fixture
def shopify(remote: Remote) -> Shopify:
    return connect(remote)


def status(remote: Remote) -> str:
    return str(remote.asked["status"])


# -- the state machine

MOVES = {
    "REQUESTED": {"authorize": "OPEN", "reject": "DECLINED", "cancel": "CANCELED"},
    "OPEN": {"cancel": "CANCELED", "close": "CLOSED"},
    "CLOSED": {"reopen": "OPEN"},
    "DECLINED": {},
    "CANCELED": {},
}
STANDS = {
    "REQUESTED": set(),
    "OPEN": {"authorize", "reopen"},
    "CLOSED": {"authorize", "close"},
    "DECLINED": {"reject"},
    "CANCELED": {"cancel"},
}
"""What is true already in a state, so that nothing is to be done."""
KINDS = ("authorize", "reject", "cancel", "close", "reopen")


def bring(remote: Remote, state: str) -> None:
    """The return into this state, by people in Shopify's admin."""
    name = remote.asked["id"]
    if state in ("OPEN", "CLOSED"):
        remote.approve()
    if state == "CLOSED":
        remote.mutate_returnClose(name)
    if state == "DECLINED":
        remote.mutate_returnDeclineRequest({"id": name, "declineReason": "FINAL_SALE"})
    if state == "CANCELED":
        remote.mutate_returnCancel(name)
    remote.effects.clear()


@pytest.mark.parametrize("state", MOVES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_move_from_every_state(shopify: Shopify, remote: Remote, state: str, kind: str) -> None:
    """Made where Shopify allows it, done where it stands, refused with a sentence and without a call else."""
    bring(remote, state)
    operation = remote.operation(kind, payload={"reason": "OTHER"})
    if kind in MOVES[state]:
        assert shopify.find(operation) is None
        reply = shopify.perform(operation)
        assert reply.read_back == (Changed("return", remote.asked["id"]),)
        assert (status(remote), len(remote.effects)) == (MOVES[state][kind], 1)
        shopify.perform(replace(operation, attempt=2))
        assert len(remote.effects) == 1
        assert shopify.find(operation) is not None
    elif kind in STANDS[state]:
        assert "already" in shopify.perform(operation).detail
        assert (status(remote), remote.effects) == (state, [])
    else:
        with pytest.raises(Rejected, match=f"is {state}"):
            shopify.perform(operation)
        assert (status(remote), remote.effects) == (state, [])


def test_who_was_faster_makes_it_a_conflict(shopify: Shopify, remote: Remote) -> None:
    """Between our look and our write somebody processed the return: it cannot be cancelled any more."""
    remote.approve()
    look = shopify.graph.ask

    def ask(name: str, **more: Any) -> Any:
        if name == "Cancel":
            remote.state.records[remote.line]["processedQuantity"] = 1
        return look(name, **more)

    shopify.graph.ask = ask  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="Return is not cancelable"):
        shopify.perform(remote.operation("cancel"))


def test_a_return_that_is_gone_is_not_found(shopify: Shopify, remote: Remote) -> None:
    gone = remote.operation("close", objects={"return": "gid://shopify/Return/999999"})
    with pytest.raises(NotFound):
        shopify.perform(gone)


def test_a_customer_is_written_to_only_when_the_account_says_so(shopify: Shopify, remote: Remote) -> None:
    remote.approve()
    for number, notify in (("SIM1", False), ("SIM2", True)):
        operation = remote.operation("add_tracking", payload={"number": number}, facts=("parcel-1",), notify=notify)
        carry_out(shopify, operation)
    assert [e["notified"] for e in remote.effects if e["kind"] == "track"] == [False, True]


# -- goods


def test_pieces_are_processed_up_to_what_came_and_never_more(shopify: Shopify, remote: Remote) -> None:
    remote.approve()
    carry_out(shopify, remote.receive(1))
    reply = carry_out(shopify, remote.receive(2))
    assert remote.state.records[remote.line]["processedQuantity"] == 2
    assert [made.id for made in reply.made] == [f"{remote.line}/received"]
    with pytest.raises(Rejected, match="3 of SHIRT-M came, and #1001-R1 is for 2"):
        shopify.perform(remote.receive(3))
    assert remote.state.records[remote.line]["processedQuantity"] == 2


def test_goods_of_a_return_that_is_not_open_are_refused(shopify: Shopify, remote: Remote) -> None:
    with pytest.raises(Rejected, match="#1001-R1 is REQUESTED"):
        shopify.perform(remote.receive())


def disposing(remote: Remote, word: str, pieces: int = 1, **more: Any) -> Operation:
    line = OperationLine(
        Decimal(pieces), order_line=remote.order_line, line=remote.line, sku="SHIRT-M", facts=("put-1",)
    )
    return remote.operation("dispose", lines=(line,), facts=("put-1",), payload={"type": word}, **more)


def dispositions(remote: Remote) -> list[tuple[str, int]]:
    return [(d["type"], d["quantity"]) for d in remote.state.of("ReverseFulfillmentOrderDisposition")]


def test_processed_pieces_are_disposed_of_and_others_processed_with_it(shopify: Shopify, remote: Remote) -> None:
    remote.approve()
    carry_out(shopify, remote.receive(1))
    first = carry_out(shopify, disposing(remote, "RESTOCKED"))
    second = carry_out(shopify, disposing(remote, "NOT_RESTOCKED", id="8"))
    assert dispositions(remote) == [("RESTOCKED", 1), ("NOT_RESTOCKED", 1)]
    assert [e["kind"] for e in remote.effects] == ["approve", "process", "dispose", "process"]
    assert remote.state.records[remote.line]["processedQuantity"] == 2
    assert first.made[0].fact == "put-1"
    assert first.made[0].id != second.made[0].id
    assert remote.state.records[first.made[0].id]["location"]["id"] == LOCATION
    with pytest.raises(Rejected, match="has no 1 pieces"):
        carry_out(shopify, disposing(remote, "RESTOCKED", id="9"))


def test_two_equal_dispositions_are_two_and_one_told_twice_is_one(shopify: Shopify, remote: Remote) -> None:
    remote.approve()
    carry_out(shopify, remote.receive())
    begun = shopify.perform(disposing(remote, "RESTOCKED"))
    remembered = disposing(remote, "RESTOCKED", progress=begun.progress)
    remote.fault("drop_after", method="MUTATION")
    with pytest.raises(OutcomeUnknown):
        shopify.perform(remembered)
    assert shopify.find(remembered) is not None
    assert shopify.perform(remembered).finished
    assert dispositions(remote) == [("RESTOCKED", 1)]
    carry_out(shopify, disposing(remote, "RESTOCKED", id="8"))
    assert dispositions(remote) == [("RESTOCKED", 1)] * 2


def test_goods_that_the_customer_keeps_have_no_word(shopify: Shopify, remote: Remote) -> None:
    with pytest.raises(Unsupported, match="keeps"):
        shopify.perform(disposing(remote, ""))


def test_a_parcel_is_named_once(shopify: Shopify, remote: Remote) -> None:
    operation = remote.operation(
        "add_tracking", payload={"number": "SIM1", "url": "https://x.example/1"}, facts=("parcel-1",)
    )
    with pytest.raises(Rejected, match="approve it first"):
        shopify.perform(operation)
    remote.approve()
    first, again = shopify.perform(operation), shopify.perform(operation)
    assert first.made == again.made
    assert first.made[0].fact == "parcel-1"
    assert len(remote.state.of("ReverseDelivery")) == 1
    assert shopify.find(operation) is not None


def test_pieces_are_taken_off_and_never_added(shopify: Shopify, remote: Remote) -> None:
    remote.approve()

    def amended(quantity: int, cancelled: int) -> Operation:
        totals = {"quantity": Decimal(quantity), "cancelled": Decimal(cancelled)}
        line = OperationLine(Decimal(quantity), order_line=remote.order_line, line=remote.line, totals=totals)
        return remote.operation("amend", lines=(line,))

    assert shopify.find(amended(2, 1)) is None
    shopify.perform(amended(2, 1))
    shopify.perform(amended(2, 1))
    assert remote.asked["totalQuantity"] == 1
    with pytest.raises(Unsupported, match="adds no pieces"):
        shopify.perform(amended(2, 0))
    shopify.perform(amended(1, 1))
    assert status(remote) == "CLOSED", "Shopify closes a return of which nothing is left"


# -- create_return


def creating(remote: Remote, pieces: int = 1, *, authorized: bool = True, **words: Any) -> Operation:
    order_line = remote.state.all(remote.order["lineItems"])[0]["id"]
    line = OperationLine(Decimal(pieces), order_line=order_line, sku="SHIRT-M")
    payload = {"lines": [{"order_line": order_line, **words}], "authorized": authorized}
    objects = {"order": remote.order["id"]}
    return remote.operation("create_return", lines=(line,), objects=objects, payload=payload, reference="R2002")


@pytest.mark.parametrize("authorized", [True, False])
def test_a_return_is_created_once_and_carries_the_hubs_number(
    shopify: Shopify, remote: Remote, authorized: bool
) -> None:
    operation = creating(remote, authorized=authorized, reason="damaged-or-defective", note="torn")
    assert shopify.find(operation) is None
    remote.fault("drop_after", method="MUTATION")
    with pytest.raises(OutcomeUnknown):
        shopify.perform(operation)
    found = shopify.find(operation)
    assert found is not None
    assert shopify.perform(operation).objects == found.objects
    made = remote.state.records[found.objects["return"]]
    assert made["status"] == ("OPEN" if authorized else "REQUESTED")
    assert len(remote.order["returns"]) == 2
    record = msgspec.json.decode(shopify.fetch("return", made["id"]).body)
    assert record["joined"]["reference"] == "R2002"


def test_what_is_asked_back_must_have_been_sent(shopify: Shopify, remote: Remote) -> None:
    with pytest.raises(Rejected, match="2 of SHIRT-M are asked back, and 1 can still come back"):
        shopify.perform(creating(remote, 2))
    assert remote.effects == []


def test_what_is_wanted_instead_goes_with_the_return(shopify: Shopify, remote: Remote) -> None:
    with pytest.raises(Rejected, match="no article"):
        shopify.perform(creating(remote, wanted_sku="SHIRT-XL"))
    with pytest.raises(Rejected, match="authorize it first"):
        shopify.perform(creating(remote, wanted_sku="SHIRT-L", authorized=False))
    assert remote.effects == []
    made = shopify.perform(creating(remote, reason="style", wanted_sku="SHIRT-L")).objects["return"]
    record = msgspec.json.decode(shopify.fetch("return", made).body)
    assert [(item["sku"], item["state"]) for item in record["joined"]["replacements"]] == [("SHIRT-L", "DUE")]


def test_an_order_is_found_by_its_number(shopify: Shopify, remote: Remote) -> None:
    known = replace(creating(remote), objects={}, order_number="#1001")
    assert shopify.perform(known).read_back[1] == Changed("order", remote.order["id"])
    with pytest.raises(NotFound, match="no order"):
        shopify.perform(replace(known, order_number="#9999"))


# -- money


def refunding(remote: Remote, amount: str = "12.34", intent: str = "9", **more: Any) -> Operation:
    objects = {**remote.objects(), "payment": remote.payment}
    fields = {
        "id": intent,
        "objects": objects,
        "amount": Decimal(amount),
        "currency": "EUR",
        "facts": ("credit-1",),
        **more,
    }
    return remote.operation("refund", **fields)


def paid(remote: Remote) -> list[str]:
    return [effect["amount"] for effect in remote.effects if effect["kind"] == "refund"]


@pytest.mark.parametrize("version", ["2026-07", "2026-04", "2026-01"])
def test_money_goes_back_once(remote: Remote, version: str) -> None:
    shopify = connect(remote, api_version=version)
    remote.fault("drop_after", method="MUTATION")
    with pytest.raises(OutcomeUnknown):
        shopify.perform(refunding(remote))
    found = shopify.find(refunding(remote))
    assert found is not None
    assert shopify.perform(refunding(remote)).made == found.made
    assert paid(remote) == ["12.34"]
    shopify.perform(refunding(remote, intent="10"))
    assert paid(remote) == ["12.34", "12.34"], "two equal refunds are two"


def test_the_key_alone_keeps_a_second_refund_away(shopify: Shopify, remote: Remote) -> None:
    """Even where the first one is not seen yet: reads lag behind."""
    remote.fault("lag", seconds=60)
    shopify.perform(refunding(remote))
    shopify.perform(refunding(remote))
    assert paid(remote) == ["12.34"]


def test_a_refund_is_refused_where_it_would_be_wrong(shopify: Shopify, remote: Remote) -> None:
    for wrong, why in (
        ({"amount": Decimal("72.51")}, "greater than net payment"),
        ({"currency": "USD"}, "is in EUR"),
        ({"amount": Decimal(0)}, "above zero"),
        ({"objects": remote.objects()}, "no captured payment"),
    ):
        with pytest.raises(Rejected, match=why):
            shopify.perform(replace(refunding(remote), **wrong))
    remote.order["presentmentCurrencyCode"] = "USD"
    with pytest.raises(Rejected, match="customer's currency"):
        shopify.perform(refunding(remote))
    assert paid(remote) == []
