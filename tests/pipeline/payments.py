"""What tests of payments and questions ask, and the shop's account under other terms."""

from __future__ import annotations

from typing import Any

from hub import configuration
from hub.boot import Hub
from tests.pipeline.fakes.processes import SECRET, Remote
from tests.pipeline.queries import rows


def paid(shop: Remote) -> list[str]:
    return [effect["amount"] for effect in shop.get("effects") if effect["what"] == "refund"]


def web(hub: Hub, shop: Remote, **terms: Any) -> None:
    settings = {"secret": SECRET, "base_url": shop.url}
    configuration.put(hub, "web", {"connector": "fake_shop", "settings": settings, "terms": {"settle": 0, **terms}})


def row(hub: Hub, account: str) -> tuple[str, str | None]:
    ((state, why),) = rows(hub, "SELECT state, why FROM sync WHERE account = :a", a=account)
    return state, why


def questions(hub: Hub) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in rows(hub, "SELECT kind, text FROM reviews WHERE state = 'open'")]
