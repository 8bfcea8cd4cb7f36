"""The dictionary of our own door is our vocabulary, whole; an account's own dictionary adds that system's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from hub import schema
from hub.model.language import reasons, words
from hub.model.plan.rules import OPERATIONS
from hub.model.schema.operation import LineTarget, PlannedOperation
from mappings.engine import Mapping, UnknownWord, read_json

FILE = Path(__file__).resolve().parents[2] / "mappings" / "generic.yaml"
VOCABULARY = {
    "origin": words.Origin,
    "authorization": words.Authorization,
    "acceptance": words.Acceptance,
    "dispute": words.Dispute,
    "closure": words.Closure,
    "goods": words.Goods,
    "resolution": words.Resolution,
    "condition": words.Condition,
    "inspection": words.InspectionResult,
    "disposition": words.Disposed,
    "posting": words.PostingState,
    "direction": words.Direction,
    "purpose": words.Purpose,
    "shipment": words.ShipmentState,
    "method": words.Method,
    "payment": words.PaymentState,
    "for": words.PaidFor,
    "fee": words.FeeKind,
    "credit": words.CreditState,
    "exchange": words.Exchange,
    "speaker": words.Speaker,
    "deadline": words.Deadline,
}
ORIGIN = '{"id": "1", "version": 1, "origin": "counter", "order": {"number": "#1"}, "lines": []}'


def test_every_table_is_our_whole_vocabulary() -> None:
    tables = yaml.safe_load(FILE.read_text())["tables"]
    ours = {name: {word: word for word in get_args(known)} for name, known in VOCABULARY.items()}
    assert tables == {**ours, "reason": {code: code for code in reasons.REASONS}}


@pytest.mark.parametrize(
    "more",
    [
        {"authorization": {"value": "approved"}},
        {"closure": {"value": "done"}},
        {"origin": "web"},
        {"lines": [{"quantity": 1, "reason": "too small"}]},
        {"lines": [{"quantity": 1, "resolution": "money"}]},
        {"receipts": [{"id": "1", "quantity": 1, "condition": "fine"}]},
        {"shipments": [{"id": "1", "direction": "back", "purpose": "return"}]},
        {"refunds": [{"id": "1", "currency": "EUR", "parts": [{"amount": 1, "state": "paid"}]}]},
    ],
)
def test_a_word_that_is_none_of_ours_stops_the_message(more: dict[str, Any]) -> None:
    with pytest.raises(UnknownWord, match="generic"):
        Mapping.load(FILE).read("return", {"id": "1", "version": 1, **more}, {}, account="here")


def test_what_is_not_said_is_silence() -> None:
    fields = Mapping.load(FILE).read("return", read_json(b'{"id": 7, "version": 3}'), {}, account="here")
    assert schema.fragment(fields) == schema.fragment({})
    fields = Mapping.load(FILE).read("return", read_json(ORIGIN.encode()), {}, account="here")
    fragment = schema.fragment(fields)
    assert (fragment.origin, fragment.lines) == ("counter", ())


OWN = """\
extends: generic
inbound:
  return:
    number: rma
    origin: positions && 'request'
    authorization: {value: "lookup('standing', status)"}
    lines: {each: positions, line: text(pos), sku: article, reason: {code: "lookup('reason', why)", raw: why}}
tables:
  standing: {NEW: requested, OK: authorized, "NO": rejected}
  reason: {KAPUTT: defective}
reverse:
  reason: {defective: KAPUTT}
"""


def test_an_account_joins_with_a_mapping_file_only() -> None:
    record = {"id": 1, "version": 2, "rma": "A-1", "status": "OK"}
    record["positions"] = [{"pos": 10, "article": "MUG", "quantity": 2, "why": "KAPUTT"}]
    own = Mapping.load(OWN, parents={"generic": FILE})
    fragment = schema.fragment(own.read("return", record, {}, account="here"))
    assert (fragment.origin, fragment.authorization.value) == ("request", "authorized")
    assert [(line.line, line.sku, line.reason.code) for line in fragment.lines] == [("10", "MUG", "defective")]
    asked = PlannedOperation(
        kind="create_return", account="here", lines=(LineTarget(line="l", quantity=2, words={"reason": "defective"}),)
    )
    body = own.write("create_return", msgspec.to_builtins(asked), {}, account="here")
    assert body["lines"][0]["reason"] == "KAPUTT"


def test_every_operation_that_is_planned_has_a_section_and_a_do() -> None:
    from connectors.kit import registry

    entry = registry.load("generic")
    planned = {kind for facts in OPERATIONS.values() for kind in facts.values()}
    assert planned <= set(entry.capabilities.operations) == set(entry.manifest.operations)
    assert set(Mapping.load(FILE).operations) == set(entry.capabilities.operations)


def test_recordings_cover_every_stream() -> None:
    folder = Path(__file__).parent / "generic"
    streams = [json.loads(p.read_text())["stream"] for p in folder.glob("*.json") if ".expected" not in p.name]
    assert set(streams) == set(Mapping.load(FILE).streams)
