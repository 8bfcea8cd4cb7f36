"""Medusa's admin API: one place for its addresses, its JSON, its errors and its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.kit.answers import Response
from connectors.kit.errors import ConnectorError, NotYet, OutcomeUnknown, RetryLater
from connectors.kit.http import Http

LIMIT = 50
"""Rows per page."""
BUSY = "already has an existing active order change"
"""Medusa's words when another staged change of the order is unfinished."""
BUSY_WAIT = 30.0

encode = msgspec.json.Encoder(decimal_format="number").encode


class Broke(OutcomeUnknown):
    """Medusa answered a write with a server error: it may have done all, part or nothing of it."""


class Admin:
    """Calls of one account. `http` is the kit's session, with the account's address and key."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def get(self, path: str, **params: Any) -> Any:
        """One read. Raises NotFound, RetryLater, Unauthorized."""
        return self.read(path, params)

    def read(self, path: str, params: Mapping[str, Any]) -> Any:
        """One read whose parameters are no Python names (`updated_at[$gte]`)."""
        return self.http.get(f"admin/{path}", params=params, classify=refusal).json()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """One write. Amounts are Decimals and travel as exact JSON numbers."""
        return self.http.post(f"admin/{path}", json=body, classify=refusal).json()

    def delete(self, path: str) -> None:
        """Take a draft back; one that is gone already is fine."""
        self.http.delete(f"admin/{path}", classify=refusal, ok=(200, 404))

    def all(self, collection: str, params: Mapping[str, Any]) -> Iterator[Any]:
        """Every row of a list, page by page. Rows that appear twice because the list moved come once."""
        seen: set[str] = set()
        offset = 0
        while True:
            page = self.read(collection, {**params, "limit": LIMIT, "offset": offset})
            rows = _rows(collection, page)
            yield from (row for row in rows if row["id"] not in seen)
            seen.update(row["id"] for row in rows)
            offset += len(rows)
            if not rows or offset >= page["count"]:
                return

    def changed(self, collection: str, since: str | None, fields: str) -> Iterator[list[Any]]:
        """Pages of what changed since (inclusive), oldest change first, safe against rows that move while we read.

        The next page asks from the last row's time, not by offset: a row that changes meanwhile would shift the rest.
        Offset is used only inside one instant that fills a whole page.
        """
        seen: set[tuple[str, str]] = set()
        offset, stale = 0, False
        while True:
            asked = {"updated_at[$gte]": since} if since else {}
            params = {**asked, "order": "updated_at", "limit": LIMIT, "offset": offset, "fields": fields}
            rows = _rows(collection, self.read(collection, params))
            fresh = [row for row in rows if (row["id"], row["updated_at"]) not in seen]
            seen.update((row["id"], row["updated_at"]) for row in rows)
            if fresh:
                yield fresh
            if len(rows) < LIMIT:
                return
            if stale and not fresh:
                raise RetryLater(
                    f"Medusa's list of {collection} does not go on: page after page it shows the same rows"
                )
            stale = not fresh
            last = rows[-1]["updated_at"]
            since, offset = (since, offset + len(rows)) if last == since else (last, 0)


def _rows(collection: str, page: Any) -> Any:
    rows = page.get(collection.replace("-", "_")) if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise RetryLater(f"Medusa answered the list of {collection} without one; is a proxy or a cache in between?")
    return rows


def refusal(answer: Response) -> ConnectorError | None:
    """What Medusa's own words change about an answer's usual meaning; None where they change nothing."""
    if answer.status == 400 and BUSY in answer.message():
        text = f"{answer.method} {answer.url}: {answer.message()}. Confirm or drop it in Medusa's admin first."
        return NotYet(text, after=BUSY_WAIT)
    if answer.status >= 500 and not answer.read:
        return Broke(f"Medusa answered {answer.status} to {answer.method} {answer.url}: {answer.message()}")
    return None
