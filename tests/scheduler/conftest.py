"""A database of the test's own, and worker processes that may be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.store.database import Database

CHECKOUT = Path(__file__).resolve().parent.parent.parent

Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def spawn(database_url: str) -> Iterator[Spawn]:
    """Start a worker process (tests/scheduler/worker.py) with these options; it has said "ready" when this returns."""
    started: list[subprocess.Popen[str]] = []

    def start(**options: float) -> subprocess.Popen[str]:
        command = [sys.executable, str(CHECKOUT / "tests/scheduler/worker.py"), database_url]
        process = subprocess.Popen(
            [*command, *(f"{name}={value}" for name, value in options.items())],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
