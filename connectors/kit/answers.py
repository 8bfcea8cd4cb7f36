"""An answer, and what it says by HTTP's own rules about what happens next.

401, 403   Unauthorized        429        RateLimited with Retry-After
404, 410   NotFound            423, 425   RetryLater
409, 412   Conflict            408, 499, 5xx   RetryLater (read), OutcomeUnknown (write)
501        Rejected            302, 303   Rejected (read), OutcomeUnknown (write: many answer so when it is done)
other 3xx and 4xx              Rejected
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from connectors.kit.errors import (
    Conflict,
    ConnectorError,
    NotFound,
    NotYet,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    Unauthorized,
)

MESSAGE_KEYS = ("message", "detail", "error_description", "error_message", "msg", "errmsg", "title", "error", "errors")
RETRY_AFTER_MOST = 7 * 86_400.0
GAVE_UP = frozenset((408, 499))
"""They, or a gateway before them, stopped waiting: what was begun behind it may go on."""
SEE_OTHER = frozenset((302, 303))
DECODER = msgspec.json.Decoder(float_hook=Decimal)
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError)
BEGINS = (b"{", b"[")
"""How JSON begins that answers with records."""


class Impossible:
    """A value that JSON cannot hold (half a character, bytes of no text, a number of an impossible size): it spoils the
    record it stands in, and not the records beside it. `text`: how it is written, as far as it can be shown.

    No dataclass: those are encoded without a word.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Impossible({self.text!r})"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. Header names are compared in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    method: str = "GET"
    url: str = ""
    read: bool = True
    system: str = "the system"

    def json(self) -> Any:
        """The body decoded; fractions are Decimal, and a value that alone is no JSON is `Impossible`.

        Not JSON at all: RetryLater for a read, OutcomeUnknown for a write.
        """
        try:
            return decode(self.body)
        except NOT_JSON as error:
            answered = f"{self.system} answered {self.status} to {self.method} {self.url}"
            if self.body.lstrip().startswith(BEGINS):
                text = f"{answered} with broken JSON ({not_json(error)}); was it cut off on its way?"
            else:
                text = (
                    f"{answered}, but not with JSON ({not_json(error)}). "
                    f"A proxy's or maintenance page? It begins with {self.body[:80]!r}"
                )
            raise RetryLater(text) if self.read else OutcomeUnknown(text) from error

    def peek(self) -> Any:
        """The body decoded, or `None` where it is not JSON; for `classify`."""
        try:
            return decode(self.body) if self.body else None
        except NOT_JSON:
            return None

    def message(self) -> str:
        """What the system says about it, in its own words, shortened."""
        said = words_of(self.peek()) or self.body[:300].decode(errors="replace").strip()
        return said[:500] or "without a word of explanation"

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from the Retry-After header (seconds or an HTTP date)."""
        return retry_after(self.headers.get("Retry-After"))


def decode(body: bytes) -> Any:
    """JSON, with each value that alone cannot be read as `Impossible`. Raises NOT_JSON."""
    try:
        return DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError):
        return _leniently(body)


def impossible(value: Any) -> Iterator[Impossible]:
    """All in a decoded value that JSON cannot hold."""
    left = [value]
    while left:  # no recursion: it may be nested as deep as JSON may be
        one = left.pop()
        if isinstance(one, Impossible):
            yield one
        elif isinstance(one, dict | list):
            left += one.values() if isinstance(one, dict) else one


def refuse(value: Any) -> Any:
    """An encoder's hook: what cannot be written refuses the one record it stands in."""
    raise Rejected(cannot_hold(value) if isinstance(value, Impossible) else f"{value!r} cannot be written as JSON")


def cannot_hold(value: Impossible) -> str:
    """The letter about such a value."""
    return f"JSON cannot hold a value in it: {value.text[:100]!r}"


def meaning(response: Response) -> ConnectorError:
    """What a status that is not ok says, by HTTP's own rules."""
    status = response.status
    text = f"{response.system} answered {status} to {response.method} {response.url}: {response.message()}"
    if status in (401, 403):
        hint = "renew the account's credentials, or give them the missing right"
        return Unauthorized(f"{text} ({hint})", code=str(status))
    if status in (404, 410):
        return NotFound(text, code=str(status))
    if status in (409, 412):
        return Conflict(text, code=str(status))
    if status == 429:
        return RateLimited(text, after=response.retry_after)
    if status in (423, 425):
        return RetryLater(text, after=response.retry_after)
    if status == 501:
        return Rejected(text, code=str(status))
    if status >= 500 or status in GAVE_UP:
        return RetryLater(text, after=response.retry_after) if response.read else OutcomeUnknown(text)
    if 300 <= status < 400:
        target = response.headers.get("Location", "nowhere")
        hint = f"it points to {target}; redirects are not followed: correct the base URL"
        if status in SEE_OTHER and not response.read:
            return OutcomeUnknown(f"{text} ({hint})")
        return Rejected(f"{text} ({hint})", code=str(status))
    if status == 402:
        text = f"{text} (the plan does not include this, or a bill is open: see to it there)"
    return Rejected(text, code=str(status))


def page(response: Response) -> ConnectorError | None:
    """A page for a browser, in answer to a request that changes something: somebody in between spoke."""
    begins = response.body[:200].lstrip().lower()
    if response.read or response.status >= 300 or not begins.startswith((b"<!doctype html", b"<html")):
        return None
    return OutcomeUnknown(
        f"{response.system} answered {response.status} to {response.method} {response.url} with a page for a browser: "
        "a login's or a proxy's? Whether it was done has to be looked up"
    )


def did_nothing(response: Response, error: ConnectorError | None) -> bool:
    """Whether this answer to a request that changes something proves that it changed nothing.

    `error` is what the answer was taken to mean. A refusal is a proof whatever its status (business errors come with
    200, and with 500). A wait is one only where the status itself says so: behind a 503, and behind a 200 that says
    "try again", the work may be done; too many requests, and a record that is not ready, are looked at before it.
    """
    refused = 400 <= response.status < 500 and response.status not in GAVE_UP
    match error:
        case None:
            return refused
        case OutcomeUnknown():
            return False
        case RateLimited() | NotYet():
            return True
        case RetryLater():
            return refused
    return response.status not in SEE_OTHER


def not_json(problem: Exception) -> str:
    """What keeps a body from being JSON that can be read."""
    if isinstance(problem, ArithmeticError):
        return "a number in it is of an impossible size"
    return "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)


def _leniently(body: bytes) -> Any:
    try:
        found = json.loads(
            body.decode(errors="surrogateescape"),  # bytes of no text are half characters, too
            parse_int=_number,
            parse_float=_number,
            parse_constant=Impossible,
            strict=False,
        )
    except json.JSONDecodeError as error:
        raise msgspec.DecodeError(str(error)) from None
    whole = _marked(found)
    if isinstance(whole, Impossible):
        raise msgspec.DecodeError(cannot_hold(whole))
    return whole


def _number(text: str) -> Any:
    try:
        return DECODER.decode(text)
    except NOT_JSON:
        return Impossible(text)


def _marked(value: Any) -> Any:
    """The same; texts with half characters, and the values of names with them, are Impossible."""
    if isinstance(value, str):
        shown = _shown(value)
        return value if shown == value else Impossible(shown)
    if isinstance(value, list):
        return [_marked(one) for one in value]
    if isinstance(value, dict):
        names = {_shown(name): (name, one) for name, one in value.items()}
        return {
            shown: _marked(one) if shown == name else Impossible(f"{shown}: {one!r}")
            for shown, (name, one) in names.items()
        }
    return value


def _shown(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header, which is a number or a date; nonsense is no wait at all."""
    if not value:
        return None
    try:
        seconds = float(value) if value.strip()[0].isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MOST)


def words_of(value: Any) -> str:
    """The sentence in an error body, wherever vendors put it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(words_of, value[:5])))
    if isinstance(value, dict):
        return next((said for key in MESSAGE_KEYS if key in value and (said := words_of(value[key]))), "")
    return ""
