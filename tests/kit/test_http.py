"""What an answer, or none, means for what happens next."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from email.utils import formatdate

import pytest
import responses

from connectors.kit.answers import Response, retry_after
from connectors.kit.errors import (
    Conflict,
    ConnectorError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    Unauthorized,
)
from connectors.kit.http import Http, segment
from connectors.kit.sandbox import SandboxAnswer
from tests.kit.server import Scripted, raw_server


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as sandbox:
        yield sandbox


@pytest.fixture
def http(scripted: Scripted) -> Iterator[Http]:
    http = Http(scripted.url + "/base/", name="Told", timeout=5)
    yield http
    http.close()


READ = [
    (400, Rejected), (401, Unauthorized), (403, Unauthorized), (404, NotFound), (408, RetryLater), (409, Conflict),
    (410, NotFound), (412, Conflict), (418, Rejected), (422, Rejected), (423, RetryLater), (425, RetryLater), (429, RateLimited),
    (500, RetryLater), (502, RetryLater), (503, RetryLater), (501, Rejected), (301, Rejected), (302, Rejected),
    (303, Rejected), (304, Rejected), (499, RetryLater),
]  # fmt: skip


@pytest.mark.parametrize(("status", "means"), READ)
def test_a_status_means_what_happens_next(
    scripted: Scripted, http: Http, status: int, means: type[ConnectorError]
) -> None:
    scripted.answers = [SandboxAnswer(status, {"error": {"message": "their own words"}})]
    with pytest.raises(ConnectorError) as read:
        http.get("/x")
    assert type(read.value) is means
    with pytest.raises(ConnectorError) as written:
        http.post("/x", json={})
    unknown = status in (302, 303, 408, 499, 500, 502, 503)  # it may be done behind whoever answered so
    assert type(written.value) is (OutcomeUnknown if unknown else means)
    if status != 304:  # which has no body
        assert "their own words" in str(written.value)


def test_reads_are_tried_three_times_and_writes_once(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(503)]
    with pytest.raises(RetryLater):
        http.get("/x")
    assert len(scripted.seen) == 3
    with pytest.raises(OutcomeUnknown):
        http.post("/x")
    assert len(scripted.seen) == 4
    scripted.answers = [SandboxAnswer(503), SandboxAnswer(200, {"n": 1})]
    assert http.post("/search", json={}, read=True).json() == {"n": 1}


def test_a_short_retry_after_is_waited_for_and_a_long_one_is_handed_on(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(429, headers={"Retry-After": "0"}), SandboxAnswer(200, {})]
    assert http.get("/x").status == 200
    scripted.seen.clear()
    scripted.answers = [SandboxAnswer(503, headers={"Retry-After": "120"})]
    with pytest.raises(RetryLater) as caught:
        http.get("/x")
    assert caught.value.after == 120
    assert len(scripted.seen) == 1


def test_too_often_without_a_wait_is_not_asked_again_at_once(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(429)]
    with pytest.raises(RateLimited):
        http.get("/x")
    assert len(scripted.seen) == 1


def test_retry_after_is_seconds_or_a_date_and_nonsense_is_nothing() -> None:
    assert retry_after("7") == 7
    assert retry_after("1.5") == 1.5
    assert retry_after(formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=2)
    assert retry_after(formatdate(time.time() - 60, usegmt=True)) == 0
    assert retry_after("99999999999") == 7 * 86400
    assert [retry_after(text) for text in (None, "", " ", "soon", "-3", "1e999x")] == [None] * 6


@pytest.mark.parametrize("head", [True, False], ids=["dripping head", "dripping body"])
def test_a_server_that_drips_bytes_does_not_outlast_the_deadline(head: bool) -> None:
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        if not head:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while not stop.wait(0.02):
            connection.sendall(b"H" if head else b"x")

    with raw_server(drip) as url:
        for method, means in (("GET", RetryLater), ("POST", OutcomeUnknown)):
            http, began = Http(url), time.monotonic()
            with pytest.raises(means, match="deadline"):
                http.request(method, "/x", deadline=0.3)
            assert time.monotonic() - began < 10
            http.close()
        stop.set()


def test_a_refused_connection_is_for_later_even_for_a_write() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    http = Http(f"http://127.0.0.1:{port}")
    with pytest.raises(RetryLater):
        http.post("/x", json={"money": 1})
    http.close()


def void(_: object) -> None:
    """Reads the request, then hangs up."""


def test_a_write_that_was_cut_off_is_unknown() -> None:
    with raw_server(lambda connection: void(connection.recv(65536))) as url:
        http = Http(url)
        with pytest.raises(OutcomeUnknown, match="looked up"):
            http.post("/x", json={})
        http.close()


def test_a_write_whose_answer_breaks_off_is_unknown() -> None:
    def half(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    with raw_server(half) as url:
        http = Http(url)
        with pytest.raises(OutcomeUnknown):
            http.post("/x", json={})
        http.close()


def test_nothing_is_sent_after_the_attempts_deadline(scripted: Scripted, http: Http) -> None:
    with pytest.raises(RetryLater):
        http.view(until=time.monotonic() - 1).post("/x", json={})
    assert scripted.seen == []


def test_an_answer_too_long_is_refused_also_when_it_is_packed(scripted: Scripted, http: Http) -> None:
    small = http.view(limit=1000)
    for body, headers in ((b"x" * 1001, {}), (gzip.compress(b"x" * 500_000), {"Content-Encoding": "gzip"})):
        scripted.answers = [SandboxAnswer(200, body, headers)]
        with pytest.raises(Rejected, match="more than 1000 bytes"):
            small.get("/x")
        with pytest.raises(OutcomeUnknown):
            small.post("/x")


def test_json_keeps_decimals_and_writes_them_as_numbers(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(200, b'{"amount": 10.10, "big": 123456789012345678901234567890}')]
    got = http.post("/x", json={"amount": Decimal("10.10")}).json()
    assert got == {"amount": Decimal("10.10"), "big": 123456789012345678901234567890}
    assert str(got["amount"]) == "10.10"
    assert scripted.seen[-1].body == b'{"amount":10.10}'


def test_an_answer_that_is_no_json_is_no_answer(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(200, b"<html>We are down for maintenance</html>")]
    with pytest.raises(RetryLater, match="maintenance"):
        http.get("/x").json()
    with pytest.raises(OutcomeUnknown):
        http.post("/x").json()


def test_classify_decides_before_the_status(scripted: Scripted, http: Http) -> None:
    def by_meaning(response: Response) -> ConnectorError | None:
        body = response.peek()
        return Rejected("no") if isinstance(body, dict) and body.get("success") is False else None

    judged = http.view(classify=by_meaning)
    for status in (200, 500):
        scripted.answers = [SandboxAnswer(status, {"success": False})]
        with pytest.raises(Rejected):
            judged.post("/x")
    scripted.answers = [SandboxAnswer(404, {})]
    assert judged.get("/x", ok=(200, 404)).status == 404


def test_credentials_go_to_their_own_host_only(scripted: Scripted, http: Http) -> None:
    assert http.get(f"{scripted.url}/base/next?page=2").status == 200
    assert scripted.seen[-1].path == "/base/next"
    for other in ("http://127.0.0.1:1/x", scripted.url.replace("127.0.0.1", "localhost") + "/x"):
        with pytest.raises(Rejected, match="credentials"):
            http.get(other)


def test_redirects_are_not_followed(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(302, b"", {"Location": f"{scripted.url}/elsewhere"})]
    with pytest.raises(Rejected, match="elsewhere"):
        http.get("/x")
    assert len(scripted.seen) == 1


def test_query_and_path_are_encoded(scripted: Scripted, http: Http) -> None:
    http.get(
        f"/returns/{segment('a/b ü?')}", params={"updated[$gte]": "1 2", "n": None, "ids": ["a", "b"], "yes": True}
    )
    assert scripted.seen[-1].path == "/base/returns/a%2Fb%20%C3%BC%3F"
    assert scripted.seen[-1].pairs == [("updated[$gte]", "1 2"), ("ids", "a"), ("ids", "b"), ("yes", "true")]
    assert segment("..") == "%2E%2E"


def test_forms_and_raw_bodies(scripted: Scripted, http: Http) -> None:
    http.post("/x", data={"a": "1 2"})
    assert (scripted.seen[-1].body, scripted.seen[-1].headers["content-type"]) == (
        b"a=1+2",
        "application/x-www-form-urlencoded",
    )
    http.put("/x", data=b"\x00raw", headers={"content-type": "application/octet-stream"})
    assert (scripted.seen[-1].body, scripted.seen[-1].headers["content-type"]) == (
        b"\x00raw",
        "application/octet-stream",
    )
    http.patch("/x", json={"a": None})
    http.delete("/x")
    assert [call.method for call in scripted.seen] == ["POST", "PUT", "PATCH", "DELETE"]


def test_the_budget_is_asked_first_and_an_empty_one_sends_nothing(scripted: Scripted, http: Http) -> None:
    asked: list[str] = []

    def budget(bucket: str) -> float:
        asked.append(bucket)
        return 5.0

    with pytest.raises(RateLimited) as caught:
        http.view(budget=budget).post("/x", bucket="refunds")
    assert (caught.value.after, asked, scripted.seen) == (5.0, ["refunds"], [])


def test_one_session_serves_many_threads_over_few_connections(scripted: Scripted, http: Http) -> None:
    scripted.answers = [lambda call: SandboxAnswer(200, {"path": call.path})]
    wrong: list[str] = []

    def work(n: int) -> None:
        for i in range(20):
            if http.get(f"/{n}/{i}").json()["path"] != f"/base/{n}/{i}":
                wrong.append(f"{n}/{i}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(scripted.seen) == 160


def test_connections_are_kept_open() -> None:
    opened = []

    def talk(connection: socket.socket) -> None:
        opened.append(1)
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with raw_server(talk) as url:
        http = Http(url)
        for _ in range(3):
            http.get("/x")
        http.close()
    assert len(opened) == 1


@responses.activate
def test_the_responses_library_can_stand_in_for_the_network() -> None:
    responses.get("https://shop.example.test/x", json={"a": 1}, headers={"Retry-After": "3"})
    http = Http("https://shop.example.test")
    assert http.get("/x").json() == {"a": 1}
    http.close()


def test_json_that_is_broken_is_said_to_be_so_and_where(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(200, b'{"rows": [\n{"id": 1}, {"id')]
    with pytest.raises(RetryLater, match=r"broken JSON .*line 2 column 13") as letter:
        http.get("/x").json()
    assert "maintenance" not in str(letter.value)


@pytest.mark.parametrize("body", [b"NaN", b"\xff", b'"\xe9"', b"1e99999999999999999999", b"[" * 100_000])
def test_an_answer_that_is_impossible_as_a_whole_is_no_answer(body: bytes, scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(200, body)]
    with pytest.raises(RetryLater, match="JSON"):
        http.get("/x").json()
    scripted.answers = [SandboxAnswer(200, body)]
    assert http.get("/x").peek() is None
