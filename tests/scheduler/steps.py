"""What tests of the scheduler do again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scheduler.threads import Engine


def until(holds: Callable[[], Any]) -> None:
    """Wait for it; pytest's own time limit is the end of patience."""
    while not holds():
        time.sleep(0.01)


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    """The engine at work while inside."""
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()
