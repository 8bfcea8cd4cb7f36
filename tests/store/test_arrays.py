"""Lists arrive as they were sent, whatever is in them, and a statement is the same one for all of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.store.database import Connection, Database, DBAPIError

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
LISTS = {
    "text": st.lists(st.none() | TEXTS),
    "bigint": st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
    "bool": st.lists(st.none() | st.booleans()),
    "float8": st.lists(st.none() | st.floats(allow_nan=False)),
    "numeric": st.lists(st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3)),
    "bytea": st.lists(st.none() | st.binary()),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_arrives_as_it_was_sent(conn: Connection, kind: str) -> None:
    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(sent=LISTS[kind])
    def arrives(sent: list[Any]) -> None:
        assert conn.exec_driver_sql(f"SELECT %(l)b::{kind}[]", {"l": sent}).scalar_one() == sent

    arrives()


@pytest.mark.parametrize("bad", [[1, "x"], ["x", 1], [2**63], ["a\0b"], [1, 1.5]])
def test_a_list_that_cannot_be_sent_says_so(database: Database, bad: list[Any]) -> None:
    with pytest.raises(DBAPIError, match="not all of one type|too large|NUL"), database.begin() as conn:
        conn.exec_driver_sql("SELECT %(l)b", {"l": bad})


def test_small_and_large_numbers_are_one_statement(conn: Connection) -> None:
    for number in (1, 2**15, 2**31, -(2**40)):
        for _ in range(7):
            conn.exec_driver_sql("SELECT 'arrays', %(l)b::bigint[]", {"l": [number]})
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %(q)s"
    assert conn.exec_driver_sql(prepared, {"q": "SELECT 'arrays'%"}).scalar_one() == 1
