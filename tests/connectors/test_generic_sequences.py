"""Pushes through our own door in simulated sequences: late, doubled and shuffled, the newest record stands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.generic import door
from connectors.kit import registry
from hub.accounts import Account, assemble
from hub.model.language import reasons, words
from hub.pipeline.intake.accept import arrival
from hub.pipeline.process.observe import observation
from hub.pipeline.process.translate import translate
from hub.store.inbox import InboxRow
from hub.store.observations import Stored
from mappings.engine import Mapping

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENDS = ("rejected", "cancelled")

quantities = st.integers(1, 9)
facts = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from("abc"),
            "line": st.just("1"),
            "quantity": quantities,
            "condition": st.sampled_from(get_args(words.Condition)),
        }
    ),
    max_size=3,
    unique_by=lambda fact: fact["id"],
)
records = st.fixed_dictionaries(
    {
        "status": st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5),
        "authorization": st.fixed_dictionaries({"value": st.sampled_from(get_args(words.Authorization))}),
        "closure": st.fixed_dictionaries({"value": st.sampled_from(get_args(words.Closure))}),
        "lines": st.lists(
            st.fixed_dictionaries({"quantity": quantities, "reason": st.sampled_from(sorted(reasons.REASONS))}),
            min_size=1,
            max_size=2,
        ),
        "receipts": facts,
    }
)
"""Whole records: each says all that any of them says."""


def numbered(n: int, _: int) -> dict[str, Any]:
    return {"version": n}


def dated(n: int, offset: int) -> dict[str, Any]:
    """A second apart, each written in a zone of its own."""
    at = (BEGIN + timedelta(seconds=n)).astimezone(timezone(timedelta(hours=offset)))
    return {"updated_at": at.isoformat()}


@pytest.fixture(scope="module")
def account() -> Account:
    entry = registry.load("generic")
    dictionary = Mapping.load(entry.mapping)
    return assemble("shop", entry, dictionary, {"kind": "storefront"}, {}, {}, "healthy", lambda *_: None)  # type: ignore[arg-type, return-value]


def push(account: Account, record: dict[str, Any], read_seq: int) -> InboxRow:
    """The record as it lies in the inbox."""
    body = json.dumps({"type": "return.upsert", "data": record}).encode()
    (message,) = door.unpack(body, f"key-{read_seq}")
    row = arrival(account, message, "push")
    assert not row.notification, "its body is believed: what orders it comes along"
    moment = BEGIN + timedelta(seconds=read_seq)
    return InboxRow(
        read_seq, "shop", row.stream, row.external_id, row.via, row.body, row.version, row.deleted, None, moment
    )


def observed(account: Account, pushes: list[dict[str, Any]]) -> Stored:
    """What stands after these, in this order."""
    stored: Stored | None = None
    for read_seq, record in enumerate(pushes, 1):
        stored = observation({"shop": account}, push(account, record, read_seq), read_seq, stored) or stored
    assert stored is not None
    return stored


@pytest.mark.proves("order", "generic")
@pytest.mark.parametrize("ordered", [numbered, dated])
@given(life=st.lists(records, min_size=1, max_size=6), data=st.data())
@settings(max_examples=60)
def test_any_order_and_any_doubling_of_the_pushes_is_the_same_observation(
    account: Account, ordered: Any, life: list[dict[str, Any]], data: st.DataObject
) -> None:
    zone = st.integers(-11, 13)
    versions = [{"id": 7, **record, **ordered(n, data.draw(zone))} for n, record in enumerate(life, 95)]
    again = data.draw(st.lists(st.sampled_from(versions), max_size=4))
    shuffled = data.draw(st.permutations([*versions, *again]))
    newest = translate(account, "return", json.dumps(versions[-1]).encode())
    assert observed(account, versions).observation.fragment == newest
    assert observed(account, shuffled).observation.fragment == newest


@given(life=st.lists(records, min_size=1, max_size=5), end=st.sampled_from(ENDS), data=st.data())
@settings(max_examples=60)
def test_what_ended_is_not_opened_by_what_was_sent_before(
    account: Account, life: list[dict[str, Any]], end: str, data: st.DataObject
) -> None:
    before = [{"id": 7, "version": n, **record} for n, record in enumerate(life)]
    ended = {"id": 7, "version": len(life), **life[-1], "authorization": {"value": end}}
    late = data.draw(st.permutations(before))
    early = data.draw(st.integers(0, len(late)))
    found = observed(account, [*late[:early], ended, *late[early:]]).observation.fragment
    assert found.authorization is not None
    assert found.authorization.value == end  # type: ignore[union-attr]


def test_what_only_an_older_record_says_is_lost_when_it_comes_late(account: Account) -> None:
    """Why README.md asks for whole records: the newer one was silent, the older one is not looked at any more."""
    older = {"id": 7, "version": 1, "authorization": {"value": "requested"}, "number": "RET-7"}
    newer = {"id": 7, "version": 2, "authorization": {"value": "authorized"}}
    assert observed(account, [older, newer]).observation.fragment.number == "RET-7"
    late = observed(account, [newer, older]).observation.fragment
    assert not late.number
    assert late.authorization.value == "authorized"  # type: ignore[union-attr]
