"""One bad record of an answer stops itself, for every connector; and what is signed but malformed is no matter of secrets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.kit import registry
from connectors.kit.api import Login, Message, Unreadable, WebhookRequest
from connectors.kit.errors import InvalidWebhook
from connectors.kit.signing import sign_standard
from connectors.kuaidi100.client import sign
from connectors.kuaidi100.parcel import named, salt
from tests.connectors import shopify_side, square_case, test_easypost, test_medusa
from tests.connectors.test_moving_lists import connected

BAD: list[tuple[str, bytes]] = [
    ("no JSON", b"{"),
    ("a list", b"[]"),
    ("nothing", b""),
    ("deep", b'{"a":' * 90_000),
    ("too large", b"1e99999999999999999999"),
    ("no UTF-8", b'{"id": "\xff"}'),
    ("NUL", b'{"id": "\\u0000'),
]


@pytest.mark.parametrize("system", ["shopify", "square", "medusa"])
def test_one_record_that_is_forbidden_or_of_another_shape_stops_itself(system: str) -> None:
    with connected(system) as (remote, connector):
        orders = remote.state.of("Order") if system == "shopify" else list(remote.state.orders.values())
        if system == "square":
            orders = [order for order in orders if order.get("returns")]
        if system == "medusa":  # what hangs on it may not be read
            victim = remote.order
            remote.fault("answer", status=403, body={}, path=f"/admin/orders/{victim['id']}/changes", times=99)
        else:
            victim = orders[1]
            victim[{"shopify": "transactions", "square": "line_items"}[system]] = [None]
        items = [item for page in connector.poll("order", None) for item in page.messages]
        bad = {item.external_id for item in items if isinstance(item, Unreadable)}
        good = {item.external_id for item in items if isinstance(item, Message)}
        hanging = {remote.asked["id"]} if system == "medusa" else set()
        assert bad == {victim["id"], *hanging}
        assert {order["id"] for order in orders} - good <= {victim["id"]}


def test_a_signed_body_that_is_malformed_is_no_matter_of_secrets() -> None:
    """The sender is told what is wrong with the body (400), and not to compare secrets (401); without a signature 401."""
    with shopify_side.Remote() as remote:
        connector = shopify_side.connect(remote)
        for name, body in BAD:
            for topic in ("returns/close", "customers/redact"):
                expect(name, connector, remote.pushed(topic, body))


@pytest.mark.parametrize("system", ["square", "medusa", "easypost"])
def test_so_it_is_with(system: str) -> None:
    makers: dict[str, Any] = {
        "square": square_case.Remote,
        "medusa": test_medusa.Remote,
        "easypost": test_easypost.EasyPostSandbox,
    }
    with makers[system]() as remote:
        secret = "simulated secret"
        if system == "easypost":
            remote.secret = secret
        settings: dict[str, Any] = {
            "square": lambda: {
                "base_url": remote.url,
                "access_token": "x",
                "signature_key": square_case.KEY,
                "notification_url": square_case.ADDRESS,
            },
            "medusa": lambda: test_medusa.TestMedusa().settings(remote),
            "easypost": lambda: {"base_url": remote.base_url, "api_key": "EZAKsimulated", "webhook_secret": secret},
        }[system]()
        if system == "square":
            remote.webhooks.url = square_case.ADDRESS
        connector = registry.load(system).connect(Login(f"{system}-bad", settings))

        def signed(body: bytes) -> Mapping[str, str]:
            if system == "medusa":
                return sign_standard(test_medusa.WEBHOOK_SECRET, "msg", body, time.time())
            return {name.lower(): value for name, value in remote.sign("x", body).items()}

        for name, body in BAD:
            request = WebhookRequest("POST", "/", dict(signed(body)), body)
            expect(name, connector, request)
    registry.close()


def test_so_it_is_with_kuaidi100() -> None:
    secret = "simulated-secret-of-sixteen"
    settings = {"customer": "C", "key": "K", "callback_url": "https://hub.example/hooks/k", "push_secret": secret}
    connector = registry.load("kuaidi100").connect(Login("k", settings))
    query = {"parcel": "return:yuantong:YT0000000001", "round": "1"}
    parcel, number = named(query) or (None, 0)
    assert parcel is not None
    for name, body in [
        *BAD,
        ("events", b'{"lastResult": {"data": [1, null]}}'),
        ("data", b'{"lastResult": {"data": 7}}'),
    ]:
        form = urlencode({"param": body, "sign": sign(body, salt(secret, parcel, number))}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        expect(name, connector, WebhookRequest("POST", "/hooks/k", headers, form, query))


def expect(name: str, connector: Any, request: WebhookRequest) -> None:
    with pytest.raises(ValueError, match="it is no |is signed, but") as said:
        connector.accept(request)
    assert not isinstance(said.value, InvalidWebhook), name
