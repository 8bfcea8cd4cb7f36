"""The parts of a manifest-only connector that the contract suite does not reach."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.kit.api import Changed, Login, Message, Operation, WebhookRequest
from connectors.kit.declarative import Declarative
from connectors.kit.errors import InvalidWebhook, OutcomeUnknown, RateLimited, Rejected, RetryLater, Unsupported
from connectors.kit.http import Http
from connectors.kit.manifest import load
from connectors.kit.sandbox import Call, SandboxAnswer
from connectors.kit.signing import sign_hmac
from tests.kit.loopline.sandbox import Loopline
from tests.kit.server import Scripted

BASE = """\
name: plain
kind: storefront
support: recorded
settings: {base_url: {}, shop: {default: s1}}
"""
Make = Callable[[str], Declarative]


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as sandbox:
        yield sandbox


@pytest.fixture
def make(tmp_path: Path, scripted: Scripted) -> Iterator[Make]:
    opened: list[Http] = []

    def connector(more: str) -> Declarative:
        (tmp_path / "manifest.yaml").write_text(BASE + more)
        manifest = load(tmp_path / "manifest.yaml")
        opened.append(Http(scripted.url))
        made: type[Declarative] = type("Plain", (Declarative,), {"manifest": manifest})
        return made(Login("here", {"base_url": scripted.url, "shop": "s1"}), opened[-1])

    yield connector
    for http in opened:
        http.close()


def page(*ids: int, **more: Any) -> SandboxAnswer:
    return SandboxAnswer(200, {"rows": [{"id": i, "u": f"2026-01-01T00:00:{i:02}Z"} for i in ids], **more})


def poll(connector: Declarative, cursor: str | None = None) -> tuple[list[str], str]:
    pages = list(connector.poll("return", cursor))
    return [message.external_id for one in pages for message in one.messages], pages[-1].cursor if pages else ""


STREAM = (
    "streams: {{return: {{feed: cursor, id: id, version_at: u, overlap: 10s, "
    "poll: {{path: /r, records: rows, {0}}}}}}}\n"
)
SINCE = "query: {since: $cursor, shop: $shop}"


def test_the_cursor_is_the_newest_version_asked_for_again_with_its_overlap(scripted: Scripted, make: Make) -> None:
    scripted.answers = [page(3, 9, 5)]
    assert poll(make(STREAM.format(SINCE)), "2026-01-01T00:00:08Z") == (["3", "9", "5"], "2026-01-01T00:00:09Z")
    assert scripted.seen[0].query == {"since": "2025-12-31T23:59:58Z", "shop": "s1"}
    scripted.answers = [page(1)]
    assert poll(make(STREAM.format(SINCE)), "2026-01-01T00:00:08Z")[1] == "2026-01-01T00:00:08Z"  # never backwards
    scripted.seen.clear()
    poll(make(STREAM.format(SINCE)), None)
    assert scripted.seen[0].query == {"shop": "s1"}  # the beginning asks for everything


PAGING = {
    "number": ("{kind: number, query: p, size: 2, size_query: n}", [{"p": "1", "n": "2"}, {"p": "2", "n": "2"}]),
    "offset": ("{kind: offset, query: o, size: 2, total: count}", [{"o": "0"}, {"o": "2"}]),
    "token": ("{kind: token, query: t, token: next}", [{}, {"t": "b"}]),
}


@pytest.mark.parametrize("kind", PAGING)
def test_pages_by_number_offset_and_token(scripted: Scripted, make: Make, kind: str) -> None:
    paging, asked = PAGING[kind]
    scripted.answers = 2 * [page(1, 2, next="b", count=3), page(3, count=3)]  # read again, to see that nothing moved
    found, _ = poll(make(STREAM.format("query: {since: $cursor}, paging: " + paging)))
    assert found == ["1", "2", "3"]
    assert [call.query for call in scripted.seen] == 2 * asked


def test_pages_by_link(scripted: Scripted, make: Make) -> None:
    linked = page(1)
    scripted.answers = 2 * [
        SandboxAnswer(200, linked.body, {"Link": f'<{scripted.url}/r?page=2>; rel="next"'}),
        page(2),
    ]
    assert poll(make(STREAM.format("query: {since: $cursor}, paging: {kind: link}")))[0] == ["1", "2"]


def test_a_search_by_post_is_still_a_read(scripted: Scripted, make: Make) -> None:
    scripted.answers = [SandboxAnswer(503), page(1, next=None)]
    paging = "paging: {kind: token, query: t, token: next}"
    assert poll(make(STREAM.format(f"method: POST, body: {{since: $cursor}}, {paging}")), "2026")[0] == ["1"]
    assert msgspec.json.decode(scripted.seen[-1].body) == {"since": "2026"}


@pytest.mark.parametrize(
    "answer",
    [SandboxAnswer(200, {"rows": {}}), SandboxAnswer(200, b"1e99999999999999999999"), SandboxAnswer(200, b"<html>")],
)
def test_an_answer_of_another_shape_is_for_later_and_moves_no_cursor(
    scripted: Scripted, make: Make, answer: SandboxAnswer
) -> None:
    scripted.answers = [answer]
    with pytest.raises(RetryLater):
        poll(make(STREAM.format(SINCE)))


def test_money_and_large_ids_survive(scripted: Scripted, make: Make) -> None:
    scripted.answers = [SandboxAnswer(200, b'{"rows": [{"id": 12345678901234567890123, "u": "1", "amount": 10.10}]}')]
    (one,) = make(STREAM.format(SINCE)).poll("return", None)
    (message,) = one.messages
    assert isinstance(message, Message)
    assert message.external_id == "12345678901234567890123"
    assert b"10.10" in message.body


# -- webhooks


HOOK = """\
streams: {{return: {{feed: push, fetch: true, id: id, version_at: u, deleted: gone}}}}
webhook:
  signature: {{scheme: shared, header: X-Key, secret: $shop}}
  topic: type
  delivery_id: header:X-Delivery
  id: data.id
  record: data
  topics: {{updated: return, touched: {0}}}
"""


def hook(body: Any, **headers: str) -> WebhookRequest:
    return WebhookRequest("POST", "/", {"X-Key": "s1", **headers}, msgspec.json.encode(body))


def test_a_webhook_brings_a_record_or_a_hint(make: Make) -> None:
    connector = make(HOOK.format("{stream: return, notification: true}"))
    record = {"id": 7, "u": 3, "gone": True}
    (message,) = connector.accept(hook({"type": "updated", "data": record}, **{"X-Delivery": "d9"}))
    assert message == Message("return", "7", msgspec.json.encode(record), "3", True, "d9")
    assert connector.accept(hook({"type": "touched", "data": record})) == [Changed("return", "7", "touched")]
    assert connector.accept(hook({"type": "unheard of"})) == []
    bodies = (b"{", b'{"type": "updated", "data": {}}', b"1e99999999999999999999", b"[" * 100_000, b"\xff")
    for body in bodies[:-3]:
        with pytest.raises(InvalidWebhook):
            connector.accept(WebhookRequest("POST", "/", {"X-Key": "guessed"}, body))
    for body in bodies:  # genuine, but nothing that can be read: a fault of the body, not of a secret
        with pytest.raises(ValueError, match="no JSON|without the id"):
            connector.accept(WebhookRequest("POST", "/", {"X-Key": "s1"}, body))


# -- writing


WRITE = """\
streams: {return: {feed: push}, receipt: {feed: none}}
operations:
  receive:
    moves_money: no
    key_retention: 1h
    request:
      method: PUT
      path: "/s/{shop}/r/{return}"
      query: {ref: $reference}
      headers: {X-Order: $order_number, X-Shop: "shop $shop"}
      body: "{lines: items, by: who}"
      key_header: Key
      objects: {receipt: id}
      read_back: [return, receipt]
    find: {path: /found, query: {ref: $reference}, record: "rows[?ref=='$reference'] | [0]", objects: {receipt: id}}
  cancel: {moves_money: no, request: {method: DELETE, path: "/r/{return}"}}
  note: {moves_money: no}
errors:
  - {when: "status == `500` && body.code == 'LIMIT'", error: rate_limited, message: body.text, after: body.wait}
  - {when: "body.fine", error: fine}
  - {when: "body.code", error: rejected}
"""


def call(kind: str = "receive", **more: Any) -> Operation:
    objects = {"return": "a/b"}
    return Operation(kind, "41", "R1001", **{"objects": objects, "payload": {"items": [1], "who": "us"}, **more})


def test_a_write_is_filled_in_from_settings_objects_and_payload(scripted: Scripted, make: Make) -> None:
    scripted.answers = [SandboxAnswer(200, {"id": 5})]
    reply = make(WRITE).perform(call())
    (asked,) = scripted.seen
    assert (asked.method, asked.path, asked.query) == ("PUT", "/s/s1/r/a%2Fb", {"ref": "R1001"})
    assert (asked.headers["key"], asked.headers["x-shop"]) == ("41", "shop s1")
    assert "x-order" not in asked.headers
    assert asked.json() == {"lines": [1], "by": "us"}
    assert reply.objects == {"receipt": "5"}
    assert reply.read_back == (Changed("return", "a/b", "receive"), Changed("receipt", "5", "receive"))


def test_a_write_without_an_answers_body_still_reads_back(scripted: Scripted, make: Make) -> None:
    scripted.answers = [SandboxAnswer(204)]
    assert make(WRITE).perform(call()).read_back == (Changed("return", "a/b", "receive"),)
    make(WRITE).perform(call("cancel"))
    assert (scripted.seen[-1].method, scripted.seen[-1].body) == ("DELETE", b"")


def test_a_write_whose_object_is_unknown_there_is_rejected_before_it_is_sent(scripted: Scripted, make: Make) -> None:
    with pytest.raises(Rejected, match="needs 'return'"):
        make(WRITE).perform(call(objects={}))
    for kind in ("note", "refund"):
        with pytest.raises(Unsupported):
            make(WRITE).perform(call(kind))
    with pytest.raises(Unsupported):
        make(WRITE).find(call("cancel"))
    assert scripted.seen == []


def test_an_earlier_write_is_found_by_our_own_mark(scripted: Scripted, make: Make) -> None:
    scripted.answers = [SandboxAnswer(200, {"rows": [{"ref": "R1", "id": 1}, {"ref": "R1001", "id": 2}]})]
    found = make(WRITE).find(call())
    assert found is not None
    assert found.objects == {"receipt": "2"}
    scripted.answers = [SandboxAnswer(200, {"rows": []}), SandboxAnswer(404)]
    assert make(WRITE).find(call()) is None
    assert make(WRITE).find(call()) is None


def test_their_errors_mean_what_the_manifest_says(scripted: Scripted, make: Make) -> None:
    connector = make(WRITE)
    scripted.answers = [SandboxAnswer(500, {"code": "LIMIT", "text": "slow down", "wait": 9})]
    with pytest.raises(RateLimited, match="slow down") as limited:
        connector.perform(call())
    assert limited.value.after == 9
    scripted.answers = [SandboxAnswer(200, {"code": "NO", "message": "closed"})]
    with pytest.raises(Rejected, match="closed"):
        connector.perform(call())
    scripted.answers = [SandboxAnswer(500, {"code": "NO", "fine": True})]
    with pytest.raises(OutcomeUnknown):
        connector.perform(call())
    scripted.answers = [SandboxAnswer(200, {"code": "NO", "fine": True, "id": 1})]
    assert connector.perform(call()).finished


def test_several_secrets_are_good_while_they_are_replaced(loopline: Any) -> None:
    with Loopline() as sandbox:
        settings = {"base_url": sandbox.url, "api_key": "simulated-key", "webhook_secret": ["old", "new"]}
        connector = loopline.connect(Login("here", settings))
        body = b'{"data": {"id": "r07"}}'
        for secret in ("old", "new"):
            signature = sign_hmac(secret, body, encoding="base64").decode()
            headers = {"X-Loopline-Signature": signature, "X-Loopline-Topic": "return.touched"}
            assert connector.accept(WebhookRequest("POST", "/", headers, body)) == [
                Changed("return", "r07", "return.touched")
            ]
        assert base64.b64decode(signature)


def test_what_the_manifest_does_not_name_is_unsupported(make: Make, scripted: Scripted) -> None:
    connector = make("streams: {return: {feed: push}}\n")
    asked: list[Callable[[], Any]] = [
        connector.check,
        lambda: list(connector.poll("return", None)),
        lambda: connector.fetch("return", "1"),
        lambda: connector.accept(hook({})),
        lambda: connector.perform(call()),
        lambda: connector.find(call()),
    ]
    for ask in asked:
        with pytest.raises(Unsupported):
            ask()
    assert scripted.seen == []


def test_a_record_that_says_it_is_gone_is(scripted: Scripted, make: Make) -> None:
    more = "streams: {return: {feed: push, id: id, fetch: {path: '/r/{id}', record: data}}}\n"
    for answer in (SandboxAnswer(404), SandboxAnswer(410), SandboxAnswer(200, {"data": None}), SandboxAnswer(200, {})):
        scripted.answers = [answer]
        assert make(more).fetch("return", "7").deleted
    scripted.answers = [lambda call: seen(call)]

    def seen(call: Call) -> SandboxAnswer:
        return SandboxAnswer(200, {"data": {"id": call.path[-1]}})

    assert make(more).fetch("return", "7") == Message("return", "7", b'{"id":"7"}')
