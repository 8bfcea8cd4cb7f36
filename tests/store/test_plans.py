"""What is asked for each message or call is planned once, and reads the rows it is about, however many there are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from hub.store import invalid, sync
from hub.store.database import Connection, Database
from hub.store.tables import accounts
from tests.plans import judged

MANY = 50_000

FILL = f"""
INSERT INTO accounts (name, connector, mapping) VALUES ('web', 'generic', 'generic'), ('erp', 'generic', 'generic');
INSERT INTO returns (status, opened) SELECT 'completed', true FROM generate_series(1, {MANY});
INSERT INTO orders (merged_into) SELECT NULL FROM generate_series(1, {MANY});
INSERT INTO return_orders (return_id, order_id) SELECT id, id FROM returns;
INSERT INTO keys (issuer, type, value, return_id) SELECT 'web', 'return', id, id FROM returns;
INSERT INTO keys (issuer, type, value, order_id) SELECT 'web', 'order', id, id FROM orders;
INSERT INTO sync (return_id, account, job, wanted, done, state)
 SELECT r.id, a.name, 'return:' || r.id, 1, 1, 'in_sync' FROM returns r CROSS JOIN accounts a
"""

ASKED: dict[str, Callable[[Connection], object]] = {
    "what is due of a job": lambda conn: sync.due(conn, [("web", "return:1500")]),
    "what waits unread of a return": lambda conn: invalid.of_returns(conn, [1500]),
}


@pytest.fixture
def full(database: Database) -> Database:
    with database.begin() as conn:
        for statement in FILL.split(";"):
            conn.exec_driver_sql(statement)
    return database


@pytest.mark.parametrize("analyzed", [True, False], ids=["with statistics", "a moment after"])
def test_only_what_it_is_about_is_read(full: Database, analyzed: bool) -> None:
    """Also before PostgreSQL looked at the rows that a first import brought."""
    with full.begin() as conn:
        if analyzed:
            conn.exec_driver_sql("ANALYZE")
        for name, ask in ASKED.items():
            with judged(1_000) as too_much:  # far from MANY; an index may still have entries of another test's rows
                assert not ask(conn), name
            assert too_much == [], name


def test_no_plan_is_compiled_whatever_the_server_says(database: Database) -> None:
    with database.begin() as conn:
        found = conn.exec_driver_sql("SELECT setting, source FROM pg_settings WHERE name = 'jit'").one()
    assert tuple(found) == ("off", "session")


def test_a_statement_is_planned_once_but_a_page_for_what_is_asked(database: Database) -> None:
    query = "SELECT name FROM accounts WHERE name = %(n)s"

    def plans(conn: Connection) -> tuple[int, int]:
        for number in range(20):
            conn.exec_driver_sql(query, {"n": f"web{number}"})
        found = conn.exec_driver_sql(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %(q)s",
            {"q": "SELECT name FROM accounts%"},
        )
        generic, custom = found.one()
        return generic, custom

    with database.begin() as conn:
        assert conn.execute(select(accounts)).all() == []
        generic, custom = plans(conn)
        assert generic == 0
        assert custom > 0
    with database.begin() as conn:
        generic, same = plans(conn)
        assert generic > 0
        assert same == custom
