"""The suite's own promises: a run can be repeated by its seed, and a missing peer is never silent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RANDOM = """
from hypothesis import given, strategies as st
drawn = []
@given(st.lists(st.integers()))
def test_random(numbers):
    drawn.append(numbers)
def test_what_was_drawn(seed):
    print("DRAWN", seed, hash(str(drawn)))
"""
PEER = """
def test_with_peer(peer_unavailable):
    peer_unavailable("no such server here")
"""


def run(folder: Path, test: str, *options: str, **env: str) -> tuple[int, str]:
    """Run one test file with this suite's conftest in a process of its own."""
    file = folder / "test_it.py"
    file.write_text(test)
    environment = {**os.environ, "PYTHONHASHSEED": "0", "REQUIRE_PEERS": "", "HUB_SEED": "", **env}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-c", str(ROOT / "pyproject.toml"), f"--rootdir={folder}", *options, str(file)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def drawn(said: str) -> str:
    return said[said.index("DRAWN") :].splitlines()[0]


def test_each_run_has_a_fresh_seed_and_repeats_one_it_is_given(tmp_path: Path) -> None:
    _, first = run(tmp_path, RANDOM)
    _, second = run(tmp_path, RANDOM)
    seed = first.split("HUB_SEED=")[1].split()[0]
    assert drawn(first) != drawn(second)
    assert drawn(run(tmp_path, RANDOM, HUB_SEED=seed)[1]) == drawn(first)
    assert drawn(run(tmp_path, RANDOM, "--seed", seed)[1]) == drawn(first)


def test_a_missing_peer_is_skipped_loudly(tmp_path: Path) -> None:
    code, said = run(tmp_path, PEER)
    assert code == 0
    summary = said.split("NOT TESTED against real peers")[1]
    assert "test_it.py::test_with_peer: no such server here\n" in summary


def test_a_missing_peer_is_a_failure_where_peers_are_required(tmp_path: Path) -> None:
    code, said = run(tmp_path, PEER, REQUIRE_PEERS="1")
    assert code == 1
    assert "1 failed" in said
