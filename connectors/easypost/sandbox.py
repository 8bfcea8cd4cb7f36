"""A small EasyPost for tests, the demo and integrators on a train: the part of API v2 that the connector uses.

    SANDBOX_SECRET=s3cret python -m connectors.easypost.sandbox --port 0 --webhook http://127.0.0.1:8080/hooks/parcels

The base URL ends in /v2. Keys: EZAKsimulated (production), EZTKsimulated (test mode: only EZ1000000001 and its like).
Beside the API: POST /carrier/scan {"tracking_code", "status", "status_detail", "message", "at"} as a carrier scans.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.easypost.sandbox_records import Books, Record, error, now, shown, stamp
from connectors.kit.sandbox import Call, Sandbox, route
from connectors.kit.signing import nfkd, sign_hmac

PRODUCTION_KEY, TEST_KEY = "EZAKsimulated", "EZTKsimulated"
MONTH = timedelta(days=30)


class EasyPostSandbox(Sandbox):
    """The sandbox; `state` is the account's books. `lists_per_second`: the limit of lists; 0: none."""

    name = "easypost"

    def setup(self) -> None:
        self.state = Books(self.notify)
        self.lists_per_second = 0
        self.clock: Callable[[], float] = time.monotonic
        self._lists: list[float] = []

    @property
    def base_url(self) -> str:
        return f"{self.url}/v2"

    def allow(self, call: Call) -> None:
        """The key as bearer token, or as user of basic authentication."""
        if not call.path.startswith("/v2/"):
            return
        key = _key(call)
        if not key:
            raise error(401, "APIKEY.REQUIRED", "API Key is required for authentication.")
        if key not in (PRODUCTION_KEY, TEST_KEY):
            raise error(401, "APIKEY.INACTIVE", "This api key is no longer active. Please use a different api key.")

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return {"X-Hmac-Signature": f"hmac-sha256-hex={sign_hmac(nfkd(self.secret), body).decode()}"}

    def notify(self, topic: str, tracker: Record, before: Record) -> None:
        """An Event about a tracker, with the whole of it."""
        event = self._event(topic, tracker["mode"], before)
        self.webhook(topic, {**event, "result": tracker})

    def _event(self, topic: str, mode: str, before: Record) -> Record:
        at = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {
            "id": f"evt_{uuid.uuid4().hex}", "object": "Event", "description": topic, "mode": mode,
            "previous_attributes": before, "pending_urls": [self.webhooks.url] if self.webhooks.url else [],
            "completed_urls": [], "created_at": at, "updated_at": at, "user_id": "user_simulated", "status": "pending",
        }  # fmt: skip
        self.state.events[event["id"]] = event
        return event

    # -- trackers

    @route("POST", "/v2/trackers")
    def track(self, call: Call) -> Any:
        asked = call.json().get("tracker") or call.json()
        return self._tracked(call, str(asked.get("tracking_code") or ""), asked.get("carrier"))

    @route("POST", "/v2/trackers/batch")
    def track_many(self, call: Call) -> Any:
        return {"trackers": [self._tracked(call, code, None) for code in call.json().get("tracking_codes") or ()]}

    def _tracked(self, call: Call, code: str, carrier: str | None) -> Record:
        tracker, new = self.state.track(code, carrier, _mode(call))
        if new:
            self.effect("track", tracking_code=code, carrier=tracker["carrier"])
        return tracker

    @route("GET", "/v2/trackers")
    def trackers(self, call: Call) -> Any:
        codes = {value for name, value in call.pairs if name in ("tracking_code", "tracking_codes[]")}
        carrier = call.query.get("carrier")
        rows = [
            row
            for row in self.state.trackers.values()
            if (not codes or row["tracking_code"] in codes) and carrier in (None, row["carrier"])
        ]
        return self._page(call, "trackers", rows, shown)

    @route("GET", "/v2/trackers/{key}")
    def tracker(self, call: Call, key: str) -> Any:
        return shown(self.state.get("trackers", key))

    @route("DELETE", "/v2/trackers/{key}")
    def untrack(self, call: Call, key: str) -> Any:
        self.state.get("trackers", key)
        del self.state.trackers[key]
        self.effect("untrack", id=key)
        return {"success": True}

    # -- labels

    @route("POST", "/v2/shipments")
    def label(self, call: Call) -> Any:
        made = self.state.label(call.json().get("shipment") or {}, _mode(call))
        self.effect("shipment", id=made["id"])
        return made

    @route("GET", "/v2/shipments")
    def shipments(self, call: Call) -> Any:
        bought = call.query.get("purchased", "true") == "true"
        rows = [row for row in self.state.shipments.values() if not bought or row["postage_label"]]
        return self._page(call, "shipments", rows, self._with_tracker)

    @route("GET", "/v2/shipments/{key}")
    def shipment(self, call: Call, key: str) -> Any:
        return self._with_tracker(self.state.get("shipments", key))

    @route("POST", "/v2/shipments/{key}/buy")
    def buy(self, call: Call, key: str) -> Any:
        shipment = self.state.get("shipments", key)
        self.state.buy(shipment, (call.json().get("rate") or {}).get("id", ""), _mode(call))
        self.effect("buy", id=key)
        return self._with_tracker(shipment)

    @route("POST", "/v2/shipments/{key}/refund")
    def refund(self, call: Call, key: str) -> Any:
        """The postage is asked back; here the carrier pays at once, and the Event says so."""
        shipment = self.state.get("shipments", key)
        if shipment["postage_label"] is None:
            raise error(422, "SHIPMENT.REFUND.UNAVAILABLE", "Shipment has no postage to refund.")
        shipment.update(refund_status="refunded", updated_at=stamp(now()))
        self.effect("refund_label", id=key)
        result = {"id": f"rfnd_{uuid.uuid4().hex}", "object": "Refund", "status": "refunded", "shipment_id": key}
        self.webhook("refund.successful", {**self._event("refund.successful", _mode(call), {}), "result": result})
        return self._with_tracker(shipment)

    def _with_tracker(self, shipment: Record) -> Record:
        mine = (row for row in self.state.trackers.values() if row["shipment_id"] == shipment["id"])
        tracker = next(mine, None)
        return {**shipment, "tracker": shown(tracker) if tracker else None}

    # -- events, webhooks, the carrier

    @route("GET", "/v2/events")
    def events(self, call: Call) -> Any:
        return self._page(call, "events", list(self.state.events.values()), dict)

    @route("GET", "/v2/events/{key}")
    def event(self, call: Call, key: str) -> Any:
        return self.state.get("events", key)

    @route("GET", "/v2/webhooks")
    def hooks(self, call: Call) -> Any:
        return {"webhooks": list(self.state.hooks.values())}

    @route("POST", "/v2/webhooks")
    def hook(self, call: Call) -> Any:
        """One address and one secret: a second webhook takes the place of the first, unlike at EasyPost."""
        asked = call.json().get("webhook") or call.json()
        key = f"hook_{uuid.uuid4().hex}"
        self.webhooks.url, self.secret = asked["url"], asked.get("webhook_secret") or self.secret
        made = {"id": key, "object": "Webhook", "mode": _mode(call), "url": asked["url"], "disabled_at": None}
        self.state.hooks[key] = {**made, "created_at": stamp(now()), "custom_headers": []}
        return self.state.hooks[key]

    @route("POST", "/carrier/scan")
    def scanned(self, call: Call) -> Any:
        sent = call.json()
        rows = [row for row in self.state.trackers.values() if row["tracking_code"] == sent["tracking_code"]]
        at = datetime.fromisoformat(sent["at"]) if sent.get("at") else None
        for row in rows:
            self.state.scan(row, sent["status"], sent.get("status_detail"), sent.get("message", ""), at)
        self.effect("scan", tracking_code=sent["tracking_code"], status=sent["status"])
        return {"trackers": len(rows)}

    def _page(self, call: Call, name: str, rows: list[Record], show: Callable[[Record], Record]) -> Any:
        """Newest first. Without dates the list ends a month ago; with one of them it spans a month."""
        self._limit()
        asked = call.query
        ids = [row["id"] for row in rows]
        begin, end = _window(asked.get("start_datetime"), asked.get("end_datetime"))
        rows = [row for row in rows if begin <= datetime.fromisoformat(row["created_at"]) <= end]
        if asked.get("before_id"):
            if asked["before_id"] not in ids:
                raise error(404, "NOT_FOUND", "The requested resource could not be found.")
            older = set(ids[: ids.index(asked["before_id"])])
            rows = [row for row in rows if row["id"] in older]
        size = min(int(asked.get("page_size") or 20), 100)
        newest = rows[::-1]
        return {name: [show(row) for row in newest[:size]], "has_more": len(newest) > size}

    def _limit(self) -> None:
        """Their published limit of lists; they name no time to wait."""
        if self.lists_per_second:
            at = self.clock()
            self._lists = [then for then in self._lists if then > at - 1]
            if len(self._lists) >= self.lists_per_second:
                raise error(429, "RATE_LIMITED", "You have made too many requests recently. Please try again later.")
            self._lists.append(at)


def _window(begin: str | None, end: str | None) -> tuple[datetime, datetime]:
    last = datetime.fromisoformat(end) if end else datetime.fromisoformat(begin) + MONTH if begin else now() + MONTH
    return datetime.fromisoformat(begin) if begin else (last if end else now()) - MONTH, last


def _key(call: Call) -> str:
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return base64.b64decode(given).decode(errors="replace").partition(":")[0]
    return given


def _mode(call: Call) -> str:
    return "test" if _key(call) == TEST_KEY else "production"


if __name__ == "__main__":
    EasyPostSandbox.main()
