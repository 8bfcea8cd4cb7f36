"""The books of the EasyPost sandbox: trackers, labels and events as EasyPost writes them. Everything is simulated."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.kit.sandbox import Refuse

Record = dict[str, Any]

CANNED = {
    "EZ1000000001": "pre_transit",
    "EZ2000000002": "in_transit",
    "EZ3000000003": "out_for_delivery",
    "EZ4000000004": "delivered",
    "EZ5000000005": "return_to_sender",
    "EZ6000000006": "failure",
    "EZ7000000007": "unknown",
}
"""Their test numbers; in test mode no others are taken."""
DETAILS = {
    "pre_transit": "status_update",
    "in_transit": "arrived_at_facility",
    "out_for_delivery": "out_for_delivery",
    "delivered": "arrived_at_destination",
    "return_to_sender": "return",
    "failure": "failure",
    "available_for_pickup": "arrived_at_pickup_location",
    "cancelled": "cancelled",
}
SAME = timedelta(days=90)
LOST_ON_READING = ("finalized", "is_return")
"""Fields that their answer to a POST and their webhooks carry, and their lists and reads do not (recorded)."""


def error(status: int, code: str, message: str) -> Refuse:
    """An error in their shape."""
    return Refuse(status, {"error": {"code": code, "message": message, "errors": []}})


def now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """UTC with Z, or local time with its offset, as their scans have it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


class Books:
    """All records of one account, by id, in the order in which they were made."""

    def __init__(self, notify: Callable[[str, Record, Record], None]) -> None:
        self.trackers: dict[str, Record] = {}
        self.shipments: dict[str, Record] = {}
        self.events: dict[str, Record] = {}
        self.hooks: dict[str, Record] = {}
        self.notify = notify

    def __deepcopy__(self, memo: dict[int, Any]) -> Books:
        other = Books(self.notify)
        for name in ("trackers", "shipments", "events", "hooks"):
            setattr(other, name, copy.deepcopy(getattr(self, name), memo))
        return other

    def get(self, table: str, key: str) -> Record:
        found: Record | None = getattr(self, table).get(key)
        if found is None:
            raise error(404, "NOT_FOUND", "The requested resource could not be found.")
        return found

    def track(self, code: str, carrier: str | None, mode: str, label: Record | None = None) -> tuple[Record, bool]:
        """The tracker of a code, and whether it is new: within three months the same one is given back."""
        if not code:
            raise error(422, "PARAMETER.REQUIRED", "Missing required parameter.")
        if mode == "test" and label is None and code not in CANNED:
            text = "In test mode, only test tracking numbers are valid: EZ1000000001, ... , EZ7000000007"
            raise error(422, "TRACKER.CREATE.ERROR", text)
        for known in self.trackers.values():
            same = known["tracking_code"] == code and carrier in (None, known["carrier"])
            if same and datetime.fromisoformat(known["created_at"]) > now() - SAME:
                return known, False
        at = stamp(now())
        key = f"trk_{uuid.uuid4().hex}"
        made: Record = {
            "id": key, "object": "Tracker", "mode": mode, "tracking_code": code, "status": "unknown",
            "status_detail": "unknown", "created_at": at, "updated_at": at, "signed_by": None, "weight": None,
            "est_delivery_date": None, "shipment_id": label["id"] if label else None, "carrier": carrier or "USPS",
            "tracking_details": [], "fees": [], "carrier_detail": None, "finalized": False,
            "is_return": bool(label and label["is_return"]), "public_url": f"https://track.easypost.com/{key}",
        }  # fmt: skip
        self.trackers[key] = made
        if status := CANNED.get(code):
            self.scan(made, status, notify=False)
        self.notify("tracker.created", made, {})
        return made, True

    def scan(
        self,
        tracker: Record,
        status: str,
        detail: str | None = None,
        message: str = "",
        at: datetime | None = None,
        notify: bool = True,
    ) -> None:
        """The carrier scans the parcel. `at` with an offset: a place whose zone EasyPost knows."""
        before = tracker["status"]
        detail = detail or DETAILS.get(status, "unknown")
        place = {"object": "TrackingLocation", "city": None, "state": None, "country": None, "zip": None}
        tracker["tracking_details"].append(
            {
                "object": "TrackingDetail", "message": message or status.replace("_", " ").capitalize(),
                "description": "", "status": status, "status_detail": detail, "datetime": stamp(at or now()),
                "source": tracker["carrier"], "carrier_code": "", "tracking_location": place, "est_delivery_date": None,
            }
        )  # fmt: skip
        tracker.update(status=status, status_detail=detail, updated_at=stamp(now()))
        if status == "delivered":
            tracker.update(signed_by="John Tester", finalized=True)
        if tracker["shipment_id"]:
            self.shipments[tracker["shipment_id"]].update(status=status, updated_at=tracker["updated_at"])
        if notify:
            self.notify("tracker.updated", tracker, {"status": before})

    def label(self, asked: Record, mode: str) -> Record:
        """A shipment with rates. `is_return`: the addresses are those of the way out, and they are swapped here."""
        if not asked:
            raise error(422, "PARAMETER.REQUIRED", "Missing required parameter.")
        to, back = asked.get("to_address"), asked.get("from_address")
        if asked.get("is_return"):
            to, back = back, to
        key, at = f"shp_{uuid.uuid4().hex}", stamp(now())
        rate = {"id": f"rate_{uuid.uuid4().hex}", "object": "Rate", "carrier": "USPS", "service": "GroundAdvantage"}
        made: Record = {
            "id": key, "object": "Shipment", "mode": mode, "created_at": at, "updated_at": at, "status": "unknown",
            "is_return": bool(asked.get("is_return")), "reference": asked.get("reference"), "tracking_code": None,
            "to_address": to, "from_address": back, "buyer_address": to, "return_address": back,
            "parcel": asked.get("parcel"), "rates": [{**rate, "rate": "8.20", "currency": "USD"}],
            "selected_rate": None, "postage_label": None, "refund_status": None, "tracker": None, "messages": [],
        }  # fmt: skip
        self.shipments[key] = made
        return made

    def buy(self, shipment: Record, rate_id: str, mode: str) -> None:
        """Postage is bought: the label has a number and a tracker."""
        rate = next((rate for rate in shipment["rates"] if rate["id"] == rate_id), None)
        if rate is None:
            raise error(422, "SHIPMENT.POSTAGE.FAILURE", "Rate not found.")
        if shipment["postage_label"] is not None:
            raise error(422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment")
        code = f"9400100208{uuid.uuid4().int % 10**12:012}"
        shipment.update(selected_rate=rate, tracking_code=code, updated_at=stamp(now()))
        shipment["postage_label"] = {"object": "PostageLabel", "label_url": "https://simulated.invalid/label.png"}
        tracker, _ = self.track(code, rate["carrier"], mode, label=shipment)
        self.scan(tracker, "pre_transit", "label_created")


def shown(tracker: Record) -> Record:
    """A tracker as their reads and lists show it."""
    return {name: value for name, value in tracker.items() if name not in LOST_ON_READING}
