"""What every test can use: this run's seed, and a loud way to say that a peer cannot be had."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from typing import Any, NoReturn

import hypothesis
import pytest

pytest_plugins = ["tests.databases", "tests.evidence", "tests.workers"]

NO_PEER = "PEER UNAVAILABLE: "

hypothesis.settings.register_profile("hub", deadline=None, print_blob=True)
hypothesis.settings.load_profile("hub")


# -- the seed: fresh each run, printed, and accepted again


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="repeat a run: the seed it printed first (or HUB_SEED)")
    parser.addoption(
        "--fuzz", type=int, default=15_000, help="evaluations of the differential fuzz (a full run: 200000)"
    )
    parser.addoption("--scenarios", type=int, default=3, help="random scenarios over the real servers")
    parser.addoption("--seeds", type=int, default=2, help="runs of the crash test (a full run: 20)")
    parser.addoption("--laws", type=int, default=12, help="examples of the laws of delivery (a full run: 300)")
    parser.addoption("--accept", action="store_true", help="write generated texts and snapshots anew, to be reviewed")


@pytest.hookimpl(tryfirst=True)  # before hypothesis' own plugin reads its option
def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.option.seed = config.workerinput["seed"]
    if config.option.seed is None:
        config.option.seed = int(os.environ.get("HUB_SEED") or secrets.randbelow(2**32))
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(config.option.seed)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All workers that share a run (pytest-xdist) have its seed."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_sessionstart(session: pytest.Session) -> None:
    """Print the seed; not as a report header, which -q swallows."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line(
            f"seed: {session.config.option.seed} (HUB_SEED={session.config.option.seed} repeats this run)"
        )


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """This run's seed, for `random.Random(seed)`."""
    return int(request.config.option.seed)


# -- peers: real servers that may not be had everywhere


@pytest.fixture(scope="session")
def peer_unavailable() -> Callable[[str], NoReturn]:
    """Call it with the reason when a real peer cannot be had: a loud skip, or a failure under REQUIRE_PEERS=1."""

    def tell(reason: str) -> NoReturn:
        if os.environ.get("REQUIRE_PEERS") == "1":
            pytest.fail(f"{NO_PEER}{reason} (REQUIRE_PEERS=1 makes this a failure)", pytrace=False)
        pytest.skip(f"{NO_PEER}{reason}")

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if NO_PEER in str(report.longrepr)]
    if skipped:
        terminalreporter.section("NOT TESTED against real peers", sep="!", red=True)
        for report in skipped:
            terminalreporter.line(
                f"{report.nodeid}: {str(report.longrepr).partition(NO_PEER)[2].rstrip(')' + chr(39))}"
            )
