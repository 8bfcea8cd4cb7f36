"""Webhooks: which record a topic is about. None of their bodies is believed: shapes differ per topic, `returns/update`
is a delta, the documented `returns/process` is empty, and nothing orders them.

The privacy topics bring no record but a request about a person. What is kept of it: which orders, Shopify's number of
the customer, by when; no name, no e-mail address, no telephone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connectors.kit.api import Changed, Message, WebhookRequest
from connectors.kit.bodies import shaped
from connectors.kit.errors import InvalidWebhook
from connectors.shopify.admin import gid


class Body(msgspec.Struct, rename={"return_": "return"}):
    """What is read of a webhook's body; an order's has some twenty kilobytes more."""

    admin_graphql_api_id: Any = None
    id: Any = None
    order_id: Any = None
    order_edit: Any = None
    return_: Any = None


Where = Callable[[Body], str | None]
_read = msgspec.json.Decoder(Body).decode

TOPIC, SHOP, DELIVERY = "X-Shopify-Topic", "X-Shopify-Shop-Domain", "X-Shopify-Webhook-Id"
WITHIN = timedelta(days=30)
"""A request about a person's data is to be met within this time."""


def own(kind: str) -> Where:
    """The record's own id, else its number."""
    return lambda body: body.admin_graphql_api_id or (gid(kind, body.id) if body.id else None)


def order_of(body: Body) -> str | None:
    number = body.order_id or (body.order_edit or {}).get("order_id")
    return gid("Order", number) if number else None


def return_of(body: Body) -> str | None:
    named = body.return_ or {}
    return named.get("admin_graphql_api_id") or (gid("Return", named["id"]) if named.get("id") else None)


ABOUT: Mapping[str, Sequence[tuple[str, Where]]] = {
    **{
        f"returns/{event}": (("return", own("Return")),)
        for event in ("request", "approve", "decline", "update", "process", "cancel", "close", "reopen")
    },
    "reverse_fulfillment_orders/dispose": (("reverse", own("ReverseFulfillmentOrder")),),
    "reverse_deliveries/attach_deliverable": (("reverse", own("ReverseDelivery")),),
    "refunds/create": (("order", order_of), ("return", return_of)),
    "orders/edited": (("order", order_of),),
    **{
        f"orders/{event}": (("order", own("Order")),)
        for event in ("create", "updated", "cancelled", "fulfilled", "partially_fulfilled", "paid")
    },
}
"""Topic -> the records it may have changed. One that is not listed is no news; the polls would bring it if it were."""

ASKED = {
    "customers/data_request": "Shopify asks what is kept about a customer",
    "customers/redact": "Shopify asks to forget a customer",
    "shop/redact": "Shopify asks to forget all of this shop, from which the app was uninstalled",
}


def unpack(request: WebhookRequest, base_url: str) -> list[Message | Changed]:
    """What a genuine webhook is about. Raises InvalidWebhook where it is another shop's, or no webhook of Shopify's."""
    topic, shop = request.header(TOPIC) or "", (request.header(SHOP) or "").lower()
    if shop != host(base_url):
        raise InvalidWebhook(
            f"this webhook is about the shop {shop or '(none named)'}, and the account is connected to {base_url}. One "
            "app signs for all its shops: give each shop's webhooks its own address"
        )
    with shaped(f"{topic or 'webhook'} as Shopify sends it"):
        if topic in ASKED:
            wanted = msgspec.json.decode(request.body, type=dict[str, Any])
            asked(topic, wanted, shop)
            return [privacy(topic, wanted, request)]
        body = _read(request.body)
        about = ABOUT.get(topic, ())
        return [Changed(stream, str(external_id), topic) for stream, where in about if (external_id := where(body))]


@cache
def host(base_url: str) -> str | None:
    """The domain by which Shopify names the shop."""
    return urlsplit(base_url).hostname


_NEEDS: Mapping[str, frozenset[str]] = {
    "customers/data_request": frozenset(("customer", "data_request")),
    "customers/redact": frozenset(("customer",)),
    "shop/redact": frozenset(),
}
_MAY_NAME: Mapping[str, frozenset[str]] = {
    "customers/data_request": frozenset(("customer", "data_request", "orders_requested")),
    "customers/redact": frozenset(("customer", "orders_to_redact")),
    "shop/redact": frozenset(),
}
_TELLING = frozenset(("id", "admin_graphql_api_id")).union(*_MAY_NAME.values())
"""Whom a body is about, as shopify.dev shows it ("Privacy law compliance"): by these one is told from another."""


def asked(topic: str, body: Mapping[str, Any], shop: str) -> None:
    """The signature covers the body and no header: what asks to forget somebody has to be that in its body, too.

    Raises InvalidWebhook.
    """
    named = {name for name in body.keys() & _TELLING if body[name] is not None}
    whom = body.get("customer")
    whose = "customer" not in named or (isinstance(whom, dict) and bool(whom.get("id")))
    here = str(body.get("shop_domain") or "").lower() == shop
    if not (here and whose and _NEEDS[topic] <= named <= _MAY_NAME[topic]):
        raise InvalidWebhook(
            f"the body is signed, but it is no {topic} of {shop}: it has {', '.join(sorted(body)) or 'nothing'}. The "
            "topic stands in a header, which nobody signs: perhaps an old webhook was sent again under another one"
        )


def privacy(topic: str, body: Mapping[str, Any], request: WebhookRequest) -> Message:
    """The request without the person: no e-mail address, no telephone; by what Shopify can be asked for them."""
    at = request.received_at or datetime.now(UTC)
    orders = body.get("orders_requested") or body.get("orders_to_redact") or ()
    customer = (body.get("customer") or {}).get("id")
    name = str((body.get("data_request") or {}).get("id") or request.header(DELIVERY) or customer or "shop")
    concerns = f" ({len(orders)} order(s))" if topic != "shop/redact" else ""
    record = {
        "id": name,
        "topic": topic,
        "at": at.isoformat(),
        "due": (at + WITHIN).isoformat(),
        "customer": str(customer) if customer else None,
        "orders": [gid("Order", number) for number in orders],
        "text": f"{ASKED[topic]}{concerns}: to be done by {(at + WITHIN).date()}. The hub asks Shopify for no name and "
        "no address; what people wrote into notes is kept with these orders' returns until it is erased.",
    }
    content = msgspec.json.encode(record)
    return Message("privacy", f"{topic}/{name}", content, version=at.isoformat(), delivery_id=request.header(DELIVERY))
