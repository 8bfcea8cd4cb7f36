"""EasyPost, over its API v2. What it cannot do and where it surprises: README.md beside this file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from connectors.easypost import records
from connectors.easypost.records import Record
from connectors.kit import paging
from connectors.kit.alone import each
from connectors.kit.answers import Response
from connectors.kit.api import (
    Changed,
    Health,
    Login,
    Made,
    Message,
    Operation,
    Page,
    Reply,
    Unreadable,
    WebhookRequest,
)
from connectors.kit.bodies import shaped
from connectors.kit.errors import ConnectorError, NotFound, NotYet, Rejected, RetryLater, Unsupported
from connectors.kit.http import Http, segment
from connectors.kit.signing import Signed

PAGE = 100
SAME = timedelta(days=90)
"""For so long a code and a carrier mean the same tracker; carriers use their numbers again after some months."""
DAY = timedelta(days=1)
IN_FLIGHT = "duplicate request is currently in-flight"
"""Their words when the same tracker is being made by another request."""
TRIMMED: dict[str, Callable[[Record], dict[str, Any]]] = {"tracker": records.tracker, "shipment": records.shipment}
ENCODER = msgspec.json.Encoder(decimal_format="number")


class About(msgspec.Struct):
    """What an Event is about, as far as it is needed."""

    id: Any = None
    shipment_id: Any = None


class Event(msgspec.Struct):
    """A webhook's body; nothing else of it is read."""

    description: str
    result: About | None = None


EVENT = msgspec.json.Decoder(Event)


class EasyPost(Signed):
    """One EasyPost account: trackers made by code, and labels with the tracker in them."""

    topics = ("tracker.created", "tracker.updated", "refund.successful")

    def __init__(self, account: Login, http: Http) -> None:
        super().__init__(account, http.view(classify=refusal))

    def check(self) -> Health:
        """The key works, for which mode it is, and whether EasyPost has given up on a webhook."""
        try:
            self._list("tracker", page_size=1)
            hooks = self.http.get("webhooks").json().get("webhooks") or []
        except ConnectorError as problem:
            return Health(ok=False, problems=(str(problem),))
        key = str(self.account.settings["api_key"])
        facts = {"mode": "test" if key.startswith("EZTK") else "production", "webhooks": str(len(hooks))}
        problems = [
            f"EasyPost turned the webhook {hook.get('url')} off at {hook['disabled_at']}; turn it on in its dashboard"
            for hook in hooks
            if hook.get("disabled_at")
        ]
        return Health(ok=not problems, problems=tuple(problems), facts=facts)

    # -- reading

    def begin(self, stream: str, since: datetime) -> str:
        """The cursor of a sweep over everything made since this moment."""
        self._known(stream)
        return msgspec.json.encode({"since": _iso(since)}).decode()

    def poll(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """A sweep over what was made in the last `days`, newest first; parcels at their end only when they moved.

        A sweep that was interrupted goes on from the record it had reached.
        """
        self._known(stream)
        at: dict[str, str] = msgspec.json.decode(cursor) if cursor else {}
        began, clock = time.monotonic(), self.http.clock
        clock.begin()
        window = _iso(datetime.now(UTC) - timedelta(days=int(self.account.settings.get("days") or 90)))

        def read(more: dict[str, Any]) -> Response:
            dates = {"start_datetime": at.get("since", window), "end_datetime": _iso(datetime.now(UTC) + DAY)}
            if not more and "before" in at:
                with suppress(NotFound):  # the record it had reached may be gone by now: from the beginning, then
                    return self._list(stream, **dates, page_size=PAGE, before_id=at["before"])
            return self._list(stream, **dates, page_size=PAGE, **more)

        for page in paging.walk(paging.tokens(read, lambda page: _before(stream, page), query="before_id")):
            at["began"] = min(at.get("began") or _iso(clock.at(began)), _iso(clock.answered_at()))
            found = each(stream, _rows(stream, page), partial(self._messages, stream, self._moved(stream, at)))
            messages = [one for answer in found for one in ([answer] if isinstance(answer, Unreadable) else answer)]
            reached = _before(stream, page)
            at = {**at, "before": reached} if reached else {"done": at["began"]}
            yield Page(messages, msgspec.json.encode(at).decode())

    def fetch(self, stream: str, external_id: str) -> Message:
        """One tracker or label; a tracker does not say whether its label is a return label, so that is asked, too."""
        self._known(stream)
        try:
            record = self.http.get(f"{stream}s/{segment(external_id)}").json()
            if stream == "tracker" and record.get("shipment_id") and "is_return" not in record:
                label = self.http.get(f"shipments/{segment(record['shipment_id'])}").json()
                record["is_return"] = records.comes_back(label)
        except NotFound:
            return Message(stream, external_id, b"null", deleted=True)
        return self._message(stream, record)

    def accept(self, request: WebhookRequest) -> Sequence[Message | Changed]:
        """An Event about a tracker or a refunded label: what it is about is read back. Other events are no news."""
        self.genuine(request)
        with shaped("Event of EasyPost's"):
            event = EVENT.decode(request.body)
            topic, about = event.description, event.result or About()
            kind, label = topic.partition(".")[0], about.shipment_id
            if kind == "refund" and label:
                return [Changed("shipment", str(label), topic)]
            if kind != "tracker" or (label and not records.concerns(msgspec.json.decode(request.body)["result"])):
                return []
        if label or about.id is not None:
            return [Changed("shipment", str(label), topic) if label else Changed("tracker", str(about.id), topic)]
        raise ValueError("it is signed, but names no tracker")

    # -- writing

    def do_add_tracking(self, operation: Operation) -> Reply:
        """Have a parcel followed: its tracker, made if there is none of this code and carrier."""
        return self.find(operation) or _tracked(self._track(operation), operation)

    def find(self, operation: Operation) -> Reply | None:
        """The tracker of this code, made within the time in which EasyPost would give it back itself."""
        if operation.kind != "add_tracking":
            raise Unsupported(f"the EasyPost connector never writes {operation.kind}")
        now, code = datetime.now(UTC), operation.payload["tracking_code"]
        asked = {"tracking_code": code, "start_datetime": _iso(now - SAME), "end_datetime": _iso(now + DAY)}
        found = [row for row in _rows("tracker", self._list("tracker", **asked).json()) if _meant(row, operation)]
        carriers = sorted({str(row.get("carrier")) for row in found})
        if len(carriers) > 1:
            raise Rejected(
                f"EasyPost follows {code} at {', '.join(carriers)}, and nobody said which carrier the return's parcel "
                "is with. Name the carrier where the number was entered, then send this again."
            )
        if not found:
            return None
        if label := found[0].get("shipment_id"):
            self._comes_back(str(label), operation)
        else:
            self._goes_the_way_it_reads(operation)
        return _tracked(found[0], operation)

    def _comes_back(self, label: str, operation: Operation) -> None:
        """Customers mistake the number of the parcel they got for that of the one they send."""
        out = self.http.get(f"shipments/{segment(label)}").json().get("is_return") is False
        if out and operation.payload.get("direction") == "return":
            raise Rejected(
                f"{operation.payload['tracking_code']} is the number of a parcel that went out (EasyPost's label "
                f"{label}), not of one coming back. Somebody entered the delivery's number for the return; correct it."
            )

    def _goes_the_way_it_reads(self, operation: Operation) -> None:
        """A tracker without a label is read back as the account's setting says, whatever was asked for."""
        direction, reads_as = operation.payload.get("direction", "return"), self.account.settings.get("standalone")
        if direction != (reads_as or "return"):
            raise Rejected(
                f"{operation.payload['tracking_code']} is a {direction} parcel, and this account's setting standalone "
                f"says {reads_as}: EasyPost does not know which way a tracker's parcel goes. Change the setting, or "
                "give these parcels an account of their own."
            )

    def _track(self, operation: Operation) -> Record:
        self._goes_the_way_it_reads(operation)
        wanted = {name: operation.payload[name] for name in ("tracking_code", "carrier") if operation.payload.get(name)}
        made: Record = self.http.post("trackers", json={"tracker": wanted}).json()
        return made

    # -- what reading and writing share

    def _known(self, stream: str) -> None:
        if stream not in TRIMMED:
            raise Unsupported(f"EasyPost has no stream {stream!r}; there are {', '.join(TRIMMED)}")

    def _list(self, stream: str, **params: Any) -> Response:
        return self.http.get(f"{stream}s", params=params, bucket="index")

    def _moved(self, stream: str, at: Mapping[str, str]) -> str:
        """From which date on a parcel at its end is news: since the last sweep, by the earlier of the two clocks."""
        if "done" not in at:
            return ""
        overlap = timedelta(seconds=self.manifest.streams[stream].overlap + self.http.clock.behind())
        return _iso(datetime.fromisoformat(at["done"]) - overlap)

    def _messages(self, stream: str, moved: str, row: Record) -> list[Message]:
        return [self._message(stream, row)] if _wanted(stream, row, moved) else []

    def _message(self, stream: str, record: Record) -> Message:
        body = ENCODER.encode(TRIMMED[stream](record))
        return Message(stream, str(record["id"]), body, version=records.moved(record) or None)


def refusal(answer: Response) -> ConnectorError | None:
    """What EasyPost's own words change about an answer's usual meaning; None where they change nothing."""
    if answer.status in (400, 409, 422) and IN_FLIGHT in answer.message():
        return NotYet(f"{answer.system}: {answer.message()}", after=5.0)
    return None


def _rows(stream: str, page: Any) -> list[Record]:
    rows = page.get(f"{stream}s") if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise RetryLater(f"EasyPost answered the list of {stream}s without one; is a proxy or a cache in between?")
    return rows


def _before(stream: str, page: Any) -> str | None:
    """Where the next page begins, if there is one."""
    named = [row["id"] for row in _rows(stream, page) if isinstance(row, dict) and row.get("id")]
    return str(named[-1]) if named and page.get("has_more") else None


def _wanted(stream: str, row: Record, moved: str) -> bool:
    """Labels' trackers come with their label; what ended before the last sweep has been told."""
    if stream == "tracker" and row.get("shipment_id"):
        return False
    if stream == "shipment":
        about = {**(row.get("tracker") or {}), "is_return": records.comes_back(row)}
        if not records.concerns(about):
            return False
    return not records.ended(row) or records.moved(row) >= moved


def _meant(row: Record, operation: Operation) -> bool:
    """Whether this is the parcel; a label bought through EasyPost's own contract is with UPSDAP, or FedExDefault."""
    carrier = str(operation.payload.get("carrier") or "").lower()
    return bool(
        row["tracking_code"] == operation.payload["tracking_code"]
        and str(row.get("carrier") or "").lower().startswith(carrier)
    )


def _tracked(tracker: Record, operation: Operation) -> Reply:
    label = tracker.get("shipment_id")
    stream, external_id = ("shipment", str(label)) if label else ("tracker", str(tracker["id"]))
    made = tuple(Made("shipments", str(tracker["id"]), fact) for fact in operation.payload.get("facts") or ())
    return Reply(objects={stream: external_id}, made=made, read_back=(Changed(stream, external_id, "add_tracking"),))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
