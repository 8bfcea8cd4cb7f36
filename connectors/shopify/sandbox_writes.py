"""The sandbox's mutations, with the refusals that were recorded of the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from connectors.kit.sandbox import Sandbox
from connectors.shopify import sandbox_reasons
from connectors.shopify.sandbox_graphql import Bad, Ref
from connectors.shopify.sandbox_shop import Record, Shop, money

KEYS_NEEDED_FROM = "2026-04"


def refused(field: str, message: str, code: str | None = None) -> Record:
    """One user error."""
    return {
        "userErrors": [{"__typename": "ReturnUserError", "field": field.split("."), "message": message, "code": code}]
    }


class Refusal(Exception):
    """A mutation's user error."""

    def __init__(self, field: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.errors = refused(field, message, code)


class Writes(Sandbox):
    """Each method is a mutation: its arguments in, its payload out."""

    state: Shop

    def notify(self, topic: str, record: Record, **more: Any) -> None:
        """A webhook about this record, thin and in lower case, as Shopify's are."""
        number = int(record["id"].rpartition("/")[2])
        body = {"id": number, "admin_graphql_api_id": record["id"], **more}
        if "status" in record:
            body["status"] = record["status"].lower()
        self.webhook(topic, body)

    def moved(self, event: str, record: Record) -> Record:
        """A step of a return was made. Nothing of its order moves."""
        order = self.state.records[record["order"].id]
        order["returnStatus"] = self.state.return_status(order)
        self.effect(event, id=record["id"], status=record["status"])
        self.notify(f"returns/{event}", record, order_id=int(record["order"].id.rpartition("/")[2]))
        return {"__typename": "Payload", "return": record, "userErrors": []}

    def one(self, name: str, field: str) -> Record:
        if not name.startswith("gid://shopify/Return/"):
            raise Bad(f"Invalid id: {name}", "RESOURCE_NOT_FOUND")
        record = self.state.get(name, "Return")
        if record is None:
            raise Refusal(field, "Return not found.", "NOT_FOUND")
        return record

    def mutate_returnApproveRequest(self, input: Record) -> Record:
        record = self.one(input["id"], "input.id")
        if record["status"] != "REQUESTED":
            text = "Return is not approvable. Only returns with status REQUESTED can be approved."
            raise Refusal("input.id", text, "INVALID_STATE")
        record.update(status="OPEN", requestApprovedAt=self.state.now())
        self.state.expect(record)
        return self.moved("approve", record)

    def mutate_returnDeclineRequest(self, input: Record) -> Record:
        record = self.one(input["id"], "input.id")
        if record["status"] == "DECLINED":
            raise Refusal("input.id", "The return is already declined.", "INVALID_STATE")
        if record["status"] != "REQUESTED":
            text = "Return is not declinable. Only non-refunded returns with status REQUESTED can be declined."
            raise Refusal("input.id", text, "INVALID_STATE")
        said = {"__typename": "ReturnDecline", "reason": input["declineReason"], "note": input.get("declineNote")}
        record.update(status="DECLINED", decline=said)
        return self.moved("decline", record)

    def mutate_returnCancel(self, id: str) -> Record:
        record = self.one(id, "id")
        if record["status"] == "CANCELED":
            return {"__typename": "Payload", "return": record, "userErrors": []}
        worked = any(line["processedQuantity"] for line in self.state.all(record["returnLineItems"]))
        if worked or record["status"] not in ("REQUESTED", "OPEN"):
            raise Refusal("id", "Return is not cancelable.", "INVALID_STATE")
        record["status"] = "CANCELED"
        for order in self.state.all(record["reverseFulfillmentOrders"]):
            order["status"] = "CANCELED"
        return self.moved("cancel", record)

    def mutate_returnClose(self, id: str) -> Record:
        return self._turn(id, "OPEN", "CLOSED", "close")

    def mutate_returnReopen(self, id: str) -> Record:
        return self._turn(id, "CLOSED", "OPEN", "reopen")

    def _turn(self, name: str, before: str, after: str, event: str) -> Record:
        record = self.one(name, "id")
        if record["status"] == after:
            return {"__typename": "Payload", "return": record, "userErrors": []}
        if record["status"] != before:
            raise Refusal("id", "Return status is invalid.", "INVALID_STATE")
        record.update(status=after, closedAt=self.state.now() if after == "CLOSED" else None)
        return self.moved(event, record)

    def mutate_removeFromReturn(self, returnId: str, returnLineItems: list[Record] | None = None) -> Record:
        record = self.one(returnId, "returnId")
        if record["status"] != "OPEN":
            raise Refusal("returnId", "Return status is invalid.", "INVALID_STATE")
        for part in returnLineItems or ():
            line = self._line(record, part["returnLineItemId"], "returnLineItems.0.returnLineItemId")
            if part["quantity"] > line["unprocessedQuantity"]:
                raise Refusal("returnLineItems.0.quantity", "Quantity is not removable.", "INVALID")
            line["quantity"] -= part["quantity"]
            line["unprocessedQuantity"] -= part["quantity"]
            if not line["quantity"]:
                record["returnLineItems"].remove(Ref(line["id"]))
        record["totalQuantity"] = sum(line["quantity"] for line in self.state.all(record["returnLineItems"]))
        if not record["totalQuantity"]:
            record.update(status="CLOSED", closedAt=self.state.now())
        return self.moved("update", record)

    def _line(self, record: Record, name: str, field: str) -> Record:
        if Ref(name) not in record["returnLineItems"]:
            raise Refusal(field, "Return line item was not found.", "NOT_FOUND")
        return self.state.records[name]

    def mutate_returnProcess(self, input: Record) -> Record:
        record = self.one(input["returnId"], "input.returnId")
        if record["status"] != "OPEN":
            raise Refusal("input.returnId", "Return status is invalid.", "INVALID_STATE")
        for index, part in enumerate(input.get("returnLineItems") or ()):
            line = self._line(record, part["id"], f"input.returnLineItems.{index}.id")
            if part["quantity"] > line["unprocessedQuantity"]:
                raise Refusal(f"input.returnLineItems.{index}.quantity", "Quantity is too large.", "INVALID")
            self._put(part.get("dispositions") or ())
            line["processedQuantity"] += part["quantity"]
            line["unprocessedQuantity"] -= part["quantity"]
        return self.moved("process", record)

    def mutate_reverseFulfillmentOrderDispose(self, dispositionInputs: list[Record]) -> Record:
        lines = self._put(dispositionInputs)
        order = next(o for o in self.state.of("ReverseFulfillmentOrder") if Ref(lines[0]["id"]) in o["lineItems"])
        self.effect("dispose", id=order["id"], pieces=sum(part["quantity"] for part in dispositionInputs))
        self.notify(
            "reverse_fulfillment_orders/dispose", {"id": order["id"]}, total_dispositions=len(dispositionInputs)
        )
        return {"__typename": "Payload", "reverseFulfillmentOrderLineItems": lines, "userErrors": []}

    def _put(self, inputs: Any) -> list[Record]:
        lines = []
        for index, part in enumerate(inputs):
            line = self.state.get(part["reverseFulfillmentOrderLineItemId"], "ReverseFulfillmentOrderLineItem")
            if line is None:
                text = "Cannot dispose items from more than one reverse fulfillment order."
                raise Refusal("dispositionInputs", text, "INVALID")
            if part["quantity"] > line["totalQuantity"] - sum(d["quantity"] for d in line["dispositions"]):
                raise Refusal(f"dispositionInputs.{index}.quantity", "Quantity is too large.", "INVALID")
            made = self.state.add(
                "ReverseFulfillmentOrderDisposition",
                type=part["dispositionType"],
                quantity=part["quantity"],
                createdAt=self.state.now(),
                location={"__typename": "Location", "id": part["locationId"]} if part.get("locationId") else None,
            )
            line["dispositions"].append(made)
            lines.append(line)
        return lines

    def mutate_reverseDeliveryCreateWithShipping(
        self,
        reverseFulfillmentOrderId: str,
        reverseDeliveryLineItems: list[Record],
        trackingInput: Record | None = None,
        notifyCustomer: bool = True,
        **_: Any,
    ) -> Record:
        order = self.state.get(reverseFulfillmentOrderId, "ReverseFulfillmentOrder")
        if order is None:
            raise Refusal("reverseFulfillmentOrderId", "Reverse fulfillment order was not found.", "NOT_FOUND")
        sent = trackingInput or {}
        shown = {"__typename": "Tracking", "number": sent.get("number"), "url": sent.get("url"), "carrierName": None}
        carried = {"__typename": "ReverseDeliveryShippingDeliverable", "tracking": shown, "label": None}
        made = self.state.add("ReverseDelivery", deliverable=carried, reverseFulfillmentOrder=Ref(order["id"]))
        order["reverseDeliveries"].append(Ref(made["id"]))
        self.effect("track", id=made["id"], number=sent.get("number"), notified=notifyCustomer)
        self.notify("reverse_deliveries/attach_deliverable", {"id": made["id"]})
        return {"__typename": "Payload", "reverseDelivery": made, "userErrors": []}

    def mutate_returnRequest(self, input: Record) -> Record:
        return self._asked(input, "input", "REQUESTED", "request")

    def mutate_returnCreate(self, returnInput: Record) -> Record:
        return self._asked(returnInput, "returnInput", "OPEN", "approve")

    def _asked(self, given: Record, where: str, status: str, event: str) -> Record:
        order = self.state.get(given["orderId"], "Order")
        if order is None:
            raise Refusal(f"{where}.orderId", "Order not found.", "NOT_FOUND")
        room = {part["id"]: left for part, left in self.state.open_pieces(order)}
        for index, line in enumerate(given["returnLineItems"]):
            at = f"{where}.returnLineItems.{index}"
            definition, word = sandbox_reasons.reason_of(line)
            if line.get("returnReasonDefinitionId") and definition is None:
                raise Refusal(f"{at}.returnReasonDefinitionId", "Return reason definition not found.", "NOT_FOUND")
            if not word and status == "OPEN":
                text = "Return line items Either return reason or return reason definition must be provided"
                raise Refusal(at, text, "NOT_FOUND")
            if not word:
                raise Refusal(f"{at}.returnReason", "Return reason can't be blank", "BLANK")
            if status == "OPEN" and word == "OTHER" and not line.get("returnReasonNote"):
                text = 'Return line items return reason note The note is required when the return reason is "Other"'
                raise Refusal(f"{at}.returnReasonNote", text, "BLANK")
            if line["quantity"] > room.get(line["fulfillmentLineItemId"], 0):
                raise Refusal(f"{at}.quantity", "Return line item has an invalid quantity.", "INVALID")
            room[line["fulfillmentLineItemId"]] -= line["quantity"]
        record = self.state.request(order, given["returnLineItems"], status=status)
        for wanted in given.get("exchangeLineItems") or ():
            made = self.state.add(
                "ExchangeLineItem",
                quantity=wanted["quantity"],
                processedQuantity=0,
                variantId=wanted["variantId"],
                lineItems=[self.state.line_of(wanted["variantId"], wanted["quantity"])],
            )
            record["exchangeLineItems"].append(Ref(made["id"]))
        return self.moved(event, record)

    def mutate_refundCreate(self, input: Record, directives: Mapping[str, Any], version: str) -> Record:
        key = (directives.get("idempotent") or {}).get("key")
        if not key and version >= KEYS_NEEDED_FROM:
            raise Bad("The @idempotent directive is required for this mutation.", "BAD_REQUEST")
        asked = msgspec.json.encode(input).decode()
        if key in self.state.keys:
            before, made = self.state.keys[key]
            if before != asked:
                text = "The same idempotency key cannot be used with different operation parameters."
                raise Bad(text, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
            return {"__typename": "Payload", "refund": self.state.records[made], "userErrors": []}
        order = self.state.get(input["orderId"], "Order")
        if order is None:
            raise Refusal("orderId", "Order does not exist")
        (paid,) = input["transactions"]
        parent = self.state.get(paid.get("parentId") or "", "OrderTransaction")
        if parent is None or Ref(parent["id"]) not in order["transactions"]:
            raise Refusal("transactions", "Transactions require a parent_id associated with the order")
        total = Decimal(paid["amount"])
        if self.state.capped and total > self.refundable(order, parent):
            raise Refusal("transactions", "Refund amount cannot be greater than net payment received")
        moved = self.state.transaction(order, "REFUND", total, parent)
        made_at = self.state.now()
        refund = self.state.add(
            "Refund",
            createdAt=made_at,
            note=input.get("note"),
            totalRefundedSet=money(total),
            transactions=[Ref(moved["id"])],
            **{"return": None},
        )
        order["refunds"].append(Ref(refund["id"]))
        order["updatedAt"] = made_at
        if key:
            self.state.keys[key] = (asked, refund["id"])
        self.effect("refund", order=order["id"], amount=f"{total:f}", note=input.get("note"))
        self.notify("refunds/create", refund, order_id=int(order["id"].rpartition("/")[2]))
        return {"__typename": "Payload", "refund": refund, "order": order, "userErrors": []}

    def refundable(self, order: Record, parent: Record) -> Decimal:
        """What of a payment did not go back yet."""
        back = [t for t in self.state.all(order["transactions"]) if t["parentTransaction"] == Ref(parent["id"])]
        spent = sum((Decimal(t["amountSet"]["shopMoney"]["amount"]) for t in back), Decimal(0))
        return Decimal(parent["amountSet"]["shopMoney"]["amount"]) - spent
