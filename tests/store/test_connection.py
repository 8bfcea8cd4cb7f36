"""Statements on psycopg's cursor: rows with names, and errors as callers know them."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import literal, select
from sqlalchemy.exc import DBAPIError, IntegrityError, MultipleResultsFound, NoResultFound, OperationalError

from hub.store.connection import Connection
from hub.store.database import Database, sqlstate
from hub.store.outage import away, busy


def test_rows_are_tuples_with_names(conn: Connection) -> None:
    found = conn.exec_driver_sql("SELECT 1 AS id, 'a' AS count, 2, 3 UNION SELECT 2, 'b', 2, 3 ORDER BY 1")
    assert found.rowcount == 2
    assert [tuple(row) for row in found] == found.all() == [(1, "a", 2, 3), (2, "b", 2, 3)]
    assert found.first().count == "a"
    assert found.scalars() == [1, 2]
    assert found.scalar() == 1
    with pytest.raises(MultipleResultsFound):
        found.one()


def test_no_row_is_none_or_an_error(conn: Connection) -> None:
    found = conn.exec_driver_sql("SELECT 1 WHERE false")
    assert found.first() is found.scalar() is None
    assert found.all() == found.scalars() == []
    with pytest.raises(NoResultFound):
        found.scalar_one()


def test_a_statement_without_rows_says_how_many_it_changed(conn: Connection) -> None:
    assert conn.exec_driver_sql("INSERT INTO ticks (task, slot) VALUES ('a', 1), ('b', 1)").rowcount == 2


def test_per_cent_signs_and_several_statements(conn: Connection) -> None:
    conn.exec_driver_sql("SET LOCAL application_name = '5%%'; SET LOCAL lock_timeout = 0")
    assert conn.exec_driver_sql("SELECT 7 %% %(n)s, '%%'", {"n": 4}).one() == (3, "%")
    assert conn.exec_driver_sql("SHOW application_name").scalar() == "5%"


def test_what_sqlalchemy_puts_together_is_in_the_same_transaction(database: Database) -> None:
    with database.begin() as conn:
        conn.exec_driver_sql("SET LOCAL application_name = 'mine'")
        assert conn.execute(select(literal(1))).scalar_one() == 1
        with pytest.raises(IntegrityError), conn.begin_nested():
            conn.exec_driver_sql("INSERT INTO ticks (task, slot) VALUES ('a', 1), ('a', 1)")
        assert conn.exec_driver_sql("SHOW application_name").scalar() == "mine"


def test_an_error_says_what_it_was_and_shows_nobodys_data(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.begin() as conn:
        conn.exec_driver_sql("SELECT %(n)s::int", {"n": "somebody@example.com x"})
    assert sqlstate(caught.value) == "22P02"
    assert not caught.value.connection_invalidated
    assert "::int" in str(caught.value.statement)
    assert "SELECT" in str(caught.value)
    assert "[parameters" not in str(caught.value)


@pytest.mark.parametrize("text", ["\x00", "\ud800"])
def test_what_never_reaches_the_server_is_the_error_it_is(conn: Connection, text: str) -> None:
    with pytest.raises((psycopg.DataError, DBAPIError, ValueError)) as caught:
        conn.exec_driver_sql("SELECT %(t)s::text", {"t": text})
    assert isinstance(caught.value, UnicodeEncodeError if text == "\ud800" else DBAPIError)


def test_a_lock_that_is_not_given_is_busy(database: Database) -> None:
    def locked(conn: Connection) -> None:
        conn.exec_driver_sql("SET LOCAL lock_timeout = 10; LOCK TABLE ticks")

    with database.begin() as holder, database.begin() as conn:
        locked(holder)
        with pytest.raises(OperationalError) as caught:
            locked(conn)
    assert busy(caught.value)


def test_a_connection_that_broke_leaves_its_pool(database: Database) -> None:
    def dies(conn: Connection) -> None:
        conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DBAPIError) as caught:
        database.run(dies)
    assert caught.value.connection_invalidated
    assert away(caught.value)
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT 1").scalar() == 1


def test_after_its_transaction_a_connection_does_nothing(database: Database) -> None:
    with database.begin() as conn:
        pass
    with pytest.raises(DBAPIError):
        conn.exec_driver_sql("SELECT 1")
