"""Where nobody can look for an earlier write its key has to cover it; what an answer carries whole is read already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connectors.kit.api import Connector, Operation, Reply
from hub.boot import Hub
from tests.pipeline.fakes.connector import Shop, Stock
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, deliver_due, hurry, intents, rows
from tests.pipeline.test_unknown import deaf, paid


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither system lets anybody look for an earlier write."""
    for of in (Shop, Stock):
        monkeypatch.setattr(of, "find", lambda self, operation: Connector.find(self, operation))


def test_a_key_covers_a_repetition_where_nobody_can_look(
    hub: Hub, due: None, blind: None, shop: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Shop, "do_refund", does=True)
    deliver_due(hub)
    assert len(keys) == 1
    deliver_due(hub)
    assert len(keys) == 1, "it was repeated before it may have settled"
    hurry(hub)
    work()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert paid(shop) == ["158.00"]
    assert all_returns(hub)[0].sync["web"] == "in_sync"


def test_a_key_that_is_forgotten_covers_nothing_where_nobody_can_look(
    hub: Hub, due: None, blind: None, shop: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deaf(monkeypatch, Shop, "do_refund", does=True)
    deliver_due(hub)
    rows(hub, "UPDATE intents SET at = at - interval '25 hours' RETURNING 1")
    for _ in range(3):
        hurry(hub)
        deliver_due(hub)
    assert len(keys) == 1
    assert ("refund", "dead") in intents(hub)
    assert rows(hub, "SELECT kind FROM reviews WHERE state = 'open'") == [("unknown_outcome",)]


def test_a_record_in_the_answer_is_its_read_back(
    hub: Hub, due: None, shop: Remote, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    refund, fetched = Shop.do_refund, []

    def answers_with_the_record(self: Shop, operation: Operation) -> Reply:
        reply = refund(self, operation)
        record = self.fetch("return", reply.objects["return"])
        return replace(reply, messages=(record,))

    monkeypatch.setattr(Shop, "do_refund", answers_with_the_record)
    deliver_due(hub)
    monkeypatch.setattr(Shop, "fetch", lambda self, stream, external_id: fetched.append(external_id))
    work(("process",))
    assert ("refund", "done") in intents(hub)
    assert all_returns(hub)[0].status == "completed"
    assert fetched == []
