"""What the Square connector writes: each one effect, whatever happens on the way, against the sandbox beside it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from connectors.kit.errors import (
    OutcomeUnknown,
    Rejected,
    Unsupported,
)
from mappings.engine import read_json
from tests.connectors.square_case import Remote, Square, disposed, recorded, refund_of


class TestSquareWrites(Square):
    @pytest.mark.parametrize("make", [refund_of, recorded, disposed])
    def test_every_write_is_one_effect_whatever_happens(self, connector: Any, remote: Remote, make: Any) -> None:
        operation = make(remote)
        assert connector.find(operation) is None
        remote.fault("drop_after", **self.writes)
        with pytest.raises(OutcomeUnknown):
            connector.perform(operation)
        remote.faults.clear()
        looked_up = connector.find(operation)
        again = connector.perform(replace(operation, attempt=2))
        assert looked_up is not None
        assert looked_up.made == again.made
        assert len(remote.effects) == 1
        other = connector.perform(replace(operation, id="99"))
        assert other.made[0].id != again.made[0].id, "two equal operations of two intents are two"

    @pytest.mark.parametrize("make", [refund_of, recorded, disposed])
    def test_where_the_lists_lag_the_key_holds(self, connector: Any, remote: Remote, make: Any) -> None:
        """What was written is not listed yet, and asked for again: Square remembers the key."""
        operation = make(remote)
        before = {name: dict(getattr(remote.state, name)) for name in ("refunds", "adjustments", "payments")}
        payment = dict(remote.state.payments[remote.paid_by])
        connector.perform(operation)
        for name, rows in before.items():
            setattr(remote.state, name, rows)
        remote.state.payments[remote.paid_by] = payment
        with suppress(OutcomeUnknown):  # of a stock adjustment, whose time makes it another request
            connector.perform(replace(operation, attempt=2))
        assert len(remote.effects) == 1

    def test_a_refund_lowers_the_payment_and_names_the_return(self, connector: Any, remote: Remote) -> None:
        reply = connector.perform(refund_of(remote))
        (made,) = reply.made
        assert {(changed.stream, changed.external_id) for changed in reply.read_back} == {
            ("refund", made.id),
            ("order", remote.sale["id"]),
        }
        assert made.fact == "erp/credit_note/3/credits/3"
        record = read_json(connector.fetch("refund", made.id).body)
        assert record["joined"]["number"] == "R1001"
        assert "returned" not in record["joined"]
        remote.state.settle(made.id)
        sale = read_json(connector.fetch("order", remote.sale["id"]).body)["joined"]["sale"]
        assert sale["payments"][0]["refunded_money"]["amount"] == 7900 + 1000

    def test_more_than_was_paid_is_refused_in_squares_words(self, connector: Any, remote: Remote) -> None:
        with pytest.raises(Rejected, match="exceeds the amount"):
            connector.perform(refund_of(remote, "1000.00"))
        with pytest.raises(Rejected, match="no payment"):
            connector.perform(refund_of(remote, objects={}))
        with pytest.raises(Rejected, match="above zero"):
            connector.perform(refund_of(remote, "0.00"))

    @pytest.mark.parametrize("paid", ["CASH", "EXTERNAL"])
    def test_what_square_would_only_write_down_is_not_called_a_refund(
        self, connector: Any, remote: Remote, paid: str
    ) -> None:
        remote.state.payments[remote.paid_by]["source_type"] = paid
        with pytest.raises(Rejected, match="holds no money"):
            connector.perform(refund_of(remote))
        assert not remote.effects

    def test_a_refund_elsewhere_is_written_down_and_moves_nothing(self, connector: Any, remote: Remote) -> None:
        (made,) = connector.perform(recorded(remote)).made
        refund = remote.state.refunds[made.id]
        assert (refund["unlinked"], refund["destination_type"]) == (True, "EXTERNAL")
        assert remote.state.payments[remote.paid_by]["refunded_money"]["amount"] == 7900

    def test_restocked_goods_enter_stock_and_scrap_goes_on_to_waste(self, connector: Any, remote: Remote) -> None:
        before = set(remote.state.adjustments)
        for number, to_state in enumerate(("IN_STOCK", "WASTE")):
            reply = connector.perform(disposed(remote, to_state, id=str(number)))
            (changed,) = reply.read_back
            record = read_json(connector.fetch(changed.stream, changed.external_id).body)
            assert record["to_state"] == to_state
            assert record["joined"] == {
                "number": "R1001",
                "order_line": remote.sale["line_items"][0]["uid"],
                "sku": "SHIRT-M",
            }
        moves = [
            (row["from_state"], row["to_state"]) for key, row in remote.state.adjustments.items() if key not in before
        ]
        entry = ("UNLINKED_RETURN", "IN_STOCK")
        assert moves == [entry, entry, ("IN_STOCK", "WASTE")]
        seen = [m.external_id for page in connector.poll("adjustment", None) for m in page.messages]
        assert len(seen) == 2, "the way into stock of what was scrapped is no disposition, nor is Square's own booking"

    def test_what_square_has_no_place_for_is_unsupported(self, connector: Any, remote: Remote) -> None:
        with pytest.raises(Unsupported, match="no place"):
            connector.perform(disposed(remote, None))
        del remote.back["returns"][0]["return_line_items"][0]["catalog_object_id"]
        with pytest.raises(Unsupported, match="catalogue"):
            connector.perform(disposed(remote))

    def test_what_the_counter_restocked_is_not_booked_twice(self, connector: Any, remote: Remote) -> None:
        remote.back = remote.state.take_back(remote.sale["id"], {"SHIRT-M": 1}, restock=True)
        with pytest.raises(Rejected, match="back into stock at Square's counter"):
            connector.perform(disposed(remote))
        assert not remote.effects
