"""Calls to Square: its lists, what its errors mean, and the mark that the hub leaves in what it writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.kit import paging
from connectors.kit.answers import Response
from connectors.kit.api import Operation
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
from connectors.kit.http import SUCCESS, Http, segment

Record = dict[str, Any]
BATCH = 100
"""Orders per batch read, the most that Square takes; catalogue objects are asked for in the same portions."""
PENDING_WAIT = 60.0
"""Seconds until a payment whose last refund is still pending is tried again."""
BEGINNING = "2009-01-01T00:00:00.000Z"
"""Before Square's first sale: its lists take one year where no beginning is named."""


class Mark(NamedTuple):
    """What the hub writes into a refund's reason and a stock adjustment's reference, so that it finds them again."""

    number: str
    intent: str
    line: str = ""
    """The order line that a stock adjustment is about."""

    @classmethod
    def of(cls, operation: Operation) -> Mark:
        return cls(operation.reference, operation.id)

    @classmethod
    def read(cls, text: str | None) -> Mark | None:
        """The mark in a text, or `None` where there is none of ours."""
        found = re.fullmatch(r"Returns Hub (R\d+(?:-\w+)?) / ([^ ]+)(?: / (.*))?", text or "")
        return cls(found[1], found[2], found[3] or "") if found else None

    def __str__(self) -> str:
        return f"Returns Hub {self.number} / {self.intent}" + (f" / {self.line}" if self.line else "")


class Client:
    """Square's REST API below /v2. Raises the kit's errors, with Square's own codes understood."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def get(self, path: str, *ids: str, **params: Any) -> Record:
        """One read; `ids` become segments of the path. Raises NotFound, RetryLater, Unauthorized."""
        where = "/".join(["v2", path, *map(segment, ids)])
        found: Record = self.http.get(where, params=params, classify=refusal).json()
        return found

    def ask(self, path: str, body: Mapping[str, Any]) -> Record:
        """A POST that only reads."""
        found: Record = self._ask(path, body).json()
        return found

    def post(self, path: str, body: Mapping[str, Any]) -> Record:
        """One write. Raises OutcomeUnknown where nothing came back."""
        done: Record = self.http.post(f"v2/{path}", json=body, classify=refusal).json()
        return done

    def listed(self, path: str, **params: Any) -> Iterator[Record]:
        """The pages of a GET list."""
        return self._pages(lambda more: self.http.get(f"v2/{path}", params={**params, **more}, classify=refusal))

    def searched(self, path: str, body: Mapping[str, Any]) -> Iterator[Record]:
        """The pages of a POST search; the cursor goes into its body."""
        return self._pages(lambda more: self._ask(path, {**body, **more}))

    def orders(self, ids: Sequence[str]) -> dict[str, Record]:
        """Orders by id; those that do not exist are left out."""
        found: dict[str, Record] = {}
        for start in range(0, len(ids), BATCH):
            page = self.ask("orders/batch-retrieve", {"order_ids": list(ids[start : start + BATCH])})
            found.update({order["id"]: order for order in page.get("orders") or ()})
        return found

    def variations(self, ids: Sequence[str]) -> dict[str, Record]:
        """What the catalogue says of item variations (SKU, UPC), by id; those deleted since are left out."""
        found: dict[str, Record] = {}
        for start in range(0, len(ids), BATCH):
            page = self.ask("catalog/batch-retrieve", {"object_ids": list(ids[start : start + BATCH])})
            found.update({item["id"]: item.get("item_variation_data") or {} for item in page.get("objects") or ()})
        return found

    def _ask(self, path: str, body: Mapping[str, Any]) -> Response:
        return self.http.post(f"v2/{path}", json=body, read=True, classify=refusal)

    @staticmethod
    def _pages(read: paging.Read) -> Iterator[Record]:
        return paging.walk(paging.tokens(read, lambda page: page.get("cursor"), query="cursor"))


def _unauthorized(text: str, code: str, answer: Response) -> ConnectorError:
    return Unauthorized(f"{text} (renew the account's access token, or see to the application in Square)", code=code)


def _broke(text: str, code: str, answer: Response) -> ConnectorError:
    """They say themselves that nothing is certain: a read is asked again, a write is looked for and keeps its key."""
    return RetryLater(text, after=answer.retry_after) if answer.read else OutcomeUnknown(text)


def _not_yet(text: str, code: str, answer: Response) -> ConnectorError:
    return NotYet(text, after=PENDING_WAIT)


MEANINGS: Mapping[str, Callable[[str, str, Response], ConnectorError]] = {
    **dict.fromkeys(
        ("RATE_LIMITED", "PLAID_ERROR_RATE_LIMIT"),
        lambda text, code, answer: RateLimited(text, after=answer.retry_after),
    ),
    "IDEMPOTENCY_KEY_REUSED": lambda text, code, answer: OutcomeUnknown(
        f"{text} (something was done under this key before: it is looked for)"
    ),
    # "You can safely retry your call using the same idempotency key", says their table: so with no other one.
    "TEMPORARY_ERROR": _broke,
    **dict.fromkeys(
        ("INTERNAL_SERVER_ERROR", "BAD_GATEWAY", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT", "REQUEST_TIMEOUT"), _broke
    ),
    **dict.fromkeys(
        ("REFUND_ALREADY_PENDING", "REFUND_ERROR_PAYMENT_NEEDS_COMPLETION", "PLAID_ERROR_PRODUCT_NOT_READY"), _not_yet
    ),
    **dict.fromkeys(("VERSION_MISMATCH", "CONFLICT"), lambda text, code, answer: Conflict(text, code=code)),
    **dict.fromkeys(
        ("UNAUTHORIZED", "ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_REVOKED", "CLIENT_DISABLED", "APPLICATION_DISABLED"),
        _unauthorized,
    ),
    **dict.fromkeys(("NOT_FOUND", "GONE"), lambda text, code, answer: NotFound(text, code=code)),
}
"""Square's codes that say what happens next, whatever the status they come with; of several the first in this table
counts. Every other one that it publishes refuses (API version 2025-08-20, the SDK's ErrorCode)."""


def refusal(answer: Response) -> ConnectorError | None:
    """What Square's error codes change about an answer's usual meaning; None where they change nothing."""
    body = answer.peek()
    said = body if isinstance(body, dict) else {}
    codes = [str(error.get("code")) for error in said.get("errors") or () if isinstance(error, dict)]
    if not codes:
        return None
    text = f"Square answered {answer.status} to {answer.method} {answer.url}: {answer.message()}"
    done = [name for name, value in said.items() if name != "errors" and value]
    if done and not answer.read and answer.status in SUCCESS:
        return OutcomeUnknown(f"{text} (beside {done[0]}: a part of it was done, and is looked for)")
    for code, meaning in MEANINGS.items():
        if code in codes:
            return meaning(text, code, answer)
    return Rejected(text, code=sorted(codes)[0]) if answer.status in SUCCESS else None
