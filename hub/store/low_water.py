"""Where claiming begins to read: a queue's index is full of entries whose rows are gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hub.store.connection import Connection

BEGIN = (datetime(1970, 1, 1, tzinfo=UTC), 0)


@dataclass
class LowWater:
    """Where claiming begins to read, per kind: below it every job is gone, only dead index entries are left.

    While a long snapshot is held nothing can clean those up, and every claim would read them all again.
    """

    _floor: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    _next: dict[str, tuple[tuple[datetime, int], int]] = field(default_factory=dict)

    def floor(self, kind: str) -> tuple[datetime, int]:
        """(due, id) of the first job that can be there."""
        return self._floor.get(kind, BEGIN)

    def advance(self, conn: Connection, kind: str) -> None:
        """Look where the first job is; believe it when every transaction that was under way then has ended.

        The ten seconds are for one that had read the clock and not yet written: longer than it may wait for a lock.
        """
        begin = self.floor(kind)
        due, job, oldest, mine = conn.exec_driver_sql(
            "SELECT least(l.due, statement_timestamp() - interval '10 seconds'),"
            " CASE WHEN l.due < statement_timestamp() - interval '10 seconds' THEN l.id ELSE 0 END,"
            " pg_snapshot_xmin(s)::text::bigint, pg_current_xact_id()::text::bigint FROM pg_current_snapshot() AS s"
            " LEFT JOIN LATERAL (SELECT due, id FROM jobs WHERE kind = %(k)s AND (due, id) >= (%(d)s, %(i)s)"
            " ORDER BY due, id LIMIT 1) AS l ON true",
            {"k": kind, "d": begin[0], "i": begin[1]},
        ).one()
        if kind in self._next and oldest >= self._next[kind][1]:
            self._floor[kind] = self._next.pop(kind)[0]
        if kind not in self._next and (due, job) > begin:
            self._next[kind] = ((due, job), mine)
