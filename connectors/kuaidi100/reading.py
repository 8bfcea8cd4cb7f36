"""A parcel's record: what a push or a query says, brought to one shape, and which of two is the newer one.

A record is {"status", "message", "lastResult": {"state", "com", "nu", "data": [...]}} as pushed; a query's answer
stands under `lastResult`, too. `joined` is what the mapping reads: the parcel, its newest event, whether it is watched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors.kit.api import Message
from connectors.kuaidi100.parcel import Parcel

STREAM = "tracking"
PHONES = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|400-?\d{3}-?\d{4})(?![0-9])")
"""Phone numbers of couriers and shops, which carriers write into their scans."""
DIGITS = re.compile(r"\d{4}")
"""In every phone number, in few scans, and found at a fraction of the cost."""
ENDS = frozenset(("3", "301", "302", "303", "304", "4", "401"))
"""States after which nothing more is to come: signed for, back with the sender and signed for, called off."""
ZONE = ZoneInfo("Asia/Shanghai")
AHEAD = timedelta(hours=1)
"""By so much a carrier's clock may be ahead of ours."""
NEVER = "-"
"""Sorts before every time: the version of a record without an event."""

Record = dict[str, Any]
Identity = tuple[str, str, str]
"""An event's time, text and status."""

_encode = msgspec.json.Encoder().encode
_first = itemgetter(0)


def record(parcel: Parcel, body: Mapping[str, Any]) -> Record:
    """What was told, in one shape: phone numbers masked, each event once, the newest first, `joined` beside it."""
    last = dict(body.get("lastResult") or {})
    last["data"] = events = _events(last.get("data") or ())
    joined = {
        "id": parcel.id,
        "direction": parcel.direction,
        "number": parcel.number,
        "company": _company(parcel, body, last),
    }
    watch = {"status": body.get("status") or "polling", "message": body.get("message") or ""}
    newest = (
        {**joined, "state": _state(last), "status": events[0].get("status"), "at": _at(events[0])} if events else None
    )
    return {**body, "lastResult": last, "joined": {**joined, "last": newest, "watch": [watch]}}


def message(read: Record) -> Message:
    """The record as the hub gets it; of two, the one with the longer history is the newer, whichever comes first."""
    return Message(STREAM, read["joined"]["id"], _encode(read), version(read))


def version(read: Record) -> str:
    """The newest event's time, how many events there are, and what they say: sorts as the history grows. An event that
    is said to come yet is none to go by: corrected, the parcel's history would look older than before.

    There is no id or number of theirs to go by; an event is known by its time, text and status.
    """
    known = sorted(map(_identity, read["lastResult"]["data"]))
    now = (datetime.now(UTC) + AHEAD).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    newest = max((at for at, _, _ in known if at <= now), default=NEVER)
    said = _encode([known, _state(read["lastResult"])])
    return f"{newest}|{len(known):05d}|{hashlib.sha256(said).hexdigest()[:12]}"


def ended(read: Record) -> bool:
    """Whether this parcel's journey is over."""
    return bool(read["joined"]["last"]) and read["joined"]["last"]["state"] in ENDS


def _state(last: Mapping[str, Any]) -> str | None:
    """Where the parcel stands: their word for the whole, else for the newest event. 0 without an event says nothing."""
    if not last["data"]:
        return None
    known = last.get("state")
    return str(last["data"][0].get("statusCode") if known in (None, "") else known)


def _events(events: Any) -> list[Record]:
    """Each event once, the newest first; those of one second stay in their order."""
    once: dict[Identity, Record] = {}
    for event in reversed(events):
        text = str(event.get("context") or "")
        masked = PHONES.sub("***", text) if DIGITS.search(text) else text
        copy = {**event, "context": masked}
        once[_identity(copy)] = copy
    return [once[identity] for identity in sorted(reversed(once), key=_first, reverse=True)]


def _identity(event: Mapping[str, Any]) -> Identity:
    get = event.get
    at = get("ftime") or get("time") or NEVER
    code = get("statusCode") or get("status") or ""
    return str(at), str(get("context") or ""), str(code)


def _at(event: Mapping[str, Any]) -> str:
    return _identity(event)[0]


def _company(parcel: Parcel, body: Mapping[str, Any], last: Mapping[str, Any]) -> str | None:
    """The carrier's code as Kuaidi100 knows it by now, else as it was subscribed."""
    known = body.get("comNew") or last.get("com") or parcel.company
    return None if known == "auto" else str(known)
