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
from tests.pipeline.desk import Desk
from tests.pipeline.desk import desk as desk
from tests.pipeline.look import work_off

HUGE = (
    b'{"type":"return.upsert","data":{"id":"e19","version":5,"lines":[{"id":"1","quantity":1e99999999999999999999}]}}'
)
LATIN = (
    '{"type":"return.upsert","data":{"id":"RET-79","version":9,"customer":{"name":"Jane Featherstone","email":"jane@example.com",'
    '"phone":"+491707654321"},"lines":[{"id":"1","sku":"Tasse grün"}]}}'
).encode("latin-1")


def arrives(desk: Desk, body: bytes) -> None:
    """As it is, signed."""
    headers = {"Content-Type": "application/json", **sign_standard(SECRET, uuid.uuid4().hex, body, time.time())}
    arrivals = accept(desk.hub.accounts, "web", WebhookRequest("POST", "/hooks/web", headers, body))
    with desk.hub.database.begin() as conn:
        inbox.accept(conn, arrivals)
    work_off(desk.hub, kinds=("process",))


def kept(desk: Desk, *words: str) -> list[str]:
    return [line for line in dump(desk.hub.database).splitlines() if any(word in line for word in words)]


@pytest.mark.parametrize("name", ["Jörg Groß", "Jörg Groﬀ", "GROẞ Jörg", "Jörg İnce"])
def test_a_name_that_has_another_length_in_capitals(desk: Desk, name: str) -> None:
    desk.accounts()
    desk.order()
    said = {"name": name, "email": "joerg@example.com"}
    desk.asked(customer=said, channel=f"Frau {name.upper()}")
    desk.hub.privacy.erase("joerg@example.com", "Li")
    assert kept(desk, name, name.upper(), "joerg@") == []
    desk.asked(id="RET-2", customer=said)
    assert kept(desk, name, "joerg@") == []


def test_a_number_that_is_none_is_in_nobodys_way(desk: Desk) -> None:
    desk.accounts()
    desk.order()
    desk.asked(customer={"name": "Jane Smith", "email": "jane@example.com"})
    arrives(desk, HUGE)
    assert len(desk.hub.privacy.find("jane@example.com")) > 0
    desk.hub.privacy.erase("jane@example.com", "Li")
    assert kept(desk, "Jane Smith", "jane@") == []
    arrives(desk, HUGE.replace(b"e19", b"e20"))


@pytest.mark.parametrize("erased_before", [False, True])
def test_what_names_the_person_and_cannot_be_read_goes_whole(desk: Desk, erased_before: bool) -> None:
    desk.accounts()
    desk.order()
    desk.asked(customer={"name": "Jane Featherstone", "email": "jane@example.com"})
    if erased_before:
        desk.hub.privacy.erase("jane@example.com", "Li")
        arrives(desk, LATIN)
    else:
        arrives(desk, LATIN)
        desk.hub.privacy.erase("jane@example.com", "Li")
    assert kept(desk, "Featherstone", "7654321", "jane@") == []
