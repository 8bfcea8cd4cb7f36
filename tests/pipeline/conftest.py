"""A hub on a fresh database whose lanes are worked off by hand, so that a test decides what happens when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.settings import Settings
from hub.store import inbox, lanes
from hub.store.database import Database
from tests.pipeline.fakes import systems


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    """Everything wired; no threads, no clock."""
    systems.register()
    database = Database(database_url)
    yield assemble_hub(Settings(data=tmp_path, database_url=database_url), database)
    database.close()


@pytest.fixture
def connect(hub: Hub) -> Callable[..., None]:
    """connect("web", "fake_shop", base_url=..., terms={...}): an account without a settle time, money on."""

    def make(name: str, connector: str, *, terms: dict[str, Any] | None = None, **settings: Any) -> None:
        wanted = {
            "connector": connector,
            "settings": {"secret": "s3cret", **settings},
            "terms": {"settle": 0, "money": True, **(terms or {})},
        }
        configuration.put(hub, name, wanted)

    return make


@pytest.fixture
def work(hub: Hub) -> Callable[..., int]:
    """work(): dispatch and work off every due lane until nothing is due; how many lanes there were."""

    def until_quiet(kinds: tuple[str, ...] = ("read", "tell", "fetch", "poll"), rounds: int = 200) -> int:
        done = 0
        for _ in range(rounds):
            dispatched = hub.database.run(inbox.dispatch).total
            taken = hub.database.run(lambda conn: lanes.claim(conn, kinds, "test", 50))
            if not taken and not dispatched:
                return done
            if taken:
                hub.handlers[taken[0].kind](taken)
                done += len(taken)
        raise AssertionError(f"still busy after {rounds} rounds")

    return until_quiet
