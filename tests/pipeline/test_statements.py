"""What one return costs the database in questions (simulated): a webhook in, a call out, its answer read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.boot import Hub
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import rows
from tests.statements import statements


def test_a_return_that_another_system_is_told_of_asks_so_many_questions(
    hub: Hub, both: None, shop: Remote, deliver: Callable[..., None], work: Callable[..., Any]
) -> None:
    lines = [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]
    shop.do("buy", order="12", lines=lines)
    deliver(shop, "web")
    work()
    shop.do("request", order="12", lines=lines)
    deliver(shop, "web")
    with statements() as asked:
        work()
    assert rows(hub, "SELECT state FROM sync WHERE account = 'erp'") == [("in_sync",)]
    assert len(asked) <= 150, "each is paid for again with every return"
