"""How each question comes about that freezes money or goods, and what is paid after each answer to it (simulated)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.pipeline.goods_scenes import a_total_that_grew, booked_by_hand, received_by_two
from tests.pipeline.queries import all_returns
from tests.pipeline.scenario import Scenario

After = Callable[[Scenario, str], None]


class Scene(NamedTuple):
    """How the question comes about, and per answer what the hub has paid in the end.

    `then`: what has to happen after the answer for money to be owed at all. An answer that ends in * takes any name.
    """

    begins: Callable[[Scenario], None]
    pays: Mapping[str, str]
    then: After = lambda scenario, answer: None
    before: str = "0"
    """What may be paid while it is asked: a question about goods alone does not hold up money."""


# -- how each question comes about


def cancelled_in_the_shop(scenario: Scenario) -> None:
    ended_in_the_shop(scenario, "cancelled")


def ended_in_the_shop(scenario: Scenario, value: str) -> int:
    """The ERP's clerk asks, the hub asks for it in the shop, and the shop ends what it was asked for; our number."""
    scenario.accounts()
    scenario.order()
    asked_in_the_erp(scenario, "requested")
    scenario.work()
    (number,) = (found.id for found in all_returns(scenario.hub))
    made = scenario.doc(number).objects["web"]["return"]
    lines = [{"id": "1", "order_line": "L1", "quantity": 1}]
    said = {"hub_number": f"R{number}", "order": {"number": "5001"}, "lines": lines}
    scenario.push("web", "return.upsert", made, **said, version=10**7, authorization={"value": value})
    return number


def asked_in_the_erp(scenario: Scenario, value: str) -> None:
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    said = {"origin": "request", "order": {"number": "5001"}, "lines": lines, "currency": "EUR"}
    scenario.push("erp", "return.upsert", "C1", **said, authorization={"value": value})


def goes_on_and_is_credited(scenario: Scenario, answer: str) -> None:
    (number,) = (found.id for found in all_returns(scenario.hub))
    assert (scenario.doc(number).axes.authorization.value == "cancelled") == (answer == "cancel")
    if answer == "goes_on":
        asked_in_the_erp(scenario, "authorized")
        scenario.came("erp", number)
        scenario.owed(number)
        assert scenario.paid() == 0
        (rest,) = scenario.untold(number, "web")
        assert rest.fact.startswith("reopened")
        scenario.hub.answering.answer(number, rest.question, "by_hand", "Li")


def refunded_by_two(scenario: Scenario) -> None:
    """The till and the ERP both tell of 10.00, of which 10.00 were agreed."""
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    for account, id in (("till", "T-1"), ("erp", "E-1")):
        parts = [{"amount": "10.00", "state": "succeeded"}]
        at = "2026-03-02T10:00:00Z"
        scenario.push(account, "refund.upsert", id, hub_number=f"R{number}", currency="EUR", parts=parts, at=at)
    scenario.owed(number)


def refund_of_the_order(scenario: Scenario) -> None:
    """10.00 went back on an order with two returns of 10.00 each, and nobody says for which."""
    scenario.accounts()
    scenario.order()
    one, other = scenario.asked(), scenario.asked("RET-2", {"L2": 1}, at="11:00")
    parts = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]
    scenario.told_with_the_order(
        "web", refunds=[{"id": "RF-1", "currency": "EUR", "parts": parts, "at": "2026-03-02T10:00:00Z"}]
    )
    scenario.came("erp", one)
    scenario.came("erp", other, "GR-2", "TEAPOT")
    scenario.owed(one)
    scenario.owed(other, id="CN-2")


def exchanged_for_less(scenario: Scenario) -> None:
    """Two mugs (20.00) come back for a plate (12.50): the ERP credits the mugs and will invoice the plate."""
    scenario.accounts()
    scenario.order()
    number = scenario.asked(lines={"L1": 2}, authorization={"value": "authorized"})
    scenario.came("erp", number, quantity=2)
    scenario.told_of_an_exchange(number, "12.50")
    scenario.owed(number, "20.00")


def refunded_before_the_return(scenario: Scenario) -> None:
    """10.00 went back on the order in the morning, and nobody says for what; in the afternoon a return begins."""
    scenario.accounts()
    scenario.order()
    parts = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]
    order, at = {"id": "O1"}, "2026-02-28T10:00:00Z"
    scenario.push("web", "refund.upsert", "RF-1", order=order, currency="EUR", parts=parts, at=at)
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)


def total_that_moved(scenario: Scenario) -> None:
    """The payment says that 10.00 went back; no refund says so."""
    scenario.accounts()
    scenario.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": "10.00"}])
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)


def refund_that_was_reversed(scenario: Scenario) -> None:
    """The shop paid 10.00 by hand and the bank sent them back."""
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    for state in ("succeeded", "reversed"):
        parts = [{"amount": "10.00", "state": state, "payment": "PAY"}]
        scenario.push("web", "refund.upsert", "RF-1", hub_number=f"R{number}", currency="EUR", parts=parts)
    scenario.owed(number)


def credit_paid_in_the_books(scenario: Scenario) -> None:
    """An accountant paid the note, or balanced it, before the shop was asked for the money."""
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    said = {"state": "posted", "paid": True, "amount": "10.00", "currency": "EUR"}
    scenario.push("erp", "credit.upsert", "CN-1", hub_number=f"R{number}", number="2026-7", **said)


def credit_in_dollars(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number, "12.00", currency="USD")


def two_lines_of_one_article(scenario: Scenario) -> None:
    scenario.accounts()
    mugs = [{"id": id, "sku": "MUG", "quantity": 1, "shipped": 1, "price": "10.00"} for id in ("L1", "L2")]
    scenario.order(lines=mugs)
    number = scenario.asked(lines={"L1": 1, "L2": 1})
    scenario.came("erp", number)
    scenario.owed(number)


def a_payment_in_no_currency(scenario: Scenario) -> None:
    """Beside 30.00 EUR the order says that 5 bonus points were paid."""
    scenario.accounts()
    points = {"id": "POINTS", "captured": "5", "currency": "PTS"}
    scenario.order(payments=[{"id": "PAY", "captured": "30.00"}, points])
    number = scenario.asked()
    scenario.came("erp", number)
    scenario.owed(number)


def more_than_was_bought(scenario: Scenario) -> None:
    """Of two mugs one is to come back, then two more."""
    scenario.accounts()
    scenario.order()
    scenario.asked()
    scenario.asked("RET-2", {"L1": 2}, at="11:00")


def nothing_left(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    scenario.asked(lines={"L1": 2})
    scenario.asked("RET-2", {"L1": 1}, at="11:00")


def second_is_credited(scenario: Scenario, answer: str) -> None:
    """The clerk receives what may come of R2 and credits it; R1 never comes."""
    pieces = {"allow": 2, "rest": 1}.get(answer, 0)
    if pieces:
        scenario.came("erp", 1002, quantity=pieces)
        scenario.owed(1002, f"{10 * pieces}.00")


def one_more_is_credited(scenario: Scenario, answer: str) -> None:
    if answer == "allow":
        scenario.came("erp", 1002)
        scenario.owed(1002)


def deleted_with_its_facts(scenario: Scenario) -> None:
    """The ERP's case held the receipt and the credit note, and is deleted."""
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    receipts = [{"id": "1", "line": "1", "quantity": 1, "condition": "good"}]
    credits = [{"id": "CN", "state": "posted", "amount": "10.00", "currency": "EUR"}]
    case = {"hub_number": f"R{number}", "lines": lines, "receipts": receipts, "credits": credits}
    scenario.push("erp", "return.upsert", "C1", **case)
    scenario.push("erp", "return.delete", "C1")


def two_cases_in_the_erp(scenario: Scenario) -> None:
    """A clerk opened a case of his own for what stands in the ERP already; somebody linked the two."""
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    scenario.push("erp", "return.upsert", "C1", hub_number=f"R{number}", origin="request", lines=lines)
    order = {"number": "5001"}
    scenario.push("erp", "return.upsert", "C2", order=order, origin="request", lines=lines)
    one, other = (found.id for found in all_returns(scenario.hub))
    scenario.hub.people.link(one, other, "Li")


def two_orders_of_one_number(scenario: Scenario) -> None:
    """The ERP's clerk opens a case for "5001", which two orders of the shop bear, and knows of no id."""
    scenario.accounts()
    for id in ("O1", "O2"):
        scenario.order(id=id)
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    decided = {"authorization": {"value": "authorized"}}
    scenario.push("erp", "return.upsert", "C1", order={"number": "5001"}, origin="request", lines=lines, **decided)
    scenario.owed(1001)


def first_is_credited(scenario: Scenario, answer: str) -> None:
    scenario.came("erp", 1001)
    scenario.owed(1001)


def first_is_paid(scenario: Scenario, answer: str) -> None:
    scenario.owed(1001)


def brought_to_the_till(scenario: Scenario) -> None:
    """The customer asked in the shop and brought it to a till, which knows the order and no number of ours."""
    scenario.accounts(settle=3600)
    scenario.order()
    scenario.asked()
    at_the_till(scenario)


def at_the_till(scenario: Scenario) -> None:
    line = {"id": "1", "sku": "MUG", "quantity": 1, "condition": "good"}
    order = {"number": "5001"}
    scenario.push("till", "return.upsert", "T-1", origin="counter", order=order, lines=[line], receipts=[line])


def two_that_fit(scenario: Scenario) -> None:
    brought_to_the_till(scenario)
    scenario.asked("RET-2", {"L1": 1}, at="11:00")


def refund_that_cannot_be_read(scenario: Scenario) -> None:
    """A word that no table knows: the record waits on the invalid page, and nothing of it was ever understood."""
    scenario.accounts()
    scenario.order()
    number = scenario.asked()
    scenario.came("erp", number)
    parts = [{"amount": "10.00", "state": "half way", "payment": "PAY"}]
    scenario.push("web", "refund.upsert", "RF", hub_number=f"R{number}", currency="EUR", parts=parts)
    scenario.owed(number)


SCENES: Mapping[str, tuple[Scene, ...]] = {
    "possible_duplicates": (
        Scene(received_by_two, {"same": "10.00", "apart": "10.00"}),
        Scene(refunded_by_two, {"same": "0", "apart": "0"}),
    ),
    "booked_by_hand": (Scene(booked_by_hand, {"same": "10.00", "apart": "10.00"}),),
    "total_grew": (Scene(a_total_that_grew, {"own": "10.00", "same": "10.00"}, before="10.00"),),
    "unallocated_refund": (
        Scene(
            refund_of_the_order,
            {"of:R1001": "10.00", "of:R1002": "10.00", "oldest": "10.00", "goodwill": "20.00"},
        ),
        Scene(refunded_before_the_return, {"of:R1002": "0", "goodwill": "10.00"}),
        Scene(total_that_moved, {"of:R1001": "0", "goodwill": "10.00"}),
    ),
    "exchange_sum": (Scene(exchanged_for_less, {"pay": "7.50", "all": "20.00", "aside": "0"}),),
    "refund_came_back": (Scene(refund_that_was_reversed, {"again": "10.00", "elsewhere": "0"}),),
    "credit_paid": (Scene(credit_paid_in_the_books, {"elsewhere": "0", "owed": "10.00"}),),
    "currency": (Scene(credit_in_dollars, {"counts:9.50": "9.50", "aside": "0"}),),
    "ambiguous_line": (
        Scene(two_lines_of_one_article, {"line:web/O1/L1": "10.00", "line:web/O1/L2": "10.00"}, before="10.00"),
    ),
    "over_return": (
        Scene(more_than_was_bought, {"allow": "20.00", "rest": "10.00"}, second_is_credited),
        Scene(nothing_left, {"allow": "10.00", "refuse": "0"}, one_more_is_credited),
    ),
    "unread": (Scene(refund_that_cannot_be_read, {"nothing": "10.00"}),),
    "cancelled_there": (Scene(cancelled_in_the_shop, {"cancel": "0", "goes_on": "10.00"}, goes_on_and_is_credited),),
    "gone": (Scene(deleted_with_its_facts, {"stands": "10.00", "void": "0"}),),
    "left_out": (Scene(a_payment_in_no_currency, {"aside": "10.00"}),),
    "shared_number": (Scene(two_orders_of_one_number, {"order:web/order/O1": "10.00", "order:web/order/O2": "10.00"}),),
    "doubled": (
        Scene(
            two_cases_in_the_erp,
            {"with:C1": "10.00", "with:C2": "10.00", "split:C1": "10.00", "split:C2": "10.00"},
            first_is_credited,
        ),
    ),
    "provisional": (Scene(brought_to_the_till, {"confirm": "10.00", "part:*": "10.00"}, first_is_paid),),
    "two_candidates": (Scene(two_that_fit, {"is:*": "10.00", "none": "10.00"}, first_is_paid),),
}
