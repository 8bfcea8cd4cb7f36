"""Every mapping: bytes of one record of each stream to a validated fragment."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson

from benchmarks.account import reading
from benchmarks.measure import Line, Report, Spread, each, number, one_parse, ratio
from benchmarks.pushes import RECORDINGS
from benchmarks.translating import BOUND
from connectors.kit import registry
from hub.boot import dictionary
from hub.pipeline.process.translate import translate

ITEMS = 6
"""In a record's largest list: as many as payload.json has lines."""
WHAT = (
    "Per connector the dearest of its streams, first in P, then in parses of the record's own body (own P). A record"
    " that is larger than the payload is judged in own P only. The records: of each stream the largest recording of"
    f" tests/connectors, its largest list repeated to {ITEMS} items (simulated). All streams:"
)


class Sample(NamedTuple):
    """The largest record of one stream, and the account that reads it."""

    account: Any
    stream: str
    body: bytes


def run(*, quick: bool) -> Report:
    """All streams of all connectors in turn. Of each connector the stream that is dearest in P is shown."""
    found = samples()
    seconds = 0.01 if quick else 0.05
    used: dict[tuple[str, str], list[float]] = {name: [] for name in found}
    own: dict[tuple[str, str], list[float]] = {name: [] for name in found}
    parse: list[float] = []
    for _ in range(3 if quick else 11):
        for name, sample in found.items():
            used[name].append(each(_translating(sample), seconds))
            own[name].append(each(_parsing(sample), seconds))
        parse.append(one_parse(seconds))
    by_p = {name: ratio(used[name], parse) for name in found}
    by_own = {name: ratio(used[name], own[name]) for name in found}
    lines, notes = [], [WHAT]
    for system in dict.fromkeys(system for system, _ in found):
        streams = [name for name in found if name[0] == system]
        # A record larger than the payload is measured by its own parse.
        judged = {name: min(by_p[name], by_own[name], key=lambda spread: spread.middle) for name in streams}
        for figures, unit in ((judged, "P"), (by_own, "own P")):
            stream = max(streams, key=lambda name, figures=figures: figures[name].middle)  # type: ignore[misc]
            size = f"{number(len(found[stream].body) / 1000)} KB"
            lines.append(Line("mappings", f"{system}: {stream[1]} ({size})", unit, figures[stream], BOUND))
        sizes = (
            f"{name[1]} {len(found[name].body)} bytes, {number(Spread(tuple(used[name])).middle * 1e6)} µs,"
            f" {number(by_p[name].middle)} P, {number(by_own[name].middle)} own P"
            for name in streams
        )
        notes.append(f"{system}: {'; '.join(sizes)}.")
    return Report(lines, notes)


def samples() -> dict[tuple[str, str], Sample]:
    """By system and stream."""
    found: dict[tuple[str, str], Sample] = {}
    for file in sorted(RECORDINGS.glob("*/*.json")):
        recording = json.loads(file.read_text("utf-8"))
        if file.name.endswith(".expected.json") or not (
            isinstance(recording, dict) and {"stream", "record"} <= recording.keys()
        ):
            continue
        name = (file.parent.name, recording["stream"])
        body = json.dumps(grown(recording["record"]), ensure_ascii=False, separators=(",", ":")).encode()
        if name not in found or len(body) > len(found[name].body):
            words = dictionary(registry.load(file.parent.name).mapping)
            account = reading(recording.get("account", "here"), words, recording.get("settings", {}))
            found[name] = Sample(account, recording["stream"], body)
    return found


def grown(record: Any) -> Any:
    """The record with its largest list of objects repeated, each item with an id of its own."""
    made = copy.deepcopy(record)
    items = max(_lists(made), key=lambda found: len(json.dumps(found)), default=[])
    for n in range(ITEMS - len(items) if items else 0):
        item = copy.deepcopy(items[n])
        if isinstance(item.get("id"), str):
            item["id"] = f"{item['id'][:-1]}{n}"
        items.append(item)
    return made


def _lists(value: Any) -> Iterator[list[Any]]:
    """Lists of objects that lie in no other list."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _lists(inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield value


def _translating(sample: Sample) -> Callable[[], object]:
    return lambda: translate(*sample)


def _parsing(sample: Sample) -> Callable[[], object]:
    return lambda: orjson.loads(sample.body)
