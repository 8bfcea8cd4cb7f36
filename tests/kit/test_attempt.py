"""What an attempt may have changed is known by the session that sends, whatever the connector makes of the errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit import http as kit_http
from connectors.kit import retries, transport
from connectors.kit.attempt import Attempt
from connectors.kit.errors import (
    Conflict,
    ConnectorError,
    NotYet,
    OutcomeUnknown,
    OverBudget,
    RateLimited,
    Rejected,
    RetryLater,
    Unauthorized,
    Unsupported,
)
from connectors.kit.graphql import Graph, documents
from connectors.kit.http import Http
from connectors.kit.sandbox import SandboxAnswer
from connectors.kit.transport import Lost, TooLong
from tests.kit.server import Scripted

REFUSED = (400, 401, 402, 403, 404, 405, 409, 410, 412, 413, 415, 418, 421, 422, 423, 425, 428, 429, 431, 451, 501)
ELSEWHERE = (301, 304, 307, 308)
SILENT = (302, 303, 408, 499, 500, 502, 503, 504, 507, 520, 524, 599)
"""Statuses that many a gateway answers for a request that was carried out behind it."""
PROVES: dict[type[ConnectorError], tuple[int, ...]] = {
    Rejected: (200, 400, 500),
    Conflict: (200, 409, 500),
    Unauthorized: (200, 401, 500),
    Unsupported: (200, 410, 501),
    RateLimited: (200, 429, 503),
    NotYet: (200, 400, 503),
    RetryLater: (400, 409, 425, 429),
}
PROVES_NOTHING: dict[type[ConnectorError], tuple[int, ...]] = {
    OutcomeUnknown: (200, 400, 409, 500, 503),
    RetryLater: (200, 408, 500, 502, 503, 504),
}

answered = st.one_of(
    st.tuples(st.just("status"), st.sampled_from((200, 201, 202, 204, *REFUSED, *ELSEWHERE, *SILENT)), st.none()),
    *(
        st.tuples(st.just("meant"), st.sampled_from(statuses), st.just(error))
        for scripted in (PROVES, PROVES_NOTHING)
        for error, statuses in scripted.items()
    ),
    st.tuples(st.sampled_from(("lost after", "lost before", "too long", "bug", "over budget")), st.just(0), st.none()),
)
step = st.tuples(st.sampled_from(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY")), st.booleans(), answered)
"""(method, declared a read, what comes of it). QUERY is no method of HTTP's: who knows what it does?"""


def proven_harmless(reading: bool, kind: str, status: int, error: type[ConnectorError] | None) -> bool:
    """By the tables above: nothing of this request can stand over there."""
    if reading or kind in ("lost before", "bug", "over budget"):
        return True
    if kind == "meant":
        return status in PROVES.get(error or ConnectorError, ())
    return kind == "status" and status in (*REFUSED, *ELSEWHERE)


@given(st.lists(step, max_size=8))
def test_after_any_sequence_it_is_known_whether_something_may_stand(steps: list[Any]) -> None:
    http, attempt = Http("http://system.invalid", timeout=1), Attempt()
    script: list[Callable[[], tuple[int, dict[str, str], bytes]]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kit_http, "exchange", lambda *_: script.pop(0)())
        patch.setattr(retries, "TRIES", 1)
        standing = 0
        for method, declared, (kind, status, error) in steps:
            reading = method in ("GET", "HEAD") or declared
            budget = (lambda bucket: 9.0) if kind == "over budget" else None
            if budget and standing:
                kind, status = "status", 200  # what has begun is not stopped by our own budget
            standing += not proven_harmless(reading, kind, status, error)
            script[:] = [lambda k=kind, s=status: came(k, s)] * 3  # type: ignore[misc]
            view = http.view(
                attempt=attempt,
                budget=budget,
                classify=(lambda answer, e=error: e("so it is")) if error else None,
            )
            with suppress(ConnectorError, ZeroDivisionError):
                view.request(method, "/x", read=declared or None)
            assert attempt.changed == (standing > 0)


def came(kind: str, status: int) -> tuple[int, dict[str, str], bytes]:
    """As `exchange` does: it says by itself whether a byte has left."""
    transport.now.sent = kind not in ("lost before", "bug")
    match kind:
        case "lost after":
            raise Lost("gone", sent=True)
        case "lost before":
            raise Lost("never left", sent=False)
        case "too long":
            raise TooLong(200)
        case "bug":
            raise ZeroDivisionError
    return status or 200, {"Retry-After": "60"}, b"{}"


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as sandbox:
        yield sandbox


@pytest.fixture
def http(scripted: Scripted) -> Iterator[Http]:
    http = Http(scripted.url, name="Told", timeout=5)
    yield http
    http.close()


def test_a_refusal_takes_back_its_own_mark_only(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(201, {}), SandboxAnswer(422, {"message": "no"})]
    http.post("/begin")
    with pytest.raises(Rejected):
        http.post("/confirm")
    assert http.attempt.changed
    http.attempt.undone()
    assert not http.attempt.changed


def test_what_a_view_sends_belongs_to_the_attempt(scripted: Scripted, http: Http) -> None:
    mine = http.view(attempt=Attempt())
    mine.view(headers={"X": "1"}).view(classify=lambda answer: None).post("/x")
    assert mine.attempt.changed
    assert not http.attempt.changed


def test_a_declared_read_and_an_expected_404_leave_nothing(scripted: Scripted, http: Http) -> None:
    scripted.answers = [SandboxAnswer(200, {}), SandboxAnswer(404, {})]
    http.post("/search", read=True)
    http.delete("/draft", ok=(200, 404))
    assert not http.attempt.changed


def test_credentials_renewed_in_between_are_one_write(scripted: Scripted, http: Http) -> None:
    class Renews(kit_http.Auth):
        def renew(self, refused: Any) -> bool:
            return True

    scripted.answers = [SandboxAnswer(401, {}), SandboxAnswer(422, {})]
    http.auth = Renews()
    with pytest.raises(Rejected):
        http.post("/x")
    assert not http.attempt.changed
    scripted.answers = [SandboxAnswer(401, {}), SandboxAnswer(200, {})]
    http.post("/x")
    assert http.attempt.changed


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><title>Sign in", b" <html><body>Back soon"])
def test_a_page_for_a_browser_is_no_answer_to_a_write(scripted: Scripted, http: Http, body: bytes) -> None:
    scripted.answers = [SandboxAnswer(200, body, {"Content-Type": "text/html"})]
    with pytest.raises(OutcomeUnknown, match="page for a browser"):
        http.post("/pay")
    assert http.attempt.changed
    assert http.get("/paid").body == body
    scripted.answers = [SandboxAnswer(200, b"<ok/>"), SandboxAnswer(200, b"OK")]
    assert http.post("/pay").status == http.post("/pay").status == 200


def test_a_spent_budget_stops_what_has_not_begun_and_nothing_else(scripted: Scripted, http: Http) -> None:
    poor = http.view(budget=lambda bucket: 9.0, attempt=Attempt())
    with pytest.raises(OverBudget):
        poor.get("/before")
    poor.view(budget=None).post("/pay")
    assert poor.get("/after").status == 200
    assert len(scripted.seen) == 2


def test_a_request_that_could_not_be_written_down_did_nothing(http: Http) -> None:
    with pytest.raises(UnicodeEncodeError):
        http.post("/x", headers={"X": "\u6536\u8d27"})
    assert not http.attempt.changed


MUTATION = "mutation Pay($id: ID!) { pay(id: $id) { refund { id order { id } } userErrors { message } } }\n"
PAID = {"refund": {"id": "1", "order": None}, "userErrors": []}


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({"errors": [{"message": "Field 'x' doesn't exist"}]}, False),
        ({"errors": "Not Found"}, False),
        ({"errors": ["Exceeded the limit"]}, False),
        ({"errors": [{"message": "Throttled"}]}, False),
        ({"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}, "path": ["pay"]}], "data": None}, False),
        ({"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"},
                      "path": ["pay", "refund", "order"]}], "data": {"pay": PAID}}, True),
        ({"errors": [{"message": "no", "path": ["pay", "refund", "order", "id"]}], "data": {"pay": None}}, True),
        ({"errors": [{"message": "boom", "path": ["pay"]}], "data": None}, True),
        ({"errors": [{"message": "boom", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}, True),
        ({"data": {"pay": {"refund": None, "userErrors": [{"message": "too much"}]}}}, False),
        ({"data": {"pay": {"refund": {"id": "1"}, "userErrors": [{"message": "no mail was sent"}]}}}, True),
        ({"data": {"pay": {"refund": {"id": "1"}, "userErrors": [{"message": "gone", "code": "NOT_FOUND"}]}}}, False),
        ({"data": None}, True),
        ({}, True),
    ],
)  # fmt: skip
def test_an_error_beside_a_mutations_result_came_after_the_change(
    scripted: Scripted, http: Http, tmp_path: Any, body: Any, changed: bool
) -> None:
    (tmp_path / "w.graphql").write_text(MUTATION)
    scripted.answers = [SandboxAnswer(200, body)]
    with pytest.raises(ConnectorError) as caught:
        Graph(http, "/graphql.json", documents(tmp_path)).ask("Pay", id="1")
    assert http.attempt.changed == changed
    assert isinstance(caught.value, OutcomeUnknown) == changed


def test_a_query_whose_error_is_a_text_says_it(scripted: Scripted, http: Http, tmp_path: Any) -> None:
    (tmp_path / "r.graphql").write_text("query Look { thing { id } }\n")
    scripted.answers = [SandboxAnswer(200, {"errors": "[API] This shop is asleep"})]
    with pytest.raises(Rejected, match="This shop is asleep"):
        Graph(http, "/graphql.json", documents(tmp_path)).ask("Look")
