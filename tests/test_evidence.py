"""A run's evidence: which marked tests passed, of which connector, with which files; and what a marker must not say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.kit import scaffold

CHECKOUT = Path(__file__).resolve().parent.parent
NAME = "my_shop"
CONFTEST = """
from pathlib import Path
from connectors.kit import registry
registry.HERE = Path(__file__).parent / "connectors"
registry.MAPPINGS = Path(__file__).parent / "mappings"
pytest_plugins = ["tests.evidence"]
"""
ENDINGS = """
import pytest
proves = pytest.mark.proves

@pytest.fixture
def breaks_late():
    yield
    raise RuntimeError

class TestShop:
    system = "my_shop"

    @proves("check")
    @proves("budgets")
    def test_passes(self): pass

    @proves("budgets")
    def test_fails(self): assert False

    @proves("budgets")
    def test_skips(self): pytest.skip("not here")

    @proves("budgets")
    @pytest.mark.xfail
    def test_is_expected_to_fail(self): assert False

    @proves("budgets")
    def test_breaks_when_it_is_cleared_away(self, breaks_late): pass

    @proves("budgets")
    def test_never_gets_to_run(self, no_such_fixture): pass

@proves("outside", "my_shop")
@pytest.mark.parametrize("n", [1, 2])
def test_names_its_connector(n): pass

def test_shows_nothing(): pass
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one new connector and a conftest that loads the plugin."""
    scaffold.write(NAME, tmp_path)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = proves(proof, *connectors): shows something\n")
    return tmp_path


def run(checkout: Path, tests: str, *more: str) -> tuple[int, str, dict[str, Any]]:
    """Run these tests in a process of their own: exit code, output, evidence."""
    (checkout / "test_it.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--evidence", "evidence.json", *more]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)
    file = checkout / "evidence.json"
    return done.returncode, done.stdout + done.stderr, json.loads(file.read_text()) if file.exists() else {}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_every_marked_test_is_there_with_how_it_ended(checkout: Path, workers: str) -> None:
    _, said, evidence = run(checkout, ENDINGS, "--numprocesses", workers)
    assert set(evidence) == {NAME}, said
    tests = {name.rpartition("::")[2]: test for name, test in evidence[NAME]["tests"].items()}
    assert {name: test["outcome"] for name, test in tests.items()} == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_skips": "skipped",
        "test_is_expected_to_fail": "xfailed",
        "test_breaks_when_it_is_cleared_away": "failed",
        "test_never_gets_to_run": "failed",
        "test_names_its_connector[1]": "passed",
        "test_names_its_connector[2]": "passed",
    }
    assert set(tests["test_passes"]["proves"]) == {"check", "budgets"}
    assert evidence[NAME]["at"].endswith(" UTC")


def test_a_run_that_stops_says_what_did_not_run(checkout: Path) -> None:
    _, _, evidence = run(checkout, ENDINGS, "-x")
    outcomes = [test["outcome"] for test in evidence[NAME]["tests"].values()]
    assert outcomes == ["passed", "failed", *["not run"] * 6]


def test_only_the_tests_of_a_connector(checkout: Path) -> None:
    scaffold.write("another", checkout)
    other = ENDINGS + "\n@proves('outside', 'another')\ndef test_of_another(): pass\n"
    _, said, evidence = run(checkout, other, "--proves", "another")
    assert "1 passed, 9 deselected" in said
    assert list(evidence) == ["another"]


def test_a_run_replaces_only_what_it_ran(checkout: Path) -> None:
    scaffold.write("another", checkout)
    marked = "import pytest\n@pytest.mark.proves('outside', {!r})\ndef test_it(): pass\n"
    (before,) = run(checkout, marked.format(NAME))[2].items()
    evidence = run(checkout, marked.format("another"))[2]
    assert set(evidence) == {NAME, "another"}
    assert (NAME, evidence[NAME]) == before
    run(checkout, "def test_it(): pass")
    assert run(checkout, "def test_it(): pass")[2] == evidence


def test_files_that_change_during_the_run_leave_no_evidence(checkout: Path) -> None:
    marked = "import pytest\n@pytest.mark.proves('outside', 'my_shop')\ndef test_it():\n    {}\n"
    assert set(run(checkout, marked.format("pass"))[2]) == {NAME}
    touch = "open('connectors/my_shop/README.md', 'a').write('more')"
    _, said, evidence = run(checkout, marked.format(touch))
    assert evidence == {}
    assert "no evidence of my_shop: its files changed while the tests ran; run them again" in said


@pytest.mark.parametrize(
    ("marker", "letter"),
    [
        ("'nonsense', 'my_shop'", "proves 'nonsense'; there are check, recordings"),
        ("'check', 'no_shop'", "proves something of no_shop: there is no such connector"),
        ("'check'", "proves 'check', but of which connector?"),
    ],
)
def test_a_marker_that_says_nothing_stops_the_run(checkout: Path, marker: str, letter: str) -> None:
    code, said, evidence = run(checkout, f"import pytest\n@pytest.mark.proves({marker})\ndef test_it(): pass\n")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert letter in said
    assert evidence == {}


def test_make_test_runs_a_second_time(tmp_path: Path) -> None:
    """What the first run wrote is there then: pytest takes a file that exists for a test to run, if it may."""
    (options,) = re.findall(r"-m pytest (-q .*) \$\(ARGS\)", (CHECKOUT / "Makefile").read_text())
    written = tmp_path / "evidence.json"
    written.write_text("{}")
    command = [sys.executable, "-m", "pytest", *options.replace(".evidence.json", str(written)).split(), "--markers"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
