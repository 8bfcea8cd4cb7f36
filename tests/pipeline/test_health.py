"""How accounts are is told as it is: on the page, in /metrics, in the API, by the command line, and once in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from werkzeug.test import Client

from connectors.generic.sandbox import SECRET
from connectors.kit.errors import NotYet, OverBudget
from connectors.kit.signing import sign_standard
from hub import checkup, configuration
from hub.boot import Hub
from hub.pipeline.remote import Outcome, note
from hub.store import accounts as store
from hub.store import health, webhooks
from hub.web import create_app
from scheduler.timetable import timetable
from tests.pipeline.queries import rows, work_off


class Scenario:
    """A shop behind our own door, its console, and what is told of it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        configuration.put(
            hub, "shop", {"connector": "generic", "settings": {"kind": "storefront", "webhook_secret": SECRET}}
        )
        self.site = create_app(hub)
        self.client = Client(self.site)
        self.sent = 0

    def push(self, name: str = "5001", secret: str = SECRET, body: bytes | None = None) -> int:
        self.sent += 1
        order = {"id": name, "version": 1, "number": f"#{name}", "currency": "EUR", "total": "10.00", "lines": []}
        body = msgspec.json.encode({"type": "order.upsert", "data": order}) if body is None else body
        headers = {"Content-Type": "application/json", **sign_standard(secret, f"m{self.sent}", body, time.time())}
        return int(self.client.post("/hooks/shop", data=body, headers=headers).status_code)

    def flush(self) -> None:
        """What a few seconds later is written."""
        with self.hub.database.begin() as conn:
            webhooks.add(conn, self.site._front.webhooks.counts.fresh())

    def page(self, language: str = "en") -> str:
        return str(self.client.get("/", headers={"Accept-Language": language}).text)

    def metrics(self) -> str:
        return str(self.client.get("/metrics").text)

    def account(self) -> dict[str, Any]:
        (one,) = self.client.get("/api/accounts").json["accounts"]  # type: ignore[index]
        return dict(one)

    def alerts(self) -> None:
        """What the clock does once a minute."""
        (task,) = (task for task in timetable(self.hub)() if task.name == "alerts")
        with self.hub.database.begin() as conn:
            task.work(conn)

    def quiet_for(self, days: int) -> None:
        rows(self.hub, f"UPDATE accounts SET last_heard = now() - interval '{days} days' RETURNING 1")


@pytest.fixture
def scenario(hub: Hub) -> Iterator[Scenario]:
    made = Scenario(hub)
    yield made
    made.hub.writer.close()


def test_silence_is_a_state_and_an_alert_in_every_place(scenario: Scenario, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert scenario.push() == 202
    work_off(scenario.hub)
    scenario.quiet_for(6)
    scenario.alerts()
    assert scenario.account()["state"] == "healthy"
    assert "hub_account_concern{" not in scenario.metrics()
    assert checkup.check(scenario.hub, "shop").ok
    assert caplog.records == []

    scenario.quiet_for(30)
    assert "has sent nothing for 30 days; more than 7 days is not usual" in scenario.page()
    assert "长时间无消息" in scenario.page("zh")
    assert "已有 30 天没有发来任何消息" in scenario.page("zh")
    assert 'hub_account_concern{account="shop",concern="silent_pushed"} 1' in scenario.metrics()
    assert 'hub_account_healthy{account="shop",state="silent"} 0' in scenario.metrics()
    assert (scenario.account()["state"], len(scenario.account()["concerns"])) == ("silent", 1)
    checked = checkup.check(scenario.hub, "shop")
    assert not checked.ok
    assert any("30 days" in problem for problem in checked.problems)
    for _ in range(3):
        scenario.alerts()
    assert [record.message.split(";")[0] for record in caplog.records] == ["shop has sent nothing for 30 days"]
    with scenario.hub.database.begin() as conn:
        assert health.states(conn) == {"shop": "silent"}

    caplog.clear()
    assert scenario.push("5002") == 202
    work_off(scenario.hub)
    assert scenario.account()["state"] == "healthy"
    for _ in range(3):
        scenario.alerts()
    assert [record.message for record in caplog.records] == ["account shop is well again: silent_pushed is over"]
    with scenario.hub.database.begin() as conn:
        assert health.states(conn) == {"shop": "healthy"}


def test_a_paused_account_is_not_waited_for(scenario: Scenario, caplog: pytest.LogCaptureFixture) -> None:
    scenario.quiet_for(30)
    with scenario.hub.database.begin() as conn:
        store.pause(conn, "shop", "holidays")
    scenario.alerts()
    assert (scenario.account()["state"], scenario.account()["concerns"]) == ("paused", [])
    assert caplog.records == []


def test_one_refused_webhook_is_no_outage_and_a_secret_that_changed_is(scenario: Scenario) -> None:
    """Among taken ones, behind the last one taken, and at last nothing but refused ones."""
    forged = "whsec_" + "QUJD" * 8
    for pushes in ([{}], [{"body": b"{"}], [{"secret": forged}], [{}, {"body": b"{"}], [{}]):
        for push in pushes:
            scenario.push(**push)
        scenario.flush()
        assert scenario.account()["state"] == "healthy", pushes
        assert not any("none was taken" in said for said in scenario.account()["concerns"])
    assert scenario.account()["refused"] == {"400": 2, "401": 1}
    for count in (1, 2):
        scenario.push(secret=forged)
        scenario.flush()
        assert scenario.account()["state"] == "healthy", count
    scenario.push(secret=forged)
    scenario.flush()
    assert scenario.account()["state"] == "unwell"
    (said,) = scenario.account()["concerns"]
    assert ": 3, and none was taken meanwhile" in said
    scenario.push()
    scenario.flush()
    assert scenario.account()["state"] == "healthy"


def test_a_budget_that_starves_is_told(scenario: Scenario) -> None:
    """Ten calls within a quarter of an hour that our own budget put off; what somebody else put off is another thing."""

    def put_off(count: int, error: Exception | None = None, ago: int = 0) -> None:
        outcome: Outcome[None] = Outcome(error=error or OverBudget("our own budget 'default' is used up", after=9.0))
        with scenario.hub.database.begin() as conn:
            for _ in range(count):
                note(conn, scenario.hub.accounts.get("shop"), "poll order", outcome)
            conn.exec_driver_sql(f"UPDATE attempts SET at = at - interval '{ago} minutes' WHERE at > now()")

    put_off(20, ago=16)
    put_off(9)
    put_off(5, error=NotYet("not ready", after=1.0))
    assert scenario.account()["concerns"] == []
    put_off(1)
    (said,) = scenario.account()["concerns"]
    assert said.startswith("Calls to shop keep waiting for the hub's own budget, 10 of them lately")
    assert scenario.account()["state"] == "healthy", "it works, slowly"
    assert 'hub_account_concern{account="shop",concern="starving"} 1' in scenario.metrics()
    assert "最近 10 次" in scenario.page("zh")


def test_a_write_that_waits_long_for_its_budget_starves_too(scenario: Scenario) -> None:
    put = "INSERT INTO returns (id, opened, at) SELECT n, true, now() - interval '%s' FROM generate_series(%s, %s) n"
    calls = (
        "INSERT INTO sync (return_id, account, job, state, said) SELECT id, 'shop', 'return/' || id, 'pending',"
        " jsonb_build_object('code', '%s') FROM returns WHERE id BETWEEN %s AND %s RETURNING 1"
    )
    for code, age, first, last in (
        ("over_budget", "20 minutes", 1, 9),
        ("over_budget", "1 minute", 10, 30),
        ("later", "20 minutes", 31, 60),
    ):
        rows(scenario.hub, put % (age, first, last) + " RETURNING 1")
        rows(scenario.hub, calls % (code, first, last))
    assert scenario.account()["concerns"] == []
    rows(scenario.hub, put % ("20 minutes", 61, 61) + " RETURNING 1")
    rows(scenario.hub, calls % ("over_budget", 61, 61))
    (said,) = scenario.account()["concerns"]
    assert "10 of them lately" in said


def test_what_our_door_does_not_take_is_answered_with_what_it_takes(scenario: Scenario) -> None:
    body = b'{"type": "order.upsrt", "data": {}}'
    answer = scenario.client.post("/hooks/shop", data=body, headers=sign_standard(SECRET, "m", body, time.time()))
    assert answer.status_code == 400
    said = dict(answer.json or {})
    assert "there is no type 'order.upsrt'; there are return.upsert" in said["error"]
    assert "the README of 'generic'" in said["what_now"]


def test_refused_webhooks_are_told_with_count_and_reason(scenario: Scenario) -> None:
    forged = "whsec_" + "QUJD" * 8
    for _ in range(3):
        assert scenario.push(secret=forged) == 401
    assert scenario.push(body=b"x" * (10 * 2**20 + 1)) == 413
    assert scenario.client.post("/hooks/nobody", data=b"{}").status_code == 404
    assert scenario.client.get("/hooks/nobody").status_code == 405
    assert scenario.client.get("/hooks/shop").status_code == 405
    assert rows(scenario.hub, "SELECT account FROM webhooks") == [], "no write for each of them"
    scenario.flush()
    scenario.flush()
    counted = rows(scenario.hub, "SELECT account, status, count FROM webhooks ORDER BY status")
    assert counted == [("shop", 401, 3), ("shop", 413, 1)], "a GET is no webhook"
    assert scenario.account()["refused"] == {"401": 3, "413": 1}
    (said,) = scenario.account()["concerns"]
    assert "refused in the last" in said
    assert "none was taken meanwhile" in said
    assert scenario.account()["state"] == "unwell"
    assert 'hub_webhooks_refused{account="shop",status="401"} 3' in scenario.metrics()
    assert "被拒绝 3 次" in scenario.page("zh"), "a body that is too large is anybody's"
    assert "nobody" not in scenario.metrics(), "a guessed name is no label"

    assert scenario.push() == 202
    scenario.flush()
    (said,) = scenario.account()["concerns"]
    assert "others were taken meanwhile" in said
    assert scenario.account()["state"] == "healthy"
    assert checkup.check(scenario.hub, "shop").ok, "a stranger makes no account unready"


def test_what_strangers_send_costs_no_write_of_its_own(scenario: Scenario) -> None:
    """A thousand refusals are one row, written once for all of them; unknown names are none."""
    for n in range(1000):
        scenario.site._front.webhooks.counts.add("shop", 401, f"reason {n}")
        scenario.site._front.webhooks.counts.add("", 404, f"reason {n}")
    scenario.flush()
    assert rows(scenario.hub, "SELECT account, status, count, why FROM webhooks") == [("shop", 401, 1000, "reason 999")]


def test_counts_that_could_not_be_kept_are_kept_later(scenario: Scenario) -> None:
    counts = scenario.site._front.webhooks.counts
    counts.add("shop", 401, "no")
    taken = counts.fresh()
    counts.again(taken)
    counts.add("shop", 401, "no")
    scenario.flush()
    assert rows(scenario.hub, "SELECT count FROM webhooks") == [(2,)]


def test_a_removed_account_leaves_no_counts(scenario: Scenario) -> None:
    scenario.site._front.webhooks.counts.add("shop", 401, "no")
    scenario.flush()
    with scenario.hub.database.begin() as conn:
        store.remove(conn, "shop")
    scenario.site._front.webhooks.counts.add("shop", 401, "no")
    scenario.flush()
    assert rows(scenario.hub, "SELECT account FROM webhooks") == []


def test_reads_that_keep_failing_are_told(scenario: Scenario) -> None:
    rows(
        scenario.hub,
        "INSERT INTO jobs (kind, account, key, due, attempts, why) VALUES"
        " ('fetch', 'shop', 'order/1', now(), 3, 'their page says 503'), ('fetch', 'shop', 'order/2', now(), 2, 'no'),"
        " ('deliver', 'shop', 'return/1', now(), 9, 'no') RETURNING 1",
    )
    assert scenario.account()["concerns"] == ["Reads from shop that keep failing: 1; the last: their page says 503"]


def test_without_a_database_the_numbers_that_are_left_are_given(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scenario.push() == 202
    gone = type(scenario.hub.database)("postgresql://hub:x@127.0.0.1:9/hub")
    monkeypatch.setattr(scenario.hub.database, "_engine", gone._engine)
    answer = scenario.client.get("/metrics")
    assert answer.status_code == 200
    assert "hub_database_up 0" in answer.text
    assert 'hub_webhooks_total{account="shop",status="202"} 1' in answer.text
    assert scenario.client.get("/").status_code == 503
    assert scenario.push("5009") == 503
    assert scenario.push("5009", secret="whsec_" + "QUJD" * 8) == 401, "it is still looked at"


def test_accounts_are_held_while_a_thread_looks_and_read_when_they_change(scenario: Scenario) -> None:
    """Nobody who takes webhooks waits for the database; what changed is known at the next look."""
    reads: list[int] = []
    read = scenario.hub.accounts.read
    scenario.hub.accounts.read = lambda: reads.append(1) or read()  # type: ignore[func-returns-value]
    look = scenario.hub.watch
    for _ in range(5):
        assert look() == {"shop": "healthy"}
    assert len(reads) == 1
    scenario.hub.accounts.age = 0.0
    look()
    assert scenario.hub.accounts.get("shop").state == "healthy"
    assert len(reads) == 1, "held"
    rows(scenario.hub, "UPDATE accounts SET state = 'paused' RETURNING 1")
    assert look() == {"shop": "paused"}
    assert scenario.hub.accounts.get("shop").state == "paused"
    assert len(reads) == 2
    scenario.hub.accounts.forget()
    look()
    scenario.hub.accounts.get("shop")
    assert len(reads) == 3, "what was changed here is read at once"
