"""The table: on the screen, as JSON, and in README.md between its markers."""

from __future__ import annotations

import json
import os
import platform
import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measure import Line, Report, number

HERE = Path(__file__).parent
LATEST = HERE / "results" / "latest.json"
README = HERE / "README.md"
UNITS = {"times": "×"}
BEGIN, END = "<!-- table: written by `make bench` -->", "<!-- end of table -->"


def as_data(reports: Mapping[str, Report], parse: float, quick: bool) -> dict[str, Any]:
    """Everything that was found, with the conditions."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": {
            "processors": os.cpu_count(),
            "load": [round(load, 1) for load in os.getloadavg()],
            "python": platform.python_version(),
            "system": platform.machine(),
        },
        "versions": {name: version(name) for name in ("orjson", "msgspec", "psycopg", "granian", "dlt", "gunicorn")},
        "p_in_microseconds": round(parse * 1e6, 2),
        "benchmarks": {
            name: {
                "lines": [_plain(line) for line in report.lines],
                "notes": report.notes,
                "profile": report.profile.splitlines(),
            }
            for name, report in reports.items()
        },
    }


def _plain(line: Line) -> dict[str, Any]:
    return {
        "what": line.what,
        "unit": line.unit,
        "middle": round(line.measured.middle, 3),
        "rounds": [round(figure, 3) for figure in line.measured.rounds],
        "bound": line.bound,
        "bound_is": ("at least" if line.at_least else "at most") if line.bound is not None else None,
        "met": line.met,
    }


def merged(before: Path, data: dict[str, Any], order: Iterable[str]) -> dict[str, Any]:
    """What this run did not measure stays as an earlier one found it; `order`: of the benchmarks in the table."""
    try:
        known = json.loads(before.read_text("utf-8"))["benchmarks"]
    except (FileNotFoundError, ValueError, KeyError):
        known = {}
    found = {**known, **data["benchmarks"]}
    return {**data, "benchmarks": {name: found[name] for name in order if name in found}}


def write(data: dict[str, Any]) -> None:
    """latest.json and the README's table."""
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n{markdown(data)}\n{END}{after}", "utf-8")


def markdown(data: Mapping[str, Any]) -> str:
    """The generated part of the README."""
    machine = data["machine"]
    versions = ", ".join(f"{name} {found}" for name, found in data["versions"].items())
    rows = ["| benchmark | what | measured: middle (lowest–highest) | bound | met |", "|---|---|---|---|---|"]
    for name, report in data["benchmarks"].items():
        rows += [_row(name, line) for line in report["lines"]]
    return "\n".join(
        [
            textwrap.fill(
                f"Measured {data['at']}{' (--quick)' if data['quick'] else ''}: {machine['processors']} processors,"
                f" load {machine['load'][0]} at the end, Python {machine['python']}, {versions}."
                f" P was {data['p_in_microseconds']:.1f} µs.",
                120,
            ),
            "",
            *rows,
            "",
            *(_note(name, note) for name, report in data["benchmarks"].items() for note in report["notes"]),
        ]
    )


def _note(name: str, note: str) -> str:
    return textwrap.fill(f"- *{name}*: {note}", 120, subsequent_indent="  ", break_long_words=False)


def _row(name: str, line: Mapping[str, Any]) -> str:
    unit = UNITS.get(line["unit"], line["unit"])
    figures = f"{number(line['middle'])} {unit} ({number(min(line['rounds']))}–{number(max(line['rounds']))})"
    bound = (
        "" if line["bound"] is None else f"{'≥' if line['bound_is'] == 'at least' else '≤'} {line['bound']:g} {unit}"
    )
    met = {True: "yes", False: "**no**", None: ""}[line["met"]]
    return f"| {name} | {line['what']} | {figures} | {bound} | {met} |"


def printed(name: str, report: Report) -> str:
    """The same for a terminal."""
    width = max(len(line.what) for line in report.lines)
    rows = []
    for line in report.lines:
        bound = ""
        if line.bound is not None:
            bound = f"   {'>=' if line.at_least else '<='} {line.bound:g}: {'met' if line.met else 'NOT MET'}"
        rows.append(f"  {line.what:{width}}  {line.measured!s:>20} {line.unit}{bound}")
    return "\n".join([name, *rows])
