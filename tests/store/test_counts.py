"""What is counted as it changes is what there is, whoever changes it, and however often it is summed up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hub.store import counts
from hub.store.connection import Connection
from hub.store.database import Database

CHANGES = (
    "INSERT INTO accounts (name, connector, mapping) VALUES ('web', 'g', 'g'), ('erp', 'g', 'g')",
    "INSERT INTO returns (status, opened) SELECT 'requested', n % 3 > 0 FROM generate_series(1, 30) AS n",
    "INSERT INTO sync (return_id, account, job) SELECT id, name, 'x' FROM returns, accounts",
    "INSERT INTO returns (id, status, opened) VALUES (1001, 'completed', true), (5000, 'draft', true)"
    " ON CONFLICT (id) DO UPDATE SET status = excluded.status, opened = true",
    "UPDATE sync SET state = 'in_sync', wanted = 1, done = 1 WHERE account = 'web'",
    "UPDATE sync SET wanted = 2 WHERE return_id < 1006",
    """UPDATE sync SET undeliverable = '[{}]' WHERE return_id = 1009""",
    "UPDATE returns SET opened = false, status = 'merged' WHERE id IN (1003, 1004)",
    "DELETE FROM sync WHERE return_id = 1005",
    "DELETE FROM returns WHERE id = 1005",
)
COUNTED = {
    "returns": "SELECT '', status, count(*) FROM returns WHERE opened GROUP BY status",
    "sync": "SELECT account, shown, count(*) FROM sync GROUP BY account, shown",
}


def right(conn: Connection) -> bool:
    counted = {what: {(a, s): n for a, s, n in conn.exec_driver_sql(query)} for what, query in COUNTED.items()}
    return counted == {what: counts.of(conn, what) for what in COUNTED}


def test_after_every_change_the_sums_are_right(database: Database) -> None:
    for change in CHANGES:
        with database.begin() as conn:
            conn.exec_driver_sql(change.replace("%", "%%"))
        with database.begin() as conn:
            assert right(conn), change
    with database.begin() as conn:
        before = {what: counts.of(conn, what) for what in COUNTED}
        assert before["sync"]["web", "pending"], "raised, and not told yet"
        assert before["sync"]["web", "blocked"] == 1, "what cannot be told is not in sync"
        counts.fold(conn)
        rows = conn.exec_driver_sql("SELECT count(*), count(DISTINCT (what, account, state)) FROM counts").one()
        assert rows[0] == rows[1]
        assert {what: counts.of(conn, what) for what in COUNTED} == before


def test_many_change_and_sum_up_at_once(database: Database) -> None:
    def change(n: int) -> None:
        with database.begin() as conn:
            conn.exec_driver_sql(
                "INSERT INTO returns (status, opened) VALUES (%(s)s, true), ('draft', true)", {"s": f"status {n % 3}"}
            )
        with database.begin() as conn:
            counts.fold(conn)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(change, range(40)))
    with database.begin() as conn:
        assert right(conn)
        assert sum(counts.of(conn, "returns").values()) == 80
