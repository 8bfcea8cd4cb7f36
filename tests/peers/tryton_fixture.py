"""A real Tryton for a test file: installed and seeded once per checkout, a fresh copy of its data for each file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from hub.demo.tryton_people import People
from hub.demo.tryton_server import Running, Tryton, TrytonFailed

PEERS = Path(__file__).resolve().parents[2] / ".peers" / "tryton"


@pytest.fixture(scope="module")
def running(peer_unavailable: Callable[[str], NoReturn]) -> Iterator[Running]:
    server = Tryton(PEERS, name=f"alone-{os.getpid()}")
    try:
        server.prepare()
    except (TrytonFailed, OSError) as error:
        peer_unavailable(f"Tryton cannot be installed here: {error}")
    try:
        yield server.start(fresh=True)
    finally:
        server.stop()
        shutil.rmtree(server.data, ignore_errors=True)


@pytest.fixture(scope="module")
def people(running: Running) -> People:
    return People(running.admin(), running.facts)
