"""A backfill that stops in the middle goes on with the page after the last one that was committed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.errors import RetryLater
from connectors.shopify import backfill as bulk
from hub import configuration
from hub.boot import Hub
from hub.pipeline.intake.poll import backfill
from tests.connectors.shopify_side import Remote
from tests.pipeline.queries import rows

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
PAGE, ORDERS = 20, 50


class Shop(Remote):
    """Remembers which records were read of it."""

    def setup(self) -> None:
        super().setup()
        self.read: list[str] = []
        self.bulk_looks = 0
        for _ in range(ORDERS - 1):
            self.ask_for(self.state.place({"SHIRT-M": 1}), 1)

    def _root(self, asked: Any, args: dict[str, Any]) -> Any:
        if asked.name == "nodes":
            self.read += args["ids"]
        return super()._root(asked, args)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as running:
        yield running


def kept(hub: Hub) -> list[str]:
    return [name for (name,) in rows(hub, "SELECT external_id FROM inbox ORDER BY id")]


def test_a_backfill_goes_on_after_the_last_committed_page(
    hub: Hub, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PAGE", PAGE)
    configuration.put(hub, "shop", {"connector": "shopify", "settings": shop.settings()})

    def pages() -> Iterator[tuple[int, str]]:
        return backfill(hub.database, hub.accounts, "shop", "return", SINCE)

    for count, _ in pages():
        if count == 2 * PAGE:
            break  # the process is gone: nothing but what was committed is left of it
    assert len(kept(hub)) == 2 * PAGE
    shop.fault("answer", status=503, method="QUERY", path=".*[?]Records", times=99)
    with pytest.raises(RetryLater):
        list(pages())
    assert len(kept(hub)) == 2 * PAGE, "a page that broke is kept in part"
    shop.faults.clear()
    *_, (count, _) = pages()
    assert count == 2 * ORDERS - 2 * PAGE
    assert len(kept(hub)) == 2 * ORDERS
    assert sorted(kept(hub)) == sorted(shop.read), "something was read twice, or not at all"
    assert [effect["kind"] for effect in shop.effects] == ["bulk"], "it was begun anew"
