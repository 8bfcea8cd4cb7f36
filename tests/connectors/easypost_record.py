"""Writes tests/connectors/easypost/*.json: what the connector makes of EasyPost's records, state by state.

    python -m tests.connectors.easypost_record      then pytest --accept, and read what stands beside them

No public recording holds a return leg. So all are simulated, in the shape of EasyPost's documented records, but one:
`tracker_return_refused` is the example of the field's reference. Times carry an offset where the carrier names the
scan's place, and Z where EasyPost does not know it, as theirs do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from connectors.easypost.connector import TRIMMED

HERE = Path(__file__).resolve().parent / "easypost"
SIMULATED = "simulated, in the shape of EasyPost's documented records"
SETTINGS = {"orders_of": "web", "standalone": "return", "days": 90}
Scan = tuple[str, str, str]
"""Status, detail and time."""

LABEL: Scan = ("pre_transit", "label_created", "2026-03-02T17:00:00Z")
ORIGIN: Scan = ("in_transit", "received_at_origin_facility", "2026-03-03T09:10:00-06:00")
HUB: Scan = ("in_transit", "arrived_at_facility", "2026-03-04T23:55:00-05:00")
DRIVER: Scan = ("out_for_delivery", "out_for_delivery", "2026-03-05T08:01:00-05:00")
DOOR: Scan = ("delivered", "arrived_at_destination", "2026-03-05T14:20:00Z")
BACK: Scan = ("return_to_sender", "refused", "2026-03-05T15:02:00-05:00")
ON_ITS_WAY_BACK: Scan = ("in_transit", "departed_facility", "2026-03-06T04:00:00-05:00")
HOME: Scan = ("delivered", "arrived_at_destination", "2026-03-09T10:30:00-06:00")


class Case(NamedTuple):
    scans: tuple[Scan, ...]
    label: dict[str, Any] | None = None
    """With one, it is a label bought at EasyPost: is_return, reference, refund_status."""
    more: dict[str, Any] = {}


COMING = (LABEL, ORIGIN, HUB)
RETURN = {"is_return": True, "reference": "R1001", "refund_status": None}
OUT = {"is_return": False, "reference": "#12", "refund_status": None}
CASES = {
    "tracker_unknown": Case(()),
    "tracker_label_created": Case((LABEL,)),
    "tracker_accepted": Case((LABEL, ORIGIN)),
    "tracker_in_transit": Case(COMING),
    "tracker_out_for_delivery": Case((*COMING, DRIVER)),
    "tracker_available_for_pickup": Case(
        (*COMING, ("available_for_pickup", "arrived_at_pickup_location", "2026-03-05T09:00:00-05:00"))
    ),
    "tracker_delivered": Case((*COMING, DRIVER, DOOR)),
    "tracker_attempted": Case((*COMING, DRIVER, ("in_transit", "delivery_exception", "2026-03-05T16:00:00-05:00"))),
    "tracker_delayed_by_weather": Case((*COMING, ("in_transit", "weather_delay", "2026-03-05T01:00:00-05:00"))),
    "tracker_failure": Case((*COMING, ("failure", "address_correction", "2026-03-05T16:00:00-05:00"))),
    "tracker_damaged": Case((*COMING, ("failure", "damaged", "2026-03-05T16:00:00-05:00"))),
    "tracker_lost": Case((*COMING, ("failure", "lost", "2026-03-20T00:00:00Z"))),
    "tracker_expired": Case((LABEL, ("unknown", "expired", "2026-05-02T00:00:00Z"))),
    "tracker_cancelled": Case((LABEL, ("cancelled", "cancelled", "2026-03-03T00:00:00Z"))),
    "tracker_error": Case((LABEL, ("error", "unknown", "2026-03-03T00:00:00Z"))),
    "tracker_forward_by_setting": Case(COMING, more={"settings": {"standalone": "forward"}}),
    "shipment_return_not_bought": Case((), RETURN, {"tracker": None}),
    "shipment_return_label_created": Case((LABEL,), RETURN),
    "shipment_return_on_its_way": Case(COMING, RETURN),
    "shipment_return_delivered": Case((*COMING, DRIVER, DOOR), RETURN),
    "shipment_return_voided": Case((LABEL,), {**RETURN, "refund_status": "refunded"}),
    "shipment_return_voided_and_scanned": Case(COMING, {**RETURN, "refund_status": "refunded"}),
    "shipment_return_back_at_the_customer": Case((*COMING, BACK, HOME), RETURN),
    "shipment_return_by_rma": Case(COMING, {**RETURN, "reference": "RMA-77"}),
    "shipment_forward_refused": Case((*COMING, BACK), OUT),
    "shipment_forward_on_its_way_back": Case((*COMING, BACK, ON_ITS_WAY_BACK), OUT),
    "shipment_forward_back_at_the_sender": Case((*COMING, BACK, ON_ITS_WAY_BACK, HOME), OUT),
    "shipment_forward_refused_without_order": Case((*COMING, BACK), {**OUT, "reference": None}),
}


def tracker(scans: tuple[Scan, ...], shipment_id: str | None) -> dict[str, Any]:
    """A tracker as EasyPost reads it out, the person who signed included."""
    status, detail, at = scans[-1] if scans else ("unknown", "unknown", "2026-03-02T17:00:00Z")
    place = {"object": "TrackingLocation", "city": "HOUSTON", "state": "TX", "country": "US", "zip": "77063"}
    return {
        "id": "trk_simulated1",
        "object": "Tracker",
        "mode": "production",
        "tracking_code": "1ZSIMULATED0000001",
        "status": status,
        "status_detail": detail,
        "created_at": "2026-03-02T17:00:00Z",
        "updated_at": "2026-03-09T17:00:00Z",
        "signed_by": "Simulated Person" if status == "delivered" else None,
        "est_delivery_date": "2026-03-05T00:00:00Z",
        "shipment_id": shipment_id,
        "carrier": "UPS",
        "tracking_details": [
            {
                "object": "TrackingDetail",
                "message": detail.replace("_", " ").capitalize(),
                "description": "",
                "status": status,
                "status_detail": detail,
                "datetime": at,
                "source": "UPS",
                "carrier_code": "",
                "tracking_location": place if at[-1] != "Z" else dict.fromkeys(place),
            }
            for status, detail, at in scans
        ],
        "carrier_detail": {"object": "CarrierDetail", "service": "Ground", "est_delivery_date_local": "2026-03-05"},
        "public_url": "https://track.easypost.com/trk_simulated1",
    }


def record(case: Case) -> tuple[str, dict[str, Any]]:
    """The stream and what the connector hands over."""
    if case.label is None:
        return "tracker", TRIMMED["tracker"](tracker(case.scans, None))
    person = {"name": "Simulated Person", "street1": "1 Simulated Street", "phone": "5550100"}
    shipment = {
        "id": "shp_simulated1",
        "object": "Shipment",
        "mode": "production",
        "created_at": "2026-03-02T16:59:00Z",
        "updated_at": "2026-03-09T17:00:00Z",
        "tracking_code": "1ZSIMULATED0000001",
        "to_address": person,
        "from_address": person,
        "tracker": tracker(case.scans, "shp_simulated1"),
        **case.label,
    }
    shipment.update({name: value for name, value in case.more.items() if name != "settings"})
    return "shipment", TRIMMED["shipment"](shipment)


def main() -> None:
    for name, case in CASES.items():
        stream, made = record(case)
        settings = {**SETTINGS, **case.more.get("settings", {})}
        recording = {"source": SIMULATED, "account": "parcels", "stream": stream, "settings": settings, "record": made}
        (HERE / f"{name}.json").write_text(json.dumps(recording, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
