"""The demo's wiring, all but Tryton: the hub of the play and the `hub serve` beside it are on the database that is named."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.demo.play import pair
from hub.demo.stage import SCHEMA, stage
from hub.settings import Settings
from hub.store import console as pages
from hub.store.database import Database


class NoTryton:
    """Stands where the real Tryton stands (simulated): an address at which nobody answers."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.settings = {"base_url": "http://127.0.0.1:9", "database": "none", "key": "simulated-key", "company": 1}
        self.facts: dict[str, Any] = {}

    def start(self, *, fresh: bool) -> NoTryton:
        return self

    def admin(self) -> Any:
        return SimpleNamespace()

    def stop(self) -> None:
        pass


def count(database: Database, query: str) -> int:
    with database.begin() as conn:
        return int(conn.exec_driver_sql(query).scalar_one())


def test_the_demo_plays_in_the_database_that_is_named_and_leaves_nothing_there(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, since every play begins on an empty stage."""
    monkeypatch.setattr(import_module("hub.demo.stage"), "Tryton", NoTryton)
    named = Database(database_url)
    for _ in range(2):
        with stage(Settings(data=tmp_path, database_url=database_url, listen="127.0.0.1:0"), print, pair) as scene:
            order = scene.cast.shop.place({"SCARF": 1})
            scene.cast.shop.ask_back(order["id"], {order["items"][0]["id"]: 1}, "too_small")
            while not (found := returns(scene.hub.database)):  # its webhook reached the other process
                time.sleep(0.1)
            assert [row.id for row in found] == [1001]
            assert count(named, f"SELECT count(*) FROM {SCHEMA}.returns") == 1
            assert count(named, "SELECT count(*) FROM public.returns") == 0
        assert count(named, f"SELECT count(*) FROM pg_namespace WHERE nspname = '{SCHEMA}'") == 0
    assert count(named, "SELECT count(*) FROM public.accounts") == 0
    named.close()


def returns(database: Database) -> Any:
    with database.begin() as conn:
        return pages.search(conn).rows
