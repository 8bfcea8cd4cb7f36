"""What bad input gets: a clear answer, and nothing around it is lost. What is wrong with a webhook's envelope its sender
hears; what is wrong with a record stands on the invalid page with field and reason, however it came."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from connectors.kit.signing import sign_standard
from hub.boot import Hub
from hub.store import inbox
from hub.store.arrival import Arrival
from hub.store.database import next_read_seq
from hub.web import create_app
from tests.pipeline.fakes.connector import signature
from tests.pipeline.fakes.processes import SECRET, Remote
from tests.pipeline.queries import all_returns, rows, written

LINES = [{"id": "L1", "sku": "SHIRT-M", "quantity": 1, "price": "79.00"}]
RECORD: dict[str, Any] = {
    "id": "stock-9", "version": 9, "reference": None, "order": "12", "status": "requested", "comment": "",
    "lines": [{"id": "SHIRT-M", "sku": "SHIRT-M", "quantity": 1, "price": "0"}],
    "receipts": [], "refunds": [], "credits": [], "paid": "0",
}  # fmt: skip


@pytest.fixture
def site(hub: Hub, both: None) -> Iterator[Client]:
    """The web with the real accept and the real writer."""
    yield Client(create_app(hub))
    hub.writer.close()


def send(site: Client, body: bytes, path: str = "/hooks/erp", **headers: str) -> TestResponse:
    signed = {"X-Signature": signature(SECRET, body), **{k.replace("_", "-"): v for k, v in headers.items()}}
    return site.post(path, data=body, headers=signed)


@pytest.fixture
def around(site: Client, shop: Remote, hub: Hub, work: Callable[..., int]) -> Iterator[None]:
    """A good return comes before the bad input and one after it; both arrive, and so do their orders."""

    def good(order: str) -> None:
        shop.do("buy", order=order, lines=LINES)
        shop.do("request", order=order, lines=LINES)
        for record in shop.do("outgoing"):
            assert send(site, json.dumps(record).encode(), "/hooks/web").status_code == 202

    good("1")
    yield
    good("2")
    work()
    both = {found.order_number: dict(found.sync) for found in all_returns(hub) if found.order_number in ("1", "2")}
    assert both == dict.fromkeys(("1", "2"), {"web": "in_sync", "erp": "in_sync"})


def answer(response: TestResponse, status: int) -> str:
    """The letter that explains: what happened, why, what to do."""
    assert response.status_code == status, response.text
    said = json.loads(response.text)
    assert all(said[part] for part in ("error", "why", "what_now"))
    return str(said["error"])


def changed(**fields: Any) -> bytes:
    return json.dumps({**RECORD, **fields}).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in RECORD.items() if key != name}).encode()


ENVELOPES = {
    "malformed JSON": (b'{"id": "stock-9", ', "truncated"),
    "no JSON": (b"<xml/>", "malformed"),
    "wrong encoding": (changed(comment="caf?").replace(b"?", b"\xe9"), "utf-8"),
    "lone surrogate": (changed(comment="?").replace(b"?", b"\\ud800"), "surrogate"),
    "NaN": (changed(paid=0).replace(b'"paid": 0', b'"paid": NaN'), "malformed"),
    "without id": (without("id"), "'id'"),
    "empty id": (changed(id=""), "external_id is empty"),
    "NUL in the id": (changed(id="stock-\0"), "no text"),
    "endless id": (changed(id="x" * 600), "600 characters"),
}


def test_a_webhook_that_cannot_be_read(site: Client, around: None, hub: Hub) -> None:
    before = rows(hub, "SELECT count(*) FROM inbox")
    for name, (body, reason) in ENVELOPES.items():
        assert reason in answer(send(site, body), 400), name
    assert rows(hub, "SELECT count(*) FROM inbox") == before


def test_wrong_and_missing_signature(site: Client, around: None) -> None:
    assert "signature does not fit" in answer(send(site, changed(), X_Signature="0" * 64), 401)
    assert "signature does not fit" in answer(site.post("/hooks/erp", data=changed()), 401)


def test_a_replayed_old_timestamp(site: Client, around: None) -> None:
    def standard(at: float) -> TestResponse:
        return site.post("/hooks/erp", data=changed(), headers=sign_standard(SECRET, "msg_1", changed(), at))

    assert "webhook-timestamp" in answer(standard(time.time() - 3 * 3600), 401)
    assert standard(time.time()).status_code == 202


@pytest.mark.parametrize("path", ["/hooks/nobody", "/hooks/", "/hooks/erp/return"])
def test_an_unknown_account(path: str, site: Client, around: None) -> None:
    assert "no account" in answer(send(site, changed(), path), 404)


@pytest.mark.parametrize("stated", [True, False], ids=["with a length", "chunked"])
def test_a_body_of_50_MB(stated: bool, site: Client, around: None) -> None:
    body = io.BytesIO(b" " * 50_000_000)
    how = {"CONTENT_LENGTH": "50000000"} if stated else {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    response = site.post("/hooks/erp", input_stream=body, environ_overrides=how)
    assert "larger than" in answer(response, 413)


def test_a_chunked_body_without_a_length(site: Client, around: None, hub: Hub, work: Callable[..., int]) -> None:
    how = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    headers = {"X-Signature": signature(SECRET, changed())}
    response = site.post("/hooks/erp", input_stream=io.BytesIO(changed()), headers=headers, environ_overrides=how)
    assert response.status_code == 202
    work()
    assert rows(hub, "SELECT 1 FROM observations WHERE external_id = 'stock-9'")


RECORDS = {
    "malformed JSON": (b'{"id": "stock-9", ', "", "truncated"),
    "wrong encoding": (changed(comment="caf?").replace(b"?", b"\xe9"), "byte", "UTF-8"),
    "UTF-16": (changed().decode().encode("utf-16"), "byte 0", "UTF-16"),
    "NUL in a text": (changed(order="12\0"), "order", "NUL"),
    "lone surrogate": (changed(comment="?").replace(b"?", b"\\ud800"), "byte", "surrogate"),
    "NaN as an amount": (changed(paid=0).replace(b'"paid": 0', b'"paid": NaN'), "byte", "NaN"),
    "1e400 as an amount": (
        changed(credits=[{"id": "c", "amount": "1e400", "currency": "EUR"}]),
        "credits[0].amount",
        "1E+400",
    ),
    "no object": (b"[]", "", "no JSON object"),
    "unknown status word": (changed(status="limbo"), "authorization.value", "limbo"),
    "negative quantity": (changed(lines=[{"sku": "SHIRT-M", "quantity": -1}]), "lines[0].quantity", "below zero"),
    "no such currency": (changed(credits=[{"id": "c", "amount": "1", "currency": "EUX"}]), "currency", "EUX"),
    "missing field": (changed(credits=[{"id": "c", "currency": "EUR"}]), "credits[0].amount", "required"),
}


def test_records_that_cannot_be_understood(site: Client, around: None, hub: Hub, work: Callable[..., int]) -> None:
    """They wait as invalid with field, reason and what to do; a good version that comes later is understood."""

    def read(name: str, body: bytes) -> None:
        with hub.database.begin() as conn:
            (drawn,) = next_read_seq(conn)
            arrival = Arrival.of(
                account="erp", stream="return", external_id=name, via="fetch", body=body, version="1", read_seq=drawn
            )
            inbox.accept(conn, [arrival])

    for name, (body, _, _) in RECORDS.items():
        read(name, body)
    work()
    waiting = {row[0]: row[1:] for row in rows(hub, "SELECT external_id, state, body, error FROM inbox")}
    assert set(waiting) == set(RECORDS)
    for name, (body, field, reason) in RECORDS.items():
        state, kept, errors = waiting[name]
        assert (state, kept) == ("invalid", body)
        assert [e for e in errors if field in e["field"] and reason in e["why"] and e["what_now"]], (name, errors)
    for name in RECORDS:
        read(name, changed(id=name))
    work()
    known = rows(hub, "SELECT external_id FROM observations WHERE account = 'erp' AND external_id NOT LIKE 'stock%'")
    assert {row[0] for row in known} == set(RECORDS)


def test_every_error_of_a_record_is_named_at_once(
    site: Client, around: None, hub: Hub, work: Callable[..., int]
) -> None:
    assert send(site, changed(status="limbo", lines=[{"sku": "SHIRT-M", "quantity": -1}])).status_code == 202
    work()
    ((errors,),) = rows(hub, "SELECT error FROM inbox WHERE state = 'invalid'")
    assert {error["field"] for error in errors} == {"authorization.value", "lines[0].quantity"}


def test_an_invalid_message_is_taken_up_again(
    site: Client, around: None, hub: Hub, work: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mapping is mended (simulated: the word is understood now), and the message replayed."""
    assert send(site, changed(status="limbo")).status_code == 202
    work()
    ((row,),) = rows(hub, "SELECT id FROM inbox WHERE state = 'invalid'")
    dictionary = type(hub.accounts.get("erp").dictionary)
    read = dictionary.read

    def mended(self: Any, stream: str, record: dict[str, Any], *rest: Any, **more: Any) -> Any:
        status = {"limbo": "requested"}.get(record.get("status", ""), record.get("status"))
        return read(self, stream, {**record, "status": status}, *rest, **more)

    monkeypatch.setattr(dictionary, "read", mended)
    assert hub.reconcile.replay([row]) == 1
    work()
    assert rows(hub, "SELECT count(*) FROM inbox") == [(0,)]
    assert rows(hub, "SELECT 1 FROM observations WHERE external_id = 'stock-9'") == [(1,)]


def test_a_return_whose_order_nobody_knows(
    site: Client, around: None, hub: Hub, shop: Remote, stock: Remote, work: Callable[..., int]
) -> None:
    """It is shown, nothing is guessed, and the row says what is missing; when the order comes, everybody is told."""
    shop.do("request", order="404", lines=LINES)
    (asked,) = shop.do("outgoing")
    assert send(site, json.dumps(asked).encode(), "/hooks/web").status_code == 202
    work()
    (lost,) = [found for found in all_returns(hub) if asked["id"] in found.doc.objects["web"].values()]
    ((state, undeliverable),) = rows(
        hub, "SELECT state, undeliverable FROM sync WHERE return_id = :r AND account = 'erp'", r=lost.id
    )
    assert state == "blocked"
    assert undeliverable[0]["said"] == {"code": "no_order_number", "values": {"account": "erp"}}
    assert written(hub, "erp", lost.id) not in {record["reference"] for record in stock.get("state").values()}

    shop.do("buy", order="404", lines=LINES)
    for record in shop.do("outgoing"):
        send(site, json.dumps(record).encode(), "/hooks/web")
    work()
    assert written(hub, "erp", lost.id) in {record["reference"] for record in stock.get("state").values()}
