"""How each question comes about that freezes money or goods, and what is paid after each answer to it (simulated)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.pipeline.desk import Desk
from tests.pipeline.goods_scenes import a_total_that_grew, booked_by_hand, received_by_two
from tests.pipeline.look import all_returns

After = Callable[[Desk, str], None]


class Scene(NamedTuple):
    """How the question comes about, and per answer what the hub has paid in the end.

    `then`: what has to happen after the answer for money to be owed at all. An answer that ends in * takes any name.
    """

    begins: Callable[[Desk], None]
    pays: Mapping[str, str]
    then: After = lambda desk, answer: None
    before: str = "0"
    """What may be paid while it is asked: a question about goods alone does not hold up money."""


# -- how each question comes about


def cancelled_in_the_shop(desk: Desk) -> None:
    ended_in_the_shop(desk, "cancelled")


def ended_in_the_shop(desk: Desk, value: str) -> int:
    """The ERP's clerk asks, the hub asks for it in the shop, and the shop ends what it was asked for; our number."""
    desk.accounts()
    desk.order()
    asked_in_the_erp(desk, "requested")
    desk.work()
    (number,) = (found.id for found in all_returns(desk.hub))
    made = desk.doc(number).objects["web"]["return"]
    lines = [{"id": "1", "order_line": "L1", "quantity": 1}]
    said = {"hub_number": f"R{number}", "order": {"number": "5001"}, "lines": lines}
    desk.push("web", "return.upsert", made, **said, version=10**7, authorization={"value": value})
    return number


def asked_in_the_erp(desk: Desk, value: str) -> None:
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    said = {"origin": "request", "order": {"number": "5001"}, "lines": lines, "currency": "EUR"}
    desk.push("erp", "return.upsert", "C1", **said, authorization={"value": value})


def goes_on_and_is_credited(desk: Desk, answer: str) -> None:
    (number,) = (found.id for found in all_returns(desk.hub))
    assert (desk.doc(number).axes.authorization.value == "cancelled") == (answer == "cancel")
    if answer == "goes_on":
        asked_in_the_erp(desk, "authorized")
        desk.came("erp", number)
        desk.owed(number)
        assert desk.paid() == 0
        (rest,) = desk.untold(number, "web")
        assert rest.fact.startswith("reopened")
        desk.hub.answering.answer(number, rest.question, "by_hand", "Li")


def refunded_by_two(desk: Desk) -> None:
    """The till and the ERP both tell of 10.00, of which 10.00 were agreed."""
    desk.accounts()
    desk.order()
    number = desk.asked()
    for account, id in (("till", "T-1"), ("erp", "E-1")):
        parts = [{"amount": "10.00", "state": "succeeded"}]
        at = "2026-03-02T10:00:00Z"
        desk.push(account, "refund.upsert", id, hub_number=f"R{number}", currency="EUR", parts=parts, at=at)
    desk.owed(number)


def refund_of_the_order(desk: Desk) -> None:
    """10.00 went back on an order with two returns of 10.00 each, and nobody says for which."""
    desk.accounts()
    desk.order()
    one, other = desk.asked(), desk.asked("RET-2", {"L2": 1}, at="11:00")
    parts = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]
    desk.told_with_the_order(
        "web", refunds=[{"id": "RF-1", "currency": "EUR", "parts": parts, "at": "2026-03-02T10:00:00Z"}]
    )
    desk.came("erp", one)
    desk.came("erp", other, "GR-2", "TEAPOT")
    desk.owed(one)
    desk.owed(other, id="CN-2")


def exchanged_for_less(desk: Desk) -> None:
    """Two mugs (20.00) come back for a plate (12.50): the ERP credits the mugs and will invoice the plate."""
    desk.accounts()
    desk.order()
    number = desk.asked(lines={"L1": 2}, authorization={"value": "authorized"})
    desk.came("erp", number, quantity=2)
    desk.told_of_an_exchange(number, "12.50")
    desk.owed(number, "20.00")


def refunded_before_the_return(desk: Desk) -> None:
    """10.00 went back on the order in the morning, and nobody says for what; in the afternoon a return begins."""
    desk.accounts()
    desk.order()
    parts = [{"amount": "10.00", "state": "succeeded", "payment": "PAY"}]
    order, at = {"id": "O1"}, "2026-02-28T10:00:00Z"
    desk.push("web", "refund.upsert", "RF-1", order=order, currency="EUR", parts=parts, at=at)
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)


def total_that_moved(desk: Desk) -> None:
    """The payment says that 10.00 went back; no refund says so."""
    desk.accounts()
    desk.order(payments=[{"id": "PAY", "captured": "30.00", "refunded": "10.00"}])
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)


def refund_that_was_reversed(desk: Desk) -> None:
    """The shop paid 10.00 by hand and the bank sent them back."""
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    for state in ("succeeded", "reversed"):
        parts = [{"amount": "10.00", "state": state, "payment": "PAY"}]
        desk.push("web", "refund.upsert", "RF-1", hub_number=f"R{number}", currency="EUR", parts=parts)
    desk.owed(number)


def credit_paid_in_the_books(desk: Desk) -> None:
    """An accountant paid the note, or balanced it, before the shop was asked for the money."""
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    said = {"state": "posted", "paid": True, "amount": "10.00", "currency": "EUR"}
    desk.push("erp", "credit.upsert", "CN-1", hub_number=f"R{number}", number="2026-7", **said)


def credit_in_dollars(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number, "12.00", currency="USD")


def two_lines_of_one_article(desk: Desk) -> None:
    desk.accounts()
    mugs = [{"id": id, "sku": "MUG", "quantity": 1, "shipped": 1, "price": "10.00"} for id in ("L1", "L2")]
    desk.order(lines=mugs)
    number = desk.asked(lines={"L1": 1, "L2": 1})
    desk.came("erp", number)
    desk.owed(number)


def a_payment_in_no_currency(desk: Desk) -> None:
    """Beside 30.00 EUR the order says that 5 bonus points were paid."""
    desk.accounts()
    points = {"id": "POINTS", "captured": "5", "currency": "PTS"}
    desk.order(payments=[{"id": "PAY", "captured": "30.00"}, points])
    number = desk.asked()
    desk.came("erp", number)
    desk.owed(number)


def more_than_was_bought(desk: Desk) -> None:
    """Of two mugs one is to come back, then two more."""
    desk.accounts()
    desk.order()
    desk.asked()
    desk.asked("RET-2", {"L1": 2}, at="11:00")


def nothing_left(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    desk.asked(lines={"L1": 2})
    desk.asked("RET-2", {"L1": 1}, at="11:00")


def second_is_credited(desk: Desk, answer: str) -> None:
    """The clerk receives what may come of R2 and credits it; R1 never comes."""
    pieces = {"allow": 2, "rest": 1}.get(answer, 0)
    if pieces:
        desk.came("erp", 1002, quantity=pieces)
        desk.owed(1002, f"{10 * pieces}.00")


def one_more_is_credited(desk: Desk, answer: str) -> None:
    if answer == "allow":
        desk.came("erp", 1002)
        desk.owed(1002)


def deleted_with_its_facts(desk: Desk) -> None:
    """The ERP's case held the receipt and the credit note, and is deleted."""
    desk.accounts()
    desk.order()
    number = desk.asked()
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    receipts = [{"id": "1", "line": "1", "quantity": 1, "condition": "good"}]
    credits = [{"id": "CN", "state": "posted", "amount": "10.00", "currency": "EUR"}]
    case = {"hub_number": f"R{number}", "lines": lines, "receipts": receipts, "credits": credits}
    desk.push("erp", "return.upsert", "C1", **case)
    desk.push("erp", "return.delete", "C1")


def two_cases_in_the_erp(desk: Desk) -> None:
    """A clerk opened a case of his own for what stands in the ERP already; somebody linked the two."""
    desk.accounts()
    desk.order()
    number = desk.asked()
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    desk.push("erp", "return.upsert", "C1", hub_number=f"R{number}", origin="request", lines=lines)
    order = {"number": "5001"}
    desk.push("erp", "return.upsert", "C2", order=order, origin="request", lines=lines)
    one, other = (found.id for found in all_returns(desk.hub))
    desk.hub.people.link(one, other, "Li")


def two_orders_of_one_number(desk: Desk) -> None:
    """The ERP's clerk opens a case for "5001", which two orders of the shop bear, and knows of no id."""
    desk.accounts()
    for id in ("O1", "O2"):
        desk.order(id=id)
    lines = [{"id": "1", "sku": "MUG", "quantity": 1}]
    decided = {"authorization": {"value": "authorized"}}
    desk.push("erp", "return.upsert", "C1", order={"number": "5001"}, origin="request", lines=lines, **decided)
    desk.owed(1001)


def first_is_credited(desk: Desk, answer: str) -> None:
    desk.came("erp", 1001)
    desk.owed(1001)


def first_is_paid(desk: Desk, answer: str) -> None:
    desk.owed(1001)


def brought_to_the_till(desk: Desk) -> None:
    """The customer asked in the shop and brought it to a till, which knows the order and no number of ours."""
    desk.accounts(settle=3600)
    desk.order()
    desk.asked()
    at_the_till(desk)


def at_the_till(desk: Desk) -> None:
    line = {"id": "1", "sku": "MUG", "quantity": 1, "condition": "good"}
    order = {"number": "5001"}
    desk.push("till", "return.upsert", "T-1", origin="counter", order=order, lines=[line], receipts=[line])


def two_that_fit(desk: Desk) -> None:
    brought_to_the_till(desk)
    desk.asked("RET-2", {"L1": 1}, at="11:00")


def refund_that_cannot_be_read(desk: Desk) -> None:
    """A word that no table knows: the record waits on the invalid page, and nothing of it was ever understood."""
    desk.accounts()
    desk.order()
    number = desk.asked()
    desk.came("erp", number)
    parts = [{"amount": "10.00", "state": "half way", "payment": "PAY"}]
    desk.push("web", "refund.upsert", "RF", hub_number=f"R{number}", currency="EUR", parts=parts)
    desk.owed(number)


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
