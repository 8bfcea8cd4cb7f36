"""Every manifest says where personal data stands and by what a person is found; recordings and a real hub prove it."""

# ruff: noqa: F401, F811 - fixtures of another folder
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml

from connectors.kit import places, registry
from connectors.kit.masking import EMAIL, hidden
from hub import configuration
from hub.boot import Hub
from hub.model.merge.questions import QUESTIONS
from hub.store import inbox, personal
from hub.store.arrival import Arrival
from hub.store.database import next_read_seq
from tests.connectors.test_recordings import RECORDINGS
from tests.dump import dump
from tests.pipeline.conftest import hub, work

CONNECTORS = Path(__file__).resolve().parents[2] / "connectors"
SYSTEMS = sorted(file.parent.name for file in CONNECTORS.glob("*/manifest.yaml"))
STREAMS = [(system, stream) for system in SYSTEMS for stream in registry.load(system).manifest.streams]
PEOPLE = frozenset(("customer", "buyer", "recipient", "receiver", "sender", "party", "contact"))
WORDS = frozenset(("note", "comment", "customernote", "internal_note", "message", "context"))
"""Fields in which people write what they like."""
NOBODYS = {
    "lastResult.message": "what the query came to",
    "message": "what the subscription came to",
    "joined.watch[].message": "the same",
    "joined.company": "a carrier",
    "joined.last.company": "a carrier",
    "returnLineItems.nodes[].returnReasonDefinition.name": "a reason of the library",
}
"""Flagged by their name, and about nobody."""
OFFERED = re.compile(f'"word":"({"|".join(sorted({word for words in QUESTIONS.values() for word in words}))})"')
"""The answers that a question of ours offers, as a return's document keeps them: a recording's clerk wrote "goodwill" as a
note, and it is one of them, too."""


def recorded(system: str, stream: str = "") -> list[dict[str, Any]]:
    """The recordings of a system (and stream), by their files' names."""
    found = [json.loads(path.read_text()) for path in RECORDINGS if path.parent.name == system]
    return [recording for recording in found if stream in ("", recording["stream"])]


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """(place, text) of every text and number in a record."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{at}[]")
    elif value not in (None, "") and not isinstance(value, bool):
        yield at, str(value)


def telling(place: str, text: str) -> bool:
    """Whether a field is personal by its shape or its name; ids of things are not."""
    *above, name = place.replace("[]", "").split(".")
    if EMAIL.search(text):
        return True
    if place in NOBODYS or name == "id" or name.lower().endswith(("_id", "_at")):
        return False
    person = name in ("name", "code") and above and above[-1].lower() in PEOPLE
    return person or hidden(name) or name.lower() in WORDS


@pytest.mark.parametrize(("system", "stream"), STREAMS, ids=["/".join(pair) for pair in STREAMS])
def test_every_stream_says_it_and_its_recordings_show_it(system: str, stream: str) -> None:
    written = yaml.safe_load((CONNECTORS / system / "manifest.yaml").read_text())["streams"][stream]
    assert {"personal", "customer"} <= set(written), "say it, also where it is []"
    records = [recording["record"] for recording in recorded(system, stream)]
    for place in (*written["personal"], *written["customer"]):
        jmespath.compile(place)
        assert any(_there(record, place.split(".")) for record in records), f"no recording has a {place}"


def _there(value: Any, way: list[str]) -> bool:
    """Whether a record has this field, be it null."""
    if not way:
        return True
    name, many = way[0].removesuffix("[]"), way[0].endswith("[]")
    if not isinstance(value, dict) or name not in value:
        return False
    return any(_there(item, way[1:]) for item in value[name] or ()) if many else _there(value[name], way[1:])


def _found(record: Any, place: str) -> list[Any]:
    """What JMESPath finds there, leaf by leaf."""
    return [text for _, text in leaves(jmespath.search(place, record))]


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_personal_in_a_recording_is_uncovered(system: str) -> None:
    manifest = registry.load(system).manifest
    left = {
        (recording["stream"], place)
        for recording in recorded(system)
        for place, text in leaves(places.masked(recording["record"], manifest.streams[recording["stream"]].personal))
        if text != "***" and telling(place, text)
    }
    assert left == set()


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_place_finds_what_jmespath_finds(system: str) -> None:
    manifest = registry.load(system).manifest
    for recording in recorded(system):
        stream = manifest.streams[recording["stream"]]
        for place in (*stream.personal, *stream.customer):
            assert list(places.values(recording["record"], [place])) == _found(recording["record"], place)


@pytest.mark.parametrize(
    "system", [pytest.param(system, marks=pytest.mark.proves("personal", system)) for system in SYSTEMS]
)
def test_a_persons_records_are_found_and_erased(system: str, hub: Hub, work: Callable[..., int]) -> None:
    """Every recording of a system goes through the pipeline; whoever is named at a customer's place is found there."""
    account, manifest, recordings = _connected(hub, system), registry.load(system).manifest, recorded(system)
    people: set[str] = set()
    said: set[str] = set()
    for recording in recordings:
        stream, record = manifest.streams[recording["stream"]], recording["record"]
        people |= {text for place in stream.customer for text in places.values(record, [place])}
        said |= set(places.values(record, stream.personal))
        _take(hub, account, recording)
    work(("process",))
    said -= {text for one in recordings for place, text in leaves(one["record"]) if place in NOBODYS}
    assert people, "nobody can be found"
    assert said, "nothing is personal"
    kept = dump(hub.database)
    assert [text for text in said if _stored(text) not in kept] == []
    for person in sorted(people):
        assert hub.privacy.find(f"{account}:{person}"), person
    for person in sorted(people):
        hub.privacy.erase(f"{account}:{person}", "tester")
    with hub.database.begin() as conn:
        streams = [(account, name) for name in manifest.streams]
        left = [
            (body.external_id, text)
            for body in personal.scan(conn, streams)
            for text in places.values(json.loads(body.body), manifest.streams[body.stream].personal)
        ]
    assert left == []
    _gone(hub, said)
    for recording in recordings:
        _take(hub, account, recording)
    work(("process",))
    _gone(hub, said)


def _gone(hub: Hub, said: set[str]) -> None:
    text = OFFERED.sub('"word":""', dump(hub.database))
    assert [(one, line) for one in said if len(one) > 7 for line in text.splitlines() if _stored(one) in line] == []


def _stored(text: str) -> str:
    """As it stands in JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _connected(hub: Hub, system: str) -> str:
    given = {**recorded(system)[0].get("settings", {})}
    manifest = registry.load(system).manifest
    lacking = {
        name: (setting.choices or ("http://127.0.0.1:9",))[0]
        for name, setting in manifest.settings.items()
        if setting.required and setting.default is None
    }
    shop = {"connector": "generic", "settings": {"kind": "storefront", "webhook_secret": "simulated"}}
    here = {"connector": system, "settings": {**lacking, **given}}
    configuration.apply(hub, {"accounts": {"web": shop, "here": here}})
    return "here"


def _take(hub: Hub, account: str, recording: dict[str, Any]) -> None:
    record = recording["record"]
    body = json.dumps(record, ensure_ascii=False).encode()
    name = str(record.get("id") or record.get("joined", {}).get("id"))
    with hub.database.begin() as conn:
        (drawn,) = next_read_seq(conn)
        arrival = Arrival.of(
            account=account, stream=recording["stream"], external_id=name, via="poll", body=body, read_seq=drawn
        )
        inbox.accept(conn, [arrival])
