"""What is EasyPost's own: change notifications, sweeps, one tracker per number, nobody's name; and their own library as the judge."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import easypost
import msgspec
import pytest
from easypost.errors import InvalidRequestError, NotFoundError, RateLimitError, UnauthorizedError
from easypost.errors.general import SignatureVerificationError
from easypost.util import validate_webhook

from connectors.easypost.connector import TRIMMED, EasyPost
from connectors.easypost.sandbox import PRODUCTION_KEY, TEST_KEY, EasyPostSandbox
from connectors.kit import registry
from connectors.kit.api import Changed, Login, Message, Operation, WebhookRequest
from connectors.kit.errors import InvalidWebhook, Rejected
from tests.connectors.easypost_record import CASES, record

SECRET = "ep-sécret"
RECORDINGS = sorted(
    path for path in (Path(__file__).parent / "easypost").glob("*.json") if ".expected" not in path.name
)
BODY = '{"a":1,"名":"退货"}'.encode()
VECTOR = "hmac-sha256-hex=f6ee740d3b4e69a13df60c51a5985e0799fd55b7cb35cc7bc15e6a66971c3987"
ADDRESS = {"name": "Simulated Person", "street1": "1 Simulated Street", "city": "HOUSTON", "phone": "5550100"}


@pytest.fixture
def remote() -> Iterator[EasyPostSandbox]:
    with EasyPostSandbox(secret=SECRET) as running:
        yield running


@pytest.fixture
def connector(remote: EasyPostSandbox) -> Iterator[EasyPost]:
    settings = {"base_url": remote.base_url, "api_key": PRODUCTION_KEY, "webhook_secret": SECRET}
    made = registry.load("easypost").connect(Login("parcels", settings))
    assert isinstance(made, EasyPost)
    yield made
    registry.close()


@pytest.fixture
def theirs(remote: EasyPostSandbox) -> easypost.EasyPostClient:
    """EasyPost's own library, talking to the sandbox."""
    return easypost.EasyPostClient(PRODUCTION_KEY, api_base=remote.base_url)


def webhooks(remote: EasyPostSandbox) -> list[Any]:
    """The events that the sandbox sends from now on."""
    events: list[Any] = []
    remote.webhook = lambda topic, body: events.append(copy.deepcopy(body))  # type: ignore[method-assign]
    return events


def pushed(remote: EasyPostSandbox, event: Any) -> WebhookRequest:
    body = msgspec.json.encode(event)
    return WebhookRequest("POST", "/hooks/parcels", dict(remote.sign("", body)), body)


def bought(remote: EasyPostSandbox, **asked: Any) -> Any:
    label = remote.state.label({"to_address": ADDRESS, "from_address": ADDRESS, **asked}, "production")
    remote.state.buy(label, label["rates"][0]["id"], "production")
    return label


def wanted(code: str = "1ZSIMULATED1", **more: Any) -> Operation:
    return Operation(kind="add_tracking", id="7", reference="R1001", payload={"tracking_code": code, **more})


# -- webhooks


def test_the_golden_signature_is_genuine_and_a_flipped_bit_is_not(connector: EasyPost) -> None:
    """The vector was accepted by EasyPost's own verifier; the body is no event, so what follows is said after it."""
    with pytest.raises(ValueError, match="no Event"):
        connector.accept(WebhookRequest("POST", "/", {"x-hmac-signature": VECTOR}, BODY))
    with pytest.raises(InvalidWebhook, match="does not fit"):
        connector.accept(WebhookRequest("POST", "/", {"x-hmac-signature": VECTOR[:-1] + "8"}, BODY))


def test_an_event_about_a_standalone_tracker_is_a_hint_of_it(connector: EasyPost, remote: EasyPostSandbox) -> None:
    events = webhooks(remote)
    tracker, _ = remote.state.track("1ZSIMULATED1", "UPS", "production")
    assert connector.accept(pushed(remote, events[0])) == [Changed("tracker", tracker["id"], "tracker.created")]


def test_of_forward_labels_only_those_that_turned_back_are_news(connector: EasyPost, remote: EasyPostSandbox) -> None:
    label = bought(remote, reference="#12")
    (tracker,) = remote.state.trackers.values()
    events = webhooks(remote)
    for status in ("in_transit", "return_to_sender", "in_transit", "delivered"):
        remote.state.scan(tracker, status)
    changed = Changed("shipment", label["id"], "tracker.updated")
    assert [connector.accept(pushed(remote, event)) for event in events] == [[], [changed], [changed], [changed]]


def test_a_refunded_label_is_read_again(connector: EasyPost, remote: EasyPostSandbox) -> None:
    label = bought(remote, is_return=True)
    events = webhooks(remote)
    remote.answer(_call("POST", f"/v2/shipments/{label['id']}/refund"))
    assert connector.accept(pushed(remote, events[0])) == [Changed("shipment", label["id"], "refund.successful")]


@pytest.mark.parametrize("topic", ["batch.updated", "scan_form.created", "claim.approved", "insurance.purchased"])
def test_other_events_are_no_news(connector: EasyPost, remote: EasyPostSandbox, topic: str) -> None:
    assert connector.accept(pushed(remote, {"description": topic, "result": {"id": "x_1"}})) == []


# -- reading


def test_the_sweep_takes_parcels_at_their_end_only_when_they_moved(
    connector: EasyPost, remote: EasyPostSandbox
) -> None:
    open_, _ = remote.state.track("1ZSIMULATED1", "UPS", "production")
    old, _ = remote.state.track("1ZSIMULATED2", "UPS", "production")
    new, _ = remote.state.track("1ZSIMULATED3", "UPS", "production")
    cursor, first = swept(connector, "tracker", None)
    for tracker in (old, new):
        remote.state.scan(tracker, "delivered")
    old["updated_at"] = old["created_at"] = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    _, second = swept(connector, "tracker", cursor)
    assert (first, second) == ({open_["id"], old["id"], new["id"]}, {open_["id"], new["id"]})


def test_labels_are_swept_with_their_trackers_and_forward_ones_only_when_turned(
    connector: EasyPost, remote: EasyPostSandbox
) -> None:
    back = bought(remote, is_return=True)
    out = bought(remote, reference="#12")
    assert swept(connector, "tracker", None)[1] == set()
    assert swept(connector, "shipment", None)[1] == {back["id"]}
    tracker = next(row for row in remote.state.trackers.values() if row["shipment_id"] == out["id"])
    remote.state.scan(tracker, "return_to_sender")
    assert swept(connector, "shipment", None)[1] == {back["id"], out["id"]}


def test_the_sweep_looks_further_back_than_their_month(connector: EasyPost, remote: EasyPostSandbox) -> None:
    tracker, _ = remote.state.track("1ZSIMULATED1", "UPS", "production")
    tracker["created_at"] = (datetime.now(UTC) - timedelta(days=60)).isoformat()
    assert swept(connector, "tracker", None)[1] == {tracker["id"]}
    tracker["created_at"] = (datetime.now(UTC) - timedelta(days=200)).isoformat()
    assert swept(connector, "tracker", None)[1] == set()
    begun = connector.begin("tracker", datetime.now(UTC) - timedelta(days=300))
    assert swept(connector, "tracker", begun)[1] == {tracker["id"]}


@pytest.mark.proves("backfill", "easypost")
def test_an_interrupted_sweep_goes_on_where_it_was(connector: EasyPost, remote: EasyPostSandbox) -> None:
    ids = [remote.state.track(f"1ZSIMULATED{n}", "UPS", "production")[0]["id"] for n in range(250)]
    pages = connector.poll("tracker", None)
    page = next(pages)
    pages.close()
    rest = swept(connector, "tracker", page.cursor)[1]
    assert {message.external_id for message in page.messages} == set(ids[150:])
    assert rest == set(ids[:150])


def test_a_sweep_whose_last_record_is_gone_begins_again(connector: EasyPost, remote: EasyPostSandbox) -> None:
    tracker, _ = remote.state.track("1ZSIMULATED1", "UPS", "production")
    cursor = '{"began":"2026-03-01T00:00:00Z","before":"trk_gone"}'
    assert swept(connector, "tracker", cursor)[1] == {tracker["id"]}


def test_a_tracker_of_a_return_label_says_so_though_their_read_does_not(
    connector: EasyPost, remote: EasyPostSandbox
) -> None:
    bought(remote, is_return=True)
    (tracker,) = remote.state.trackers.values()
    assert "is_return" not in remote.answer(_call("GET", f"/v2/trackers/{tracker['id']}")).body
    assert msgspec.json.decode(connector.fetch("tracker", tracker["id"]).body)["is_return"] is True


def test_nobodys_name_gets_here(connector: EasyPost, remote: EasyPostSandbox) -> None:
    label = bought(remote, is_return=True)
    (tracker,) = remote.state.trackers.values()
    remote.state.scan(tracker, "delivered")
    assert tracker["signed_by"] == "John Tester"
    for message in (connector.fetch("shipment", label["id"]), connector.fetch("tracker", tracker["id"])):
        assert b"Tester" not in message.body
        assert b"Simulated" not in message.body


@pytest.mark.parametrize("path", RECORDINGS, ids=[path.stem for path in RECORDINGS])
def test_a_recording_is_what_the_connector_makes_of_it(path: Path) -> None:
    recording = json.loads(path.read_text())
    assert TRIMMED[recording["stream"]](recording["record"]) == recording["record"]
    if path.stem in CASES:
        assert record(CASES[path.stem]) == (recording["stream"], recording["record"])


# -- writing


def test_a_number_followed_already_is_not_followed_twice(connector: EasyPost, remote: EasyPostSandbox) -> None:
    tracker, _ = remote.state.track("1ZSIMULATED1", "UPS", "production")
    reply = connector.perform(wanted(facts=["web/return/1/shipments/1"]))
    assert reply.objects == {"tracker": tracker["id"]}
    assert [(made.kind, made.id, made.fact) for made in reply.made] == [
        ("shipments", tracker["id"], "web/return/1/shipments/1")
    ]
    assert remote.effects == []


@pytest.mark.parametrize("carrier", [None, "USPS"])
def test_the_number_of_a_label_leads_to_the_label(
    connector: EasyPost, remote: EasyPostSandbox, carrier: str | None
) -> None:
    label = bought(remote, is_return=True)
    (tracker,) = remote.state.trackers.values()
    tracker["carrier"] = "UspsShip"
    assert connector.perform(wanted(label["tracking_code"], carrier=carrier)).objects == {"shipment": label["id"]}


def test_the_deliverys_number_entered_for_the_return_is_refused(connector: EasyPost, remote: EasyPostSandbox) -> None:
    label = bought(remote, reference="#12")
    with pytest.raises(Rejected, match="went out"):
        connector.perform(wanted(label["tracking_code"], direction="return"))
    assert remote.effects == []


def test_what_would_be_read_back_as_going_the_other_way_is_not_made(remote: EasyPostSandbox) -> None:
    settings = {"base_url": remote.base_url, "api_key": PRODUCTION_KEY, "standalone": "forward"}
    connector = registry.load("easypost").connect(Login("parcels", settings))
    assert connector.perform(wanted(direction="forward")).objects
    for code in ("1ZSIMULATED1", "1ZSIMULATED2"):
        with pytest.raises(Rejected, match="standalone says forward"):
            connector.perform(wanted(code, direction="return"))
    assert len(remote.effects) == 1
    registry.close()


def test_a_number_that_the_carrier_used_again_is_another_parcel(connector: EasyPost, remote: EasyPostSandbox) -> None:
    tracker, _ = remote.state.track("1ZSIMULATED1", "UPS", "production")
    tracker["created_at"] = (datetime.now(UTC) - timedelta(days=120)).isoformat()
    assert connector.perform(wanted(carrier="UPS")).objects != {"tracker": tracker["id"]}
    assert [effect["tracking_code"] for effect in remote.effects] == ["1ZSIMULATED1"]


def test_one_number_at_two_carriers_is_for_a_person_unless_the_carrier_is_named(
    connector: EasyPost, remote: EasyPostSandbox
) -> None:
    remote.state.track("1SIMULATED", "UPS", "production")
    fedex, _ = remote.state.track("1SIMULATED", "FedEx", "production")
    with pytest.raises(Rejected, match="FedEx, UPS"):
        connector.perform(wanted("1SIMULATED"))
    assert connector.perform(wanted("1SIMULATED", carrier="FedEx")).objects == {"tracker": fedex["id"]}


def test_a_webhook_that_easypost_turned_off_is_a_problem(connector: EasyPost, remote: EasyPostSandbox) -> None:
    assert connector.check().facts == {"mode": "production", "webhooks": "0"}
    url = "https://hub.example/hooks/parcels"
    remote.state.hooks["hook_1"] = {"url": url, "disabled_at": "2026-03-01T00:00:00Z"}
    health = connector.check()
    assert (health.ok, url in health.problems[0]) == (False, True)


# -- their library is content with the sandbox


@pytest.mark.proves("outside", "easypost")
def test_their_verifier_accepts_what_the_sandbox_signs(remote: EasyPostSandbox) -> None:
    assert remote.sign("", BODY) == {"X-Hmac-Signature": VECTOR}
    assert validate_webhook(BODY, dict(remote.sign("", BODY)), SECRET) == json.loads(BODY)
    with pytest.raises(SignatureVerificationError):
        validate_webhook(BODY + b" ", dict(remote.sign("", BODY)), SECRET)


@pytest.mark.proves("outside", "easypost")
def test_their_library_tracks_lists_and_deletes(theirs: easypost.EasyPostClient, remote: EasyPostSandbox) -> None:
    made = theirs.tracker.create(tracking_code="1ZSIMULATED0", carrier="UPS")
    assert theirs.tracker.create(tracking_code="1ZSIMULATED0", carrier="UPS").id == made.id
    for n in range(1, 7):
        theirs.tracker.create(tracking_code=f"1ZSIMULATED{n}", carrier="UPS")
    page = theirs.tracker.all(page_size=5)
    assert ([t.tracking_code[-1] for t in page["trackers"]], page["has_more"]) == (list("65432"), True)
    rest = theirs.tracker.get_next_page(page, page_size=5)
    assert ([t.tracking_code[-1] for t in rest["trackers"]], rest["has_more"]) == (list("10"), False)
    assert [t.id for t in theirs.tracker.all(tracking_codes=["1ZSIMULATED0"])["trackers"]] == [made.id]
    assert theirs.tracker.retrieve_batch(tracking_codes=["1ZSIMULATED0"])["trackers"][0].id == made.id
    theirs.tracker.delete(made.id)
    with pytest.raises(NotFoundError):
        theirs.tracker.retrieve(made.id)
    assert [effect["kind"] for effect in remote.effects] == ["track"] * 7 + ["untrack"]


@pytest.mark.proves("outside", "easypost")
def test_their_library_buys_and_refunds_a_return_label(theirs: easypost.EasyPostClient) -> None:
    away = {**ADDRESS, "city": "CHARLESTON"}
    label = theirs.shipment.create(to_address=away, from_address=ADDRESS, is_return=True, reference="R1001")
    assert (label.to_address.city, label.from_address.city) == ("HOUSTON", "CHARLESTON")
    label = theirs.shipment.buy(label.id, rate=label.lowest_rate())
    tracker = theirs.tracker.retrieve(label.tracker.id)
    assert (tracker.shipment_id, tracker.status_detail) == (label.id, "label_created")
    assert theirs.shipment.refund(label.id).refund_status == "refunded"
    assert [shipment.id for shipment in theirs.shipment.all(page_size=5)["shipments"]] == [label.id]


@pytest.mark.proves("outside", "easypost")
def test_their_library_understands_the_sandboxs_refusals(
    theirs: easypost.EasyPostClient, remote: EasyPostSandbox
) -> None:
    with pytest.raises(UnauthorizedError, match="no longer active"):
        easypost.EasyPostClient("EZAKwrong", api_base=remote.base_url).tracker.all()
    testing = easypost.EasyPostClient(TEST_KEY, api_base=remote.base_url)
    assert testing.tracker.create(tracking_code="EZ5000000005").status == "return_to_sender"
    with pytest.raises(InvalidRequestError, match="only test tracking numbers"):
        testing.tracker.create(tracking_code="1ZSIMULATED1")
    remote.lists_per_second, remote.clock = 2, lambda: 7.0
    theirs.tracker.all()
    theirs.event.all()
    with pytest.raises(RateLimitError):
        theirs.tracker.all()


@pytest.mark.proves("outside", "easypost")
def test_their_library_makes_a_webhook_that_is_then_served(
    theirs: easypost.EasyPostClient, remote: EasyPostSandbox
) -> None:
    assert theirs.webhook.all()["webhooks"] == []
    hook = theirs.webhook.create(url="http://127.0.0.1:9/hooks/parcels", webhook_secret="simulated")
    assert [known.id for known in theirs.webhook.all()["webhooks"]] == [hook.id]
    assert (remote.webhooks.url, remote.secret) == ("http://127.0.0.1:9/hooks/parcels", "simulated")


def swept(connector: EasyPost, stream: str, cursor: str | None) -> tuple[str, set[str]]:
    """The cursor after a whole sweep, and the ids it brought."""
    seen: set[str] = set()
    for page in connector.poll(stream, cursor):
        cursor = page.cursor
        seen |= {message.external_id for message in page.messages if isinstance(message, Message)}
    assert cursor
    return cursor, seen


def _call(method: str, path: str) -> Any:
    from connectors.kit.sandbox import Call

    return Call(method, path, headers={"authorization": f"Bearer {PRODUCTION_KEY}"})
