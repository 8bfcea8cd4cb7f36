"""The contract of all connectors, kept by our own door against the custom shop; standardwebhooks checks both directions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from connectors.generic.sandbox import SECRET, GenericSandbox
from connectors.kit import registry
from connectors.kit.api import Login, Message, Operation, OperationLine, WebhookRequest
from connectors.kit.errors import Conflict, InvalidWebhook, Rejected, RetryLater, Unauthorized, Unsupported
from connectors.kit.sandbox import Call
from connectors.kit.signing import sign_standard
from tests.connectors.contract import ConnectorContract
from tests.connectors.through_hub import HubContract

OLD = "whsec_YW5vdGhlciBzaW11bGF0ZWQgc2VjcmV0IG9mIGE="


class Remote(GenericSandbox):
    """The custom shop with one return in it. Each call of the hub's is checked by standardwebhooks, too."""

    def setup(self) -> None:
        super().setup()
        self.secret = SECRET
        self.order = self.state.buy({"MUG": 2})
        self.asked = self.state.ask_back(self.order["id"], {self.order["lines"][0]["id"]: 2}, "defective")
        self.checked: list[str] = []

    def allow(self, call: Call) -> None:
        Webhook(SECRET).verify(call.body, dict(call.headers), json_parse=False)
        self.checked.append(f"{call.method} {call.headers['webhook-id']}")


def operation(remote: Remote, kind: str = "receive", **payload: Any) -> Operation:
    """A write of the shop's return; for `receive` one of two pieces."""
    objects = {"return": remote.asked["id"], "order": remote.order["id"]}
    line = {"line": remote.asked["lines"][0]["id"], "totals": {"received": "1", "damaged": "0"}, "facts": ["fact-1"]}
    lines = (OperationLine(Decimal(1), line=line["line"], facts=("fact-1",)),) if kind == "receive" else ()
    payload = payload or {"lines": [line]}
    return Operation(kind=kind, id="41", reference="R1001", objects=objects, lines=lines, payload=payload)


class TestGeneric(ConnectorContract, HubContract):
    system = "generic"
    business_errors = (
        (409, {"message": "changed meanwhile"}, Conflict),
        (410, {"message": "we have no such step"}, Unsupported),
        (501, {"message": "not built yet"}, Unsupported),
        (503, {"message": "maintenance"}, RetryLater),
        (404, {"message": "no such return"}, Rejected),
    )

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        with Remote() as running:
            yield running

    def settings(self, remote: Any) -> dict[str, Any]:
        secrets = [SECRET, OLD]
        base = {"kind": "storefront", "webhook_secret": secrets, "token": "simulated-token"}
        return {**base, "url": f"{remote.url}/hub", "read_url": f"{remote.url}/records/"}

    def known(self, remote: Any) -> tuple[str, str]:
        return "return", remote.asked["id"]

    def operation(self, remote: Any) -> Operation:
        return operation(remote)

    def webhook(self, remote: Any) -> WebhookRequest:
        return push("return.upsert", remote.asked)

    def event(self, remote: Any, topic: str) -> WebhookRequest:
        return push(topic, remote.asked)

    def news(self, remote: Any) -> dict[str, Any]:
        return {"authorization": {"value": "authorized"}}

    def pushes(self, remote: Any) -> list[WebhookRequest]:
        """Whole records, each newer than the one before."""
        requests = [push("order.upsert", remote.order, "key-1"), push("return.upsert", remote.asked, "key-2")]
        remote.state.decide({"return": remote.asked["id"], "authorization": "authorized"})
        requests.append(push("return.upsert", remote.asked, "key-3"))
        self.carry_out(self.make(remote, []), operation(remote))
        return [*requests, push("return.upsert", remote.asked, "key-4")]

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "authorization": {"value": "teleported"}}

    # -- what is not every connector's

    @pytest.mark.proves("outside")
    def test_their_verifier_accepts_what_we_send(self, connector: Any, remote: Any) -> None:
        connector.perform(operation(remote))
        connector.fetch("return", remote.asked["id"])
        assert connector.check().ok
        assert remote.checked[:2] == ["POST 41", f"GET return/{remote.asked['id']}"]
        assert remote.checked[2].startswith("POST ping-")

    @pytest.mark.proves("outside")
    def test_we_accept_what_their_signer_signs(self, connector: Any, remote: Any) -> None:
        body, at = json.dumps({"type": "return.upsert", "data": remote.asked}), time.time()
        moment = datetime.fromtimestamp(int(at), UTC)
        headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at))}
        headers["webhook-signature"] = Webhook(OLD).sign("msg_1", moment, body)
        (message,) = connector.accept(WebhookRequest("POST", "/hooks/shop", headers, body.encode()))
        assert (message.external_id, message.delivery_id) == (remote.asked["id"], "msg_1")

    def test_both_secrets_sign_while_one_is_replaced(self, remote: Any) -> None:
        seen: list[dict[str, str]] = []
        remote.allow = lambda call: seen.append(dict(call.headers))
        self.make(remote, []).perform(operation(remote))
        registry.close()
        assert len(seen[0]["webhook-signature"].split(" ")) == 2
        assert seen[0]["authorization"] == "Bearer simulated-token"

    @pytest.mark.proves("outside")
    def test_a_tampered_message_is_refused_by_their_verifier(self, remote: Any) -> None:
        headers = sign_standard(SECRET, "41", b'{"amount":"1"}', time.time())
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(b'{"amount":"9"}', headers)

    def test_a_name_read_with_anothers_signature_is_refused(self, connector: Any, remote: Any) -> None:
        headers = sign_standard(SECRET, "return/RET-999", b"", time.time())
        with pytest.raises(Unauthorized):
            connector.http.get(f"{remote.url}/records/return/{remote.asked['id']}", headers=headers)

    @pytest.mark.parametrize("name", ["退货/1 ü", "a.b+c", "x?y=1#z", "%2F"])
    def test_any_id_can_be_asked_for(self, connector: Any, remote: Any, name: str) -> None:
        assert connector.fetch("return", name).deleted
        remote.state.returns[name] = {**remote.asked, "id": name}
        assert json.loads(connector.fetch("return", name).body)["id"] == name

    def test_a_record_that_is_another_is_not_believed(self, connector: Any, remote: Any) -> None:
        remote.state.returns["RET-8"] = remote.asked
        answered = connector.fetch("return", "RET-8")
        assert "is no return: asked for return RET-8 and got RET-2" in answered.error

    def test_an_answer_carries_the_record_and_the_twins(self, connector: Any, remote: Any) -> None:
        reply = connector.perform(operation(remote))
        (message,) = reply.messages
        assert (message.stream, message.external_id) == ("return", remote.asked["id"])
        assert json.loads(message.body)["receipts"][0]["quantity"] == "1"
        (made,) = reply.made
        assert (made.kind, made.fact) == ("receipts", "fact-1")

    def test_the_same_name_again_is_the_same_answer(self, connector: Any, remote: Any) -> None:
        first = connector.perform(operation(remote))
        assert connector.perform(operation(remote)) == first
        assert len(remote.effects) == 1

    def test_what_the_shop_has_not_is_unsupported(self, connector: Any, remote: Any) -> None:
        with pytest.raises(Unsupported, match="this shop has no credit"):
            connector.perform(operation(remote, "credit", amount="25.00", currency="EUR"))
        assert remote.effects == []


def push(topic: str, record: Any, key: str = "msg_7", secret: str = SECRET) -> WebhookRequest:
    body = msgspec.json.encode({"type": topic, "data": record})
    return WebhookRequest("POST", "/hooks/shop", sign_standard(secret, key, body, time.time()), body)


def made(**settings: Any) -> Any:
    wanted = {"kind": "storefront", "webhook_secret": SECRET, **settings}
    return registry.load("generic").connect(Login("shop", wanted))


def test_a_shared_secret_is_enough_only_where_the_account_says_so() -> None:
    body = b'{"type": "return.delete", "data": {"id": 7, "version": 3}}'
    request = WebhookRequest("POST", "/", {"Authorization": f"Bearer {SECRET}", "Idempotency-Key": "k1"}, body)
    (message,) = made(signed_with="shared").accept(request)
    assert message == Message("return", "7", b'{"id": 7, "version": 3}', f"{3:018d}", True, "k1")
    with pytest.raises(InvalidWebhook):
        made().accept(request)
    for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": SECRET}):
        with pytest.raises(InvalidWebhook):
            made(signed_with="shared").accept(replace(request, headers=headers))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"type": "return.upsrt", "data": {}}', "there is no type 'return.upsrt'; there are return.upsert"),
        (b'{"data": {}}', "missing required field `type`"),
        (b'{"type": "return.upsert", "data": {"updated_at": "2026-03-01T10:00:00Z"}}', "field `id`"),
        (b'{"type": "return.upsert", "data": {"id": "1"}}', "data has neither updated_at nor version"),
        (b'{"type": "return.upsert", "data": {"id": "1", "updated_at": "2026-03-01T10:00:00"}}', "has no offset"),
        (b'{"type": "return.upsert", "data": {"id": "1", "updated_at": "yesterday"}}', "updated_at"),
        (b'{"type": "return.upsert", "data": {"id": "1", "version": -1}}', "version -1 is no number between"),
        (b'{"type": "return.upsert", "data": [1]}', "Expected `object`"),
        (b"not json", "malformed"),
    ],
)
def test_a_genuine_message_we_cannot_take_is_refused_with_a_letter(body: bytes, said: str) -> None:
    headers = sign_standard(SECRET, "msg_1", body, time.time())
    with pytest.raises(ValueError, match=said):
        made().accept(WebhookRequest("POST", "/", headers, body))


def test_a_ping_brings_nothing() -> None:
    assert made().accept(push("ping", {})) == ()


def test_versions_sort_as_text() -> None:
    def version(**head: Any) -> str:
        (message,) = made().accept(push("order.upsert", {"id": "1", **head}))
        return str(message.version)

    numbers = [version(version=n) for n in (0, 9, 10, 99, 100, 10**17)]
    assert numbers == sorted(numbers)
    moments = ["2026-03-01T10:00:00+08:00", "2026-03-01T02:00:00.5Z", "2026-03-01T03:00:00Z", "2026-10-01T00:00:00Z"]
    times = [version(updated_at=moment) for moment in moments]
    assert times == sorted(times)
    assert version(updated_at="2026-03-01T10:00:00+08:00") == version(updated_at="2026-03-01T02:00:00Z")
    for moment in moments:  # written with all its places, so that a second and its half sort
        at = datetime.fromisoformat(moment).astimezone(UTC)
        assert version(updated_at=moment) == at.isoformat(timespec="microseconds")


def test_who_only_pushes_is_ready_and_can_be_told_nothing() -> None:
    connector = made(signed_with="shared")
    health = connector.check()
    assert (health.ok, health.facts["told"]) == (True, "nothing: there is no url")
    with pytest.raises(Unsupported, match="cannot be read back"):
        connector.fetch("return", "1")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", ""),
        (b"ok", ""),
        (b'"ok"', ""),
        (b"{}", ""),
        (b'{"detail": "booked as RC-9"}', "booked as RC-9"),
        (b'{"objects": "RET-1"}', "done, but the answer's body says nothing we understand: Expected `object`"),
        (b'{"records": [{"type": "x", "data": {}}]}', "done, but the answer's body says nothing we understand: there"),
    ],
)
def test_any_2xx_is_done_whatever_its_body(body: bytes, detail: str) -> None:
    from connectors.generic.answer import understood

    with Remote() as remote:
        reply = understood(operation(remote), body)
    assert reply.finished
    assert reply.detail.startswith(detail)
    assert [(changed.stream, changed.external_id) for changed in reply.read_back] == [("return", remote.asked["id"])]
    assert [(one.kind, one.id, one.fact) for one in reply.made] == [("receipts", "fact-1", "fact-1")]


def test_a_return_created_without_a_word_has_our_number_as_its_id() -> None:
    from connectors.generic.answer import understood

    create = Operation(kind="create_return", id="9", reference="R1001")
    assert understood(create, b"").objects == {"return": "R1001"}
    assert understood(create, b'{"objects": {"return": 77}}').objects == {"return": "77"}
    record = b'{"records": [{"type": "return.upsert", "data": {"id": "RET-5", "version": 1}}]}'
    assert understood(create, record).objects == {"return": "RET-5"}


def test_a_carrier_follows_a_parcel_by_its_number() -> None:
    """It has no return of its own; where it names no id, the parcel is called by its number."""
    from connectors.generic.answer import understood

    payload = {"carrier": "SF", "number": "SF1"}
    track = Operation(kind="add_tracking", id="9", reference="R1001", facts=("f",), payload=payload)
    reply = understood(track, b"")
    assert reply.objects == {"shipment": "SF1"}
    assert [(changed.stream, changed.external_id) for changed in reply.read_back] == [("shipment", "SF1")]
    assert [(one.kind, one.id, one.fact) for one in reply.made] == [("shipments", "SF1", "f")]
    reply = understood(track, b'{"objects": {"shipment": 7}}')
    assert (reply.objects, reply.made[0].id) == ({"shipment": "7"}, "7")
    tracked = understood(replace(track, objects={"return": "RET-1"}), b"")
    assert (tracked.objects, tracked.made[0].id) == ({}, "f")


def test_a_secret_that_is_none_is_a_letter_and_nothing_is_sent() -> None:
    with Remote() as remote:
        connector = made(url=f"{remote.url}/hub", webhook_secret="not base64!")
        with pytest.raises(Unauthorized, match="nothing can be signed"):
            connector.perform(operation(remote))
        assert remote.calls == []
        health = made(url=f"{remote.url}/hub", read_url="http://localhost.invalid/records").check()
        assert "another host" in health.problems[0]
    registry.close()
