"""A database of the test's own, opened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store.connection import Connection
from hub.store.database import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    """One transaction, for what needs no second."""
    with database.begin() as connection:
        yield connection
