"""HTTP towards one system: what an answer, or none, means for what happens next.

Reads are tried again quickly (retries.py); a write never is: a write without an answer is OutcomeUnknown, unless
nothing of it left, then it is RetryLater. An answer's meaning is read off its status (answers.py); a connector
that knows better (business errors come with 200, and with 500) gives a `classify`. What of an attempt may have had an
effect is noted for every connector alike (attempt.py).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict
from requests.utils import requote_uri

from connectors.kit.addresses import origin
from connectors.kit.answers import Response, did_nothing, meaning, page
from connectors.kit.attempt import DEFAULT, Attempt
from connectors.kit.auth import Auth, of_address
from connectors.kit.clock import Clock
from connectors.kit.errors import (
    ConnectorError,
    OutcomeUnknown,
    OverBudget,
    Rejected,
    RetryLater,
    Unauthorized,
)
from connectors.kit.masking import Mask, bare, of_headers
from connectors.kit.retries import patiently
from connectors.kit.transport import Adapter, Lost, TooLong, exchange, now
from connectors.kit.wire import Recorder

TIMEOUT = 30.0
LIMIT = 50_000_000
READS = frozenset(("GET", "HEAD", "OPTIONS"))
SUCCESS = range(200, 300)
CHANGES = frozenset(("wire", "until", "timeout", "budget", "classify", "headers", "limit", "attempt", "mask"))
"""What a view may have of its own."""

ENCODER = msgspec.json.Encoder(decimal_format="number")
Params = Mapping[str, Any] | Sequence[tuple[str, Any]]


Classify = Callable[[Response], ConnectorError | None]
"""Looks at every answer first: an error to raise, or `None` for the usual meaning."""
Budget = Callable[[str], float]
"""Takes one request from a bucket; seconds to wait if it is empty (then nothing was taken), else 0."""


class Http:
    """Calls to one system. Safe to share between threads; `view` gives one attempt its own wire and deadline.

    `json=` bodies write a Decimal as a JSON number. Paths are below `base_url`; a full URL is accepted only at the
    same host, so that credentials go nowhere else. Redirects are not followed.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth | None = None,
        *,
        name: str = "the system",
        timeout: float = TIMEOUT,
        until: float | None = None,
        wire: Recorder | None = None,
        budget: Budget | None = None,
        classify: Classify | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str = True,
        limit: int = LIMIT,
        mask: Mask | None = None,
    ) -> None:
        self.base_url = bare(base_url).rstrip("/")
        self.origin = origin(self.base_url)
        self.auth = auth or Auth()
        self.name = name
        self.timeout = timeout
        """Seconds for one call, its quick repetitions included."""
        self.until = until
        """No call goes on after this instant (time.monotonic), whatever its own deadline."""
        self.wire = wire
        self.budget = budget
        self.classify = classify
        usual = {"Accept": "application/json", "User-Agent": "returns-hub"}
        self.headers = {**usual, **of_address(base_url).headers(), **(headers or {})}
        self.verify = verify
        self.limit = limit
        self.attempt = Attempt()
        """What is under way; all views of one attempt share it."""
        self.mask = mask or Mask()
        """What no text of an error may hold."""
        self.clock = Clock()
        """Of the system, as its answers tell it."""
        self._adapter = Adapter(pool_connections=4, pool_maxsize=32)

    def view(self, **changes: Any) -> Http:
        """The same connections and credentials with another `wire`, `until`, `timeout`, `classify`, `attempt` ..."""
        other = copy.copy(self)
        for name, value in changes.items():
            if name not in CHANGES:
                raise TypeError(f"a view cannot change {name!r}")
            setattr(other, name, {**self.headers, **value} if name == "headers" else value)
        return other

    def close(self) -> None:
        """Close all idle connections."""
        self._adapter.close()

    def get(self, path: str, **options: Any) -> Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> Response:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Response:
        return self.request("DELETE", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | str | Mapping[str, Any] | None = None,
        read: bool | None = None,
        deadline: float | None = None,
        ok: Container[int] = SUCCESS,
        classify: Classify | None = None,
        bucket: str = DEFAULT,
    ) -> Response:
        """One call. `read`: whether it only reads (default: by the method; say so for a POST that searches). What
        reads may be repeated at once; everything else is taken to change something.

        `deadline` is in seconds, for everything together. `ok` are statuses that are no error. Raises ConnectorError.
        """
        reading = method in READS if read is None else read
        until = time.monotonic() + (self.timeout if deadline is None else deadline)
        until = until if self.until is None else min(until, self.until)
        all_headers = CaseInsensitiveDict({**self.headers, **(headers or {})})
        body = _encode(json, data, all_headers)
        call = _Call(method, self.url(path, params), all_headers, body, reading, until, ok)
        call.classify, call.bucket = classify or self.classify, bucket
        try:
            if reading:
                return patiently(lambda: self._authorized(call), until)
            return self._authorized(call)
        except Exception as problem:
            self.mask.error(problem)
            raise

    def url(self, path: str, params: Params | None = None) -> str:
        """The full URL of a path; refuses another host."""
        if not self.base_url:
            raise Rejected(f"{self.name} has no address; set it in the account's settings", code="missing_setting")
        if not self.origin[0]:
            text = (
                f"{self.name}: its base_url is no address; write it like https://shop.example in the account's settings"
            )
            raise Rejected(text, code="bad_address")
        if "://" in path:
            if origin(path) != self.origin:
                raise Rejected(f"{self.name}: will not follow {path!r}: credentials are for {self.origin} only")
            url = path
        else:
            url = f"{self.base_url}/{path.lstrip('/')}" if path else self.base_url
        if params:
            url += ("&" if "?" in url else "?") + query(params)
        return requote_uri(url)

    def _authorized(self, call: _Call) -> Response:
        """One try; where the credentials had run out and fresh ones can be had, a second: a 401 did nothing."""
        own = self.auth.headers()
        try:
            return self._once(call, own)
        except Unauthorized as refused:
            if refused.code == "403" or not self.auth.renew(own):
                raise
            return self._once(call, self.auth.headers())

    def _once(self, call: _Call, own: Mapping[str, str]) -> Response:
        paid = self.attempt.pays(call.bucket)
        wait = self.budget(call.bucket) if self.budget and not paid else 0.0
        if wait > 0 and not self.attempt.changed:
            raise OverBudget(f"{self.name}: our own budget {call.bucket!r} is used up for {wait:.1f} s", after=wait)
        request = PreparedRequest()
        request.method, request.url, request.body, request.hooks = call.method, call.url, call.body, {}
        request.headers = call.headers.copy()
        request.headers.update(own)
        if call.body is not None or call.method in ("POST", "PUT", "PATCH"):
            request.headers["Content-Length"] = str(len(call.body or b""))
        if self.wire is not None:
            self.wire.hide(of_headers(own.values()))
        began = time.monotonic()
        try:
            status, headers, body = self._exchange(call, request)
        except Lost as lost:
            self._record(request, began, error=str(lost))
            where = f"{self.name}: {call.method} {call.url}: {lost}"
            if call.read or not lost.sent:
                raise RetryLater(where) from lost
            raise OutcomeUnknown(f"{where}. It was sent; whether it was done has to be looked up") from lost
        except TooLong as long:
            self._record(request, began, error=f"more than {self.limit} bytes")
            text = f"{self.name} answered {call.method} {call.url} with more than {self.limit} bytes; ask for less"
            raise (Rejected(text) if call.read else OutcomeUnknown(text)) from long
        self._record(request, began, answer=(status, headers, body))
        known = CaseInsensitiveDict(headers)
        self.clock.heard(known.get("Date"), known.get("Age"))
        response = Response(status, known, body, call.method, call.url, call.read, self.name)
        error = call.classify(response) if call.classify else None
        if error is None:
            error = page(response) if status in call.ok else meaning(response)
        if not call.read and did_nothing(response, error):
            self.attempt.did_nothing()
        if error is not None:
            raise self.mask.also(of_headers(own.values())).error(error)
        return response

    def _exchange(self, call: _Call, request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        """Send it and read the answer; what changes something is noted before its first byte can leave."""
        if call.read:
            return exchange(self._adapter, request, call.until, self.verify, self.limit)
        self.attempt.leaves()
        try:
            return exchange(self._adapter, request, call.until, self.verify, self.limit)
        except BaseException as problem:  # a bug of ours before a byte has left is no effect, either
            if not (problem.sent if isinstance(problem, Lost) else now.sent or isinstance(problem, TooLong)):
                self.attempt.did_nothing()
            raise

    def _record(self, request: PreparedRequest, began: float, **outcome: Any) -> None:
        if self.wire is not None:
            took = int((time.monotonic() - began) * 1000)
            self.wire.write(request.method or "", request.url or "", request.headers, request.body, took, **outcome)


@dataclass(slots=True)
class _Call:
    method: str
    url: str
    headers: CaseInsensitiveDict[str]
    body: bytes | None
    read: bool
    until: float
    ok: Container[int]
    classify: Classify | None = None
    bucket: str = DEFAULT


def query(params: Params) -> str:
    """A query string: `None` is left out, a list is repeated, truth is written true and false."""
    pairs = params.items() if isinstance(params, Mapping) else params
    flat: list[tuple[str, str]] = []
    for name, value in pairs:
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is not None:
                flat.append((name, str(item).lower() if isinstance(item, bool) else str(item)))
    return urlencode(flat)


def segment(value: object) -> str:
    """A value as one segment of a path: an id with a slash in it must not reach another resource."""
    text = quote(str(value), safe="")
    return text.replace(".", "%2E") if set(text) <= {"."} else text


def _encode(json: Any, data: bytes | str | Mapping[str, Any] | None, headers: CaseInsensitiveDict[str]) -> bytes | None:
    if json is not None:
        headers.setdefault("Content-Type", "application/json")
        return ENCODER.encode(json)
    if isinstance(data, Mapping):
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return query(data).encode()
    return data.encode() if isinstance(data, str) else data
