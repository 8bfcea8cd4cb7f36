"""Medusa's admin API: one place for its addresses, its JSON, its errors and its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.kit.answers import Response
from connectors.kit.changes import READINGS, ListedRow, Taken
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
        """Every row of a list, page by page, each once; read again where the list grew or shrank meanwhile."""
        seen: set[str] = set()
        for _ in range(READINGS):
            offset, counts = 0, set[int]()
            while True:
                page = self.read(collection, {**params, "limit": LIMIT, "offset": offset})
                rows = _rows(collection, page)
                yield from (row for row in rows if row["id"] not in seen)
                seen.update(row["id"] for row in rows)
                offset += len(rows)
                counts.add(page.get("count", offset))
                if not rows or offset >= page.get("count", offset):
                    break
            if len(counts) == 1:
                return
        raise RetryLater(
            f"Medusa's list of {collection} moved during each of {READINGS} readings; it is read again later"
        )

    def changed(self, collection: str, fields: str, since: str | None, offset: int | None) -> Taken:
        """A page of what changed since (inclusive), the oldest change first."""
        asked = {"updated_at[$gte]": since} if since else {}
        at = offset or 0
        params = {**asked, "order": "updated_at", "limit": LIMIT, "offset": at, "fields": fields}
        rows = _rows(collection, self.read(collection, params))
        named = [
            ListedRow(str(row["id"]), row.get("updated_at"), row) if _known(row) else ListedRow("", None, row)
            for row in rows
        ]
        return Taken(named, at + len(rows) if len(rows) >= LIMIT else None)


def _known(row: Any) -> bool:
    return isinstance(row, dict) and bool(row.get("id"))


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
