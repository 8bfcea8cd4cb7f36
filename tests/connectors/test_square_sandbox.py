"""The Square connector keeps every promise of the contract, and some of its own, against the sandbox beside it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.kit.api import WebhookRequest
from connectors.kit.errors import (
    InvalidWebhook,
    RateLimited,
)
from connectors.square.connector import ABOUT
from connectors.square.sandbox_counter import LOCATIONS, MERCHANT
from mappings.engine import read_json
from tests.connectors.contract import ConnectorContract
from tests.connectors.square_case import ADDRESS, Remote, Square
from tests.connectors.through_hub import HubContract


class TestSquare(Square, ConnectorContract, HubContract):
    terms = {"money": True, "locations": [LOCATIONS[0]]}
    shop_order = "#12"

    def news(self, remote: Remote) -> dict[str, Any]:
        put = {"id": "D1", "sku": "SHIRT-M", "quantity": "1", "disposition": "scrap", "location": LOCATIONS[0]}
        return {"dispositions": [put]}

    def pushes(self, remote: Remote) -> list[WebhookRequest]:
        return [self.event(remote, topic) for topic in ABOUT]

    def test_a_refund_brings_itself_and_the_order_that_was_made_for_it(self, connector: Any, remote: Remote) -> None:
        refund = next(iter(remote.state.refunds.values()))
        brought = connector.accept(remote.signed("refund.updated", refund["id"], {"refund": refund}))
        assert [(changed.stream, changed.external_id) for changed in brought] == [
            ("refund", refund["id"]),
            ("order", remote.back["id"]),
        ]

    def test_a_payment_brings_its_sale(self, connector: Any, remote: Remote) -> None:
        payment = remote.state.payments[remote.paid_by]
        (changed,) = connector.accept(remote.signed("payment.updated", payment["id"], {"payment": payment}))
        assert (changed.stream, changed.external_id) == ("order", remote.sale["id"])

    def test_a_payment_that_nothing_went_back_of_is_a_sale_as_any_other(self, connector: Any, remote: Remote) -> None:
        sale = remote.state.sell({"MUG": 1})
        payment = remote.state.payments[sale["tenders"][0]["id"]]
        assert connector.accept(remote.signed("payment.updated", payment["id"], {"payment": payment})) == []

    def test_events_that_name_no_return_are_no_news(self, connector: Any, remote: Remote) -> None:
        counts = {"inventory_counts": [{"catalog_object_id": "V", "state": "IN_STOCK", "quantity": "9"}]}
        assert connector.accept(remote.signed("inventory.count.updated", "x", counts)) == []

    def test_another_merchants_events_are_left_alone(self, remote: Remote) -> None:
        connector = self.other(remote, merchant_id=MERCHANT)
        refund = next(iter(remote.state.refunds.values()))
        news = ("refund.updated", refund["id"], {"refund": refund})
        assert connector.accept(remote.signed(*news)) != []
        assert connector.accept(remote.signed(*news, merchant_id="MLANOTHER")) == []

    @pytest.mark.parametrize("address", [f"{ADDRESS}/", ADDRESS.replace("http", "https"), f"{ADDRESS}?a=1"])
    def test_the_address_is_signed_with_the_body(self, remote: Remote, address: str) -> None:
        request = self.webhook(remote)
        with pytest.raises(InvalidWebhook):
            self.other(remote, notification_url=address).accept(request)
        behind_no_proxy = self.other(remote, notification_url=None)
        assert behind_no_proxy.accept(replace(request, url=ADDRESS))
        with pytest.raises(InvalidWebhook):
            behind_no_proxy.accept(replace(request, url=address))

    def test_what_is_signed_and_no_event_is_refused(self, connector: Any, remote: Remote) -> None:
        for body in (b"", b"{}", b"[]", b'{"type":"refund.updated","merchant_id":"M","data":{"object":{}}}'):
            remote.webhooks.url = ADDRESS
            request = WebhookRequest("POST", "/", dict(remote.sign("x", body)), body)
            with pytest.raises(ValueError, match="no event"):
                connector.accept(request)

    # -- reading

    def test_a_poll_brings_returns_with_their_sales_and_no_other_sale(self, connector: Any, remote: Remote) -> None:
        other = remote.state.sell({"MUG": 1})
        api = remote.state.refund(
            {"payment_id": other["tenders"][0]["id"], "amount_money": {"amount": 100, "currency": "USD"}}
        )
        ids = {m.external_id for page in connector.poll("order", None) for m in page.messages}
        assert ids == {remote.back["id"], remote.sale["id"]}
        found = {(m.stream, m.external_id) for page in connector.poll("refund", None) for m in page.messages}
        assert {("refund", api["id"]), ("order", other["id"])} <= found

    def test_only_the_chosen_locations_are_read(self, remote: Remote) -> None:
        far = remote.state.take_back(None, {"MUG": 1}, place=LOCATIONS[1])
        connector = self.other(remote, locations=[LOCATIONS[1]])
        for stream in ("order", "refund"):
            seen = [m for page in connector.poll(stream, None) for m in page.messages]
            assert {read_json(m.body)["location_id"] for m in seen} == {LOCATIONS[1]}
            assert stream != "order" or {m.external_id for m in seen} == {far["id"]}

    def test_a_cursor_goes_on_and_a_new_location_is_read_from_its_beginning(self, remote: Remote) -> None:
        far = remote.state.take_back(None, {"MUG": 1}, place=LOCATIONS[1])
        only_here = self.other(remote, locations=[LOCATIONS[0]])
        *_, last = only_here.poll("order", None)
        both = self.other(remote, locations=list(LOCATIONS))
        seen = {m.external_id for page in both.poll("order", last.cursor) for m in page.messages}
        assert far["id"] in seen

    def test_a_backfill_begins_at_its_moment(self, connector: Any, remote: Remote) -> None:
        state, now = remote.state, datetime.now(UTC)
        for record in (*state.orders.values(), *state.refunds.values(), *state.adjustments.values()):
            record["updated_at"] = record["created_at"] = (now - timedelta(hours=3)).isoformat().replace("+00:00", "Z")
        for stream in ("order", "refund", "adjustment"):
            for hours, some in ((1, False), (4, stream != "adjustment")):  # of these none is the hub's
                begin = connector.begin(stream, now - timedelta(hours=hours))
                assert any(page.messages for page in connector.poll(stream, begin)) == some

    def test_nothing_about_people_is_handed_over(self, connector: Any, remote: Remote) -> None:
        remote.sale["customer_id"] = "CUSTOMERSIMULATED"
        remote.sale["fulfillments"] = [
            {
                **{"uid": "F", "type": "PICKUP", "state": "COMPLETED"},
                "pickup_details": {"recipient": {"display_name": "Jane Buyer (simulated)"}},
            }
        ]
        refund = next(iter(remote.state.refunds))
        for stream, key in (("order", remote.sale["id"]), ("order", remote.back["id"]), ("refund", refund)):
            body = connector.fetch(stream, key).body.decode()
            for private in ("jane", "Jane", "1111", "CUSTOMERSIM", "VISA"):
                assert private not in body

    def test_versions_compare_like_numbers_and_the_counter_gives_none(self, connector: Any, remote: Remote) -> None:
        remote.sale["version"] = 9
        nine = connector.fetch("order", remote.sale["id"]).version
        remote.sale["version"] = 10
        kind = connector.manifest.streams["order"].kind(UTC)
        assert kind.before(nine, connector.fetch("order", remote.sale["id"]).version)
        assert connector.fetch("order", remote.back["id"]).version is None

    def test_without_a_shop_a_reference_names_nothing(self, remote: Remote) -> None:
        """Two orders "table 5" of the same counter would otherwise become one."""
        record = read_json(self.other(remote, orders_of=None).fetch("order", remote.back["id"]).body)
        assert record["joined"]["sources"] == [{"id": remote.sale["id"], "number": None}]

    def test_the_metadata_may_name_the_shops_order(self, connector: Any, remote: Remote) -> None:
        remote.sale.update(reference_id="a till's own text", metadata={"order_number": "#77"})
        record = read_json(connector.fetch("order", remote.back["id"]).body)
        assert record["joined"]["sources"] == [{"id": remote.sale["id"], "number": "#77"}]

    def test_too_many_questions_wait(self, connector: Any, remote: Remote) -> None:
        remote.rate = 1
        remote.lately.append(time.monotonic() + 60)
        with pytest.raises(RateLimited):
            connector.fetch("refund", next(iter(remote.state.refunds)))

    # -- health

    def test_check_says_what_is_missing(self, remote: Remote) -> None:
        wrong = {"locations": ["LNOWHERE"], "merchant_id": "MLANOTHER"}
        found = self.other(remote, **wrong).check()
        assert not found.ok
        for word in ("LNOWHERE", "MLANOTHER"):
            assert any(word in problem for problem in found.problems), word
        remote.fault("answer", method="POST", path="/oauth2/token/status", body={"scopes": ["ORDERS_READ"]}, status=200)
        found = self.other(remote).check()
        assert any("PAYMENTS_READ" in problem for problem in found.problems)
        assert found.facts["writes"].startswith("no")

    # -- writing
