"""The Tryton connector and its mapping, from recordings of a real server (tests/connectors/tryton; simulated data)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.kit import registry
from connectors.kit.errors import ConnectorError
from connectors.kit.manifest import lint
from connectors.tryton import goods, lookup, streams
from connectors.tryton.client import Rest
from connectors.tryton.lookup import hub_number
from mappings.engine import Mapping, UnknownWord, read_json
from tests.connectors import tryton_replay

HERE = Path(__file__).parent / "tryton"
ROOT = Path(__file__).parents[2]
RECORDS = sorted(file for file in HERE.glob("*.json") if not file.name.endswith(".expected.json"))


@pytest.fixture(scope="module")
def dictionary() -> Mapping:
    return Mapping.load(ROOT / "mappings" / "tryton.yaml")


def stream_of(file: Path) -> str:
    return next(stream for stream in streams.STREAMS if file.name.startswith(f"{stream}_"))


def test_every_stream_has_recordings() -> None:
    assert {stream_of(file) for file in RECORDS} == set(streams.STREAMS)


@pytest.mark.parametrize("name", tryton_replay.names())
def test_the_same_questions_and_the_same_outcome_as_on_tape(name: str) -> None:
    kept = tryton_replay.load(name)
    tape = tryton_replay.Tape(kept["exchanges"])
    tryton = tryton_replay.connector(tape, **kept["settings"])
    if "refused" in kept:
        with pytest.raises(ConnectorError) as refused:
            tryton_replay.do(tryton, kept["call"])
        assert type(refused.value).__name__ == kept["refused"]["error"]
        assert str(refused.value) == kept["refused"]["text"]
    else:
        assert tryton_replay.do(tryton, kept["call"]) == kept["brings"]
    assert tape.left == []


def test_a_second_poll_from_the_last_cursor_tells_only_what_overlaps() -> None:
    first = tryton_replay.load("poll_shipment")["brings"]
    again = tryton_replay.load("poll_shipment_again")
    assert again["call"]["cursor"] == first[-1]["cursor"]
    versions = {m["id"]: m["version"] for page in first for m in page["messages"]}
    assert {m["id"]: m["version"] for page in again["brings"] for m in page["messages"]}.items() <= versions.items()


def test_at_most_one_write_on_any_tape() -> None:
    for name in tryton_replay.names():
        exchanges = tryton_replay.load(name)["exchanges"]
        writes = [e for e in exchanges if e["method"] != "GET" and not e["path"].endswith(("preferences", "access"))]
        assert len(writes) <= 1, name


def test_no_tape_holds_a_key_or_another_host() -> None:
    for file in HERE.rglob("*.json"):
        text = file.read_text("utf-8").lower()
        assert "bearer" not in text, file
        assert 'authorization": "' not in text, file


@pytest.mark.parametrize(
    ("stream", "file", "field", "word"),
    [
        ("complaint", "complaint_waiting", "standing", "escalated"),
        ("credit_note", "credit_note_draft", "state", "disputed"),
        ("return_sale", "return_sale_by_wizard", "state", "on_hold"),
    ],
)
def test_an_unknown_word_stops_the_message_and_is_named(
    stream: str, file: str, field: str, word: str, dictionary: Mapping
) -> None:
    record = read_json((HERE / f"{file}.json").read_bytes())["record"]
    with pytest.raises(UnknownWord, match=word):
        dictionary.read(stream, {**record, field: word}, tryton_replay.SETTINGS)


def test_what_a_complaint_gets_written_into_it(dictionary: Mapping) -> None:
    lines = [{"words": {"reason": "size_too_small"}}, {"words": {"reason": "size_too_small"}}, {"words": {}}]
    assert dictionary.write("create_return", {"lines": lines}) == {"description": "size_too_small"}
    assert dictionary.write("note", {"words": {"text": "Hello"}, "facts": ["S1"]}) == {"text": "Hello", "facts": ["S1"]}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("R1001-k7f3qa", "R1001-k7f3qa"),
        ("R1001", None),
        ("r1-k7f3qa", None),
        ("RMA-1001", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_number_of_the_hubs_own_binds(text: str | None, number: str | None) -> None:
    assert hub_number(text) == number


def test_the_manifest_is_sound_and_names_every_operation() -> None:
    assert lint(ROOT / "connectors" / "tryton" / "manifest.yaml") == []
    entry = registry.load("tryton")
    assert entry.problem == ""
    assert set(entry.capabilities.operations) == set(entry.manifest.operations)
    assert set(entry.capabilities.fetches) == set(entry.capabilities.polls) == set(streams.STREAMS)
    assert entry.capabilities.find
    assert entry.capabilities.check
    assert not entry.capabilities.webhook


def test_every_table_read_names_its_fields_once() -> None:
    for fields in (lookup.SALE_FIELDS, lookup.COMPLAINT_FIELDS, goods.SHIPMENT_FIELDS):
        assert len(fields) == len(set(fields))


def test_rest_names_the_company_and_never_the_key() -> None:
    rest = Rest(tryton_replay.SETTINGS, tryton_replay.Tape([]))  # type: ignore[arg-type]
    assert "simulated-key" not in json.dumps(rest.headers)
