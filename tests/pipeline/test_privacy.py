"""A person is found in every record, and erased from all that is kept; goods and money stay, and nothing comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from connectors.generic.sandbox import SECRET, GenericSandbox
from connectors.medusa.sandbox import SECRET_KEY, MedusaSandbox
from connectors.medusa.sandbox_returns import customer_asks
from hub import configuration
from hub.actions.people import NotNow
from hub.boot import Hub
from hub.model.privacy.personal import MASK, PersonName
from hub.pipeline.intake.accept import accept
from hub.store import claims, inbox, jobs
from tests.connectors.test_generic_sandbox import push as pushed
from tests.dump import dump
from tests.pipeline.queries import all_returns, document, hurry, rows, story

ADA, BOB = "ada@shop.example", "bob@shop.example"
WORDS = (
    "ada lovelace",
    ADA,
    "4930123456",
    "+49 30 123-456",
    "pinches at my left ear",
    "ring me in the evening",
    "ph-7.jpg",
)
"""What is known of Ada (who is invented), in small letters."""


class Scenario(GenericSandbox):
    """An ERP that takes every return down as it is told of it, and says so."""

    @staticmethod
    def _takes(shop: Any) -> Any:
        def take(data: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
            lines = [{**line, "id": str(place)} for place, line in enumerate(data["lines"])]
            number = data["hub_number"]
            record = {"id": f"E-{number}", "version": 1, "hub_number": number, "origin": "request", "lines": lines}
            return {**record, "authorization": data.get("authorization") and {"value": data["authorization"]}}, []

        return {"create_return": take}


@pytest.fixture
def shop() -> Iterator[MedusaSandbox]:
    with MedusaSandbox() as running:
        yield running


@pytest.fixture
def erp() -> Iterator[Scenario]:
    with Scenario(secret=SECRET) as running:
        yield running


@pytest.fixture
def bring(hub: Hub) -> Callable[..., None]:
    """bring("site", "return", record): its signed push is taken."""

    def push(account: str, stream: str, record: dict[str, Any]) -> None:
        request = pushed(f"{stream}.upsert", record, f"msg-{record['id']}-{record['version']}")
        arrivals = accept(hub.accounts, account, request)
        with hub.database.begin() as conn:
            inbox.accept(conn, arrivals)

    return push


@pytest.fixture
def poll(hub: Hub, work: Callable[..., int]) -> Callable[[], None]:
    """Ask the shop for everything, as its poll does at the beginning."""

    def ask() -> None:
        rows(hub, "DELETE FROM cursors RETURNING 1")
        with hub.database.begin() as conn:
            jobs.want(conn, "poll", [("web", "order"), ("web", "return")])
        hurry(hub)
        work()

    return ask


def returned(version: int) -> dict[str, Any]:
    """Ada's other return, as the site pushes it."""
    return {
        "id": "RET-1",
        "version": version,
        "order": {"id": "77", "number": "#77"},
        "currency": "EUR",
        "authorization": {"value": "authorized"},
        "customer": {"name": "Ada Lovelace", "email": ADA.upper(), "phone": "+49 30 123-456", "reference": "C-4711"},
        "lines": [
            {"id": "1", "sku": "MUG", "quantity": 1, "amount": "9.50", "reason": "defective",
             "comment": "pinches at my left ear"},
        ],
        "notes": [{"id": "n1", "text": "Ada Lovelace: ring me in the evening", "speaker": "customer"}],
        "evidence": [{"id": "p", "url": "https://site.example/ph-7.jpg"}],
    }  # fmt: skip


@pytest.fixture
def two_customers(
    hub: Hub, shop: MedusaSandbox, erp: Scenario, work: Callable[..., int], bring: Callable[..., None],
    poll: Callable[[], None],
) -> None:  # fmt: skip
    """Ada's return at the shop comes in by poll, her other one at the site by webhook; the ERP was told of both. And
    Bob's at the shop."""
    terms = {"settle": 0}
    given = {"base_url": shop.url, "secret_key": SECRET_KEY}
    configuration.put(hub, "web", {"connector": "medusa", "settings": given, "terms": terms})
    for name, kind, more in (("site", "storefront", {}), ("erp", "erp", {"url": f"{erp.url}/hub", "orders_of": "web"})):
        settings = {"kind": kind, "webhook_secret": SECRET, **more}
        configuration.put(hub, name, {"connector": "generic", "settings": settings, "terms": terms})
    for email, note in ((ADA, "Ada Lovelace says it pinches at my left ear"), (BOB, "Bob says too long")):
        order = shop.state.place({"SHIRT-M": 2}, email=email)
        item = {"id": order["items"][0]["id"], "quantity": 1, "note": note, "reason_id": "rr_sim_too_small"}
        customer_asks(shop.state, {"order_id": order["id"], "items": [item]})
    poll()
    bring("site", "return", returned(1))
    work()


def test_a_person_is_found_erased_and_does_not_come_back(
    hub: Hub, two_customers: None, shop: MedusaSandbox, erp: Scenario, work: Callable[..., int],
    bring: Callable[..., None], poll: Callable[[], None],
) -> None:  # fmt: skip
    before = dump(hub.database).lower()
    assert [word for word in WORDS if word not in before] == ["4930123456"], "the number is kept as it was written"
    assert len(erp.effects) == 3
    found = hub.privacy.find(" Ada@Shop.example ")
    assert {(one.account, one.stream) for one in found if one.why == "named"} == {
        ("web", "order"), ("web", "return"), ("web", "payment"), ("site", "return")
    }  # fmt: skip
    assert {one.account for one in found if one.why == "return"} <= {"erp"}
    assert {one.external_id for one in hub.privacy.find("0049 30 123456")} >= {"RET-1"}
    assert {one.external_id for one in hub.privacy.find("site:C-4711")} >= {"RET-1"}
    told_of = {text for texts in hub.privacy.statements(found).values() for text in texts}
    assert {"Ada Lovelace", "+49 30 123-456", "pinches at my left ear", ADA} <= told_of
    assert not any("Bob" in text or BOB in text for text in told_of)
    numbers = {int(one.number[1:]) for one in found if one.number}
    books = {number: (document(hub, number).lines, document(hub, number).money) for number in numbers}
    bobs = [line for line in before.splitlines() if BOB in line]

    assert {one[:3] for one in hub.privacy.erase(ADA, "tester")} == {one[:3] for one in found}
    gone(hub)
    for number in numbers:
        now = document(hub, number)
        assert (strip(now.lines), now.money) == (strip(books[number][0]), books[number][1]), "goods and money stay"
        assert story(hub, number)[-1] == "tester: personal data was erased"
    assert document(hub, min(numbers)).customer.email == MASK
    after = dump(hub.database).lower()
    assert [line for line in after.splitlines() if BOB in line] == bobs, "another customer's records are as they were"
    assert "bob says too long" in after

    told_before = len(erp.effects)
    poll()
    bring("site", "return", returned(2))
    theirs = {"id": "1", "sku": "SHIRT-M", "quantity": 1, "comment": "pinches at my left ear"}
    for number in numbers:
        bring("erp", "return", {"id": f"E-R{number}", "version": 2, "hub_number": f"R{number}", "lines": [theirs]})
    work()
    gone(hub)
    order = shop.state.place({"SCARF": 1}, email=ADA)
    customer_asks(shop.state, {"order_id": order["id"], "items": [{"id": order["items"][0]["id"], "quantity": 1}]})
    poll()
    gone(hub)
    assert len(all_returns(hub)) == 4, "a later return of hers is known, without her"
    assert len(erp.effects) == told_before + 1
    assert hub.privacy.find(ADA) == []


def strip(lines: Any) -> list[Any]:
    """Lines of a return without the customer's words."""
    return [(line.key, line.quantity, line.received, line.refunded, line.stated and line.stated.code) for line in lines]


def gone(hub: Hub) -> None:
    text = dump(hub.database).lower()
    assert [(word, line) for line in text.splitlines() for word in WORDS if word in line] == []
    assert inbox_is_quiet(hub)


def inbox_is_quiet(hub: Hub) -> bool:
    return rows(hub, "SELECT count(*) FROM inbox WHERE state = 'invalid'") == [(0,)]


def test_an_invalid_message_is_masked_and_read_again(
    hub: Hub, two_customers: None, work: Callable[..., int], bring: Callable[..., None]
) -> None:
    record = {**returned(3), "id": "RET-2", "number": "RET-2", "order": {"id": "78"}, "origin": "Ada Lovelace"}
    bring("site", "return", record)
    work()
    assert not inbox_is_quiet(hub)
    hub.privacy.erase("site:C-4711", "tester")
    ((body, error),) = rows(
        hub, "SELECT convert_from(body, 'UTF8'), error::text FROM inbox WHERE external_id = 'RET-2'"
    )
    assert (ADA.upper() in body, error) == (False, None)
    work()
    assert not inbox_is_quiet(hub), "what is not understood is still shown"


def test_an_erasure_waits_for_whoever_is_taking_a_record_in(
    hub: Hub, two_customers: None, bring: Callable[..., None]
) -> None:
    """The batch has read the message before the erasure and writes it afterwards; both are to be gone."""
    bring("site", "return", returned(2))
    hub.database.run(inbox.dispatch)
    (job,) = hub.database.run(lambda conn: claims.claim(conn, ("process",), "test", 50))
    read, go_on = Event(), Event()
    forgotten = hub.process.forgotten
    clean = forgotten.clean

    def slowly(*given: Any) -> Any:
        rows = clean(*given)
        read.set()
        assert go_on.wait(30)
        return rows

    with ThreadPoolExecutor(2) as both, pytest.MonkeyPatch.context() as patch:
        patch.setattr(forgotten, "clean", slowly)
        taking = both.submit(hub.process, [job])
        assert read.wait(30)
        patch.setattr(forgotten, "clean", clean)
        erasing = both.submit(hub.privacy.erase, ADA, "tester")
        with pytest.raises(TimeoutError):
            erasing.result(1.0)
        go_on.set()
        taking.result(30)
        assert erasing.result(30)
    gone(hub)


def test_what_an_act_of_a_person_said_goes_too(hub: Hub, two_customers: None) -> None:
    (first, *_) = all_returns(hub)
    hub.people.decide(
        first.id, {"notes": [{"id": "x", "text": "ring me in the evening", "speaker": "merchant"}]}, "tester"
    )
    assert "ring me in the evening" in dump(hub.database)
    hub.privacy.erase(f"R{first.id}", "tester")
    assert [note.value.text for note in document(hub, first.id).notes] == [MASK]


def test_erasing_whom_nobody_knows_is_remembered(
    hub: Hub, two_customers: None, work: Callable[..., int], bring: Any
) -> None:
    assert hub.privacy.erase("new@shop.example", "tester") == []
    record = {
        **returned(5),
        "id": "RET-5",
        "order": {"id": "79"},
        "customer": {"name": "New", "email": "NEW@shop.example"},
    }
    bring("site", "return", record)
    work()
    assert "new@shop.example" not in dump(hub.database).lower()


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("Ada@Shop.Example", PersonName("mail", "ada@shop.example")),
        ("+49 (30) 123-456", PersonName("phone", "+4930123456")),
        ("r1001", PersonName("return", "1001")),
        ("shop:gid://shopify/Order/1", PersonName("record", "shop:gid://shopify/Order/1")),
    ],
)
def test_who_is_meant(who: str, name: PersonName) -> None:
    assert PersonName.parse(who) == name


@pytest.mark.parametrize("who", ["", "Ada", "12345", ":7", "shop:"])
def test_who_is_nobody(who: str) -> None:
    with pytest.raises(ValueError, match="names nobody; write an e-mail address"):
        PersonName.parse(who)


def test_a_request_that_is_not_open_cannot_be_carried_out(hub: Hub) -> None:
    with pytest.raises(NotNow, match="there is no question 7"):
        hub.privacy.carry_out(7, "tester")
