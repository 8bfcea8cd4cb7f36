"""What a database server was asked meanwhile, read off its own log: each statement, and how long it took there.

The hub's wheel of PostgreSQL has no pg_stat_statements. Writing the log takes time, so nothing else is timed meanwhile.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from hub.postgres import Server

LINE = re.compile(
    r"^\S+ \S+ \S+ \[\d+\] LOG:  duration: ([\d.]+) ms(?:  (parse|bind|execute|statement)[^:]*: (.*(?:\n\t.*)*))?",
    re.MULTILINE,
)
COUNTED = ("execute", "statement")
"""What is a statement; that it was parsed and bound before is only time."""
SHOWN = 110


class Statements:
    """How often each was asked, and the milliseconds it took."""

    def __init__(self) -> None:
        self.count: dict[str, int] = defaultdict(int)
        self.took: dict[str, float] = defaultdict(float)

    def read(self, log: str) -> None:
        """Add what such a log tells."""
        for took, kind, text in LINE.findall(log):
            if kind:
                said = " ".join(text.split())
                self.count[said] += kind in COUNTED
                self.took[said] += float(took)

    @property
    def total(self) -> int:
        return sum(self.count.values())

    def table(self, flows: int) -> str:
        """Where they go, for each of so many flows, the dearest first."""
        rows = [f"{'a flow':>8} {'ms':>8}  statement"]
        rows += [
            f"{self.count[said] / flows:8.2f} {took / flows:8.3f}  {said[:SHOWN]}"
            for said, took in sorted(self.took.items(), key=lambda each: -each[1])
        ]
        rows.append(f"{self.total / flows:8.2f} {sum(self.took.values()) / flows:8.3f}  in all")
        return "\n".join(rows)


@contextmanager
def logged(server: Server) -> Iterator[Statements]:
    """All statements of this server meanwhile; they are there at the end."""
    found = Statements()
    begin = {log: log.stat().st_size for log in _logs(server)}
    _set(server, "ALTER SYSTEM SET log_min_duration_statement = 0")
    try:
        yield found
    finally:
        _set(server, "ALTER SYSTEM RESET log_min_duration_statement")
    for log in _logs(server):
        found.read(log.read_bytes()[begin.get(log, 0) :].decode(errors="replace"))


def _logs(server: Server) -> list[Path]:
    return sorted((server.data / "log").glob("*.log"))


def unlogged(server: Server) -> psycopg.Connection:
    """A connection to the hub's database whose own statements are not counted."""
    return psycopg.connect(server.url(), autocommit=True, options="-c log_min_duration_statement=-1")


def _set(server: Server, statement: str) -> None:
    with unlogged(server) as conn:
        conn.execute(statement)
        conn.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)  # until every process of it knows
