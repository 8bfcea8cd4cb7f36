"""GraphQL: errors inside a 200 mean what they say, waits come from the cost, connections end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.errors import (
    Conflict,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
    Unauthorized,
)
from connectors.kit.graphql import Graph, documents, wait_of
from connectors.kit.http import Http
from connectors.kit.sandbox import Call, Sandbox, route

FILES = {
    "reading.graphql": """
        # a comment with query NotThis in it
query Things($after: String) { things(first: 2, after: $after) { nodes { ...Thing } pageInfo { hasNextPage endCursor } } }

fragment Thing on Thing { id ...Inner also { ...Inner } }
fragment Inner on Thing { ... on Big { size } }
""",
    "writing.graphql": "mutation Push($id: ID!) { push(id: $id) { userErrors { message } } }\n",
}


class Endpoint(Sandbox):
    """Answers what it is told, and keeps what it was asked."""

    name = "graph"

    def setup(self) -> None:
        self.asked: list[Any] = []
        self.answers: list[Any] = []

    @route("POST", "/graphql.json")
    def answer_it(self, call: Call) -> Any:
        self.asked.append(call.json())
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def graph(endpoint: Endpoint, folder: Path) -> Graph:
    return Graph(
        Http(endpoint.url, name="graph"),
        "graphql.json",
        documents(folder),
        {"STALE": lambda text, code, answer: Conflict(text, code=code)},
    )


def top(code: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": "so it is", "extensions": {"code": code}}], **more}


def cost(requested: float, available: float, rate: float = 100) -> dict[str, Any]:
    bucket = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": bucket}}


def test_a_document_brings_its_fragments_and_nothing_else(folder: Path) -> None:
    known = documents(folder)
    assert {name: document.kind for name, document in known.items()} == {"Things": "query", "Push": "mutation"}
    assert re.findall(r"^(?:fragment|query) (\w+)", known["Things"].text, re.MULTILINE) == ["Things", "Thing", "Inner"]
    assert "fragment" not in known["Push"].text


def test_a_fragment_that_nobody_defines_and_a_name_twice_are_refused(folder: Path) -> None:
    (folder / "a.graphql").write_text("query Lost { thing { ...Nowhere } }\n")
    with pytest.raises(ValueError, match="Lost spreads Nowhere"):
        documents(folder)
    (folder / "a.graphql").write_text("query Push { thing { id } }\n")
    with pytest.raises(ValueError, match="two definitions of Push"):
        documents(folder)


def test_data_is_what_is_handed_over(graph: Graph, endpoint: Endpoint) -> None:
    endpoint.answers = [{"data": {"push": {"thing": {"id": "1"}, "userErrors": []}}}]
    assert graph.ask("Push", id="1")["push"]["thing"] == {"id": "1"}
    assert endpoint.asked[0] == {
        "query": graph.known["Push"].text,
        "operationName": "Push",
        "variables": {"id": "1"},
    }


@pytest.mark.parametrize(
    ("document", "answer", "means"),
    [
        ("Things", top("ACCESS_DENIED", data=None), Unauthorized),
        ("Things", top("RESOURCE_NOT_FOUND", data={"things": None}), NotFound),
        ("Things", top("INVALID_VARIABLE"), Rejected),
        ("Things", {"data": None}, RetryLater),
        ("Push", {"data": None}, OutcomeUnknown),
        ("Push", top("INTERNAL_SERVER_ERROR"), OutcomeUnknown),
        ("Things", top("INTERNAL_SERVER_ERROR"), RetryLater),
        ("Push", top("THROTTLED", extensions=cost(70, 66, 50)), RateLimited),
        ("Push", {"errors": [{"message": "Throttled"}], "extensions": cost(70, 66, 50)}, RateLimited),
        ("Push", {"data": {"push": {"userErrors": [{"code": "STALE", "message": "old", "field": ["id"]}]}}}, Conflict),
        ("Push", {"data": {"push": {"userErrors": [{"code": None, "message": "no", "field": None}]}}}, Rejected),
        ("Push", {"data": {"push": {"userErrors": [{"code": "NOT_FOUND", "message": "x"}]}}}, NotFound),
    ],
)
def test_an_error_inside_a_200_means_what_it_says(
    graph: Graph, endpoint: Endpoint, document: str, answer: Any, means: type[Exception]
) -> None:
    endpoint.answers = [answer]
    with pytest.raises(means) as caught:
        graph.ask(document, id="1")
    assert type(caught.value) is means


def test_a_refusal_carries_their_words_and_their_code(graph: Graph, endpoint: Endpoint) -> None:
    refused = [{"code": "TOO_LONG", "message": "is too long", "field": ["input", "note"]}, {"message": "and more"}]
    endpoint.answers = [{"data": {"push": {"userErrors": refused}}}]
    with pytest.raises(Rejected, match=r"push: is too long \(input\.note\) and 1 more \[TOO_LONG\]") as caught:
        graph.ask("Push", id="1")
    assert caught.value.code == "TOO_LONG"


def test_the_wait_is_worked_out_from_the_cost(graph: Graph, endpoint: Endpoint) -> None:
    endpoint.answers = [top("THROTTLED", extensions=cost(978, 178))]
    with pytest.raises(RateLimited) as caught:
        graph.ask("Things")
    assert caught.value.after == 8.0
    assert wait_of(top("THROTTLED", extensions=cost(10, 500))) == 0.01
    assert wait_of(top("THROTTLED", extensions=cost(10, 1, 0))) is None
    assert wait_of({"errors": []}) is None


def test_a_read_waits_out_a_short_throttle_and_a_write_never_does(graph: Graph, endpoint: Endpoint) -> None:
    short = top("THROTTLED", extensions=cost(12, 2))
    endpoint.answers = [short, {"data": {"things": None}}]
    assert graph.ask("Things") == {"things": None}
    endpoint.answers = [short]
    with pytest.raises(RateLimited):
        graph.ask("Push", id="1")
    assert len(endpoint.asked) == 3


def page(*ids: str, after: str | None = None) -> dict[str, Any]:
    info = {"hasNextPage": after is not None, "endCursor": after}
    return {"data": {"things": {"nodes": list(ids), "pageInfo": info}}}


def test_a_connection_is_read_to_its_last_page(graph: Graph, endpoint: Endpoint) -> None:
    endpoint.answers = [page("1", "2", after="b"), page(after="c"), page("3")]
    assert list(graph.pages("Things", "things")) == [["1", "2"], [], ["3"]]
    assert [asked["variables"]["after"] for asked in endpoint.asked] == [None, "b", "c"]


def test_a_connection_that_goes_round_in_circles_ends(graph: Graph, endpoint: Endpoint) -> None:
    endpoint.answers = [page("1", after="b")]
    with pytest.raises(RetryLater, match="circles"):
        list(graph.pages("Things", "things"))
    assert len(endpoint.asked) == 2


def test_the_answer_to_another_question_is_none(graph: Graph, endpoint: Endpoint) -> None:
    endpoint.answers = [{"data": {"others": {"nodes": []}}}]
    with pytest.raises(RetryLater, match="answered Things with something else"):
        list(graph.pages("Things", "things"))


def test_a_connection_of_nothing_is_empty(graph: Graph, endpoint: Endpoint) -> None:
    endpoint.answers = [{"data": {"things": None}}]
    assert list(graph.pages("Things", "things")) == []
