"""Erasing whose name changes its length in capitals, beside messages that cannot be read: nothing stops it, nothing stays."""

from __future__ import annotations

import time
import uuid

import pytest

from connectors.generic.sandbox import SECRET
from connectors.kit.api import WebhookRequest
from connectors.kit.signing import sign_standard
from hub.pipeline.intake.accept import accept
from hub.store import inbox
from tests.dump import dump
from tests.pipeline.queries import work_off
from tests.pipeline.scenario import Scenario
from tests.pipeline.scenario import scenario as scenario

HUGE = (
    b'{"type":"return.upsert","data":{"id":"e19","version":5,"lines":[{"id":"1","quantity":1e99999999999999999999}]}}'
)
LATIN = (
    '{"type":"return.upsert","data":{"id":"RET-79","version":9,"customer":{"name":"Jane Featherstone","email":"jane@example.com",'
    '"phone":"+491707654321"},"lines":[{"id":"1","sku":"Tasse grün"}]}}'
).encode("latin-1")


def arrives(scenario: Scenario, body: bytes) -> None:
    """As it is, signed."""
    headers = {"Content-Type": "application/json", **sign_standard(SECRET, uuid.uuid4().hex, body, time.time())}
    arrivals = accept(scenario.hub.accounts, "web", WebhookRequest("POST", "/hooks/web", headers, body))
    with scenario.hub.database.begin() as conn:
        inbox.accept(conn, arrivals)
    work_off(scenario.hub, kinds=("process",))


def kept(scenario: Scenario, *words: str) -> list[str]:
    return [line for line in dump(scenario.hub.database).splitlines() if any(word in line for word in words)]


@pytest.mark.parametrize("name", ["Jörg Groß", "Jörg Groﬀ", "GROẞ Jörg", "Jörg İnce"])
def test_a_name_that_has_another_length_in_capitals(scenario: Scenario, name: str) -> None:
    scenario.accounts()
    scenario.order()
    said = {"name": name, "email": "joerg@example.com"}
    scenario.asked(customer=said, channel=f"Frau {name.upper()}")
    scenario.hub.privacy.erase("joerg@example.com", "Li")
    assert kept(scenario, name, name.upper(), "joerg@") == []
    scenario.asked(id="RET-2", customer=said)
    assert kept(scenario, name, "joerg@") == []


def test_a_number_that_is_none_is_in_nobodys_way(scenario: Scenario) -> None:
    scenario.accounts()
    scenario.order()
    scenario.asked(customer={"name": "Jane Smith", "email": "jane@example.com"})
    arrives(scenario, HUGE)
    assert len(scenario.hub.privacy.find("jane@example.com")) > 0
    scenario.hub.privacy.erase("jane@example.com", "Li")
    assert kept(scenario, "Jane Smith", "jane@") == []
    arrives(scenario, HUGE.replace(b"e19", b"e20"))


@pytest.mark.parametrize("erased_before", [False, True])
def test_what_names_the_person_and_cannot_be_read_goes_whole(scenario: Scenario, erased_before: bool) -> None:
    scenario.accounts()
    scenario.order()
    scenario.asked(customer={"name": "Jane Featherstone", "email": "jane@example.com"})
    if erased_before:
        scenario.hub.privacy.erase("jane@example.com", "Li")
        arrives(scenario, LATIN)
    else:
        arrives(scenario, LATIN)
        scenario.hub.privacy.erase("jane@example.com", "Li")
    assert kept(scenario, "Featherstone", "7654321", "jane@") == []
