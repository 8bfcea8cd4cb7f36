"""A record costs what it is long, up to a bound; beyond it waits with its reason, and others pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.generic.sandbox import SECRET
from connectors.kit.api import WebhookRequest
from hub import configuration
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.pipeline.process import load, take, translate
from hub.store import claims, inbox
from tests.pipeline.queries import all_returns, rows

Push = Callable[..., None]


@pytest.fixture
def push(hub: Hub) -> Push:
    """push(id, lines): a return of so many lines from a shop behind our own door."""
    settings = {"kind": "storefront", "webhook_secret": SECRET, "signed_with": "shared"}
    configuration.put(hub, "shop", {"connector": "generic", "settings": settings, "terms": {"settle": 0}})

    def send(id_: str, lines: int, **more: Any) -> None:
        goods = [{"id": str(n), "sku": f"S{n}", "quantity": 1} for n in range(lines)]
        record = {"id": id_, "version": 1, "number": id_, "currency": "EUR", "lines": goods, **more}
        body = json.dumps({"type": "return.upsert", "data": record}).encode()
        headers = {"Authorization": f"Bearer {SECRET}", "Idempotency-Key": f"{id_}-{record['version']}"}
        arrivals = accept(hub.accounts, "shop", WebhookRequest("POST", "/hooks/shop", headers, body))
        with hub.database.begin() as conn:
            inbox.accept(conn, arrivals)

    return send


def invalid(hub: Hub) -> list[tuple[Any, ...]]:
    return rows(hub, "SELECT external_id, error FROM inbox WHERE state = 'invalid' ORDER BY id")


def test_the_longest_record_is_understood_and_a_longer_one_waits_with_its_reason(
    hub: Hub, push: Push, work: Callable[..., int]
) -> None:
    push("longest", translate.PARTS)
    push("longer", translate.PARTS + 1)
    push("small", 1)
    work(("process",))
    assert len(all_returns(hub)) == 2
    ((name, error),) = invalid(hub)
    assert name == "longer"
    assert f"the record has {translate.PARTS + 1} lines and facts; the hub takes {translate.PARTS}" in str(error)
    assert rows(hub, "SELECT key FROM jobs WHERE kind = 'process'") == []


def test_the_parts_of_parts_count(hub: Hub, push: Push, work: Callable[..., int]) -> None:
    """Ten refunds of a thousand allocations each are ten thousand parts, and ten."""
    allocated = [{"order_line": str(n), "amount": "1.00"} for n in range(1000)]
    refunds = [{"id": str(n), "amount": "1000.00", "currency": "EUR", "allocations": allocated} for n in range(10)]
    push("deep", 1, refunds=refunds)
    work(("process",))
    assert [name for name, _ in invalid(hub)] == ["deep"]


def test_a_record_of_too_many_bytes_is_not_even_read(
    hub: Hub, push: Push, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translate, "BYTES", 2_000)
    push("heavy", 1, notes=[{"id": "1", "text": "x" * 2_000}])
    push("small", 1)
    work(("process",))
    assert "bytes; the hub takes 2000" in str(invalid(hub)[0][1])
    assert len(all_returns(hub)) == 1


def test_many_large_records_are_not_one_transaction(hub: Hub, push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take, "HANDFUL", 5_000)
    for n in range(5):
        push(f"r{n}", 60)
    hub.database.run(inbox.dispatch)
    taken = hub.database.run(lambda conn: claims.claim(conn, ["process"], "test", 200))
    assert len(taken) == 5
    hub.process(taken)
    assert 1 <= len(all_returns(hub)) < 5
    left = rows(hub, "SELECT attempts, lease_until FROM jobs WHERE kind = 'process'")
    assert left == [(0, None)] * (5 - len(all_returns(hub)))
    while taken := hub.database.run(lambda conn: claims.claim(conn, ["process"], "test", 200)):
        hub.process(taken)
    assert len(all_returns(hub)) == 5


def test_a_return_that_has_grown_too_large_says_so(
    hub: Hub, push: Push, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    push("r1", 60)
    work(("process",))
    monkeypatch.setattr(load, "MOST", 50)
    push("r1", 61, state="more", version=2)
    with pytest.raises(load.TooMuch, match="the records of R1001 have 6[0-9] lines and facts; the hub lays 50"):
        work(("process",))
