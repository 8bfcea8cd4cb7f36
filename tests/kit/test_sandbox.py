"""A sandbox does what its faults tell it, and its log of effects tells what was really done."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.kit.sandbox import Call, Sandbox, SandboxAnswer, route
from tests.connectors.proxy import Proxy
from tests.kit.loopline.sandbox import Loopline


class Counter(Sandbox):
    name = "counter"

    def setup(self) -> None:
        self.state = {"n": 0}

    @route("GET", "/n")
    def read(self, call: Call) -> Any:
        return self.state

    @route("POST", "/n")
    def add(self, call: Call) -> Any:
        self.state["n"] += 1
        self.effect("add", by=call.json().get("by"))
        self.webhook("added", {"n": self.state["n"]})
        return 201, self.state

    @route("GET", "/things/count")
    def count(self, call: Call) -> Any:
        return {"count": 1}

    @route("GET", "/things/{name}")
    def thing(self, call: Call, name: str) -> Any:
        return SandboxAnswer(200, {"name": name, "query": call.pairs}, {"X-Own": "yes"})


class Ears(Sandbox):
    """Something that listens to webhooks."""

    name = "ears"

    def setup(self) -> None:
        self.heard: list[Any] = []
        self.changed = threading.Condition()

    @route("POST", "/hook")
    def hook(self, call: Call) -> Any:
        with self.changed:
            self.heard.append((call.headers["x-topic"], call.json()["n"]))
            self.changed.notify_all()
        return 202, None

    def wait_for(self, count: int) -> list[int]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count, timeout=10), self.heard
            return [n for _, n in self.heard]


class OneDoor(Counter):
    """Everything comes through one address; what it is stands in the body."""

    @route("POST", "/door")
    def door(self, call: Call) -> Any:
        return self.add(call) if call.json()["do"] == "add" else self.read(call)

    def known_as(self, call: Call) -> tuple[str, str, str]:
        return {"add": "MUTATION", "look": "QUERY"}[call.json()["do"]], call.path, call.json()["do"]


@pytest.fixture
def counter() -> Iterator[Counter]:
    with Counter() as sandbox:
        yield sandbox


def ask(url: str, method: str, path: str, body: Any = None, timeout: float = 10) -> tuple[int, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw) if raw else None
    finally:
        connection.close()


def test_routes_names_queries_and_what_is_not_there(counter: Counter) -> None:
    assert ask(counter.url, "GET", "/things/a%2Fb?x=1&x=2") == (200, {"name": "a/b", "query": [["x", "1"], ["x", "2"]]})
    assert ask(counter.url, "GET", "/things/count") == (200, {"count": 1})
    assert ask(counter.url, "GET", "/nothing")[0] == 404
    assert ask(counter.url, "PUT", "/n")[0] == 405


def test_effects_and_calls_are_logged(counter: Counter) -> None:
    ask(counter.url, "POST", "/n", {"by": "us"})
    status, effects = ask(counter.url, "GET", "/__effects")
    assert status == 200
    assert [(e["n"], e["kind"], e["by"]) for e in effects] == [(1, "add", "us")]
    assert [(c["method"], c["path"], c["status"]) for c in counter.calls] == [("POST", "/n", 201)]


@pytest.mark.parametrize(("kind", "done"), [("answer", 0), ("answer_after", 1)])
def test_a_status_before_or_after_the_deed(counter: Counter, kind: str, done: int) -> None:
    spec = {"kind": kind, "method": "POST", "path": "/n", "status": 429, "headers": {"Retry-After": "3"}, "times": 2}
    assert ask(counter.url, "POST", "/__faults", spec)[0] == 204
    assert ask(counter.url, "GET", "/n")[0] == 200
    assert [ask(counter.url, "POST", "/n", {})[0] for _ in range(3)] == [429, 429, 201]
    assert len(counter.effects) == 2 * done + 1


@pytest.mark.parametrize(("kind", "done"), [("hang", 0), ("hang_after", 1), ("drop", 0), ("drop_after", 1)])
def test_no_answer_before_or_after_the_deed(counter: Counter, kind: str, done: int) -> None:
    counter.fault(kind, method="POST", seconds=20)
    with pytest.raises((TimeoutError, ConnectionError, http.client.HTTPException)):
        ask(counter.url, "POST", "/n", {}, timeout=0.3)
    assert len(counter.effects) == done


def test_late_is_done_after_the_client_gave_up(counter: Counter) -> None:
    counter.fault("late", method="POST", seconds=0.5)
    with pytest.raises(TimeoutError):
        ask(counter.url, "POST", "/n", {}, timeout=0.2)
    assert counter.effects == []
    until = time.monotonic() + 10
    while not counter.effects and time.monotonic() < until:
        time.sleep(0.02)
    assert len(counter.effects) == 1


def test_lag_shows_the_past_to_reads(counter: Counter) -> None:
    counter.fault("lag", path="/n", times=2)
    ask(counter.url, "POST", "/n", {})
    assert [ask(counter.url, "GET", "/n")[1]["n"] for _ in range(3)] == [0, 0, 1]
    assert counter.state["n"] == 1


def test_stuck_gives_the_same_answer_for_ever(counter: Counter) -> None:
    counter.fault("stuck", path="/things/.*")
    assert [ask(counter.url, "GET", f"/things/{name}")[1]["name"] for name in "abc"] == ["a", "a", "a"]
    assert ask(counter.url, "DELETE", "/__faults")[0] == 204
    assert ask(counter.url, "GET", "/things/d")[1]["name"] == "d"


def test_drip_is_slow_but_whole(counter: Counter) -> None:
    counter.fault("drip", seconds=0.001)
    assert ask(counter.url, "GET", "/n") == (200, {"n": 0})


@pytest.mark.parametrize(
    "spec", [{"kind": "explode"}, {"kind": "answer", "stauts": 500}, {"kind": "answer", "path": "("}, {}, {"times": 1}]
)
def test_a_fault_that_makes_no_sense_is_refused(counter: Counter, spec: dict[str, Any]) -> None:
    status, answer = ask(counter.url, "POST", "/__faults", spec)
    assert status == 400
    assert answer["message"]
    assert ask(counter.url, "GET", "/__faults") == (200, [])


def test_webhooks_are_lost_doubled_and_swapped_as_told(counter: Counter) -> None:
    with Ears() as ears:
        assert ask(counter.url, "POST", "/__webhook", {"url": f"{ears.url}/hook"})[0] == 204
        for kind in ("webhook_drop", "webhook_duplicate", "webhook_reorder"):
            counter.fault(kind)
        for _ in range(4):
            ask(counter.url, "POST", "/n", {})
        assert ears.wait_for(4) == [2, 2, 4, 3]
        assert ears.heard[0][0] == "added"


def test_a_webhook_nobody_answers_is_tried_three_times() -> None:
    with Ears() as ears, Counter(webhook=f"{ears.url}/hook") as counter:
        ears.fault("answer", status=503, times=2)
        ask(counter.url, "POST", "/n", {})
        assert ears.wait_for(1) == [1]
        assert [call["status"] for call in ears.calls] == [503, 503, 202]


def test_stopping_cuts_what_hangs() -> None:
    counter = Counter().start()
    counter.fault("hang", seconds=600)
    broken = (OSError, http.client.HTTPException)
    thread = threading.Thread(target=lambda: pytest.raises(broken, ask, counter.url, "GET", "/n", None, 60))
    thread.start()
    until = time.monotonic() + 10
    while not counter.calls and time.monotonic() < until:
        time.sleep(0.01)
    counter.stop()
    thread.join(timeout=20)
    assert not thread.is_alive()


def test_a_proxy_counts_writes_and_suffers_faults_in_front_of_the_real_one(counter: Counter) -> None:
    with Proxy(counter.url) as proxy:
        assert ask(proxy.url, "POST", "/n", {"by": "us"}) == (201, {"n": 1})
        assert ask(proxy.url, "GET", "/things/a%2Fb?x=1")[1]["name"] == "a/b"
        assert ask(proxy.url, "GET", "/nothing")[0] == 404
        proxy.fault("answer_after", method="POST", status=502)
        assert ask(proxy.url, "POST", "/n", {})[0] == 502
        assert [effect["kind"] for effect in proxy.effects] == ["POST", "POST"]
    assert counter.state["n"] == 2


def test_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.kit.loopline.sandbox", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert ask(url, "GET", "/shop")[0] == 401
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_credentials_are_checked_before_anything_else() -> None:
    with Loopline() as sandbox:
        assert ask(sandbox.url, "GET", "/returns/r01") == (401, {"message": "unknown key"})


def test_faults_tell_reads_from_writes_behind_one_address() -> None:
    with OneDoor() as sandbox:
        sandbox.fault("answer", method="MUTATION", path="/door\\?add", status=503)
        sandbox.fault("lag", seconds=60)
        assert ask(sandbox.url, "POST", "/door", {"do": "add"})[0] == 503
        assert ask(sandbox.url, "POST", "/door", {"do": "add"}) == (201, {"n": 1})
        assert ask(sandbox.url, "POST", "/door", {"do": "look"}) == (200, {"n": 0}), "reads lag behind"
        sandbox.faults.clear()
        assert ask(sandbox.url, "POST", "/door", {"do": "look"}) == (200, {"n": 1})


def test_a_connection_that_the_sandbox_closes_is_said_to_be_closed() -> None:
    with Counter() as counter:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(counter.url).port, timeout=10)
        connection.request("GET", "/", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        assert answer.headers["Connection"] == "close"
        connection.close()
