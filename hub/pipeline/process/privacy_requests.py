"""What a system asks about a person's data waits for a person: it is open, and says by when, until somebody did it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hub.model.language.sentences import sentence
from hub.model.schema.fragment import PrivacyRequest
from hub.store import reviews
from hub.store.database import Connection
from hub.store.observations import Stored

ERASURES = frozenset({"erase", "erase_all"})


def asked(conn: Connection, news: Sequence[Stored]) -> None:
    """Put the requests among these records into the queue."""
    for record in news:
        observation = record.observation
        wanted = observation.fragment.privacy
        if not isinstance(wanted, PrivacyRequest):
            continue
        orders = [key.value for key in observation.fragment.orders]
        due, dedupe = (
            wanted.due,
            "privacy:" + "/".join((observation.account, observation.stream, observation.external_id)),
        )
        about = {"account": observation.account, "asks": wanted.asks, "customer": wanted.customer}
        before = _open(conn, about, orders)
        if before is not None:  # whoever does it now does it for both
            dedupe, detail = before["dedupe"], before["detail"]
            orders = list(dict.fromkeys([*detail["orders"], *orders]))
            due = min(due, datetime.fromisoformat(detail["due"]))
        question = sentence("privacy", **about, orders=", ".join(orders), due=due.date().isoformat())
        detail = {**about, "orders": orders, "due": due.isoformat()}
        reviews.ask(conn, "privacy", [], question, dedupe, detail, again=before is not None)


def _open(conn: Connection, about: dict[str, Any], orders: list[str]) -> dict[str, Any] | None:
    """The same erasure, asked for before and not done yet. Who has no number of a customer is known by the orders."""
    if about["asks"] not in ERASURES:
        return None
    nobody = about["customer"] is None and about["asks"] == "erase"
    return reviews.same(conn, "privacy", {**about, **({"orders": orders} if nobody else {})})
