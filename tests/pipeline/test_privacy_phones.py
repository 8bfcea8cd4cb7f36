"""One person whose number is written with its country here and without it there; and the address that is found with it."""

from __future__ import annotations

import pytest

from hub.store import accounts, webhooks
from hub.store.webhooks import Answered
from tests.dump import dump
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario

HERE, ABROAD = "0176 123456", "+49 176 123456"
NAMES = {"RET-1": "Jane Featherstone", "RET-2": "Janet Otherwise", "RET-3": "Jo Faraway"}


def asked(scenario: Scenario, id: str, phone: str, order: str, **more: str) -> None:
    scenario.order(id=order, number=f"N{order}")
    customer = {"name": NAMES[id], "phone": phone, **more}
    line = {"id": "1", "order_line": "L1", "quantity": 1}
    named = {"id": order, "number": f"N{order}"}
    scenario.push("web", "return.upsert", id, number=id, order=named, lines=[line], customer=customer)


def found(scenario: Scenario, who: str) -> dict[str, str]:
    return {one.external_id: one.why for one in scenario.hub.privacy.find(who) if one.stream == "return"}


def kept(scenario: Scenario) -> set[str]:
    text = dump(scenario.hub.database)
    return {id for id, name in NAMES.items() if name in text}


@pytest.fixture
def two(scenario: Scenario) -> Scenario:
    """Her number without its country at one return, with it at the other."""
    scenario.accounts()
    asked(scenario, "RET-1", HERE, "O1")
    asked(scenario, "RET-2", "0049 (0)176/123-456", "O2")
    return scenario


@pytest.mark.parametrize("who", [HERE, ABROAD, "0049176123456", "176123456"])
def test_both_forms_are_one_number(two: Scenario, who: str) -> None:
    assert found(two, who) == {"RET-1": "named", "RET-2": "named"}
    two.hub.privacy.erase(who, "Li")
    assert kept(two) == set()
    asked(two, "RET-1", ABROAD, "O3")
    asked(two, "RET-2", HERE, "O4")
    assert kept(two) == set(), "read again it comes without the person, however the number is written"


def test_a_number_that_two_countries_have_is_shown_and_not_erased_without_its_country(two: Scenario) -> None:
    asked(two, "RET-3", "+43 176 123456", "O5")
    assert found(two, ABROAD) == {"RET-2": "named", "RET-1": "perhaps"}
    assert found(two, HERE) == {"RET-1": "named", "RET-2": "perhaps", "RET-3": "perhaps"}
    assert {one.why for one in two.hub.privacy.erase(ABROAD, "Li")} == {"named", "return"}
    assert kept(two) == {"RET-1", "RET-3"}
    asked(two, "RET-1", HERE, "O6")
    assert kept(two) == {"RET-1", "RET-3"}


def test_another_ending_or_a_short_number_is_nobodys(two: Scenario) -> None:
    asked(two, "RET-3", "+49 30 0176 123456", "O5")
    assert "RET-3" not in found(two, HERE)
    assert found(two, "123456") == {}
    assert found(two, "+49 3456") == {}


@pytest.mark.parametrize("who", [HERE, "web:C-1", "web:O1"])
def test_the_address_found_with_a_person_goes_from_every_text(scenario: Scenario, who: str) -> None:
    """From other people's records, and from what an account or a webhook said last, too."""
    scenario.accounts()
    asked(scenario, "RET-1", HERE, "O1", email="Jane.F@example.com", reference="C-1")
    asked(scenario, "RET-2", "0171 999999", "O2", email="janet@example.com")
    scenario.push("web", "return.upsert", "RET-2", lines=[], channel="cc jane.f@example.com")
    with scenario.hub.database.begin() as conn:
        accounts.pause(conn, "till", "jane.f@example.com complained")
        webhooks.add(conn, [Answered("web", 400, 1, "no 'jane.f@example.com' here")])
    assert "jane.f@" in dump(scenario.hub.database).lower()
    scenario.hub.privacy.erase(who, "Li")
    assert "jane.f@" not in dump(scenario.hub.database).lower()
    assert "janet@example.com" in dump(scenario.hub.database)
    scenario.push("web", "return.upsert", "RET-2", lines=[], channel="still cc jane.f@example.com")
    assert "jane.f@" not in dump(scenario.hub.database).lower()
    assert NAMES["RET-2"] in dump(scenario.hub.database), "who only mentions it is not the person"


def test_the_names_go_from_what_their_accounts_and_webhooks_said_last(scenario: Scenario) -> None:
    scenario.accounts()
    asked(scenario, "RET-1", HERE, "O1")
    with scenario.hub.database.begin() as conn:
        accounts.pause(conn, "web", f"{NAMES['RET-1']} complained")
        webhooks.add(conn, [Answered("web", 400, 1, f"no {NAMES['RET-1']} here")])
    scenario.hub.privacy.erase(HERE, "Li")
    assert kept(scenario) == set()


def test_a_number_of_another_country_that_has_the_same_digits_is_somebody_elses(scenario: Scenario) -> None:
    scenario.accounts()
    asked(scenario, "RET-1", "+49 151 23456789", "O1")
    scenario.hub.privacy.erase("+49 151 23456789", "Li")
    asked(scenario, "RET-3", "+1 512-345-6789", "O3")
    assert kept(scenario) == {"RET-3"}
    asked(scenario, "RET-1", "+49 (0)151 23456789", "O1")
    assert kept(scenario) == {"RET-3"}, "in whatever spelling it comes back"


def test_a_number_of_one_digit_is_nobodys(scenario: Scenario) -> None:
    scenario.accounts()
    asked(scenario, "RET-1", "000 000 0000", "O1")
    asked(scenario, "RET-2", "+49 000 0000000", "O2")
    assert found(scenario, "000 000 0000") == {"RET-1": "named"}
