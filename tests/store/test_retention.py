"""Every table says how long it keeps its rows; what is over goes in small batches, what is needed stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.settings import Settings
from hub.store import raw, retention
from hub.store.connection import Connection
from hub.store.database import Database
from hub.store.retention import BATCH, EVERY, TABLE, Purge
from hub.store.tables import metadata

SETTINGS = Settings()
A_DAY = 10_000_000
"""Messages; each may leave a row in `seen`, `attempts` and `journal`."""
SCALE = 100
RETURNS = "INSERT INTO returns (id, opened, is_open) OVERRIDING SYSTEM VALUE VALUES (1, true, true), (2, true, false)"


def test_every_table_has_a_line_and_every_line_a_table() -> None:
    assert set(TABLE) == set(metadata.tables)
    assert all(kept.until and kept.why for kept in TABLE.values())


def test_what_is_set_from_outside_is_a_setting() -> None:
    named = {kept.going.days for kept in TABLE.values() if kept.going and isinstance(kept.going.days, str)}
    assert all(isinstance(getattr(SETTINGS, name), int) for name in named)
    text = " ".join(kept.until for kept in TABLE.values())
    assert all(f"HUB_{name.upper()}" in text for name in {*named, "keep_raw"})


OLD = "clock_timestamp() - interval '3000 days'"
ROWS = {
    "journal": [
        (f"(return_id, stage, text, at) VALUES (2, 'merge', 'over', {OLD})", True),
        (f"(return_id, stage, text, at) VALUES (NULL, 'erase', 'of nobody', {OLD})", True),
        (f"(return_id, stage, text, at) VALUES (1, 'merge', 'open', {OLD})", False),
        (f"(return_id, stage, text, at, detail) VALUES (2, 'link', 'may be undone', {OLD}, '{{}}')", False),
        ("(return_id, stage, text) VALUES (2, 'merge', 'young')", False),
    ],
    "intents": [
        (f"(return_id, account, kind, operation, call, state, changed_at) VALUES (2, 'w', 'k', '{{}}', '{{}}', 'done', {OLD})", True),
        (f"(return_id, account, kind, operation, call, state, changed_at) VALUES (1, 'w', 'k', '{{}}', '{{}}', 'done', {OLD})", False),
        (f"(return_id, account, kind, operation, call, state, changed_at) VALUES (2, 'w', 'k', '{{}}', '{{}}', 'dead', {OLD})", False),
        ("(return_id, account, kind, operation, call, state) VALUES (2, 'w', 'k', '{}', '{}', 'done')", False),
    ],
    "reviews": [
        (f"(kind, returns, text, dedupe, state, at) VALUES ('k', '[2]', 'over', 'a', 'answered', {OLD})", True),
        (f"(kind, returns, text, dedupe, state, at) VALUES ('k', '[]', 'of a person', 'b', 'erased', {OLD})", True),
        (f"(kind, returns, text, dedupe, state, at) VALUES ('k', '[2, 1]', 'one is open', 'c', 'answered', {OLD})", False),
        (f"(kind, returns, text, dedupe, state, at) VALUES ('k', '[2]', 'waits', 'd', 'open', {OLD})", False),
        ("(kind, returns, text, dedupe, state) VALUES ('k', '[2]', 'young', 'e', 'settled')", False),
    ],
    "attempts": [
        (f"(account, what, outcome, at) VALUES ('w', 'poll', 'ok', {OLD})", True),
        ("(account, what, outcome) VALUES ('w', 'poll', 'ok')", False),
    ],
    "seen": [
        ("(account, digest, day) VALUES ('w', '\\x00', current_date - 31)", True),
        ("(account, digest, day) VALUES ('w', '\\x01', current_date - 29)", False),
    ],
    "ticks": [
        (f"(task, slot, at) VALUES ('t', 1, {OLD})", True),
        ("(task, slot) VALUES ('t', 2)", False),
    ],
}  # fmt: skip


def test_every_line_that_takes_something_away_is_tried() -> None:
    assert set(ROWS) == {name for name, kept in TABLE.items() if kept.going}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_over_goes_and_what_is_needed_stays(conn: Connection, name: str) -> None:
    conn.exec_driver_sql(RETURNS)
    for row, _ in ROWS[name]:
        conn.exec_driver_sql(f"INSERT INTO {name} {row}")
    purge = Purge(SETTINGS)
    assert purge(conn)[name] == sum(goes for _, goes in ROWS[name])
    assert purge(conn)[name] == 0
    assert conn.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() == sum(not goes for _, goes in ROWS[name])


def test_a_hundredth_of_ten_million_messages_is_gone_within_a_hundredth_of_a_day(database: Database) -> None:
    """Counted in batches, not in time; old rows that have to stay are in front of them."""
    rows, stay = A_DAY // SCALE, 2 * BATCH + 7
    with database.begin() as conn:
        conn.exec_driver_sql(RETURNS)
        for statement, count in {
            "INSERT INTO journal (return_id, stage, text, at) SELECT 1, 'merge', 'open', clock_timestamp() - interval"
            " '4000 days' FROM generate_series(1, %(n)s) n": stay,
            "INSERT INTO journal (return_id, stage, text, at) SELECT 2, 'merge', 'x', clock_timestamp() - interval"
            " '3000 days' FROM generate_series(1, %(n)s) n": rows,
            "INSERT INTO attempts (account, what, outcome, at) SELECT 'w', 'poll', 'ok', clock_timestamp() - interval"
            " '3000 days' FROM generate_series(1, %(n)s) n": rows,
            "INSERT INTO seen (account, digest, day) SELECT 'w', decode(md5(n::text), 'hex'), current_date - 99"
            " FROM generate_series(1, %(n)s) n": rows,
        }.items():
            conn.exec_driver_sql(statement, {"n": count})
        conn.exec_driver_sql("ANALYZE")
    purge, gone, batches = Purge(SETTINGS), dict.fromkeys(TABLE, 0), 0
    while any(gone[name] < rows for name in ("journal", "attempts", "seen")):
        with database.begin() as conn:
            went = purge(conn)
        assert max(went.values()) <= BATCH
        gone = {name: gone[name] + went.get(name, 0) for name in gone}
        batches += 1
        assert batches <= 86_400 / EVERY / SCALE
    assert (gone["journal"], gone["attempts"], gone["seen"]) == (rows, rows, rows)
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM journal").scalar_one() == stay


MONTH = datetime(2020, 5, 1, tzinfo=UTC)
MESSAGES = (("return", "open", 1), ("return", "over", 2), ("order", "its order", None), ("order", "another", None))
"""(stream, id, return) of what came then."""


def test_of_an_old_month_stays_what_an_open_return_rests_on(database: Database) -> None:
    def left(conn: Connection) -> set[str]:
        return set(conn.exec_driver_sql("SELECT external_id FROM raw").scalars())

    with database.begin() as conn:
        conn.exec_driver_sql(RETURNS)
        raw.ready(conn, [MONTH])
        for n, (stream, external_id, return_id) in enumerate(MESSAGES):
            conn.exec_driver_sql(
                "INSERT INTO raw (id, account, stream, external_id, via, return_id, at)"
                " VALUES (%(n)s, 'web', %(s)s, %(e)s, 'push', %(r)s, %(t)s)",
                {"n": n, "s": stream, "e": external_id, "r": return_id, "t": MONTH},
            )
        conn.exec_driver_sql("INSERT INTO return_orders VALUES (1, 7), (2, 8)")
        conn.exec_driver_sql(
            "INSERT INTO observations (account, stream, external_id, read_seq, mapping, fragment, order_id)"
            " VALUES ('web', 'order', 'its order', 1, '', '', 7), ('web', 'order', 'another', 1, '', '', 8)"
        )
        assert raw.shrink_before(conn, MONTH) == [], "the month itself is not before"
        assert raw.shrink_before(conn, datetime(2020, 6, 1, tzinfo=UTC)) == ["raw_2020_05"]
        assert left(conn) == {"open", "its order"}
        assert raw.shrink_before(conn, datetime(2020, 6, 1, tzinfo=UTC)) == [], "nothing more to go"
        assert [row.external_id for row in raw.find(conn, 1)] == ["open"]
        conn.exec_driver_sql("UPDATE returns SET is_open = false")
        assert raw.shrink_before(conn, datetime(2020, 6, 1, tzinfo=UTC)) == ["raw_2020_05"]
        assert left(conn) == set()
        raw.ready(conn, [MONTH])


def test_the_page_has_every_line() -> None:
    text = retention.table()
    assert all(f"| `{name}` |" in text for name in metadata.tables)
