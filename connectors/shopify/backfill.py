"""The past: a bulk operation finds every return of the orders that changed since a moment, however it ended.

The search over open orders never finds declined and cancelled returns, and paging through all orders costs points.
A bulk operation costs none: Shopify writes a file, of which each line is an order or a return. What is named there is
read as always. The cursor knows operation and line, so it goes on after a stop; while Shopify still writes, it comes
back later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from connectors.kit.api import Page
from connectors.kit.errors import NotYet, Rejected, RetryLater
from connectors.kit.graphql import Graph
from connectors.kit.http import Http
from connectors.shopify import reading
from connectors.shopify.admin import DOCUMENTS, kind_of

PAGE = 250
"""Records per page: what is read and committed at once."""
WAIT = 10.0
BUSY = frozenset(("OPERATION_IN_PROGRESS", "LIMIT_REACHED"))
"""BulkOperationUserErrorCode (2026-07): another one runs, or as many as may."""
BUSY_WAIT = 60.0
BROKE = ("FAILED", "INTERNAL_SERVER_ERROR")
"""BulkOperationErrorCode: this one may be intermittent; after TIMEOUT and ACCESS_DENIED asking again helps nobody."""
AT_WORK = frozenset(("CREATED", "RUNNING", "CANCELING"))
FILE = 500_000_000
"""Bytes that the file may have: some 100 per order and return."""


def begin(since: str) -> str:
    """The cursor of a backfill. `since` is an ISO time."""
    return msgspec.json.encode({"since": since}).decode()


def pages(graph: Graph, cursor: str) -> Iterator[Page]:
    """From where the cursor stands to the end."""
    at: dict[str, Any] = msgspec.json.decode(cursor)
    if "operation" not in at:
        query = DOCUMENTS["OrdersSince"].text.replace("$search", f"updated_at:>='{at['since']}'")
        at = {**at, "operation": _started(graph, query), "line": 0}
        yield Page((), _written(at))
    state = graph.ask("BulkState", id=at["operation"])["bulkOperation"]
    if state is not None and (state["status"], state["errorCode"]) == BROKE:
        yield Page((), begin(at["since"]))
        raise NotYet(f"Shopify's bulk operation broke ({state['errorCode']}): it begins anew", after=BUSY_WAIT)
    url = _file(state)
    if url is None:
        return
    named = [external_id for line in _lines(graph.http, url) if (external_id := _named(line))]
    for start in range(at["line"], len(named), PAGE):
        some: Sequence[str] = named[start : start + PAGE]
        yield Page(list(reading.read(graph, some)), _written({**at, "line": start + len(some)}))


def _named(line: bytes) -> str | None:
    """The order or return that a line names. Raises RetryLater where the file does not come whole."""
    try:
        external_id = str(msgspec.json.decode(line).get("id"))
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, RecursionError) as problem:
        raise RetryLater(
            f"a line of Shopify's file is no record ({problem}); it is fetched again", after=WAIT
        ) from problem
    return external_id if kind_of(external_id) in reading.STREAMS else None


def _started(graph: Graph, query: str) -> str:
    """The operation's id. It only reads: asking twice costs nothing but a second file. A shop has few at a time."""
    try:
        return str(graph.ask("BulkStart", read=True, query=query)["bulkOperationRunQuery"]["bulkOperation"]["id"])
    except Rejected as refused:
        if refused.code in BUSY:
            raise NotYet(f"{refused}; it begins when the other one is done", after=BUSY_WAIT) from refused
        raise


def _written(at: dict[str, Any]) -> str:
    return msgspec.json.encode(at).decode()


def _file(state: Any) -> str | None:
    """Where the result is; None when there was nothing to write."""
    if state is None or state["status"] == "EXPIRED":
        raise Rejected("Shopify keeps the file of a bulk operation for seven days, and these are over: begin it anew")
    if state["status"] in AT_WORK:
        raise RetryLater(f"Shopify is still writing ({state['objectCount']} so far); it goes on from here", after=WAIT)
    if state["status"] != "COMPLETED":
        raise Rejected(f"Shopify's bulk operation ended {state['status']} ({state['errorCode']}): begin it anew")
    url: str | None = state["url"]
    return url


def _lines(http: Http, url: str) -> list[bytes]:
    """The file lies at another host, behind a signed address: no credentials of ours go there."""
    with_limit = Http(url, name=f"{http.name}, bulk file", timeout=300.0, wire=http.wire, limit=FILE, until=http.until)
    try:
        return with_limit.get("").body.splitlines()
    finally:
        with_limit.close()
