"""Shopify over its GraphQL Admin API. What it cannot do and where it surprises: README.md beside this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from connectors.kit import signing
from connectors.kit.api import Account, Connector, Health, Hint, Message, Operation, Page, Reply, WebhookRequest
from connectors.kit.errors import ConnectorError, Unsupported
from connectors.kit.graphql import Graph
from connectors.kit.http import Http
from connectors.shopify import backfill, deciding, goods, reading, refunding, requesting, topics
from connectors.shopify.admin import admin, nodes

OVERLAP = timedelta(minutes=2)
OPEN = "return_status:return_requested OR return_status:in_progress OR return_status:inspection_complete"
"""Orders with a return that may still move, as Shopify's search knows them."""
SCOPES = ("read_orders", "write_orders", "read_returns", "write_returns", "read_products")
READS: dict[str, str] = {
    "read_orders": "write_orders",
    "read_returns": "write_returns",
    "read_products": "write_products",
}
"""Who may write may read."""


class Shopify(Connector):
    """One Shopify shop."""

    topics = (*topics.ABOUT, *topics.ASKED)

    def __init__(self, account: Account, http: Http) -> None:
        super().__init__(account, http)
        self.graph: Graph = admin(http)

    def check(self) -> Health:
        """The token works, which shop it is, what the app may do, and whether the settings fit."""
        try:
            found = self.graph.ask("Health")
        except ConnectorError as problem:
            return Health(ok=False, problems=(str(problem),))
        shop = found["shop"]
        scopes = {scope["handle"] for scope in found["currentAppInstallation"]["accessScopes"]}
        lacking = [one for one in SCOPES if one not in scopes and READS.get(one) not in scopes]
        problems = [
            f"the app lacks the right {one}: add it to the app's version and install it anew" for one in lacking
        ]
        if not self.account.settings.get("webhook_secret"):
            problems.append("setting webhook_secret is empty: webhooks are refused, and the hub only polls")
        facts = {
            "shop": shop["name"],
            "domain": shop["myshopifyDomain"],
            "currency": shop["currencyCode"],
            "plan": shop["plan"]["publicDisplayName"],
            "scopes": ", ".join(sorted(scopes)),
            "all orders": "yes" if "read_all_orders" in scopes else "of the last 60 days (read_all_orders is lacking)",
        }
        return Health(ok=not problems, problems=tuple(problems), facts=facts)

    def begin(self, stream: str, since: datetime) -> str:
        """`order`: its cursor at this moment. `return`: a bulk operation that finds what the sweep never does."""
        mark = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if stream == "order":
            return mark
        if stream == "return":
            return backfill.begin(mark)
        raise Unsupported(f"stream {stream!r} cannot be read from a moment in the past")

    def poll(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """`order`: what changed since. `return`: a sweep over all that may still move, or a backfill."""
        if stream == "order":
            return self._changed(cursor)
        if stream == "return":
            return backfill.pages(self.graph, cursor) if cursor else self._sweep()
        raise Unsupported(f"stream {stream!r} is not polled")

    def accept(self, request: WebhookRequest) -> Sequence[Message | Hint]:
        """Genuine and about this shop; then hints, or a request about a person's data."""
        signing.verify(request, self.manifest.webhook.signature, self.account.settings)
        return topics.unpack(request, self.account.settings["base_url"])

    def fetch(self, stream: str, external_id: str) -> Message:
        """One record, whole. For `reverse` it is the return behind it."""
        if stream == "reverse":
            return reading.read_behind(self.graph, external_id)
        if stream not in reading.STREAMS.values():
            raise Unsupported(f"stream {stream!r} cannot be fetched")
        return reading.read_one(self.graph, stream, external_id)

    # -- writes

    def do_create_return(self, operation: Operation) -> Reply:
        return requesting.create_return(self.graph, operation)

    def do_authorize(self, operation: Operation) -> Reply:
        return deciding.decide(self.graph, operation)

    def do_reject(self, operation: Operation) -> Reply:
        return deciding.decide(self.graph, operation)

    def do_cancel(self, operation: Operation) -> Reply:
        return deciding.decide(self.graph, operation)

    def do_close(self, operation: Operation) -> Reply:
        return deciding.decide(self.graph, operation)

    def do_reopen(self, operation: Operation) -> Reply:
        return deciding.decide(self.graph, operation)

    def do_amend(self, operation: Operation) -> Reply:
        return deciding.amend(self.graph, operation)

    def do_receive(self, operation: Operation) -> Reply:
        return goods.receive(self.graph, operation)

    def do_dispose(self, operation: Operation) -> Reply:
        return goods.dispose(self.graph, operation, self.account.settings.get("location"))

    def do_add_tracking(self, operation: Operation) -> Reply:
        return goods.track(self.graph, operation)

    def do_refund(self, operation: Operation) -> Reply:
        return refunding.refund(self.graph, operation)

    def find(self, operation: Operation) -> Reply | None:
        finders: dict[str, Callable[[Graph, Operation], Reply | None]] = {
            "create_return": requesting.found,
            "amend": deciding.amended,
            "receive": goods.found,
            "dispose": goods.found,
            "add_tracking": goods.found,
            "refund": refunding.found,
            **dict.fromkeys(deciding.STEPS, deciding.decided),
        }
        if operation.kind not in finders:
            raise Unsupported(f"the Shopify connector never writes {operation.kind}")
        return finders[operation.kind](self.graph, operation)

    # -- feeds

    def _changed(self, cursor: str | None) -> Iterator[Page]:
        """Orders by `updatedAt`, oldest first. A refund moves it; a return's own steps do not (recorded)."""
        since = _back(cursor) if cursor else None
        search = f"updated_at:>='{since}'" if since else ""
        for listed in self.graph.pages("ChangedOrders", "orders", search=search):
            if listed:
                messages = list(reading.read(self.graph, [order["id"] for order in listed]))
                yield Page(messages, max(cursor or "", listed[-1]["updatedAt"]))

    def _sweep(self) -> Iterator[Page]:
        """Every return that is requested or open. Their orders move their own date."""
        for listed in self.graph.pages("OpenReturns", "orders", search=OPEN):
            ids = [record["id"] for order in listed for record in nodes(order, "returns")]
            if ids:
                yield Page(list(reading.read(self.graph, ids)), "")


def _back(cursor: str) -> str:
    """A little before the cursor: a change can be committed later than its own time."""
    return (datetime.fromisoformat(cursor) - OVERLAP).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
