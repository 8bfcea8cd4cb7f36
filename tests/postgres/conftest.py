"""Servers of these tests' own, which they may kill."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.postgres import Server, binaries, owner, pidfile

CHECKOUT = Path(__file__).resolve().parents[2]
#: Holds the server on the folder given, says so, and lets go when its input ends.
HOLDER = """
import sys
from pathlib import Path
from hub.postgres import Server
with Server(Path(sys.argv[1])).hold() as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder the server's user can reach (pytest's own temporary folders are closed to it)."""
    path = Path(tempfile.mkdtemp(prefix="returns-hub-test-"))
    if os.geteuid() == 0:
        path.chmod(0o711)
    yield path
    data = path / "hub" / "data"
    if (running := pidfile.read(data)) and running.is_ours(data):
        programs = binaries.find(owner.find_owner(), path)
        owner.find_owner().run([programs / "pg_ctl", "stop", "-D", data, "-m", "immediate"])
    shutil.rmtree(path)


@pytest.fixture
def server(folder: Path) -> Server:
    return Server(folder / "hub")


@pytest.fixture
def start_holder(folder: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start another process that holds the server until its input is closed."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder / "hub")],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
