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
from hub.model.schema import bindings
from hub.model.schema.returns import Choice, Discrepancy, Return
from hub.store import counts, inbox, returns, search_words, tables
from hub.store.database import Database, DatabaseError, migrations, next_read_seq, upgrade
from hub.store.migrations import compared

CATALOG = {
    "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity, generation_expression"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
    "options": "SELECT relname, relkind, array_to_string(reloptions, ','), pg_get_partkeydef(oid) FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')",
    "comments": "SELECT objoid::regclass::text, attname, description FROM pg_description"
    " LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND attnum > 0 WHERE classoid = 'pg_class'::regclass AND objoid IN"
    " (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)",
    "triggers": "SELECT tgrelid::regclass::text, pg_get_triggerdef(t.oid), prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid"
    " WHERE NOT tgisinternal",
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


# Alembic cannot compare what a column is computed by, the catalogues below do.
@pytest.mark.filterwarnings("ignore:Computed default")
def test_upgrade_makes_what_the_tables_say(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    database = Database(empty_database_url)
    with database.begin() as conn:
        context = MigrationContext.configure(
            conn.sql, opts={"include_object": compared, "compare_server_default": True}
        )
        assert compare_metadata(context, tables.metadata) == []
        upgraded = catalog(conn)
        conn.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        tables.metadata.create_all(conn.sql)
        created = catalog(conn)
    database.close()
    assert columns_sorted(upgraded) == columns_sorted(created)
    assert upgraded["indexes"]
    assert upgraded["options"]
    assert upgraded["triggers"]


def test_returns_that_waited_for_an_answer_still_wait(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    choices = (Choice("goodwill"),)
    asked, queued, gone = (
        Discrepancy(kind=kind, said=sentence("gone"), question=question, choices=choices)
        for kind, question in (("unallocated_refund", "ab"), ("two_candidates", "cd"), ("quantity", ""))
    )
    docs = [Return(discrepancies=found) for found in ((asked, asked, queued, gone), (queued, gone), ())]
    with database.begin() as conn:
        command.upgrade(migrations(conn), "0010")
        for n, doc in enumerate(docs):
            conn.exec_driver_sql(
                "INSERT INTO returns (id, doc, discrepancies) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s)",
                (n, returns.encode(doc), len(doc.discrepancies)),
            )
    upgrade(empty_database_url)
    with database.begin() as conn:
        found = conn.exec_driver_sql("SELECT questions FROM returns ORDER BY id").scalars()
    database.close()
    assert found == [len(waiting(doc)) for doc in docs] == [2, 0, 0]


WAITING = """
INSERT INTO lanes (kind, account, key, due, solo) VALUES ('read', 'web', 'return/1', now(), true),
 ('tell', 'web', 'R1001', now(), false), ('weigh', 'hub', 'R1001', now(), false), ('poll', 'web', 'return', now(), false);
INSERT INTO journal (return_id, stage, text) VALUES (1001, 'tell', 'told'), (1001, 'merge', 'merged');
INSERT INTO reviews (kind, returns, text, detail, dedupe, said) VALUES ('stuck', '[1001]', 'x', '{"lane": 7, "account": "web"}',
 'lane:7', '{"code": "stuck", "values": {"work": "tell", "account": "web"}}');
INSERT INTO intents (return_id, account, kind, operation, call, reply) VALUES
 (1001, 'web', 'receive', '{}', '{}', '{"ticket": 12, "made": []}'), (1001, 'web', 'refund', '{}', '{}', NULL);
INSERT INTO twins (return_id, facts, source) VALUES (1001, '[]', 'intent:1');
INSERT INTO hints VALUES ('web', 'rma 1', 'erp', 'return', '1');
INSERT INTO cuts VALUES ('web', 'return', '1', 'web', 'order', '2');
INSERT INTO orders (number) VALUES (NULL);
"""


def test_what_waited_under_older_words_goes_on_under_the_new_ones(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    answers = (
        b'[{"kind":"possible_twins","about":["a","b"],"answer":"same"},{"kind":"untold","about":["web","founded"]}]'
    )
    given = b'{"answers":' + answers + b"}"
    names = b'"guest":1002,"why":"number","objects":[],"names":[],"beside":[],"entry":1'
    links = b'{"weak":[{' + names + b',"ripe_at":"2026-11-30T00:00:00Z","firm":true}]}'
    doc = (
        b'{"founder":"web","weak":[{"ours":"R1","was":"R2","why":"number","objects":[],"entry":1,"firm":true}],'
        b'"discrepancies":[{"kind":"possible_twins","said":{"code":"gone"}}]}'
    )
    with database.begin() as conn:
        command.upgrade(migrations(conn), "0016")
        for statement in WAITING.split(";\n"):
            if statement.strip():
                conn.exec_driver_sql(statement)
        conn.exec_driver_sql("SELECT setval('tickets', 40)")
        conn.exec_driver_sql("INSERT INTO returns (doc, ties, founded) VALUES (%s, %s, true)", (doc, links))
        conn.exec_driver_sql(
            "INSERT INTO accounts (name, connector, mapping, terms)"
            """ VALUES ('web', 'generic', 'generic', '{"listens": ["founded", "received"]}')"""
        )
        conn.exec_driver_sql(
            "INSERT INTO sync (return_id, account, lane, residue)"
            """ VALUES (1001, 'web', 'R1001', '[{"fact": "founded", "said": {"code": "no_order"}}]')"""
        )
        conn.exec_driver_sql(
            "INSERT INTO observations (account, stream, external_id, ticket, mapping, fragment)"
            " VALUES ('hub', 'act', 'x', 5, '', %s)",
            (given,),
        )
    upgrade(empty_database_url)
    with database.begin() as conn:

        def one(query: str) -> list[Any]:
            return [tuple(row) for row in conn.exec_driver_sql(query)]

        assert one("SELECT kind, quarantined FROM jobs ORDER BY id") == [
            ("process", True), ("deliver", False), ("recompute", False), ("poll", False),
        ]  # fmt: skip
        assert one("SELECT stage FROM journal ORDER BY id") == [("deliver",), ("merge",)]
        assert one("SELECT dedupe, detail, said->'values'->>'work' FROM reviews") == [
            ("job:7", {"job": 7, "account": "web"}, "deliver"),
        ]
        assert one("SELECT reply FROM intents ORDER BY id") == [({"read_seq": 12, "made": []},), (None,)]
        assert [count for query in ("duplicate_facts", "typed_references", "blocked_links", "orders")
                for (count,) in one(f"SELECT count(*) FROM {query}")] == [1, 1, 1, 1]  # fmt: skip
        assert next_read_seq(conn) == [41]
        ((stored, known, opened),) = one("SELECT doc, bindings, opened FROM returns")
        ret, (link,) = returns.decode(stored), bindings.decode(known).links
        assert (ret.origin_account, ret.provisional[0].confirmed, link.confirmed, opened) == ("web", True, True, True)
        assert [one_.kind for one_ in ret.discrepancies] == ["possible_duplicates"]
        assert one("SELECT read_seq, fragment FROM observations") == [
            (5, given.replace(b"_twins", b"_duplicates").replace(b"founded", b"opened")),
        ]
        ((terms,),) = one("SELECT terms FROM accounts")
        assert sorted(terms["listens"]) == ["opened", "received"]
        assert one("SELECT undeliverable->0->>'fact' FROM sync") == [("opened",)]
    database.close()


def test_what_is_stored_is_found_and_counted(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with database.begin() as conn:
        command.upgrade(migrations(conn), "0017")
        conn.exec_driver_sql(
            "INSERT INTO returns (status, opened, search) VALUES ('draft', true, 'r1001 #eu-77 a-b@example.test'), ('draft', false, 'r1002'),"
            " ('completed', true, '')"
        )
        conn.exec_driver_sql(
            "INSERT INTO sync (return_id, account, job, state, wanted, done, undeliverable) VALUES"
            " (1001, 'web', 'x', 'in_sync', 1, 1, '[]'), (1001, 'erp', 'x', 'in_sync', 2, 1, '[]'),"
            " (1003, 'erp', 'x', 'in_sync', 1, 1, '[{}]')"
        )
    upgrade(empty_database_url)
    with database.begin() as conn:
        assert counts.of(conn, "returns") == {("", "draft"): 1, ("", "completed"): 1}
        assert counts.of(conn, "sync") == {("web", "in_sync"): 1, ("erp", "pending"): 1, ("erp", "blocked"): 1}
        assert search_words.find(conn, ["eu-7"]) == search_words.find(conn, ["#eu", "r1001"]) == [1001]
        words = conn.exec_driver_sql("SELECT word FROM search_words WHERE return_id = 1001").scalars()
        assert set(words) == search_words.words("r1001 #eu-77 a-b@example.test"), "as it is written from now on"
    database.close()


def test_what_became_part_of_another_is_found_by_no_word_any_more(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with database.begin() as conn:
        command.upgrade(migrations(conn), "0017")
        conn.exec_driver_sql(
            "INSERT INTO returns (status, opened, search, merged_into) VALUES ('draft', true, 'r1001 #eu-77', NULL),"
            " ('merged', false, 'r1002 #eu-77 eu78', 1001), ('merged', false, '', 1001)"
        )
        command.upgrade(migrations(conn), "0019")
        assert search_words.find(conn, ["eu-77"]) == [1001, 1002]
    upgrade(empty_database_url)
    with database.begin() as conn:
        words = conn.exec_driver_sql("SELECT word FROM search_words ORDER BY word").scalars()
        assert words == sorted(search_words.words("r1001 #eu-77"))
        assert conn.exec_driver_sql("SELECT search FROM returns ORDER BY id").scalars() == ["r1001 #eu-77", "", ""]
    database.close()


def test_change_notifications_that_waited_are_fetched_under_their_new_name(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with database.begin() as conn:
        command.upgrade(migrations(conn), "0017")
        conn.exec_driver_sql(
            "INSERT INTO inbox (account, stream, external_id, via, hint, body)"
            " VALUES ('web', 'return', 'r1', 'push', true, NULL), ('web', 'return', 'r2', 'push', false, '{}')"
        )
    upgrade(empty_database_url)
    with database.begin() as conn:
        assert inbox.dispatch(conn) == inbox.Dispatched(read=1, fetch=1, again=0)
        waiting = conn.exec_driver_sql("SELECT kind, key FROM jobs ORDER BY kind").all()
        assert [tuple(row) for row in waiting] == [("fetch", "return/r1"), ("process", "return/r2")]
    database.close()


def test_who_waits_for_it_is_told_where_it_may_take_long(empty_database_url: str) -> None:
    said: list[str] = []
    upgrade(empty_database_url, said.append)
    upgrade(empty_database_url, said.append)
    assert said == []
    database = Database(empty_database_url)
    with database.begin() as conn:
        conn.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        command.upgrade(migrations(conn), "0017")
    database.close()
    upgrade(empty_database_url, said.append)
    assert ["this version of the hub" in line for line in said] == [True]


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
