"""What of EasyPost's records the hub needs, and no more: nobody's name, address, signature or postage gets here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]

TRACKER = (
    *("id", "mode", "tracking_code", "carrier", "status", "status_detail", "created_at", "updated_at"),
    *("est_delivery_date", "shipment_id", "tracking_details", "carrier_detail", "finalized", "is_return", "public_url"),
)
SHIPMENT = ("id", "mode", "reference", "is_return", "tracking_code", "created_at", "updated_at", "refund_status")
BACK = "return_to_sender"
FINAL = frozenset(("delivered", "cancelled"))
"""Statuses after which the sweep waits for a newer date. A failure can pass (weather), and what turned back arrives."""


def tracker(record: Record) -> dict[str, Any]:
    """A tracker, with what its history says `joined` beside it."""
    return {**_only(record, TRACKER), "joined": history(record)}


def shipment(record: Record) -> dict[str, Any]:
    """A label with its tracker; unbought ones have none."""
    raw = record.get("tracker")
    return {**_only(record, SHIPMENT), "is_return": comes_back(record), "tracker": tracker(raw) if raw else None}


def comes_back(label: Record) -> bool:
    """Whether a label is a return label; one that does not say so is none, as one is made without `is_return`."""
    return label.get("is_return") is True


def history(record: Record) -> dict[str, Any]:
    """`at`: when the status was reached; `turned`: since when the parcel goes back.

    In their order, not by time: a scan whose place they do not know carries local time marked as UTC.
    """
    scans = record.get("tracking_details") or ()
    same = [scan["datetime"] for scan in scans if scan.get("status") == record.get("status") and scan.get("datetime")]
    back = [scan["datetime"] for scan in scans if scan.get("status") == BACK and scan.get("datetime")]
    at = same[-1] if same else record.get("updated_at")
    return {"at": at, "turned": back[0] if back else at if record.get("status") == BACK else None}


def concerns(record: Record) -> bool:
    """Whether a label's tracker can be about a return: its label is one, or may be, or the parcel turned back."""
    return record.get("is_return") is not False or history(record)["turned"] is not None


def moved(record: Record) -> str:
    """The newest date that a record, or the tracker in it, carries; "" for none."""
    return max(record.get("updated_at") or "", (record.get("tracker") or {}).get("updated_at") or "")


def ended(record: Record) -> bool:
    """Whether nothing more is expected of this parcel."""
    return (record.get("tracker") or record).get("status") in FINAL


def _only(record: Record, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}
