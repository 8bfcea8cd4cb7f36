"""Bytes of one record to a validated canonical fragment, in P."""

from __future__ import annotations

import cProfile
import io
import pstats
from collections.abc import Callable

import msgspec

from benchmarks.account import reading
from benchmarks.measure import Line, Report, each, one_parse, ratio
from benchmarks.payload import payload
from connectors.kit import registry
from hub import schema
from hub.boot import dictionary
from hub.model.schema.fragment import Fragment
from hub.pipeline.process.translate import translate
from mappings import engine

BOUND = 6.0


def run(*, quick: bool) -> Report:
    """The stage as the pipeline calls it, and its three parts."""
    words = dictionary(registry.load("medusa").mapping)
    account = reading("web", words)
    body = payload()
    record = engine.read_json(body)
    fields = words.read("return", record, {}, account="web")
    stages: dict[str, Callable[[], object]] = {
        "bytes → validated fragment": lambda: translate(account, "return", body),
        "its part: JSON, exact": lambda: engine.read_json(body),
        "its part: mapping": lambda: words.read("return", record, {}, account="web"),
        "its part: validation": lambda: schema.fragment(fields, clean=True),
        "(conversion into types alone)": lambda: msgspec.convert(fields, Fragment, str_keys=False),
    }
    seconds = 0.03 if quick else 0.2
    used: dict[str, list[float]] = {name: [] for name in stages}
    parse: list[float] = []
    for _ in range(3 if quick else 11):
        for name, work in stages.items():
            used[name].append(each(work, seconds))
        parse.append(one_parse(seconds))
    lines = [
        Line("translate", name, "P", ratio(rounds, parse), BOUND if n == 0 else None)
        for n, (name, rounds) in enumerate(used.items())
    ]
    notes = [
        f"The record: {len(body)} bytes, {len(record['items'])} lines, {len(record['joined']['receipts'])} receipts."
    ]
    return Report(lines, notes, profiled(stages["bytes → validated fragment"], 2000))


def profiled(work: Callable[[], object], times: int, top: int = 14) -> str:
    """Where the time goes, by function (the profiler itself makes many small calls look dearer than they are)."""
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(times):
        work()
    profiler.disable()
    return table(profiler, top)


def table(profiler: cProfile.Profile, top: int) -> str:
    """The functions with the most time of their own, without this machine's paths."""
    text = io.StringIO()
    stats = pstats.Stats(profiler, stream=text)
    total = stats.total_tt  # type: ignore[attr-defined]
    rows = sorted(stats.stats.items(), key=lambda row: -row[1][2])[:top]  # type: ignore[attr-defined]
    for (file, line, function), (_, calls, own, cumulated, _) in rows:
        place = function if file == "~" else f"{_short(file)}:{line} {function}"
        text.write(f"{own / total:6.1%} own {cumulated / total:6.1%} with callees {calls:9d} calls  {place}\n")
    return text.getvalue()


def _short(file: str) -> str:
    return "/".join(file.replace("\\", "/").rsplit("/", 3)[-3:])
