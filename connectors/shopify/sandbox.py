"""A small Shopify for tests, the demo and integrators on a train: the part of the Admin API that the connector uses.

    SANDBOX_SECRET=… python -m connectors.shopify.sandbox --port 0 --webhook http://127.0.0.1:8080/hooks/web

Besides the Admin API: POST /shop/orders {"lines": {"SHIRT-M": 2}} to buy, POST /shop/returns {"order": "#1001",
"lines": {"SHIRT-M": 1}} to ask for a return as customers do, POST /shop/parcels {"return": "#1001-R1", "number": ...,
"carrier": ...} once it is sent, GET /shop for what it sells. The token is `shpat_simulated`; client `simulated`, secret
`shpss_simulated` is given it. Faults know a call as QUERY or MUTATION, and by its operation's name:
{"kind": "drop_after", "method": "MUTATION", "path": ".*[?]Refund"}. All is simulated.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.kit.sandbox import Call, Refuse, SandboxAnswer, route
from connectors.shopify import sandbox_reasons
from connectors.shopify.sandbox_graphql import Bad, Field, Ref, Request, Shape, read
from connectors.shopify.sandbox_oauth import Login
from connectors.shopify.sandbox_shop import BEGINS, GOODS, Record, Shop, amount
from connectors.shopify.sandbox_writes import Refusal, Writes

VERSIONS = ("2026-01", "2026-04", "2026-07")
ASKED = re.compile(r"^\s*(query|mutation)\s+(\w+)", re.MULTILINE)
TERM = re.compile(r"(\w+):(>=|<=|)'?([^'\s]+)'?")
COSTS = {"query": 1, "mutation": 10}


class ShopifySandbox(Writes, Login):
    """The sandbox; `state` is the shop. `available` are the points left in its bucket."""

    name = "shopify"
    begins = BEGINS
    """The shop's time at the start."""

    def setup(self) -> None:
        super().setup()
        self.state = Shop(self.begins)
        self.maximum, self.restore = 20_000.0, 1_000.0
        self.available, self._spent_at = self.maximum, time.monotonic()
        self.cost = 0
        """What one query costs beyond its records; a high one is refused as too costly."""
        self.bulk: dict[str, Any] = {}
        self.bulk_looks = 1
        """How often a bulk operation is seen at work before it is done."""

    def allow(self, call: Call) -> None:
        if call.path.startswith("/admin/api/") and call.headers.get("x-shopify-access-token") not in self.tokens:
            words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            raise Refuse(401, {"errors": words})

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        made = hmac.digest(self.secret.encode(), body, hashlib.sha256)
        return {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(made).decode(),
            "X-Shopify-Shop-Domain": "127.0.0.1",
            "X-Shopify-API-Version": VERSIONS[-1],
            "X-Shopify-Webhook-Id": hashlib.sha256(topic.encode() + body).hexdigest()[:32],
            "X-Shopify-Triggered-At": "2026-07-20T06:00:00.000000000Z",
        }

    def known_as(self, call: Call) -> tuple[str, str, str]:
        found = ASKED.search(_query(call.body))
        return (found[1].upper(), call.path, found[2]) if found else super().known_as(call)

    @route("POST", "/admin/api/{version}/graphql.json")
    def graphql(self, call: Call, version: str) -> Any:
        served = version if version in VERSIONS else VERSIONS[0]  # a version that is over falls forward, silently
        sent = call.json()
        headers = {"X-Shopify-API-Version": served}
        try:
            request = read(sent.get("query", ""), sent.get("variables"), sent.get("operationName"))
            if throttled := self._throttled(request):
                return SandboxAnswer(200, throttled, headers)
            return SandboxAnswer(200, {"data": self._data(request, served), "extensions": self._cost(request)}, headers)
        except Bad as bad:
            error = {"message": str(bad), "extensions": {"code": bad.code}}
            return SandboxAnswer(200, {"errors": [error], "data": None}, headers)

    # -- cost

    def _price(self, request: Request) -> float:
        return COSTS[request.kind] + self.cost + len(request.variables.get("ids") or ())

    def _throttled(self, request: Request) -> Record | None:
        now = time.monotonic()
        self.available = min(self.maximum, self.available + (now - self._spent_at) * self.restore)
        self._spent_at = now
        price = self._price(request)
        if price > 1000:
            raise Bad(
                f"Query cost is {price:.0f}, which exceeds the single query max cost limit 1000", "MAX_COST_EXCEEDED"
            )
        if price > self.available:
            error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return {"errors": [error], "extensions": self._cost(request, throttled=True)}
        self.available -= price
        return None

    def _cost(self, request: Request, *, throttled: bool = False) -> Record:
        bucket = {"maximumAvailable": self.maximum, "currentlyAvailable": self.available, "restoreRate": self.restore}
        price = self._price(request)
        actual = None if throttled else price
        return {"cost": {"requestedQueryCost": price, "actualQueryCost": actual, "throttleStatus": bucket}}

    # -- roots

    def _data(self, request: Request, version: str) -> Record:
        shape = Shape(request, self.state.records.__getitem__, self._search)
        data: Record = {}
        for asked in request.fields(request.parts, "Root"):
            args = request.args(asked)
            value = (
                self._mutated(request, asked, args, version) if request.kind == "mutation" else self._root(asked, args)
            )
            data[asked.alias] = shape.of(value, asked)
        return data

    def _mutated(self, request: Request, asked: Field, args: Record, version: str) -> Record:
        method = getattr(self, f"mutate_{asked.name}", None)
        if method is None:
            raise Bad(f"Field '{asked.name}' doesn't exist on type 'Mutation'", "undefinedField")
        if asked.name == "refundCreate":
            args["directives"] = {name: request.value(given) for name, given in asked.directives.items()}
            args["version"] = version
        try:
            return dict(method(**args))
        except Refusal as refusal:
            nothing = {part.name: None for part in request.fields(asked.parts, "Payload")}
            return {"__typename": "Payload", **nothing, **refusal.errors}

    def _root(self, asked: Field, args: Record) -> Any:
        state = self.state
        match asked.name:
            case "node" | "order" | "return":
                return state.get(_valid(args["id"]), *{"order": ["Order"], "return": ["Return"]}.get(asked.name, []))
            case "nodes":
                return [state.get(_valid(name)) for name in args["ids"]]
            case "orders":
                by = "updatedAt" if args.get("sortKey") == "UPDATED_AT" else "id"
                return sorted(state.of("Order"), key=lambda order: order[by])
            case "productVariants":
                return state.of("ProductVariant")
            case "returnReasonDefinitions":
                return sandbox_reasons.listed(args.get("handles"))
            case "returnableFulfillments":
                return self._returnable(state.get(args["orderId"], "Order"))
            case "bulkOperation":
                return self._looked(args["id"])
            case "shop":
                plan = {"__typename": "ShopPlan", "publicDisplayName": "Simulated"}
                about = {"name": "Simulated shop", "myshopifyDomain": "simulated.myshopify.com", "currencyCode": "EUR"}
                form = {"orderNumberFormatPrefix": "#", "orderNumberFormatSuffix": ""}
                return {"__typename": "Shop", **about, **form, "plan": plan}
            case "currentAppInstallation":
                scopes = [{"__typename": "AccessScope", "handle": scope} for scope in self.gives]
                return {"__typename": "AppInstallation", "accessScopes": scopes}
        raise Bad(f"Field '{asked.name}' doesn't exist on type 'QueryRoot'", "undefinedField")

    def _returnable(self, order: Record | None) -> list[Record]:
        if order is None:
            return []
        lines = [
            {"__typename": "ReturnableFulfillmentLineItem", "quantity": left, "fulfillmentLineItem": Ref(part["id"])}
            for part, left in self.state.open_pieces(order)
            if left > 0
        ]
        return [{"__typename": "ReturnableFulfillment", "returnableFulfillmentLineItems": lines}] if lines else []

    def _search(self, items: list[Record], query: str) -> list[Record]:
        """Shopify's search as far as it is asked here: terms of one field are alternatives."""
        wanted: dict[str, list[tuple[str, str]]] = {}
        for name, compare, word in TERM.findall(query):
            wanted.setdefault(name, []).append((compare, word))
        return [item for item in items if all(self._fits(item, name, terms) for name, terms in wanted.items())]

    def _fits(self, item: Record, name: str, terms: list[tuple[str, str]]) -> bool:
        field = {"updated_at": "updatedAt"}.get(name, name)
        value = self.state.return_status(item).lower() if name == "return_status" else str(item.get(field))
        return any(
            value >= word if compare == ">=" else value.lstrip("#") == word.lstrip("#") for compare, word in terms
        )

    # -- bulk operations

    def mutate_bulkOperationRunQuery(self, query: str) -> Record:
        made = self.state.add(
            "BulkOperation", status="CREATED", errorCode=None, objectCount="0", url=None, partialDataUrl=None
        )
        self.bulk[made["id"]] = {"query": query, "looks": 0}
        self.effect("bulk", id=made["id"])
        return {"__typename": "Payload", "bulkOperation": made, "userErrors": []}

    def _looked(self, name: str) -> Record | None:
        record, bulk = self.state.get(name, "BulkOperation"), self.bulk.get(name)
        if record is not None and bulk is not None:
            bulk["looks"] += 1
            done = bulk["looks"] > self.bulk_looks
            record["status"] = "COMPLETED" if done else "RUNNING"
            lines = list(self._bulk_lines(bulk["query"])) if done else []
            record["objectCount"] = str(len(lines))
            record["url"] = f"{self.url}/bulk/{name.rpartition('/')[2]}.jsonl" if lines else None
        return record

    def _bulk_lines(self, query: str) -> Iterator[bytes]:
        """The nodes, flat: a child names its parent. Connections have no pages here."""
        request = read(query, {})
        request.name = "bulk"
        shape = Shape(request, self.state.records.__getitem__, self._search)
        for asked in request.fields(request.parts, "Root"):
            for edge in shape.of(self._root(asked, request.args(asked)), asked)["edges"]:
                yield from _flat(edge["node"], None)

    @route("GET", "/bulk/{name}")
    def bulk_file(self, call: Call, name: str) -> Any:
        bulk = self.bulk[f"gid://shopify/BulkOperation/{name.removesuffix('.jsonl')}"]
        body = b"\n".join(self._bulk_lines(bulk["query"])) + b"\n"
        return SandboxAnswer(200, body, {"Content-Type": "application/jsonl"})

    # -- the shop and its customers

    @route("GET", "/shop")
    def shop(self, call: Call) -> Any:
        return {"goods": {sku: {"name": name, "price": price} for sku, (name, price) in GOODS.items()}}

    @route("POST", "/shop/orders")
    def buy(self, call: Call) -> Any:
        order = self.state.place(call.json()["lines"])
        self.notify("orders/create", order)
        return {"id": order["id"], "name": order["name"], "total": str(amount(order["totalPriceSet"]))}

    @route("POST", "/shop/returns")
    def ask_back(self, call: Call) -> Any:
        sent = call.json()
        order = next(order for order in self.state.of("Order") if sent["order"] in (order["id"], order["name"]))
        reason = sent.get("reason", "UNWANTED")
        lines = [
            {"fulfillmentLineItemId": part["id"], "quantity": sent["lines"][sku], "returnReason": reason}
            for part, _ in self.state.open_pieces(order)
            if (sku := self.state.records[part["lineItem"].id]["sku"]) in sent["lines"]
        ]
        try:
            made = self.mutate_returnRequest({"orderId": order["id"], "returnLineItems": lines})
        except Refusal as refusal:
            raise Refuse(422, refusal.errors) from refusal
        return {"id": made["return"]["id"], "name": made["return"]["name"]}

    @route("POST", "/shop/parcels")
    def send_back(self, call: Call) -> Any:
        """The customer types in under which number goods of a return are on their way."""
        sent = call.json()
        record = next(record for record in self.state.of("Return") if sent["return"] in (record["id"], record["name"]))
        (order,) = self.state.all(record["reverseFulfillmentOrders"])
        shown = {"__typename": "Tracking", "number": sent["number"], "url": None, "carrierName": sent.get("carrier")}
        carried = {"__typename": "ReverseDeliveryShippingDeliverable", "tracking": shown, "label": None}
        made = self.state.add("ReverseDelivery", deliverable=carried, reverseFulfillmentOrder=Ref(order["id"]))
        order["reverseDeliveries"].append(Ref(made["id"]))
        self.notify("reverse_deliveries/attach_deliverable", {"id": made["id"]})
        return {"id": made["id"]}


def _valid(name: str) -> str:
    if not re.fullmatch(r"gid://shopify/\w+/\d+", name):
        raise Bad(
            f"Variable $id of type ID! was provided invalid value (Invalid global id '{name}')", "INVALID_VARIABLE"
        )
    return name


def _query(body: bytes) -> str:
    try:
        sent = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ""
    return str(sent.get("query", "")) if isinstance(sent, dict) else ""


def _flat(node: Record, parent: str | None) -> Iterator[bytes]:
    own = {name: value for name, value in node.items() if not isinstance(value, dict)}
    yield msgspec.json.encode({**own, **({"__parentId": parent} if parent else {})})
    for value in node.values():
        for edge in value.get("edges", ()) if isinstance(value, dict) else ():
            yield from _flat(edge["node"], node["id"])


if __name__ == "__main__":
    ShopifySandbox.begins = datetime.now(UTC)
    ShopifySandbox.main()
