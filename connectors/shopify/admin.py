"""Shopify's one address: which documents there are, what Shopify's own codes mean, and ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.kit.errors import Conflict, OutcomeUnknown, RateLimited, Rejected, RetryLater, Unauthorized
from connectors.kit.graphql import Graph, Meaning, documents
from connectors.kit.http import Http

Record = Mapping[str, Any]

DOCUMENTS = documents(Path(__file__).parent)
PATH = "graphql.json"


class TooCostly(Rejected):
    """One query asked for more than a shop may spend on one: ask for less at a time."""


INACTIVE_WAIT = 300.0
"""Seconds until a shop that Shopify stopped (too many calls again and again, or a doubt) is asked again."""
MEANINGS: Mapping[str, Meaning] = {
    "INVALID_STATE": lambda text, code, answer: Conflict(text, code=code),
    "NOT_EDITABLE": lambda text, code, answer: Conflict(text, code=code),
    "MISSING_PERMISSION": lambda text, code, answer: Unauthorized(text, code="403"),
    "NOTIFICATION_FAILED": lambda text, code, answer: OutcomeUnknown(text),
    "MAX_COST_EXCEEDED": lambda text, code, answer: TooCostly(text, code=code),
    "SHOP_INACTIVE": lambda text, code, answer: RateLimited(text, after=INACTIVE_WAIT),
    "IDEMPOTENCY_CONCURRENT_REQUEST": lambda text, code, answer: RetryLater(text, after=5.0),
}
"""The states are checked before each write, so INVALID_STATE means that somebody was faster: read again, plan again."""


def admin(http: Http) -> Graph:
    """The Admin API of one shop."""
    return Graph(http, PATH, DOCUMENTS, MEANINGS)


def gid(kind: str, number: object) -> str:
    """A number of Shopify's older interfaces as the id used here."""
    text = str(number)
    return text if text.startswith("gid://") else f"gid://shopify/{kind}/{text}"


def kind_of(external_id: str) -> str:
    """gid://shopify/Return/15 is a Return."""
    return external_id.removeprefix("gid://shopify/").partition("/")[0]


def nodes(record: Record | None, field: str) -> list[Any]:
    """The members of a connection, none where there is none."""
    return list(((record or {}).get(field) or {}).get("nodes") or ())
