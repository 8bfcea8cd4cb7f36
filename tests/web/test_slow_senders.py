"""Whoever reaches the port cannot silence it: slow bodies, headers without end, connections that say nothing."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.web.front import REQUESTS
from hub.web.serve import free_port

ROOT = Path(__file__).parents[2]
SERVE = (
    "import sys; from hub.web import serve; serve.HEADERS = 2;"
    " serve.serve('tests.web.served:' + sys.argv[2], '127.0.0.1', int(sys.argv[1]))"
)
HEAD = "POST /hooks/{} HTTP/1.1\r\nHost: hub\r\nX-Signature: good\r\nContent-Length: {}\r\n\r\n"
AT_ONCE = 1.0
"""Seconds that an answer may take on a machine that is busy with other things; a thread in a row takes ten."""


@contextmanager
def serving(site: str) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port), site], cwd=ROOT)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                ask(port, "GET", "/health")
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving("site") as port:
        yield port


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, http.client.HTTPResponse, float]:
    begin = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body=body, headers={"X-Signature": "good"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer, time.monotonic() - begin
    finally:
        connection.close()


def connect(port: int, sent: str = "") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=20)
    made.sendall(sent.encode())
    return made


def closed(sockets: list[socket.socket], within: float) -> int:
    """How many were ended by the server."""
    until = time.monotonic() + within
    left = set(sockets)
    while left and time.monotonic() < until:
        for one in list(left):
            one.setblocking(False)
            try:
                while one.recv(4096):
                    pass
            except BlockingIOError:
                continue
            except OSError:
                pass
            left.discard(one)
        time.sleep(0.05)
    return len(sockets) - len(left)


def held(port: int) -> int:
    """How many connections the server holds, as the system lists them (proc(5): 01 is ESTABLISHED)."""
    listed = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1] == f"0100007F:{port:04X}" and row[3] == "01" for row in listed)


def lives(port: int) -> None:
    """Monitors and genuine webhooks are answered at once."""
    for method, path, body, status in (("GET", "/health", None, 200), ("POST", "/hooks/web", b'{"id":1}', 202)):
        found, _answer, took = ask(port, method, path, body)
        assert (found, took < AT_ONCE) == (status, True), (path, found, took)


CROWDS: dict[str, tuple[int, Callable[[int], str]]] = {
    "slow bodies, unknown accounts": (200, lambda n: HEAD.format(f"nobody-{n}", 1_000_000) + "{"),
    "slow bodies, a known account": (200, lambda n: HEAD.format("web", 1_000_000) + "{"),
    "slow small bodies": (200, lambda n: HEAD.format("web", 100) + "{"),
    "bodies of which nothing comes": (200, lambda n: HEAD.format("web", 100)),
    "chunked bodies without end": (
        200,
        lambda n: "POST /hooks/web HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ),
    "bodies that are too large": (100, lambda n: HEAD.format("web", 10**12) + "x" * 1000),
    "slow forms of the console": (100, lambda n: HEAD.replace("hooks", "act").format("decide", 1000)),
    "connections that say nothing": (900, lambda n: ""),
    "headers without end": (300, lambda n: "POST /hooks/web HTTP/1.1\r\nHost: hub\r\nX-A: "),
    "idle kept-alive connections": (300, lambda n: "GET /health HTTP/1.1\r\nHost: hub\r\n\r\n"),
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_crowd_silences_nobody_and_is_sent_away(port: int, crowd: str) -> None:
    count, says = CROWDS[crowd]
    sockets = [connect(port, says(n)) for n in range(count)]
    try:
        lives(port)
        time.sleep(0.5)
        lives(port)
        assert closed(sockets, 20) == count
    finally:
        for one in sockets:
            one.close()
    lives(port)


def test_who_reads_no_answers_is_not_held(port: int) -> None:
    """It asks and asks on one connection, until nothing more goes through: its answers fill every buffer on the way."""
    asks = b"GET /health HTTP/1.1\r\nHost: hub\r\n\r\n" * 1000
    with connect(port) as sender:
        sender.settimeout(3)
        with pytest.raises(OSError, match="timed out|reset|Broken pipe"):
            sender.sendall(asks * 1000)
        lives(port)
        until = time.monotonic() + 10
        while held(port) and time.monotonic() < until:
            time.sleep(0.2)
        assert held(port) == 0
    lives(port)


def unused(port: int) -> http.client.HTTPConnection:
    """A connection from a port that no connection before it had: one that is used again goes on with its count."""
    for mine in range(21_000, 32_000):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=("127.0.0.1", mine))
        with contextlib.suppress(OSError):
            connection.connect()
            return connection
    raise AssertionError("none of these ports is free")


def test_a_connection_that_is_kept_is_told_when_it_ends(port: int) -> None:
    connection, said = unused(port), []
    for _ in range(REQUESTS):
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        said.append(answer.headers.get("Connection"))
    assert said[-1] == "close"
    assert set(said[:-1]) == {None}
    connection.close()
    lives(port)


def test_an_unknown_account_is_told_so_before_its_body_is_read(port: int) -> None:
    with connect(port, HEAD.format("nobody", 1_000_000)) as sender:
        assert sender.recv(4096).startswith(b"HTTP/1.1 404")


def test_a_body_that_is_cut_short_is_not_taken(port: int) -> None:
    for stated in (100, 100_000):
        with connect(port, HEAD.format("web", stated) + "{") as sender:
            sender.shutdown(socket.SHUT_WR)
            assert not sender.recv(4096).startswith(b"HTTP/1.1 202")
    lives(port)


@pytest.mark.parametrize(
    ("chunks", "status"),
    [
        (b'8\r\n{"id":1}\r\n0\r\n\r\n', b"202"),
        (b'8\r\n{"id":1}\r\n', b"400"),
        (b'8\r\n{"id":1}\r\n0\r\n', b"400"),
        (b'40\r\n{"id":1}', b"400"),
        (b'8\r\n{"id":1}\r\nnone\r\n', b"400"),
        (b'8\r\n{"id":1}\r\n' + b"4000\r\n" + b" " * 0x4000 + b"\r\n", b"400"),
        (b'8\r\n{"id":1}\r\n' + b"4000\r\n" + b" " * 0x4000 + b"\r\n0\r\n\r\n", b"202"),
    ],
    ids=["whole", "no last chunk", "half of it", "within a chunk", "no chunk", "large and cut", "large"],
)
def test_chunks_whose_last_one_does_not_come_are_no_body(port: int, chunks: bytes, status: bytes) -> None:
    """What of it arrived is sound JSON each time."""
    head = "POST /hooks/web HTTP/1.1\r\nHost: hub\r\nX-Signature: good\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(port, head) as sender:
        sender.sendall(chunks)
        if status == b"400":
            sender.shutdown(socket.SHUT_WR)
        assert sender.recv(4096)[9:12] == status
    lives(port)


def test_pieces_that_come_one_by_one_are_one_body(port: int) -> None:
    for stated, pieces in ((8, [b'{"i', b'd":', b"1}"]), (40_008, [b'{"i', b" " * 40_000, b'd":1}'])):
        with connect(port, HEAD.format("web", stated)) as sender:
            for piece in pieces:
                sender.sendall(piece)
                time.sleep(0.1)
            assert sender.recv(4096).startswith(b"HTTP/1.1 202")


def test_the_database_is_away() -> None:
    """Whom the hub knows hears "come again" at once, whom it does not know hears that; nothing is a fault of the hub."""
    with serving("away") as port:
        time.sleep(1.5)
        for _ in range(3):
            status, answer, took = ask(port, "POST", "/hooks/web", b"{}")
            assert (status, answer.headers["Retry-After"], took < AT_ONCE) == (503, "5", True)
            assert ask(port, "POST", "/hooks/nobody", b"{}")[0] == 404
            status, _answer, took = ask(port, "GET", "/health")
            assert (status, took < AT_ONCE) == (503, True)


def test_pages_do_not_wait_for_a_database_that_is_away() -> None:
    with serving("away") as port:
        time.sleep(1.5)
        for _ in range(40):
            status, _answer, took = ask(port, "GET", "/returns")
            assert (status, took < AT_ONCE) == (503, True)
        assert ask(port, "GET", "/static/base.css")[0] == 200


def test_an_account_that_was_just_added_takes_its_first_webhook() -> None:
    """A 404 is for good: its sender would not come again."""
    with serving("growing") as port:
        status, _, took = ask(port, "POST", "/hooks/web", b"{}")
        assert status == 202
        assert took < AT_ONCE
        guessed = [ask(port, "POST", f"/hooks/guessed-{n}", b"{}") for n in range(3)]
        assert [answer[0] for answer in guessed] == [404, 404, 404]
