"""Races between reads: what is true at the end does not depend on who was faster. Each failure is shown first, on a
naive variant, or by the very construction that provokes it (the fake systems are simulated)."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.api import Message
from hub.boot import Hub
from hub.pipeline.intake import poll
from hub.pipeline.process import combine as combining
from hub.pipeline.process import identify as identifying
from hub.pipeline.process import load as loading
from hub.pipeline.process import observe
from hub.store import claims, inbox, jobs, returns
from hub.store.arrival import Arrival
from hub.store.database import next_read_seq
from hub.store.jobs import Job
from scheduler.work import JobTerms, Work
from tests.pipeline.fakes.connector import Stock
from tests.pipeline.fakes.processes import Remote
from tests.pipeline.queries import all_returns, document, rows


def claim(hub: Hub, kind: str) -> list[Job]:
    hub.database.run(inbox.dispatch)
    return hub.database.run(lambda conn: claims.claim(conn, [kind], "test", 50))


def put(hub: Hub, arrival: Arrival) -> bool:
    with hub.database.begin() as conn:
        (new,) = inbox.accept(conn, [arrival])
    return new


def draw(hub: Hub) -> int:
    with hub.database.begin() as conn:
        (drawn,) = next_read_seq(conn)
    return drawn


def read_of(record: dict[str, Any], drawn: int, version: str | None = None, via: str = "fetch") -> Arrival:
    body = json.dumps(record).encode()
    version = version or f"{record['version']:09d}"
    return Arrival.of(
        account="erp", stream="return", external_id=record["id"], via=via, body=body, version=version, read_seq=drawn
    )


@pytest.mark.parametrize("naive", [True, False], ids=["naive", "locked"])
def test_two_accounts_change_one_return_at_once(
    naive: bool, hub: Hub, begun: tuple[str, str], shop: Remote, stock: Remote, deliver: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Both merge the same return; without its lock, the slower one writes what it read before the faster one spoke."""
    shop_id, stock_id = begun
    shop.do("arrive", id=shop_id, line="L1", quantity=1, condition="good")
    deliver(shop, "web")
    slow = claim(hub, "process")
    stock.do("authorize", id=stock_id)
    deliver(stock, "erp")
    fast = claim(hub, "process")
    merged, go_on = threading.Event(), threading.Event()

    def save(conn: Any, changes: Any) -> None:
        if threading.current_thread().name == "slow":
            merged.set()
            assert go_on.wait(10)
        returns.save(conn, changes)

    def unlocked(conn: Any, return_ids: Any, **_: Any) -> Any:
        return returns.read(conn, return_ids)

    class Returns:
        """`hub.store.returns`, watched."""

        def __getattr__(self, name: str) -> Any:
            return {"save": save, "lock": unlocked if naive else returns.lock}.get(name) or getattr(returns, name)

    monkeypatch.setattr(loading, "returns", Returns())
    monkeypatch.setattr(combining, "returns", Returns())
    if naive:
        # Its order is held, too, from when the records are bound.
        monkeypatch.setattr(identifying.returns, "belong", lambda conn, pairs, orders=(): None)
    first = threading.Thread(target=hub.process, args=(slow,), name="slow")
    second = threading.Thread(target=hub.process, args=(fast,), name="fast")
    first.start()
    assert merged.wait(10)
    second.start()
    second.join(10 if naive else 0.5)
    assert second.is_alive() is not naive
    go_on.set()
    first.join(10)
    second.join(10)

    (found,) = all_returns(hub)
    axes = (found.doc.axes.authorization.value, found.doc.axes.receipt)
    assert axes == (("requested", "partial") if naive else ("authorized", "partial"))


def test_approved_draft_and_approved_again(hub: Hub, begun: tuple[str, str], stock: Remote) -> None:
    """The third reading says word for word what the first said, and its version stood still all the time."""
    record = stock.get("state")[begun[1]]
    heard = []
    for status in ("authorized", "requested", "authorized"):
        put(hub, read_of({**record, "status": status}, draw(hub), version="000000001"))
        hub.process(claim(hub, "process"))
        heard.append(all_returns(hub)[0].doc.axes.authorization.value)
    assert heard == ["authorized", "requested", "authorized"]


def test_content_alone_would_have_called_the_third_a_duplicate(hub: Hub, begun: tuple[str, str], stock: Remote) -> None:
    """By construction: what is right for pushes whose version moves loses the second approval where it stands still."""
    record = stock.get("state")[begun[1]]

    def pushed(status: str) -> Arrival:
        body = json.dumps({**record, "status": status}).encode()
        return Arrival.of(
            account="erp", stream="return", external_id=record["id"], via="push", body=body, version="0", moves=True
        )

    assert [put(hub, pushed(status)) for status in ("authorized", "requested", "authorized")] == [True, True, False]


@pytest.mark.parametrize("naive", [True, False], ids=["naive", "counted"])
def test_three_identical_thin_hints(
    naive: bool, hub: Hub, begun: tuple[str, str], stock: Remote, work: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The record changes while the first change notification is being fetched; two and three look exactly like the first."""
    changed = Arrival.changed("erp", "return", begun[1])
    fetched: list[str] = []
    fetch = Stock.fetch

    def slowly(self: Stock, stream: str, external_id: str) -> Message:
        message = fetch(self, stream, external_id)
        fetched.append(json.loads(message.body)["status"])
        if len(fetched) == 1:
            stock.do("authorize", id=begun[1])
            for _ in range(2):
                put(hub, changed)
                hub.database.run(inbox.dispatch)
        return message

    monkeypatch.setattr(Stock, "fetch", slowly)
    finish = jobs.finish
    if naive:  # done is done, whatever was wanted meanwhile
        monkeypatch.setattr(poll.jobs, "finish", lambda conn, done: finish(conn, [(job, 99) for job, _ in done]))
    put(hub, changed)
    (job,) = claim(hub, "fetch")
    hub.fetch([job])
    wanted = rows(hub, "SELECT wanted, done FROM jobs WHERE kind = 'fetch'")
    assert wanted == ([] if naive else [(3, 1)])
    work()
    assert fetched == (["requested"] if naive else ["requested", "authorized"])
    assert all_returns(hub)[0].doc.axes.authorization.value == fetched[-1]


@pytest.mark.parametrize("naive", [True, False], ids=["naive", "read_seqs"])
def test_a_slow_fetch_is_overtaken_by_a_fast_one(
    naive: bool, hub: Hub, begun: tuple[str, str], stock: Remote, work: Callable[..., int]
) -> None:
    """The slow one left first and saw the old state; a read_seq drawn on arrival would make it the newer."""
    old = stock.get("state")[begun[1]]
    slow = draw(hub)
    new = stock.do("authorize", id=begun[1])
    fast = draw(hub)
    put(hub, read_of(new, fast))
    hub.process(claim(hub, "process"))
    put(hub, read_of(old, draw(hub) if naive else slow, via="poll"))
    hub.process(claim(hub, "process"))
    assert all_returns(hub)[0].doc.axes.authorization.value == ("requested" if naive else "authorized")
    # Two reads overlapped, and nobody knows what lay between: it is read once more, and only once.
    assert rows(hub, "SELECT key FROM jobs WHERE kind = 'fetch'") == [(f"return/{begun[1]}",)]
    assert work() == 2
    assert all_returns(hub)[0].doc.axes.authorization.value == "authorized"


@pytest.mark.parametrize("naive", [True, False], ids=["naive", "read_seqs"])
def test_a_version_that_stands_still(
    naive: bool, hub: Hub, begun: tuple[str, str], stock: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refund moves no date in some systems: whoever compares versions first never sees it."""
    record = stock.get("state")[begun[1]]
    if naive:
        monkeypatch.setattr(
            observe, "_stale", lambda account, row, before: (row.version or "") <= (before.version or "")
        )
    put(hub, read_of({**record, "status": "authorized"}, draw(hub)))
    hub.process(claim(hub, "process"))
    assert all_returns(hub)[0].doc.axes.authorization.value == ("requested" if naive else "authorized")


def test_a_push_sent_before_our_write_is_no_read_back(
    hub: Hub, begun: tuple[str, str], shop: Remote, stock: Remote, deliver: Callable[..., None],
    work: Callable[..., int], post: Callable[..., Any],
) -> None:  # fmt: skip
    """The shop's own change is told late, after our receipt was written: it does not show that receipt, and taking it
    for the read-back would leave two receipts without a common duplicate, two pieces received instead of one."""
    shop_id, stock_id = begun
    early = shop.do("note", id=shop_id, text="on its way")
    shop.do("outgoing")
    stock.do("authorize", id=stock_id)
    stock.do("arrive", id=stock_id, line="SHIRT-M", quantity=1, condition="good")
    deliver(stock, "erp")
    work(("process",))
    work(("deliver",))
    post("web", early)
    work(("process",))
    assert rows(hub, "SELECT state FROM intents WHERE kind = 'receive'") == [("sent",)]
    work()
    assert rows(hub, "SELECT state FROM intents WHERE kind = 'receive'") == [("done",)]
    assert [receipt.quantity for receipt in document(hub, all_returns(hub)[0].id).receipts] == [1]


def test_a_fetch_asks_nothing_once_its_lease_runs_out(hub: Hub, begun: tuple[str, str]) -> None:
    """Or a server that hangs would make its worker look as if it had died."""
    put(hub, Arrival.changed("erp", "return", begun[1]))
    poll.Fetch(hub.database, hub.accounts, lease=0.0)(claim(hub, "fetch"))
    ((attempts, lease_until),) = rows(hub, "SELECT attempts, lease_until FROM jobs WHERE kind = 'fetch'")
    assert (attempts, lease_until) == (1, None)
    (outcome, wire) = rows(hub, "SELECT outcome, wire FROM attempts ORDER BY id")[-1]
    assert (outcome, [("response" in exchange) for exchange in wire]) == ("RetryLater", [False])


def test_a_killer_in_a_batch_of_500(
    hub: Hub, both: None, shop: Remote, deliver: Callable[..., None], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """One record makes PostgreSQL refuse the batch (by construction): it alone waits, with what was wrong."""
    lines = [{"id": "L1", "sku": "SHIRT-M", "quantity": 1, "price": "79.00"}]
    for n in range(500):
        shop.do("request", order=f"{n}", lines=lines)
    deliver(shop, "web")
    search = returns._search
    monkeypatch.setattr(returns, "_search", lambda change: search(change) + "\0" * ("shop-250" in search(change)))
    while hub.database.run(inbox.dispatch).total:
        pass
    work = Work(hub.database, {"process": hub.process}, "test", {"process": JobTerms(batch=500)})
    batch = work.look("process", "alone", 500).claim.jobs
    assert len(batch) == 500
    work.run("process", batch)
    assert len(rows(hub, "SELECT 1 FROM returns WHERE opened")) == 499
    ((key, attempts, why),) = rows(hub, "SELECT key, attempts, why FROM jobs WHERE kind = 'process'")
    assert (key, attempts) == ("return/shop-250", 1)
    assert "0x00" in why
    assert "trying halves" in caplog.text


def test_workers_that_begin_at_once_do_not_kill_the_process() -> None:
    """msgspec prepares a type at its first use, and two threads doing so at once end in a segmentation fault: what
    workers convert is prepared when the hub is imported. (Of the two types only the dataclass shows it.)"""
    asked = "import hub.boot, connectors.kit.api as api; print('__msgspec_cache__' in vars(api.Operation))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("True", 0)
