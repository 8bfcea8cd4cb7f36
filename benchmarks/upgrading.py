"""What migration 0018 costs on a large store: the tables as 0017 left them, filled, and brought to this version."""

from __future__ import annotations

import importlib
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from benchmarks import grown, home, templates
from benchmarks.measure import Line, Report, Spread, costing
from hub.store import triggers
from hub.store.database import Connection, Database, upgrade

MANY = 200_000
PER = 100_000
"""Returns that a line is about."""
SHOWN = 6
"""The dearest steps."""
THEN = {
    "returns_at_idx": "returns (at)",
    "returns_status_idx": "returns (status)",
    "returns_asking_idx": "returns (id) WHERE questions > 0",
    "sync_state_idx": "sync (state)",
    "attempts_account_at_idx": "attempts (account, at)",
    "reviews_open_idx": "reviews (kind) WHERE state = 'open'",
}
"""Indexes that 0018 drops."""


def run(*, quick: bool) -> Report:
    """Once: it cannot be done twice to a store."""
    count = 20_000 if quick else MANY
    with home.server() as server, home.fresh(server) as url:
        with templates.site(url) as site:
            grown.grow(site.hub.database, templates.make(site), count)
        database = Database(url)
        with database.begin() as conn:
            _back(conn)
        with database.autocommit() as conn:
            conn.exec_driver_sql("VACUUM (ANALYZE)")
        database.close()
        with costing(home.postmaster(server)) as cost, _steps() as steps:
            upgrade(url)
    share = count / PER
    per = f"per {PER:,} returns"
    lines = [
        Line("upgrade", f"from 0017, {per}, wall time", "s", Spread((cost.wall / share,))),
        Line("upgrade", f"the same, CPU of PostgreSQL and of the hub, {per}", "s", Spread((cost.cpu / share,))),
    ]
    for step, took in sorted(steps.items(), key=lambda item: -item[1])[:SHOWN]:
        lines.append(Line("upgrade", f"its part: {step}", "s", Spread((took / share,))))
    notes = [
        f"{count:,} returns (simulated, as for million), put back to what 0017 had, then `upgrade`; all in one"
        " transaction. The parts are wall time, too."
    ]
    return Report(lines, notes)


def _back(conn: Connection) -> None:
    """What 0018 and those after it made is gone, what they dropped is there."""
    migration = importlib.import_module("hub.store.migrations.versions.0018_million")
    for table in triggers.COUNTED:
        for action in ("insert", "update", "delete"):
            conn.exec_driver_sql(f"DROP FUNCTION count_{table}_{action}() CASCADE")
    for name in migration.INDEXES:
        conn.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    conn.exec_driver_sql("DROP TABLE search_words, counts, held_names")
    conn.exec_driver_sql("ALTER TABLE sync DROP COLUMN shown")
    conn.exec_driver_sql("ALTER TABLE inbox RENAME COLUMN notification TO hint")
    for name, on in THEN.items():
        conn.exec_driver_sql(f"CREATE INDEX {name} ON {on}")
    conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0017'")


@contextmanager
def _steps() -> Iterator[dict[str, float]]:
    """Seconds by what a statement begins with."""
    took: dict[str, float] = defaultdict(float)
    begun: list[float] = []

    def before(*_: Any) -> None:
        begun.append(time.perf_counter())

    def after(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        took[" ".join(statement.split()[:5]).partition(" (")[0]] += time.perf_counter() - begun.pop()

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield took
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)
