"""A schema of its own in a database that somebody else uses."""

from __future__ import annotations

import pytest

from hub.store.aside import aside
from hub.store.database import Database, DatabaseError, upgrade


def schemas(database: Database, name: str = "returns_hub_demo") -> int:
    with database.begin() as conn:
        query = "SELECT count(*) FROM pg_namespace WHERE nspname = %(n)s"
        return int(conn.exec_driver_sql(query, {"n": name}).scalar_one())


def accounts(url: str) -> list[str]:
    database = Database(url)
    with database.begin() as conn:
        found = list(conn.exec_driver_sql("SELECT name FROM accounts ORDER BY name").scalars())
    database.close()
    return found


def add(url: str, name: str) -> None:
    database = Database(url)
    with database.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO accounts (name, connector, mapping) VALUES (%(n)s, 'medusa', 'medusa')", {"n": name}
        )
    database.close()


def test_it_is_empty_apart_and_gone_afterwards(database: Database, database_url: str) -> None:
    add(database_url, "theirs")
    for _ in range(2):
        with aside(database_url, "returns_hub_demo") as url:
            upgrade(url)
            assert accounts(url) == []
            add(url, "ours")
            assert accounts(url) == ["ours"]
            assert accounts(database_url) == ["theirs"]
        assert schemas(database) == 0
    assert accounts(database_url) == ["theirs"]


def test_what_a_killed_process_left_is_dropped(database: Database, database_url: str) -> None:
    with database.begin() as conn:
        conn.exec_driver_sql("CREATE SCHEMA returns_hub_demo CREATE TABLE accounts (name text)")
    with aside(database_url, "returns_hub_demo") as url:
        upgrade(url)
        assert accounts(url) == []


def test_two_at_once_do_not_share_it(database_url: str) -> None:
    with (
        aside(database_url, "returns_hub_demo"),
        pytest.raises(DatabaseError, match="another process"),
        aside(database_url, "returns_hub_demo"),
    ):
        raise AssertionError("unreachable")


def test_options_of_the_address_are_kept(database_url: str) -> None:
    mark = "&" if "?" in database_url else "?"
    with aside(f"{database_url}{mark}options=-cwork_mem%3D1234kB", "returns_hub_demo") as url:
        database = Database(url)
        with database.begin() as conn:
            assert conn.exec_driver_sql("SHOW work_mem").scalar_one() == "1234kB"
            assert conn.exec_driver_sql("SELECT current_schema()").scalar_one() == "returns_hub_demo"
        database.close()
