"""One genuine webhook of every connector that takes them, signed as its system signs; all of it is simulated.

The bodies have the systems' documented shapes and a size that is usual there: six lines, ten scans.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from connectors.kit.api import WebhookRequest
from connectors.kit.signing import nfkd, sign_hmac, sign_standard
from connectors.kuaidi100.client import sign
from connectors.kuaidi100.parcel import Parcel, salt

RECORDINGS = Path(__file__).resolve().parent.parent / "tests" / "connectors"
SECRET = "whsec_c2ltdWxhdGVkLCBhbmQgdXNlZCBub3doZXJlIGVsc2U="  # noqa: S105 simulated
AT = "2026-11-20T09:15:42.940Z"


class Push(NamedTuple):
    """A webhook, and the settings of the account that it is for."""

    settings: Mapping[str, Any]
    request: WebhookRequest


def recorded(system: str, name: str) -> Any:
    """The record of one recording."""
    return json.loads((RECORDINGS / system / f"{name}.json").read_text("utf-8"))["record"]


def easypost() -> Push:
    """An Event with the whole tracker in it."""
    tracker = recorded("easypost", "tracker_delivered")
    body = _json({"id": "evt_1", "object": "Event", "description": "tracker.updated", "result": tracker, "at": AT})
    signature = f"hmac-sha256-hex={sign_hmac(nfkd(SECRET), body).decode()}"
    return _push(
        "easypost", body, {"webhook_secret": SECRET, "api_key": "EZAKsimulated"}, {"x-hmac-signature": signature}
    )


def generic() -> Push:
    """A return, whole."""
    record = recorded("generic", "return_received_inspected_and_put_away")
    body = _json({"id": "msg_1", "type": "return.upsert", "timestamp": AT, "data": record})
    settings = {"webhook_secret": SECRET, "kind": "storefront", "url": "https://shop.example/hub"}
    return _push("generic", body, settings, _standard(body))


def kuaidi100() -> Push:
    """A parcel's full history, as a form."""
    parcel, place = Parcel("return", "shunfeng", "SF0000000000001"), "【深圳市】快件已到达 深圳宝安集散中心"
    event = {"context": place, "status": "在途", "statusCode": "1002", "areaCode": None, "areaName": None}
    times = [f"2026-03-{day:02} 09:12:00" for day in range(10, 0, -1)]
    data = [{**event, "time": time, "ftime": time} for time in times]
    last = {"message": "ok", "state": "1002", "status": "200", "condition": "00", "ischeck": "0", "data": data}
    push = {"status": "polling", "billstatus": "", "message": "", "autoCheck": "0", "comOld": "", "comNew": ""}
    param = _json({**push, "lastResult": {**last, "com": parcel.company, "nu": parcel.number}})
    body = urlencode({"sign": sign(param, salt(SECRET, parcel, 1)), "param": param}).encode()
    settings = {
        "customer": "SIMULATED",
        "key": "simulated",
        "push_secret": [SECRET],
        "callback_url": "https://h.example",
    }
    query = {"parcel": parcel.id, "round": "1"}
    headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
    return _push("kuaidi100", body, settings, headers, query)


def medusa() -> Push:
    """What the subscriber tells: an event, and the ids of what hangs on its order."""
    ids = {"order": "order", "payment": "pay", "return": "return"}
    objects = [{"stream": stream, "id": f"{start}_01M85M69TNW90Y2V80ACY64KBG"} for stream, start in ids.items()]
    data = {"order_id": objects[0]["id"], "return_id": objects[2]["id"]}
    body = _json({"id": "msg_1", "name": "order.return_requested", "data": data, "objects": objects, "at": AT})
    return _push(
        "medusa",
        body,
        {"base_url": "https://s.example", "secret_key": "sk", "webhook_secret": SECRET},
        _standard(body),
    )


def shopify() -> Push:
    """`returns/approve` with its lines."""

    def named(kind: str, number: int) -> dict[str, Any]:
        return {"id": number, "admin_graphql_api_id": f"gid://shopify/{kind}/{number}"}

    reason = {"quantity": 1, "return_reason": "size_too_small", "return_reason_note": "", "customer_note": None}
    lines = [
        {
            **named("ReturnLineItem", 7_000_000_000 + n),
            **reason,
            "fulfillment_line_item": {
                **named("FulfillmentLineItem", 8_000_000_000 + n),
                "line_item": named("LineItem", 9_000_000_000 + n),
            },
        }
        for n in range(6)
    ]
    head = {"status": "open", "name": "#1001-R1", "total_return_line_items": 6, "order": named("Order", 5_000_000_001)}
    body = _json({**named("Return", 6_000_000_001), **head, "return_line_items": lines})
    return _push(
        "shopify",
        body,
        {"base_url": "https://simulated.myshopify.com", "access_token": "shpat_simulated", "webhook_secret": [SECRET]},
        {
            "x-shopify-topic": "returns/approve",
            "x-shopify-shop-domain": "simulated.myshopify.com",
            "x-shopify-hmac-sha256": sign_hmac(SECRET, body, encoding="base64").decode(),
        },
    )


def square() -> Push:
    """`refund.updated` with the refund."""
    refund = {key: value for key, value in recorded("square", "refund_completed").items() if key != "joined"}
    event = {"merchant_id": "ML_SIMULATED", "type": "refund.updated", "event_id": "e-1", "created_at": AT}
    body = _json({**event, "data": {"type": "refund", "id": refund["id"], "object": {"refund": refund}}})
    url = "https://hub.example/hooks/square"
    signature = sign_hmac(SECRET, url.encode() + body, encoding="base64").decode()
    settings = {"access_token": "EAAASIMULATED", "signature_key": SECRET, "notification_url": url}
    return _push("square", body, settings, {"x-square-hmacsha256-signature": signature})


PUSHES: Mapping[str, Callable[[], Push]] = {
    made.__name__: made for made in (easypost, generic, kuaidi100, medusa, shopify, square)
}


def _push(
    system: str,
    body: bytes,
    settings: Mapping[str, Any],
    headers: Mapping[str, str],
    query: Mapping[str, str] | None = None,
) -> Push:
    path = f"/hooks/{system}"
    return Push(settings, WebhookRequest("POST", path, headers, body, query or {}, f"https://hub.example{path}"))


def _standard(body: bytes) -> dict[str, str]:
    return sign_standard(SECRET, "msg_1", body, time.time())


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
