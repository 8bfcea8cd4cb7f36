"""Two orders of one number (simulated): every order of arrival leads to the same, and nothing is paid from the wrong one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from random import Random
from typing import Any

import pytest
from alembic import command

from hub.boot import Hub
from hub.store.database import Database, migrations, upgrade
from tests.pipeline.channels import complaint, kinds, order, request, whose
from tests.pipeline.queries import all_returns, document, rows

Post = Callable[[str, Any], list[bool]]
Work = Callable[..., int]


@pytest.fixture
def numbered(channels: Callable[..., None]) -> None:
    channels(settle=0)


def bought(id: str, number: str = "#12", **more: Any) -> dict[str, Any]:
    return {**order(id), "number": number, **more}


def payments(hub: Hub, return_id: int) -> list[str]:
    return [payment.id for payment in document(hub, return_id).payments]


def test_every_order_of_arrival_leads_to_the_same(numbered: None, hub: Hub, post: Post, work: Work, seed: int) -> None:
    """A shop's two orders of one number, a return of the second, and a case of the ERP that names the number alone."""
    ways = list(permutations(range(4)))
    for turn, way in enumerate(Random(seed).sample(ways, 8)):
        a, b, w, c, number = f"a{turn}", f"b{turn}", f"w{turn}", f"c{turn}", f"#{turn}"
        tells = [
            ("web", bought(a, number)),
            ("web", bought(b, number)),
            ("web", request(w, b)),
            ("erp", complaint(c, str(turn))),
        ]
        for index in way:
            post(*tells[index])
            work(("process", "recompute"))
        of = whose(hub)
        assert payments(hub, of[w]) == [f"pay-{b}"], way
        assert kinds(hub, of[w]) == [], way
        assert kinds(hub, of[c]) == ["shared_number"], way
        assert payments(hub, of[c]) == [], way


def test_a_number_that_is_shared_no_more_is_a_key_again(numbered: None, hub: Hub, post: Post, work: Work) -> None:
    post("web", bought("a"))
    post("web", bought("b"))
    post("erp", complaint("c", "12"))
    work(("process", "recompute"))
    of = whose(hub)
    assert kinds(hub, of["c"]) == ["shared_number"]
    post("web", bought("b", "#13", version=2))
    work(("process", "recompute"))
    assert kinds(hub, of["c"]) == []
    assert payments(hub, of["c"]) == ["pay-a"]


def test_a_number_that_went_to_another_order_takes_nothing_of_the_first_with_it(
    numbered: None, hub: Hub, post: Post, work: Work
) -> None:
    post("web", bought("a"))
    post("web", request("w", "a"))
    work(("process", "recompute"))
    post("web", bought("a", "#13", version=2))
    work(("process", "recompute"))
    post("web", bought("b"))
    work(("process", "recompute"))
    assert payments(hub, whose(hub)["w"]) == ["pay-a"]
    assert rows(hub, "SELECT count(DISTINCT order_id) FROM observations WHERE return_id IS NULL") == [(2,)]


def test_a_person_says_which_order_it_is(numbered: None, hub: Hub, post: Post, work: Work) -> None:
    post("web", bought("a"))
    post("web", bought("b"))
    post("erp", complaint("c", "12"))
    work(("process", "recompute"))
    return_id = whose(hub)["c"]
    hub.people.decide(return_id, {"orders": [{"issuer": "web", "type": "order", "value": "b"}]}, "ann")
    assert kinds(hub, return_id) == []
    assert payments(hub, return_id) == ["pay-b"]
    post("web", bought("z"))  # a third one of that number changes nothing of what was decided
    work(("process", "recompute"))
    assert payments(hub, return_id) == ["pay-b"]
    assert len(all_returns(hub)) == 1


def test_a_number_is_one_with_and_without_the_prefix_of_its_shop(
    connect: Callable[..., None], numbered: None, hub: Hub, post: Post, work: Work
) -> None:
    """Whoever speaks first; a number with another prefix is another order, and what is shown is the shop's number."""
    connect("web", "fake_shop", base_url="http://127.0.0.1:9", terms={"order_numbers": {"prefix": "EN"}})
    post("erp", complaint("early", "1001"))
    work(("process", "recompute"))
    post("web", bought("a", "EN1001"))
    post("web", bought("b", "US1001"))
    work(("process", "recompute"))
    for id, number in (("late", "en 1001"), ("hash", "#1001"), ("other", "US1001"), ("none", "EN-1001")):
        post("erp", complaint(id, number))
        work(("process", "recompute"))
    of = whose(hub)
    paid = {id: payments(hub, of[id]) for id in ("early", "late", "hash", "other", "none")}
    assert paid == {"early": ["pay-a"], "late": ["pay-a"], "hash": ["pay-a"], "other": ["pay-b"], "none": []}
    assert [order.number for order in document(hub, of["early"]).orders] == ["EN1001"]


def test_two_orders_that_differ_by_the_prefix_alone_are_asked_about(
    connect: Callable[..., None], numbered: None, hub: Hub, post: Post, work: Work
) -> None:
    """A shop that began anew with a prefix: its old #1001 is not the new one."""
    connect("web", "fake_shop", base_url="http://127.0.0.1:9", terms={"order_numbers": {"prefix": "EN"}})
    post("web", bought("a", "EN1001"))
    post("web", bought("b", "#1001"))
    post("erp", complaint("c", "1001"))
    work(("process", "recompute"))
    assert kinds(hub, whose(hub)["c"]) == ["shared_number"]


def test_numbers_that_were_kept_as_written_are_found_in_their_normal_form(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with database.begin() as conn:
        command.upgrade(migrations(conn), "0004")
    with database.begin() as conn:
        conn.exec_driver_sql("INSERT INTO orders (id) OVERRIDING SYSTEM VALUE VALUES (7)")
        conn.exec_driver_sql(
            "INSERT INTO keys (issuer, type, value, order_id) VALUES ('web', 'order_number', '#SO-12', 7)"
        )
        conn.exec_driver_sql(
            "INSERT INTO observations (account, stream, external_id, ticket, mapping, fragment, order_id)"
            " VALUES ('web', 'order', 'o1', 1, '', convert_to(%(f)s, 'UTF8'), 7)",
            {"f": '{"keys": [{"type": "order_number", "value": "#SO-12"}], "order": {"number": "#SO-12"}}'},
        )
    upgrade(empty_database_url)
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT value, order_id FROM keys").all() == [("so-12", 7)]
        found = conn.exec_driver_sql("SELECT * FROM bearers").all()
    database.close()
    assert [tuple(row) for row in found] == [("web", "so-12", "web", "order", "o1")]
