"""Square, a point of sale, over its REST API. What it cannot do and where it surprises: README.md beside this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.kit.api import Changed, Health, Login, Message, Operation, Page, Reply, Unreadable, WebhookRequest
from connectors.kit.bodies import shaped
from connectors.kit.errors import ConnectorError, Unsupported
from connectors.kit.http import Http
from connectors.kit.signing import Signed
from connectors.square import disposing, refunding
from connectors.square.client import Client
from connectors.square.feeds import Feeds
from connectors.square.reading import Reader

READS = ("MERCHANT_PROFILE_READ", "ORDERS_READ", "PAYMENTS_READ", "ITEMS_READ", "INVENTORY_READ")
WRITES = ("PAYMENTS_WRITE", "INVENTORY_WRITE")
RENEW_BEFORE = timedelta(days=7)
"""How long before its end an access token is a problem: one from OAuth lives for 30 days."""

ABOUT = {
    "order.created": "order_created",
    "order.updated": "order_updated",
    "order.fulfillment.updated": "order_fulfillment_updated",
    "refund.created": "refund",
    "refund.updated": "refund",
    "payment.updated": "payment",
}
"""Where an event's object is. Others are no news: stock counts name no return, terminals' refunds are refunds."""


class Data(msgspec.Struct):
    """The record that an event is about, by its kind."""

    object: dict[str, Any] = {}


class Event(msgspec.Struct):
    """A webhook's body as far as it is needed."""

    type: str
    merchant_id: Any
    data: Data


EVENT = msgspec.json.Decoder(Event)


class Square(Signed):
    """One merchant at Square."""

    topics = tuple(ABOUT)

    def __init__(self, account: Login, http: Http) -> None:
        super().__init__(account, http)
        self.client = Client(http)
        reader = Reader(self.client, account.settings.get("orders_of"))
        overlaps = {name: stream.overlap for name, stream in self.manifest.streams.items()}
        self.feeds = Feeds(self.client, reader, _listed(account.settings.get("locations")), overlaps)

    def check(self) -> Health:
        """The token works and may do what is needed, who the merchant is, and whether the chosen locations exist."""
        facts: dict[str, str] = {}
        problems: list[str] = []
        try:
            places = {place["id"]: place for place in self.client.get("locations").get("locations") or ()}
            merchant = self.client.get("merchants", "me")["merchant"]
        except ConnectorError as problem:
            return Health(ok=False, problems=(str(problem),))
        facts["merchant"] = f"{merchant.get('business_name', '')} ({merchant['id']})"
        facts["locations"] = ", ".join(f"{place.get('name', '')} ({key})" for key, place in places.items())
        for chosen in self.feeds.chosen:
            if chosen not in places:
                problems.append(f"setting locations: Square has no location {chosen}; it has {', '.join(places)}")
        wanted = self.account.settings.get("merchant_id")
        if wanted and wanted != merchant["id"]:
            problems.append(f"setting merchant_id: the token is for {merchant['id']}, not for {wanted}")
        problems += self._token(facts)
        return Health(ok=not problems, problems=tuple(problems), facts=facts)

    def begin(self, stream: str, since: datetime) -> str:
        """The cursor of a poll that begins at this moment."""
        self._known(stream)
        return self.feeds.begin(stream, since)

    def poll(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """What changed, oldest first. `order` brings returns and exchanges, and the sales that they are of."""
        self._known(stream)
        feeds: dict[str, Callable[[str | None], Iterator[Page]]] = {
            "order": self.feeds.orders,
            "refund": self.feeds.refunds,
            "adjustment": self.feeds.adjustments,
        }
        return feeds[stream](cursor)

    def fetch(self, stream: str, external_id: str) -> Message | Unreadable:
        """One record, made whole."""
        self._known(stream)
        return self.feeds.fetch(stream, external_id)

    def accept(self, request: WebhookRequest) -> Sequence[Message | Changed]:
        """Events are thin (orders), or lack what has to be joined (refunds): all of them are read back."""
        self.genuine(request)
        with shaped("event as Square sends them"):
            event = EVENT.decode(request.body)
            topic, wanted = event.type, self.account.settings.get("merchant_id")
            if topic not in ABOUT or (wanted and event.merchant_id != wanted):
                return []
            record = event.data.object[ABOUT[topic]]
            if topic.startswith("refund."):
                notifications = [("refund", record["id"]), ("order", record.get("order_id"))]
            elif topic.startswith("payment.") and not record.get("refund_ids"):
                notifications = []  # a sale as any other
            else:
                notifications = [("order", record.get("order_id"))]
            return [Changed(stream, str(key), topic) for stream, key in notifications if key]

    # -- writes

    def do_refund(self, operation: Operation) -> Reply:
        return refunding.refund(self.client, operation)

    def do_record_refund(self, operation: Operation) -> Reply:
        return refunding.record(self.client, operation, self.feeds.locations())

    def do_dispose(self, operation: Operation) -> Reply:
        return disposing.dispose(self.client, operation)

    def find(self, operation: Operation) -> Reply | None:
        finders = {"refund": refunding.found, "record_refund": refunding.found, "dispose": disposing.found}
        if operation.kind not in finders:
            raise Unsupported(f"the Square connector never writes {operation.kind}")
        return finders[operation.kind](self.client, operation)

    # -- parts

    def _known(self, stream: str) -> None:
        if stream not in self.manifest.streams:
            raise Unsupported(f"Square has no stream {stream!r}")

    def _token(self, facts: dict[str, str]) -> Iterator[str]:
        """What the token may do and how long it lives; tokens of an own application are not always told about."""
        try:
            status: dict[str, Any] = self.http.post("oauth2/token/status", json={}, read=True).json()
        except ConnectorError:
            return
        scopes = status.get("scopes") or []
        if scopes and (missing := [scope for scope in READS if scope not in scopes]):
            yield f"the token lacks {', '.join(missing)}: give the application these permissions"
        unable = [scope for scope in WRITES if scope not in scopes]
        facts["writes"] = f"no: {', '.join(unable)} missing" if scopes and unable else "yes"
        if ends := status.get("expires_at"):
            facts["token ends"] = ends
            if datetime.fromisoformat(ends) - datetime.now(UTC) < RENEW_BEFORE:
                yield f"the access token ends at {ends}: renew it, or use the one of an own application, which does not"


def _listed(value: Any) -> list[str]:
    """A setting that may be one text, several with commas, or a list."""
    parts = value.split(",") if isinstance(value, str) else value or ()
    return [str(part).strip() for part in parts if str(part).strip()]
