"""The invented system `loopline`, found as another package's entry point."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from connectors.kit import registry


@pytest.fixture
def entry_points(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """What other packages offer; add to it."""
    points = [EntryPoint("loopline", "tests.kit.loopline", registry.GROUP)]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])
    yield points
    registry.close()
    for point in points:
        registry._known.pop(point.name, None)


@pytest.fixture
def loopline(entry_points: Any) -> registry.Entry:
    return registry.load("loopline")
