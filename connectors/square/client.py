"""Calls to Square: its lists, what its errors mean, and the mark that the hub leaves in what it writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.kit import paging
from connectors.kit.answers import Response
from connectors.kit.api import Operation
from connectors.kit.errors import Conflict, ConnectorError, OutcomeUnknown, RateLimited, Rejected, RetryLater
from connectors.kit.http import Http, segment

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


def refusal(answer: Response) -> ConnectorError | None:
    """What Square's error codes change about an answer's usual meaning; None where they change nothing."""
    body = answer.peek()
    errors = (body.get("errors") if isinstance(body, dict) else None) or ()
    codes = {error.get("code") for error in errors if isinstance(error, dict)}
    if not codes:
        return None
    text = f"Square answered {answer.status} to {answer.method} {answer.url}: {answer.message()}"
    if "RATE_LIMITED" in codes:
        return RateLimited(text, after=answer.retry_after)
    if "REFUND_ALREADY_PENDING" in codes:
        return RetryLater(text, after=PENDING_WAIT)
    if "VERSION_MISMATCH" in codes:
        return Conflict(text, code="VERSION_MISMATCH")
    if "IDEMPOTENCY_KEY_REUSED" in codes:
        return OutcomeUnknown(f"{text} (something was done under this key before: it is looked for)")
    if 200 <= answer.status < 300:
        # Square answers 200 with errors where a part of a batch could not be done.
        return Rejected(text, code=str(sorted(map(str, codes))[0]))
    return None
