"""The real server: only loopback, the job under Granian, and nothing left behind when its parent is killed."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from hub.web.serve import NotLoopback, free_port, loopback

ROOT = Path(__file__).parents[2]
SERVE = "import sys; from hub.web.serve import serve; serve('tests.web.served:site', '127.0.0.1', int(sys.argv[1]))"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "[::1]", "localhost"])
def test_loopback_is_allowed(host: str) -> None:
    assert loopback(host)


@pytest.mark.parametrize(
    "host", [str(IPv4Address(0)), "::", "192.168.1.7", "hub.example.invalid", "", "127.0.0.1.example.invalid"]
)
def test_any_other_address_is_refused_with_a_letter(host: str) -> None:
    with pytest.raises(NotLoopback, match="no users yet.*reverse proxy"):
        loopback(host)


@pytest.fixture
def server() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], cwd=ROOT)
    try:
        wait_until(lambda: answers(port), "the server answers")
        yield port, process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
    wait_until(lambda: not answers(port), "the port is free again")


def wait_until(done, what: str) -> None:
    for _ in range(600):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain until {what}")


def answers(port: int) -> bool:
    try:
        return ask(port, "GET", "/hooks/web") == 405
    except OSError:
        return False


def ask(port: int, method: str, path: str, body: object = None, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # it is answered before all of it is sent
            connection.request(method, path, body=body, headers={"X-Signature": "good", **headers})  # type: ignore[arg-type]
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def test_webhooks_under_the_real_server(server: tuple[int, subprocess.Popen[bytes]]) -> None:
    port, process = server
    assert ask(port, "POST", "/hooks/web", b'{"id":1}') == 202
    assert ask(port, "POST", "/hooks/web", iter([b'{"id"', b":1}"])) == 202, "chunked, without a length"
    assert ask(port, "POST", "/hooks/web", b"x" * 50_000_000) == 413
    assert ask(port, "POST", "/hooks/web", iter([b"x" * 1_000_000] * 50)) == 413, "chunked, 50 MB"
    assert ask(port, "POST", "/hooks/nobody", b"{}") == 404
    assert ask(port, "POST", "/hooks/web", b"{}", **{"X-Signature": "no"}) == 401
    assert ask(port, "GET", "/nowhere") == 404
    assert ask(port, "GET", "/nowhere", Host="rebound.example.invalid") == 421
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_lock_that_a_thread_of_the_parent_holds_is_none_of_the_webs() -> None:
    """Workers and clock run beside it, and have some lock in hand whenever the web begins."""
    held = "from connectors.kit import registry; registry._lock.acquire(); registry._sessions._lock.acquire(); "
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", held + SERVE.replace(":site", ":asking"), str(port)], cwd=ROOT)
    try:
        wait_until(lambda: answers(port), "the server answers")
        assert ask(port, "POST", "/hooks/web", b'{"id":1}') == 202
    finally:
        process.terminate()
        process.wait(30)


def test_the_worker_dies_with_its_parent(server: tuple[int, subprocess.Popen[bytes]]) -> None:
    port, process = server
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    wait_until(lambda: not answers(port), "the orphaned worker has gone")
    socket.create_server(("127.0.0.1", port)).close()
