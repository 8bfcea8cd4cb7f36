"""The demo takes its shop, its ERP and its hub along when it ends, however it is asked to."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub import demo
from hub.settings import Settings


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_stage_is_cleared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals) -> None:
    seen: list[str] = []

    @contextmanager
    def stage(*_: Any) -> Iterator[None]:
        seen.append("set up")
        try:
            yield
        finally:
            seen.append("cleared")

    monkeypatch.setattr(demo, "stage", stage)
    monkeypatch.setattr(demo, "_trickle", lambda *_: os.kill(os.getpid(), number))
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert demo.run(Settings(data=tmp_path, database_url=None), once=False) == 0
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert seen == ["set up", "cleared"]
