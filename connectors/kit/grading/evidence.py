"""What the tests of one run showed, per connector, and of which files: nothing counts of other files than today's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from connectors.kit.grading.subject import Subject

FILE = ".evidence.json"
PASSED = "passed"


class Shown(msgspec.Struct, frozen=True):
    """One marked test: what it shows, and how it ended (passed, failed, skipped, xfailed, not run)."""

    proves: tuple[str, ...]
    outcome: str


class Report(msgspec.Struct, frozen=True):
    """The marked tests of one connector in one run, by pytest's names. `files` is a digest, `at` says when, in UTC."""

    files: str
    at: str
    tests: Mapping[str, Shown]


Evidence = dict[str, Report]


def modules(tests: Mapping[str, object]) -> set[str]:
    """The files that these tests stand in."""
    return {name.partition("::")[0] for name in tests}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def read(file: Path) -> Evidence:
    """The evidence in a file; none where there is no file. Raises ValueError where it is no evidence."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Evidence)
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as problem:
        raise ValueError(f"{file} is no evidence of a test run ({problem}); delete it and run `make test`") from problem


def write(file: Path, evidence: Evidence) -> None:
    """Whole or not at all: whoever reads it meanwhile reads the old one."""
    beside = file.with_name(f"{file.name}.new")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(evidence)) + b"\n")
    beside.replace(file)


def of(subject: Subject, evidence: Evidence) -> tuple[Report | None, str]:
    """The report that counts for this connector's files of today, or none and why."""
    report = evidence.get(subject.name)
    if report is None:
        return None, f"no test run has shown anything of {subject.name}"
    if report.files != subject.digest(modules(report.tests)):
        return None, f"the tests of {report.at} ran with other files than {subject.name} has now"
    return report, ""
