"""What comes in through feeds: which of two is the newer, whoever's clock says so; and one bad record stops itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.kit.api import Changed, Message, Page, Unreadable
from connectors.kit.errors import Rejected, Unauthorized
from hub.boot import Hub
from hub.pipeline.intake.accept import arrival
from hub.store import inbox, jobs
from tests.pipeline.fakes.connector import Shop
from tests.pipeline.queries import document, rows

Post = Callable[[str, Any], list[bool]]
Work = Callable[..., int]


def record(version: int, pieces: int = 1, id: str = "r1", **more: Any) -> dict[str, Any]:
    """A return as the fake shop tells it (simulated)."""
    return {
        "id": id, "version": version, "stream": "return", "status": "requested", "order": "12", "reference": None,
        "lines": [{"id": "L1", "sku": "SHIRT-M", "quantity": pieces, "price": "79.00"}], "receipts": [], "refunds": [], **more,
    }  # fmt: skip


@pytest.fixture
def web(hub: Hub, connect: Callable[..., None]) -> Iterator[Any]:
    """The account `web`, a shop whose reads say what a test puts into its `reads`."""
    connect("web", "fake_shop", base_url="http://127.0.0.1:9", terms={"listens": []})
    reads: dict[str, Any] = {}
    asked: list[str] = []

    def fetch(self: Shop, stream: str, external_id: str) -> Message:
        if stream == "order":
            return Message(stream, external_id, b"null", deleted=True)
        asked.append(external_id)
        found = reads[external_id]
        if isinstance(found, Exception):
            raise found
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        return Message(stream, external_id, body, version=str(found["version"]) if isinstance(found, dict) else None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shop, "fetch", fetch)
        reads["asked"] = asked
        yield reads


def returns_read(hub: Hub) -> list[Any]:
    return rows(
        hub,
        "SELECT version, convert_from(fragment, 'UTF8')::json->'lines'->0->>'quantity' FROM observations"
        " WHERE stream = 'return' ORDER BY 1",
    )


def parked(hub: Hub) -> list[Any]:
    return rows(hub, "SELECT external_id, times, error->0->>'why' FROM inbox WHERE state = 'invalid' ORDER BY id")


def push(hub: Hub, stream: str, version: str, body: dict[str, Any], account: str = "web") -> None:
    """A push with this version, as its connector would hand it over."""
    found = hub.accounts.get(account)
    message = Message(stream, body["id"], json.dumps(body).encode(), version)
    with hub.database.begin() as conn:
        inbox.accept(conn, [arrival(found, message, "push")])


def test_the_tenth_version_is_newer_than_the_ninth(hub: Hub, web: Any, work: Work) -> None:
    for version, pieces in (("9", 1), ("10", 2), ("0000000009", 1)):
        push(hub, "return", version, record(1, pieces))
        web["r1"] = record(10, 2)
        work(("process",))
    assert returns_read(hub) == [("10", "2")]
    assert web["asked"] == []


def test_an_older_push_that_says_something_else_is_asked_about(hub: Hub, web: Any, work: Work) -> None:
    """A shop that was restored from its backup counts on from a lower number: no push of it would ever count again."""
    push(hub, "return", "100", record(100, 1))
    work(("process",))
    push(hub, "return", "7", record(7, 2))
    web["r1"] = record(7, 2)
    work()
    assert returns_read(hub) == [("7", "2")]
    assert web["asked"] == ["r1", "r1"], "and once more, since the read fell behind, too"


def test_a_push_that_nothing_orders_is_only_a_hint(hub: Hub, web: Any, work: Work) -> None:
    push(hub, "return", "next", record(1, 3))
    web["r1"] = record(1, 2)
    work()
    assert returns_read(hub) == [("1", "2")]


# -- one bad record


@pytest.mark.parametrize(
    "problem",
    [
        Unauthorized("no right to this one", code="403"),
        Rejected("too old to be shown"),
        KeyError("lines"),
        TypeError("x"),
    ],
    ids=["forbidden", "refused", "a field is lacking", "a field is of another kind"],
)
def test_a_record_that_cannot_be_fetched_waits_for_a_person_and_stops_nothing(
    hub: Hub, web: Any, work: Work, problem: Exception
) -> None:
    with hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("web", "return/r1"), ("web", "return/r2")])
    web["r1"], web["r2"] = problem, record(1, id="r2")
    work()
    ((name, times, why),) = parked(hub)
    assert (name, times) == ("r1", 1)
    assert str(problem) in why
    assert len(returns_read(hub)) == 1
    assert rows(hub, "SELECT state, failures FROM accounts WHERE name = 'web'") == [("healthy", 0)]
    assert rows(hub, "SELECT 1 FROM jobs") == []

    # The same again is counted; a person has it read again; when it can be read, it is over.
    ((message,),) = rows(hub, "SELECT id FROM inbox WHERE state = 'invalid'")
    assert hub.reconcile.replay([message]) == 1
    work()
    assert [found[1] for found in parked(hub)] == [2]
    web["r1"] = record(1)
    assert hub.reconcile.replay([message]) == 1
    work()
    assert parked(hub) == []
    assert len(returns_read(hub)) == 2


def test_refused_credentials_are_everybodys(hub: Hub, web: Any, work: Work) -> None:
    with hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("web", "return/r1")])
    web["r1"] = Unauthorized("who are you", code="401")
    work()
    assert parked(hub) == []
    assert rows(hub, "SELECT state FROM accounts WHERE name = 'web'") == [("needs_reauth",)]


def test_the_same_unreadable_message_is_one_that_counts(hub: Hub, web: Any, work: Work) -> None:
    bad = {**record(1), "lines": "none"}
    web["r1"] = bad
    for _ in range(5):
        with hub.database.begin() as conn:
            jobs.want(conn, "fetch", [("web", "return/r1")])
        work()
    assert [found[:2] for found in parked(hub)] == [("r1", 5)]
    web["r1"] = {**bad, "version": 2}
    with hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("web", "return/r1")])
    work()
    assert [found[:2] for found in parked(hub)] == [("r1", 5), ("r1", 1)]
    web["r1"] = record(3)
    with hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("web", "return/r1")])
    work()
    assert parked(hub) == [], "what was read before is over; it is kept in the archive"
    assert rows(hub, "SELECT count(*) FROM raw WHERE external_id = 'r1'") == [(3,)]


POLLED = [
    Message("return", "r1", json.dumps(record(1)).encode(), "1"),
    Unreadable("return", "", "it came without an id", b"null"),
    Unreadable("return", "r2", "they would not show it", b""),
    Message("return", "r\0x", b"{}", "1"),
    Message("return", "r" * 600, b"{}", "1"),
    Changed("return", "\ud800"),
    Message("return", "r3", b"null", "1"),
    Message("return", "r4", b'{"id": "r4", "deep": ' + b"[" * 90_000, "1"),
    Message(
        "return", "r5", json.dumps({**record(1), "id": "r5"}).replace("79.00", "1e99999999999999999999").encode(), "1"
    ),
    Message("return", "r6", json.dumps({**record(1, id="r6")}).encode(), "1e99999999"),
]


def test_a_page_with_bad_records_brings_the_good_ones(
    hub: Hub, web: Any, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shop, "poll", lambda self, stream, cursor: iter([Page(POLLED, "c1")]), raising=False)
    for _ in range(2):
        with hub.database.begin() as conn:
            jobs.want(conn, "poll", [("web", "return")])
        work(("poll", "process"))
    assert len(returns_read(hub)) == 2
    assert {found[1] for found in parked(hub)} == {2}
    assert len(parked(hub)) == 8
    assert rows(hub, "SELECT cursor FROM cursors") == [("c1",)]
    assert rows(hub, "SELECT state FROM accounts WHERE name = 'web'") == [("healthy",)]


# -- what rests on a record that cannot be read


def discrepancies(hub: Hub, return_id: int) -> list[str]:
    return [discrepancy.kind for discrepancy in document(hub, return_id).discrepancies]


@pytest.mark.parametrize("how", ["fetched", "refused", "pushed"])
def test_a_return_says_that_it_waits_for_a_record_that_cannot_be_read(
    hub: Hub, web: Any, work: Work, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order was never understood, or not any more: the return that names it says so, until it is read."""
    order = {"id": "12", "version": 1, "stream": "order", "lines": [], "payments": []}
    bad: dict[str, Any] = {"fetched": {**order, "lines": "none"}, "refused": Rejected("no"), "pushed": None}
    records: dict[str, Any] = {"order": bad[how] or order}

    def fetch(self: Shop, stream: str, external_id: str) -> Message:
        found = records.get(stream, record(1))
        if isinstance(found, Exception):
            raise found
        return Message(stream, external_id, json.dumps(found).encode(), str(found["version"]))

    monkeypatch.setattr(Shop, "fetch", fetch)
    push(hub, "return", "1", record(1))
    work()
    ((return_id,),) = rows(hub, "SELECT id FROM returns")
    if how == "pushed":
        assert discrepancies(hub, return_id) == []
        push(hub, "order", "2", {**order, "version": 2, "lines": "none"})
        records["order"] = {**order, "version": 2, "lines": "none"}
        work()
    assert discrepancies(hub, return_id) == ["unread"]
    records["order"] = {**order, "version": 3}
    with hub.database.begin() as conn:
        jobs.want(conn, "fetch", [("web", "order/12")])
    work()
    assert discrepancies(hub, return_id) == []
    assert parked(hub) == [], "what is older than what was understood waits for nobody"
