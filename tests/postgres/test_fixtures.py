"""The fixtures other tests stand on."""

from __future__ import annotations

import psycopg

from hub.postgres import Server


def test_each_test_gets_an_empty_database_of_its_own(postgres: Server, empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        tables = connection.execute("select count(*) from information_schema.tables where table_schema = 'public'")
        assert tables.fetchone() == (0,)
        connection.execute("create table mark ()")


def test_nothing_of_another_test_is_left(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("select to_regclass('mark')").fetchone() == (None,)


def test_durability_is_on_and_text_sorts_the_same_everywhere(database_url: str) -> None:
    wanted = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "server_encoding": "UTF8"}
    with psycopg.connect(database_url) as connection:
        found = {name: connection.execute("select current_setting(%s)", [name]).fetchone() for name in wanted}
        assert found == {name: (value,) for name, value in wanted.items()}
        provider = connection.execute(
            "select datlocprovider, datlocale from pg_database where datname = current_database()"
        )
        assert provider.fetchone() == ("b", "C.UTF-8")


def test_the_same_server_answers_over_loopback_tcp(postgres: Server, migrated: str) -> None:
    with psycopg.connect(postgres.url(migrated, tcp=True)) as connection:
        assert connection.info.host == "127.0.0.1"
