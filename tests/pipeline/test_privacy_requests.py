"""What a system asks about a person's data: one question for one wish, however often it is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.boot import Hub
from hub.model.schema.fragment import Fragment, Key, PrivacyRequest
from hub.model.schema.observation import Observation
from hub.pipeline.process.privacy_requests import asked
from hub.store import observations, reviews


def ask(hub: Hub, id_: str, *, account: str = "shop", asks: Any = "erase", customer: str | None = "7",
        orders: tuple[str, ...] = ("o1",), day: int = 30) -> None:  # fmt: skip
    """A system asks to forget somebody, as its webhook with this delivery id."""
    wanted = PrivacyRequest(asks=asks, customer=customer, due=datetime(2026, 3, day, tzinfo=UTC))
    names = tuple(Key(issuer=account, type="order", value=order) for order in orders)
    request = Observation(
        account=account, stream="privacy", external_id=id_, fragment=Fragment(privacy=wanted, orders=names), read_seq=1
    )
    with hub.database.begin() as conn:
        asked(conn, [observations.Stored(request, None, None, None)])


def queue(hub: Hub) -> list[tuple[Any, ...]]:
    """(orders, due day) of each open request, oldest first."""
    with hub.database.begin() as conn:
        details = [row["detail"] for row in reviews.open_reviews(conn)]
    return [(*detail["orders"], int(detail["due"][8:10])) for detail in details]


def test_an_erasure_that_is_open_is_not_asked_a_second_time(hub: Hub) -> None:
    ask(hub, "delivery-1", day=29)
    ask(hub, "delivery-2", day=30)
    assert queue(hub) == [("o1", 29)]


def test_what_the_second_one_adds_is_done_with_the_first(hub: Hub) -> None:
    ask(hub, "delivery-1", day=29)
    ask(hub, "delivery-2", orders=("o2", "o1"), day=28)
    assert queue(hub) == [("o1", "o2", 28)]
    with hub.database.begin() as conn:
        (row,) = reviews.open_reviews(conn)
    assert row["text"] == "shop asks: erase a customer's data; customer 7; orders o1, o2. To be done by 2026-03-28."


def test_a_later_one_after_the_first_is_done_asks_anew(hub: Hub) -> None:
    ask(hub, "delivery-1")
    with hub.database.begin() as conn:
        (row,) = reviews.open_reviews(conn)
        reviews.answer(conn, row["id"], "erased")
    ask(hub, "delivery-1")
    assert queue(hub) == [], "the very same is answered"
    ask(hub, "delivery-2")
    assert len(queue(hub)) == 1


@pytest.mark.parametrize(
    "other",
    [{"account": "shop2"}, {"customer": "8"}, {"asks": "tell"}, {"asks": "erase_all"}, {"customer": None}],
    ids=str,
)
def test_another_person_another_shop_and_another_wish_are_asked(hub: Hub, other: dict[str, Any]) -> None:
    ask(hub, "delivery-1")
    ask(hub, "delivery-2", **other)
    assert len(queue(hub)) == 2


def test_who_has_no_number_is_known_by_the_orders_and_a_whole_shop_by_its_name(hub: Hub) -> None:
    for delivery, order in (("d1", "o1"), ("d2", "o1"), ("d3", "o2")):
        ask(hub, delivery, customer=None, orders=(order,))
    assert queue(hub) == [("o1", 30), ("o2", 30)]
    for delivery in ("d8", "d9"):
        ask(hub, delivery, asks="erase_all", customer=None, orders=())
    assert len(queue(hub)) == 3


def test_each_question_about_a_persons_data_has_a_term_of_its_own(hub: Hub) -> None:
    """To be told what is kept is a right each time."""
    for delivery in ("d1", "d2"):
        ask(hub, delivery, asks="tell")
    assert len(queue(hub)) == 2
