"""A server that ends by itself is started again; why it does not start is told once, however often it is tried."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hub.postgres import PostgresError, keeper


class Dead:
    """A server that is found dead, and does not start until its disk has room."""

    def __init__(self, full: int) -> None:
        self.full = full
        self.dead = True
        self.tries: list[float] = []

    def runs(self) -> bool:
        return not self.dead

    def restore(self) -> None:
        self.tries.append(time.monotonic())
        if len(self.tries) <= self.full:
            raise PostgresError("PostgreSQL did not start: No space left on device")
        self.dead = False


def test_why_it_does_not_start_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "LOOK", 0.01)
    monkeypatch.setattr(keeper, "RESTS", (0.01, 0.02, 0.1))
    server: Any = Dead(full=6)
    said: list[str] = []
    with keeper.kept(server, said.append):
        until = time.monotonic() + 30
        while server.dead and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
    assert [line.split(";")[0].split(":")[0].split(",")[0] for line in said] == [
        "the database server has ended by itself",
        "PostgreSQL did not start",
        "the database server runs again",
    ]
    rests = [after - before for before, after in zip(server.tries, server.tries[1:], strict=False)]
    assert max(rests[:2]) < 0.1 <= min(rests[2:])
