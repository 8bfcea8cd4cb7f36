"""Shopify over its GraphQL Admin API. What it cannot do and where it surprises: README.md beside this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.kit.alone import unreadable
from connectors.kit.api import Changed, Health, Login, Message, Operation, Page, Reply, Unreadable, WebhookRequest
from connectors.kit.changes import Changes, ListedRow, Taken
from connectors.kit.errors import ConnectorError, Unsupported
from connectors.kit.graphql import Graph, Lost
from connectors.kit.http import Http
from connectors.kit.paging import Guard
from connectors.kit.signing import Signed
from connectors.kit.versions import Kind
from connectors.shopify import backfill, deciding, goods, install, reading, refunding, requesting, topics
from connectors.shopify.admin import admin, nodes

TIMES = Kind(["time"])
OPEN = "return_status:return_requested OR return_status:in_progress OR return_status:inspection_complete"
"""Orders with a return that may still move, as Shopify's search knows them."""
SCOPES = ("read_orders", "write_orders", "read_returns", "write_returns", "read_products")
READS: dict[str, str] = {
    "read_orders": "write_orders",
    "read_returns": "write_returns",
    "read_products": "write_products",
}
"""Who may write may read."""


class Shopify(Signed):
    """One Shopify shop."""

    topics = (*topics.ABOUT, *topics.ASKED)

    def __init__(self, account: Login, http: Http) -> None:
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
            "order numbers": f"{shop['orderNumberFormatPrefix']}1001{shop['orderNumberFormatSuffix']}",
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

    def accept(self, request: WebhookRequest) -> Sequence[Message | Changed]:
        """Genuine and about this shop; then change notifications, or a request about a person's data."""
        self.genuine(request)
        return topics.unpack(request, self.account.settings["base_url"])

    def granted(self, query: Sequence[tuple[str, str]]) -> None:
        """Shopify signs who comes back from its page, and names the shop."""
        install.verify(query, self.account.settings)

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

        def ask(since: str | None, place: Any) -> Taken:
            search = f"updated_at:>='{since}'" if since else ""
            found, following = self.graph.page("ChangedOrders", "orders", search=search, after=place)
            return Taken([ListedRow(*_named(order), order) for order in found], following)

        overlap = self.manifest.streams["order"].overlap
        changes = Changes(
            ask, TIMES, self.http.clock, overlap=overlap, oldest_first=True, name="Shopify's list of orders"
        )
        for listed, after in changes.since(cursor):
            ids = [_named(order)[0] for order in listed]  # of one told in part the number is enough
            lost = [_lost(order) for order in listed if isinstance(order, Lost) and not _named(order)[0]]
            yield Page([*reading.read(self.graph, filter(None, ids)), *lost], after)

    def _sweep(self) -> Iterator[Page]:
        """Every return that is requested or open. Their orders move their own date."""
        guard, after = Guard(), None
        while True:
            guard.next(after)
            listed, after = self.graph.page("OpenReturns", "orders", search=OPEN, after=after)
            readable = [order for order in listed if not isinstance(order, Lost)]
            ids = [record["id"] for order in readable for record in nodes(order, "returns")]
            lost = [_lost(order) for order in listed if isinstance(order, Lost)]
            if ids or lost:
                yield Page([*reading.read(self.graph, ids), *lost], "")
            if after is None:
                return


def _lost(order: Lost) -> Unreadable:
    """An order of a list that they did not tell whole."""
    return unreadable("order", order.record, order.error)


def _named(order: Any) -> tuple[str, str | None]:
    """Id and version of an order in the list; an order that was not shown at all has neither."""
    record = order.record if isinstance(order, Lost) else order
    return (str(record.get("id") or ""), record.get("updatedAt")) if isinstance(record, dict) else ("", None)
