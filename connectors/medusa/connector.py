"""Medusa 2.x, over its admin API. What it cannot do and where it surprises: README.md beside this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from connectors.kit.alone import each, explained, piecewise
from connectors.kit.api import Changed, Health, Login, Message, Operation, Page, Reply, Unreadable, WebhookRequest
from connectors.kit.bodies import decoded
from connectors.kit.changes import Changes
from connectors.kit.errors import ConnectorError, NotFound, Unsupported
from connectors.kit.http import Http
from connectors.kit.signing import Signed
from connectors.kit.versions import Kind
from connectors.medusa import exchanging, reading, receiving, refunding, requesting
from connectors.medusa.admin import Admin
from connectors.medusa.drafts import Mark, drop_own, leaving_nothing
from connectors.medusa.reading import CLAIM, PARTS

TIMES = Kind(["time"])

ABOUT = {
    "order.return_requested": ("return", "order", "payment"),
    "order.return_received": ("return", "order", "payment"),
    "order.exchange_created": ("exchange", "return", "order", "payment"),
    "order.claim_created": ("claim", "return", "order", "payment"),
    "order.fulfillment_created": ("order", "exchange", "claim"),
    "order.fulfillment_canceled": ("order", "exchange", "claim"),
    "shipment.created": ("order", "exchange", "claim"),
    "delivery.created": ("order", "exchange", "claim"),
    "payment.captured": ("payment", "order"),
    "payment.refunded": ("payment", "order"),
}
"""Which of an order's records an event may have changed; any other event is about the order and its payments."""
TOPICS = (*ABOUT, "order.placed", "order.updated", "order.canceled", "order.completed", "order-edit.confirmed")
"""What our subscriber tells of."""
OWN_IDS = {"order_id": "order", "return_id": "return", "exchange_id": "exchange", "claim_id": "claim"}
"""Ids that Medusa's own events carry."""


class Thing(msgspec.Struct):
    """A record that hangs on an event's order."""

    stream: Any
    id: Any


class Event(msgspec.Struct):
    """What our subscriber tells, as far as it is needed."""

    name: str
    data: dict[str, Any] | None = None
    objects: list[Thing] | None = None


EVENT = msgspec.json.Decoder(Event)


class Medusa(Signed):
    """One Medusa shop."""

    topics = TOPICS

    def __init__(self, account: Login, http: Http) -> None:
        super().__init__(account, http)
        self.admin = Admin(http)

    def check(self) -> Health:
        """The key works, what the shop is, and whether what the settings name exists."""
        problems: list[str] = []
        facts: dict[str, str] = {}
        try:
            store = self.admin.get("stores", fields="id,name,supported_currencies.currency_code")["stores"][0]
            facts["store"] = store["name"]
            codes = (currency["currency_code"].upper() for currency in store.get("supported_currencies") or ())
            facts["currencies"] = ", ".join(sorted(codes))
            channels = self.admin.get("sales-channels", fields="id,name", limit=50)["sales_channels"]
            facts["sales channels"] = ", ".join(channel["name"] for channel in channels)
            facts["returns"] = str(self.admin.get("returns", fields="id", limit=1)["count"])
        except ConnectorError as problem:
            return Health(ok=False, problems=(str(problem),), facts=facts)
        for setting, path, key in (("location", "stock-locations", "stock_location"), *_OPTIONS):
            if chosen := self.account.settings.get(setting):
                try:
                    facts[setting] = str(self.admin.get(f"{path}/{chosen}", fields="id,name")[key]["name"])
                except ConnectorError as problem:
                    problems.append(f"setting {setting}: {problem}")
        if not self.account.settings.get("location"):
            problems.append(
                "setting location is empty: returns that customers request have none, and cannot be received"
            )
        return Health(ok=not problems, problems=tuple(problems), facts=facts)

    def begin(self, stream: str, since: datetime) -> str:
        """The cursor of `order` that begins at this moment; a sweep has none."""
        if stream != "order":
            raise Unsupported(f"stream {stream!r} is swept whole; backfill `order`, which brings the returns with it")
        mark = since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return msgspec.json.encode({collection: mark for collection, *_ in _MOVING}).decode()

    def poll(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """`order`: orders that changed, with all that hangs on them. `return`: a sweep over returns still alive."""
        feeds: dict[str, Callable[[str | None], Iterator[Page]]] = {"order": self._changes, "return": self._sweep}
        if stream not in feeds:
            raise Unsupported(f"{stream} records of Medusa come with their order: poll `order`")
        return feeds[stream](cursor)

    def fetch(self, stream: str, external_id: str) -> Message | Unreadable:
        """One record, made whole. A draft that nobody confirmed is as good as gone."""
        readers = {"order": self._fetch_order, "payment": self._fetch_payment}
        try:
            found = readers[stream](external_id) if stream in readers else self._fetch_part(stream, external_id)
        except NotFound:
            found = None
        return found or Message(stream=stream, external_id=external_id, body=b"null", deleted=True)

    def accept(self, request: WebhookRequest) -> Sequence[Message | Changed]:
        """What our subscriber tells: an event and the ids of what hangs on its order. All of it is read back."""
        self.genuine(request)
        event = decoded(EVENT, request.body, "event of the hub's Medusa subscriber")
        name, data, about = event.name, event.data or {}, ABOUT.get(event.name, ("order", "payment"))
        notifications = {(thing.stream, str(thing.id)): None for thing in event.objects or () if thing.stream in about}
        notifications.update({(OWN_IDS[key], str(data[key])): None for key in OWN_IDS if data.get(key)})
        if name.startswith("payment.") and data.get("id"):
            notifications["payment", str(data["id"])] = None
        return [Changed(stream, external_id, topic=name) for stream, external_id in notifications]

    # -- writes

    def do_create_return(self, operation: Operation) -> Reply:
        if exchanging.is_wanted(operation):
            return self.do_exchange(operation)
        with self._staged(operation):
            return requesting.create_return(self.admin, operation, self.account.settings)

    def do_receive(self, operation: Operation) -> Reply:
        with self._staged(operation):
            return receiving.receive(self.admin, operation, self.account.settings.get("location"))

    def do_refund(self, operation: Operation) -> Reply:
        return refunding.refund(self.admin, operation)

    def do_cancel(self, operation: Operation) -> Reply:
        return requesting.cancel(self.admin, operation)

    def do_exchange(self, operation: Operation) -> Reply:
        with self._staged(operation):
            return exchanging.exchange(self.admin, operation, self.account.settings)

    def _staged(self, operation: Operation) -> AbstractContextManager[None]:
        """A step of a write that Medusa stages; a refusal leaves no draft behind."""
        return leaving_nothing(self.admin, partial(self._order_id, operation), Mark(operation.reference, operation.id))

    def _order_id(self, operation: Operation) -> str:
        if known := operation.objects.get("return"):
            return str(self.admin.get(f"returns/{known}", fields="id,order_id")["return"]["order_id"])
        return requesting.order_of(self.admin, operation)

    def abandon(self, operation: Operation) -> Reply | None:
        """The draft of a write that a person ended would lock the order for everybody."""
        order_id = self._order_id(operation)
        if not drop_own(self.admin, order_id, Mark(operation.reference, operation.id)):
            return None
        return Reply(detail=f"dropped its draft on order {order_id}")

    def find(self, operation: Operation) -> Reply | None:
        finders: dict[str, Callable[[Admin, Operation], Reply | None]] = {
            "create_return": requesting.found,
            "receive": receiving.found,
            "refund": refunding.found,
            "cancel": requesting.cancelled,
            "exchange": exchanging.found,
        }
        if operation.kind == "create_return" and exchanging.is_wanted(operation):
            return exchanging.found(self.admin, operation)
        if operation.kind not in finders:
            raise Unsupported(f"the Medusa connector never writes {operation.kind}")
        return finders[operation.kind](self.admin, operation)

    # -- feeds

    def _changes(self, cursor: str | None) -> Iterator[Page]:
        """Orders by their own `updated_at`, then payments by theirs (a capture moves only the payment)."""
        reached: dict[str, str] = msgspec.json.decode(cursor) if cursor else {}
        for collection, fields, order_of in _MOVING:
            changes = Changes(
                partial(self.admin.changed, collection, fields),
                TIMES,
                self.http.clock,
                overlap=self.manifest.streams["order"].overlap,
                oldest_first=True,
                name=f"Medusa's list of {collection}",
            )
            for rows, after in changes.since(reached.get(collection)):
                reached[collection] = after
                of = list(each("order", rows, order_of))
                order_ids = list(dict.fromkeys(one for one in of if isinstance(one, str)))
                lost = [one for one in of if isinstance(one, Unreadable)]
                yield Page([*self._messages(order_ids), *lost], msgspec.json.encode(reached).decode())

    def _sweep(self, cursor: str | None) -> Iterator[Page]:
        """Every order with a return that may still move: a refund inside what is owed moves no date in Medusa."""
        recent = (datetime.now(UTC) - timedelta(days=self.account.settings.get("refund_days") or 30)).isoformat()
        alive: tuple[dict[str, Any], ...] = (
            {"status[]": ["requested", "partially_received"]},
            {"status[]": ["received"], "updated_at[$gte]": recent},
        )
        seen: set[str] = set()
        batch: list[str] = []
        for asked in alive:
            for record in self.admin.all("returns", {**asked, "fields": "id,order_id", "order": "created_at"}):
                if record["order_id"] not in seen:
                    seen.add(record["order_id"])
                    batch.append(record["order_id"])
                if len(batch) == reading.BATCH:
                    yield Page(self._messages(batch), "")
                    batch = []
        if batch:
            yield Page(self._messages(batch), "")

    def _messages(self, order_ids: Sequence[str]) -> list[Message | Unreadable]:
        def read(some: Sequence[str]) -> list[Message | Unreadable]:
            return [message for family in reading.read_families(self.admin, some) for message in family.messages()]

        lost: list[Unreadable] = []

        def bad(order_id: str, problem: Exception) -> Message | Unreadable:
            lost.extend(Unreadable(*part, explained(problem)) for part in reading.hanging_on(self.admin, order_id))
            return Unreadable("order", order_id, explained(problem))

        batches = range(0, len(order_ids), reading.BATCH)
        readable = [one for at in batches for one in piecewise(read, order_ids[at : at + reading.BATCH], bad)]
        return readable + lost

    # -- single records

    def _fetch_order(self, external_id: str) -> Message | Unreadable | None:
        order = self.admin.get(f"orders/{external_id}", fields=reading.ORDER)["order"]
        return next(reading.Family(order, (), {}).messages(["order"]), None)

    def _fetch_payment(self, external_id: str) -> Message | Unreadable | None:
        found = self.admin.get(f"payments/{external_id}", fields="id,payment_collection.order.id").get("payment") or {}
        order_id = _order_of_payment(found)  # an unknown payment is answered with 200 and nothing
        if order_id is None:
            return None
        order = self.admin.get(f"orders/{order_id}", fields=reading.ORDER)["order"]
        messages = reading.Family(order, (), {}).messages(["payment"])
        return next((message for message in messages if message.external_id == external_id), None)

    def _fetch_part(self, stream: str, external_id: str) -> Message | Unreadable | None:
        if stream not in PARTS:
            raise Unsupported(f"Medusa has no stream {stream!r}")
        collection, fields = PARTS[stream]
        record = self.admin.get(f"{collection}/{external_id}", fields=fields)[stream]
        order = self.admin.get(f"orders/{record['order_id']}", fields=reading.ORDER)["order"]
        parts: dict[str, list[Any]] = {stream: [record]}
        if stream == "return" and record.get("claim_id"):
            parts["claim"] = [self.admin.get(f"claims/{record['claim_id']}", fields=CLAIM)["claim"]]
        family = reading.complete(self.admin, reading.Family(order, (), parts))
        return next(family.messages([stream]), None)


_OPTIONS = (
    ("shipping_option", "shipping-options", "shipping_option"),
    ("return_shipping_option", "shipping-options", "shipping_option"),
)


def _own_id(row: Any) -> str | None:
    return str(row["id"])


def _order_of_payment(row: Any) -> str | None:
    return ((row.get("payment_collection") or {}).get("order") or {}).get("id")


_MOVING: tuple[tuple[str, str, Callable[[Any], str | None]], ...] = (
    ("orders", "id,updated_at", _own_id),
    ("payments", "id,updated_at,payment_collection.order.id", _order_of_payment),
)
