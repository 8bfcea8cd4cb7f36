"""Simulated days at a counter: whatever happens in whatever order, webhooks and polls tell the same, and money adds up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.kit import registry
from connectors.kit.api import Connector, Login, WebhookRequest
from connectors.square.client import Mark
from connectors.square.sandbox import TOKEN, SquareSandbox, event
from connectors.square.sandbox_counter import GOODS, Counter
from hub import schema
from hub.model.schema.fragment import Fragment
from mappings.engine import Mapping, read_json

KEY, ADDRESS = "simulated-signature-key", "http://hub.simulated.example/hooks/pos"
SETTINGS = {"orders_of": "web"}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), st.sampled_from(sorted(GOODS)), st.integers(1, 3)),
        st.tuples(st.sampled_from(["back", "swap", "api"]), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("settle"), st.integers(0, 9), st.sampled_from(["COMPLETED", "REJECTED", "FAILED"])),
    ),
    min_size=1,
    max_size=12,
)


def play(shop: Counter, steps: list[tuple[Any, ...]]) -> None:
    """Do what the steps say, as far as it can be done."""
    sales: list[dict[str, Any]] = []
    for what, which, how in steps:
        pending = [key for key, refund in shop.refunds.items() if refund["status"] == "PENDING"]
        if what == "sell":
            sales.append(shop.sell({which: how}, reference=f"#{len(sales)}" if how == 2 else None))
        elif what == "settle" and pending:
            shop.settle(pending[which % len(pending)], how)
        elif what in ("back", "swap") and sales:
            sale = sales.pop(which % len(sales))
            sku = next(s for s in GOODS if s.replace("-", "") in sale["line_items"][0]["catalog_object_id"])
            shop.take_back(sale["id"], {sku: 1}, buys={"MUG": 1} if what == "swap" else None, restock=how)
        elif what == "api" and sales:
            payment = sales[which % len(sales)]["tenders"][0]["id"]
            if shop.payments[payment]["total_money"]["amount"] - shop._out(payment) >= 100:
                shop.refund({"payment_id": payment, "amount_money": {"amount": 100, "currency": "USD"}, "reason": ""})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SquareSandbox]:
    with SquareSandbox(secret=KEY) as running:
        yield running
    registry.close()


@pytest.fixture(scope="module")
def dictionary() -> Mapping:
    return Mapping.load(registry.load("square").mapping)


def begun(sandbox: SquareSandbox, steps: list[tuple[Any, ...]]) -> Connector:
    """A fresh counter after these steps, and a connector to it."""
    sandbox.state = Counter()
    play(sandbox.state, steps)
    settings = {"base_url": sandbox.url, "access_token": TOKEN, "signature_key": [KEY], "notification_url": ADDRESS}
    return registry.load("square").connect(Login("pos", {**settings, **SETTINGS}))


def pushed(sandbox: SquareSandbox) -> list[WebhookRequest]:
    """The signed webhooks of all that happened."""
    bodies = [msgspec.json.encode(event(*one, sandbox.state.now())) for one in sandbox.state.events]
    sandbox.webhooks.url = ADDRESS
    made = [WebhookRequest("POST", "/", dict(sandbox.sign("", body)), body) for body in bodies]
    sandbox.webhooks.url = None
    return made


Told = dict[tuple[str, str], Fragment]


def understood(dictionary: Mapping, messages: Any) -> Told:
    return {
        (m.stream, m.external_id): schema.fragment(
            dictionary.read(m.stream, read_json(m.body), SETTINGS, account="pos")
        )
        for m in messages
    }


def polled(connector: Connector, dictionary: Mapping) -> Told:
    pages = [page for stream in ("order", "refund") for page in connector.poll(stream, None)]
    return understood(dictionary, [message for page in pages for message in page.messages])


@pytest.mark.proves("order", "square")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, order=st.integers(0, 2**32))
def test_pushes_in_any_order_and_number_tell_what_polls_tell(
    sandbox: SquareSandbox, dictionary: Mapping, steps: list[tuple[Any, ...]], order: int
) -> None:
    connector = begun(sandbox, steps)
    pushes = pushed(sandbox) * 2
    random.Random(order).shuffle(pushes)
    notifications = {(changed.stream, changed.external_id) for push in pushes for changed in connector.accept(push)}
    heard = understood(dictionary, [connector.fetch(*changed) for changed in notifications])
    seen = polled(connector, dictionary)
    assert seen.keys() <= heard.keys(), "the poll knows of something that no event told"
    assert {key: heard[key] for key in seen} == seen


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_money_is_told_once_and_adds_up(
    sandbox: SquareSandbox, dictionary: Mapping, steps: list[tuple[Any, ...]]
) -> None:
    connector = begun(sandbox, steps)
    shop = sandbox.state
    seen = polled(connector, dictionary)
    told_twice = [refund for fragment in seen.values() for refund in (fragment.refunds or ())]
    by_id = {refund.id: refund for refund in told_twice}
    assert by_id.keys() == shop.refunds.keys(), "each refund is one fact, whichever record tells it"
    assert all(by_id[refund.id].parts == refund.parts for refund in told_twice)
    facts = list(by_id.values())
    gone = sum((part.amount for fact in facts for part in fact.parts if part.state == "succeeded"), Decimal(0))
    payments = {p.id: p for fragment in seen.values() if fragment.order for p in fragment.order.payments}
    assert gone == sum((p.refunded or Decimal(0) for p in payments.values()), Decimal(0))
    paid = {key: Decimal(shop.payments[key]["total_money"]["amount"]) / 100 for key in payments}
    assert {key: p.captured for key, p in payments.items()} == paid


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_return_is_founded_by_goods_and_never_by_money_alone(
    sandbox: SquareSandbox, dictionary: Mapping, steps: list[tuple[Any, ...]]
) -> None:
    connector = begun(sandbox, steps)
    orders = understood(dictionary, [connector.fetch("order", key) for key in sandbox.state.orders])
    for (_, key), fragment in orders.items():
        lines = [line for r in sandbox.state.orders[key].get("returns", ()) for line in r["return_line_items"]]
        goods = [line for line in lines if line["item_type"] == "ITEM"]
        assert (fragment.origin == "counter") == bool(goods)
        said = fragment.lines or ()
        assert [(line.line, line.order_line) for line in said] == [
            (line["uid"], line["source_line_item_uid"]) for line in goods
        ]


@given(
    reference=st.from_regex(r"R[0-9]{1,9}", fullmatch=True),
    intent=st.from_regex(r"[0-9]{1,12}", fullmatch=True),
    line=st.from_regex(r"[A-Za-z0-9_-]{0,40}", fullmatch=True),
)
def test_what_we_mark_we_recognise_and_it_fits(reference: str, intent: str, line: str) -> None:
    mark = Mark(reference, intent, line)
    assert Mark.read(str(mark)) == mark
    assert len(str(mark)) <= 192, "a refund's reason holds no more"
    for stranger in (f"{mark} ", f"see {mark}", "Returned Goods", "", None):
        assert Mark.read(stranger) in (None, Mark(reference, intent, f"{line} "))


@given(units=st.integers(1, 10**9), currency=st.sampled_from(["USD", "JPY", "KWD", "CNY"]))
def test_amounts_go_out_as_they_came_in(dictionary: Mapping, units: int, currency: str) -> None:
    money = {"amount": units, "currency": currency}
    record = {
        **{"id": "R", "status": "COMPLETED", "amount_money": money, "destination_type": "CARD"},
        **{"created_at": "2026-03-04T02:14:16Z", "joined": {"number": None, "own": {"order": "O"}}},
    }
    fragment = schema.fragment(dictionary.read("refund", record, SETTINGS, account="pos"))
    (refund,) = fragment.refunds or ()
    words = {"amount": refund.parts[0].amount, "currency": refund.currency, "facts": []}
    assert dictionary.write("refund", words, SETTINGS, account="pos")["amount_money"] == money
