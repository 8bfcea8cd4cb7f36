"""The migrations lead from nothing to exactly what tables.py says."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from hub.model.language.sentences import sentence
from hub.model.merge.questions import waiting
from hub.model.schema.returns import Choice, Discrepancy, Return
from hub.store import returns, tables
from hub.store.database import Database, DatabaseError, migrations, upgrade
from hub.store.migrations import compared

CATALOG = {
    "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
    "options": "SELECT relname, relkind, array_to_string(reloptions, ','), pg_get_partkeydef(oid) FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')",
    "comments": "SELECT objoid::regclass::text, attname, description FROM pg_description"
    " LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND attnum > 0 WHERE classoid = 'pg_class'::regclass AND objoid IN"
    " (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)",
    "sequences": "SELECT sequencename, start_value, increment_by, cache_size, cycle FROM pg_sequences",
}
NOT_OURS = ("raw_2", "alembic_version")


def catalog(conn: Connection) -> dict[str, set[tuple[Any, ...]]]:
    return {
        what: {tuple(row) for row in conn.exec_driver_sql(query) if not str(row[0]).startswith(NOT_OURS)}
        for what, query in CATALOG.items()
    }


def columns_sorted(found: dict[str, set[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {what: sorted(rows, key=repr) for what, rows in found.items()}


def test_upgrade_makes_what_the_tables_say(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    database = Database(empty_database_url)
    with database.begin() as conn:
        context = MigrationContext.configure(conn, opts={"include_object": compared, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
        upgraded = catalog(conn)
        conn.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        tables.metadata.create_all(conn)
        created = catalog(conn)
    database.close()
    assert columns_sorted(upgraded) == columns_sorted(created)
    assert upgraded["indexes"]
    assert upgraded["options"]


def test_returns_that_waited_for_an_answer_still_wait(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    choices = (Choice("goodwill"),)
    asked, queued, told = (
        Discrepancy(kind=kind, said=sentence("gone"), question=question, choices=choices)
        for kind, question in (("unallocated_refund", "ab"), ("two_candidates", "cd"), ("quantity", ""))
    )
    docs = [Return(discrepancies=found) for found in ((asked, asked, queued, told), (queued, told), ())]
    with database.begin() as conn:
        command.upgrade(migrations(conn), "0010")
        for n, doc in enumerate(docs):
            conn.exec_driver_sql(
                "INSERT INTO returns (id, doc, discrepancies) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s)",
                (n, returns.encode(doc), len(doc.discrepancies)),
            )
    upgrade(empty_database_url)
    with database.begin() as conn:
        found = conn.exec_driver_sql("SELECT questions FROM returns ORDER BY id").scalars().all()
    database.close()
    assert found == [len(waiting(doc)) for doc in docs] == [2, 0, 0]


def test_two_processes_upgrade_at_once(empty_database_url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            upgrade(empty_database_url)
        except BaseException as error:
            failures.append(error)

    starters = [threading.Thread(target=start) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert failures == []
    database = Database(empty_database_url)
    with database.begin() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar_one() == 1
    database.close()


def test_a_database_of_a_newer_hub_is_refused(database_url: str) -> None:
    database = Database(database_url)
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(DatabaseError, match="newer version of the hub"):
        upgrade(database_url)
