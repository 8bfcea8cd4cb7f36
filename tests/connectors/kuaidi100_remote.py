"""The Kuaidi100 sandbox with some simulated parcels in it, and a connector to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.kit import registry
from connectors.kit.api import Login, WebhookRequest
from connectors.kuaidi100.connector import Kuaidi100
from connectors.kuaidi100.parcel import Parcel, callback, salt
from connectors.kuaidi100.sandbox import CUSTOMER, FORM, KEY, Kuaidi100Sandbox

CALLBACK = "http://hub.example/hooks/here"
SECRET, OLD_SECRET = "simulated push secret, the new one", "simulated push secret, the old one"
ON_ITS_WAY = Parcel("return", "yuantong", "YT0000000000001")
TO_WATCH = Parcel("return", "yuantong", "YT0000000000002")
ARRIVED = Parcel("return", "yuantong", "YT0000000000003")
SF = Parcel("return", "shunfeng", "SF0000000000001")
UNSCANNED = Parcel("return", "yuantong", "YT0000000000009")


class Remote(Kuaidi100Sandbox):
    """Parcels on their way; one of them is watched, and nobody listens to the pushes."""

    def setup(self) -> None:
        super().setup()
        for parcel in (ON_ITS_WAY, TO_WATCH, ARRIVED, SF):
            self.go(parcel, "103", "上门揽收", "2026-03-01 09:00:00")
        self.go(ARRIVED, "301", "已签收", "2026-03-03 10:00:00")
        self.watch(ON_ITS_WAY)

    def go(self, parcel: Parcel, state: str, context: str, time: str) -> None:
        self.scan(parcel.company, parcel.number, state, context, time)

    def watch(self, parcel: Parcel, round: int = 1, secret: str = SECRET) -> None:
        """As the hub would have subscribed it."""
        known = self.state["subscriptions"].setdefault((parcel.company, parcel.number), {"times": round})
        known.update(status="polling", callbackurl=callback(CALLBACK, parcel, round), salt=salt(secret, parcel, round))

    def push(self, com: str, nu: str) -> None:
        """Nobody is called: a test takes what would be sent."""

    def request(self, parcel: Parcel) -> WebhookRequest:
        """What the subscriber of this parcel would get now."""
        key = (parcel.company, parcel.number)
        url = self.state["subscriptions"][key]["callbackurl"]
        query = dict(parse_qsl(urlsplit(url).query))
        headers = {"Content-Type": f"{FORM};charset=UTF-8"}
        return WebhookRequest("POST", "/hooks/here", headers, self.pushed(*key), query, url)


def settings(remote: Kuaidi100Sandbox, **other: Any) -> dict[str, Any]:
    made = {"base_url": remote.url, "customer": CUSTOMER, "key": KEY, "callback_url": CALLBACK, "phone": "0000"}
    return {**made, "push_secret": [SECRET, OLD_SECRET], **other}


def connect(remote: Kuaidi100Sandbox, wire: list[dict[str, Any]] | None = None, **other: Any) -> Kuaidi100:
    made = registry.load("kuaidi100").connect(Login("here", settings(remote, **other)), wire=wire)
    assert isinstance(made, Kuaidi100)
    return made
