"""What a system asks about a person's data waits for a person: it is open, and says by when, until somebody did it."""

from __future__ import annotations

from collections.abc import Sequence

from hub.model.fragment import PrivacyRequest
from hub.model.sentences import sentence
from hub.store import reviews
from hub.store.database import Connection
from hub.store.observations import Stored


def asked(conn: Connection, news: Sequence[Stored]) -> None:
    """Put the requests among these records into the queue."""
    for record in news:
        told = record.observation
        wanted = told.fragment.privacy
        if not isinstance(wanted, PrivacyRequest):
            continue
        orders = [key.value for key in told.fragment.orders]
        question = sentence(
            "privacy",
            account=told.account,
            asks=wanted.asks,
            customer=wanted.customer,
            orders=", ".join(orders),
            due=wanted.due.date().isoformat(),
        )
        detail = {
            "account": told.account,
            "asks": wanted.asks,
            "customer": wanted.customer,
            "orders": orders,
            "due": wanted.due.isoformat(),
        }
        name = "/".join((told.account, told.stream, told.external_id))
        reviews.ask(conn, "privacy", [], question, f"privacy:{name}", detail)
