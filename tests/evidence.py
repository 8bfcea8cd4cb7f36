"""What a run shows of each connector, written down for `hub connectors grade`: which marked tests passed, of which files.

A test that shows something is marked `@pytest.mark.proves("<proof>")` (connectors/kit/grading/rules.py names the proofs).
In a class with an attribute `system` it shows it of that connector, else the marker names them: `proves("echo", "square")`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.kit import grading, registry
from connectors.kit.grading import PROOFS, Report, Shown
from connectors.kit.grading.evidence import PASSED, modules, now

NOT_RUN = "not run"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--evidence", metavar="FILE", help="write what the marked tests show into this file")
    parser.addoption(
        "--proves", action="append", metavar="CONNECTOR", help="only the tests that show something of this connector"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.option.evidence is not None and not config.option.collectonly:
        config.pluginmanager.register(Keeper(config, config.rootpath / config.option.evidence))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    names = frozenset(registry.names())
    shown = {item: shows(item, names) for item in items}
    wanted = set(config.option.proves or ())
    if wanted:
        config.hook.pytest_deselected(items=[item for item in items if not wanted & shown[item].keys()])
        items[:] = [item for item in items if wanted & shown[item].keys()]


def shows(item: pytest.Item, known: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """By known connector, what this test shows of it. Raises UsageError where a marker names what there is not."""
    found: dict[str, dict[str, None]] = {}
    for marker in item.iter_markers("proves"):
        name, *systems = marker.args
        if name not in PROOFS:
            raise pytest.UsageError(f"{item.nodeid} proves {name!r}; there are {', '.join(PROOFS)}")
        unknown = set(systems) - known
        if unknown:
            raise pytest.UsageError(
                f"{item.nodeid} proves something of {', '.join(unknown)}: there is no such connector"
            )
        own = getattr(getattr(item, "cls", None), "system", None)
        for system in systems or [own]:
            if system is None:
                raise pytest.UsageError(f"{item.nodeid} proves {name!r}, but of which connector?")
            found.setdefault(system, {})[name] = None
    return {system: tuple(names) for system, names in found.items() if system in known}


class Keeper:
    """Keeps how each marked test ended, and writes it down at the end if the files stayed as they were.

    Where several workers share a run, each hands what it saw to the process that began it, which writes.
    """

    def __init__(self, config: pytest.Config, file: Path) -> None:
        self.config, self.file = config, file
        self.tests: dict[str, dict[str, Shown]] = {}
        self.before: dict[str, str] = {}
        self.moved: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        names = frozenset(registry.names())
        for item in session.items:
            for system, proves in shows(item, names).items():
                self.tests.setdefault(system, {})[item.nodeid] = Shown(proves, NOT_RUN)
        self.before = {system: self._digest(system) for system in self.tests}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for tests in self.tests.values():
            if report.nodeid in tests:
                known = tests[report.nodeid]
                tests[report.nodeid] = Shown(known.proves, outcome(report, known.outcome))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended (pytest-xdist); one that died hands over nothing."""
        handed = getattr(node, "workeroutput", {}).get("evidence", {})
        for system, (before, tests) in handed.items():
            self.before[system] = before
            mine = self.tests.setdefault(system, {})
            for name, seen in tests.items():
                shown = msgspec.convert(seen, Shown)
                if name not in mine or mine[name].outcome == NOT_RUN:
                    mine[name] = shown

    def pytest_sessionfinish(self) -> None:
        if hasattr(self.config, "workeroutput"):
            seen = {system: (self.before[system], tests) for system, tests in self.tests.items()}
            self.config.workeroutput["evidence"] = msgspec.to_builtins(seen)
            return
        known = grading.read(self.file)
        for system, tests in self.tests.items():
            if not ran(tests.values()):
                continue
            known.pop(system, None)
            if self._digest(system) == self.before[system]:
                known[system] = Report(self.before[system], now(), tests)
            else:
                self.moved.append(system)
        grading.write(self.file, known)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for system in self.moved:
            terminalreporter.line(f"no evidence of {system}: its files changed while the tests ran; run them again")

    def _digest(self, system: str) -> str:
        return grading.subject(system).digest(modules(self.tests[system]))


def outcome(report: pytest.TestReport, before: str) -> str:
    """How a test stands after one more of its three phases: a phase that failed or was skipped has the last word."""
    if hasattr(report, "wasxfail"):
        return "xpassed" if report.passed else "xfailed"
    if before not in (NOT_RUN, PASSED):
        return before
    if report.passed:
        return PASSED if report.when == "call" else before
    return report.outcome


def ran(tests: Iterable[Shown]) -> bool:
    return any(test.outcome != NOT_RUN for test in tests)
