"""The writes of the admin API that the sandbox serves."""

from __future__ import annotations

from typing import Any

from connectors.kit.sandbox import Call, Refuse, route
from connectors.medusa import sandbox_exchanges as exchanges
from connectors.medusa import sandbox_returns as returns
from connectors.medusa.drafts import DAMAGED, GOOD
from connectors.medusa.sandbox_answers import Answers


class Writes(Answers):
    """Each leaves an effect: what was done, and to what."""

    @route("POST", "/admin/{collection}")
    def begin(self, call: Call, collection: str) -> Any:
        body = call.json()
        if collection == "returns":
            return self._wrote("return", "begin", returns.begin_return(self.state, body))
        kind = _kind(collection)
        return self._wrote(kind, "begin", exchanges.begin(self.state, kind, body))

    @route("POST", "/admin/returns/{key}")
    def update(self, call: Call, key: str) -> Any:
        return self._wrote("return", "update", returns.update_return(self.state, key, call.json()))

    @route("POST", "/admin/returns/{key}/request-items")
    def ask(self, call: Call, key: str) -> Any:
        record = self._record("returns", key)
        returns.ask(self.state, self.state.draft(record["order_id"], "return_request"), call.json()["items"])
        return self._wrote("return", "request-items", record)

    @route("POST", "/admin/returns/{key}/shipping-method")
    def return_shipping(self, call: Call, key: str) -> Any:
        record = self._record("returns", key)
        change = self.state.draft(record["order_id"], "return_request")
        self.state.act(change, "SHIPPING_ADD", {"option": call.json()["shipping_option_id"]})
        return self._wrote("return", "shipping-method", record)

    @route("POST", "/admin/returns/{key}/receive")
    def receive(self, call: Call, key: str) -> Any:
        return self._wrote("return", "receive", returns.begin_receive(self.state, key, call.json()))

    @route("POST", "/admin/returns/{key}/receive-items")
    def good(self, call: Call, key: str) -> Any:
        made = returns.receive_items(self.state, key, call.json()["items"], GOOD)
        return self._wrote("return", "receive-items", made)

    @route("POST", "/admin/returns/{key}/dismiss-items")
    def damaged(self, call: Call, key: str) -> Any:
        made = returns.receive_items(self.state, key, call.json()["items"], DAMAGED)
        return self._wrote("return", "dismiss-items", made)

    @route("POST", "/admin/returns/{key}/receive/confirm")
    def received(self, call: Call, key: str) -> Any:
        return self._wrote("return", "received", returns.confirm_receive(self.state, key))

    @route("DELETE", "/admin/returns/{key}/receive")
    def drop_receipt(self, call: Call, key: str) -> Any:
        return self._dropped("returns", key, "return_receive")

    @route("POST", "/admin/{collection}/{key}/request")
    def confirm(self, call: Call, collection: str, key: str) -> Any:
        if collection == "returns":
            return self._wrote("return", "requested", returns.request_return(self.state, key))
        kind = _kind(collection)
        return self._wrote(kind, "requested", exchanges.request(self.state, kind, key))

    @route("DELETE", "/admin/{collection}/{key}/request")
    def drop_request(self, call: Call, collection: str, key: str) -> Any:
        return self._dropped(collection, key, "return_request" if collection == "returns" else _kind(collection))

    @route("POST", "/admin/{collection}/{key}/cancel")
    def cancel(self, call: Call, collection: str, key: str) -> Any:
        if collection == "returns":
            returns.cancel_return(self.state, key)
        else:
            exchanges.cancel(self.state, _kind(collection), key)
        self.effect("cancel", id=key)
        return {}

    @route("POST", "/admin/{collection}/{key}/inbound/items")
    def inbound(self, call: Call, collection: str, key: str) -> Any:
        kind = _kind(collection)
        return self._wrote(kind, "inbound", exchanges.inbound(self.state, kind, key, call.json()))

    @route("POST", "/admin/{collection}/{key}/outbound/items")
    def outbound(self, call: Call, collection: str, key: str) -> Any:
        kind = _kind(collection)
        return self._wrote(kind, "outbound", exchanges.outbound(self.state, kind, key, call.json()["items"]))

    @route("POST", "/admin/{collection}/{key}/outbound/shipping-method")
    def outbound_shipping(self, call: Call, collection: str, key: str) -> Any:
        kind = _kind(collection)
        return self._wrote(kind, "shipping", exchanges.shipping(self.state, kind, key, call.json()))

    @route("POST", "/admin/claims/{key}/claim-items")
    def complain(self, call: Call, key: str) -> Any:
        return self._wrote("claim", "claim-items", exchanges.complain(self.state, key, call.json()["items"]))

    @route("POST", "/admin/fulfillments/{key}/cancel")
    def cancel_parcel(self, call: Call, key: str) -> Any:
        return self._wrote("fulfillment", "cancel-parcel", returns.cancel_parcel(self.state, key))

    @route("POST", "/admin/payments/{key}/refund")
    def refund(self, call: Call, key: str) -> Any:
        payment = returns.refund(self.state, key, call.json())
        self.effect("refund", id=key, amount=str(payment["refunds"][-1]["amount"]), note=payment["refunds"][-1]["note"])
        return {"payment": payment}

    @route("POST", "/admin/orders/{key}/fulfillments")
    def fulfil(self, call: Call, key: str) -> Any:
        self.state.fulfil(key, call.json()["items"])
        return {"order": self._shown(self.state.order(key), "fulfillments")}

    @route("POST", "/admin/orders/{key}/fulfillments/{parcel}/shipments")
    def ship(self, call: Call, key: str, parcel: str) -> Any:
        self.state.advance(key, parcel, "shipped", "shipment.created")
        return {"order": {"id": key}}

    @route("POST", "/admin/orders/{key}/fulfillments/{parcel}/mark-as-delivered")
    def deliver(self, call: Call, key: str, parcel: str) -> Any:
        self.state.advance(key, parcel, "delivered", "delivery.created")
        return {"order": {"id": key}}


def _kind(collection: str) -> exchanges.Kind:
    kinds: dict[str, exchanges.Kind] = {"exchanges": "exchange", "claims": "claim"}
    if collection not in kinds:
        raise Refuse(404, {"message": f"Cannot POST /admin/{collection}"})
    return kinds[collection]
