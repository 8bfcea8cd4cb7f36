"""People find a return by how its numbers begin, behind a sign, too; what many bear is looked for among the last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.model.schema.returns import Return
from hub.store import console, returns, search_words, slices
from hub.store.connection import Connection
from hub.store.returns import Change


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#ret-1001", {"#ret-1001", "ret-1001", "1001"}),
        ("r1001 sf12", {"r1001", "1001", "sf12"}),
        ("中文-123", {"中文-123", "123"}),
        ("  ", set()),
        ("x" * 200, {"x" * 100}),
    ],
)
def test_the_words_of_a_text(text: str, found: set[str]) -> None:
    assert search_words.words(text) == found


def put(conn: Connection, return_id: int, number: str, status: str = "requested") -> None:
    merged = Return(status=status, numbers={"web": number})  # type: ignore[arg-type]
    returns.save(conn, [Change(return_id, returns.encode(merged), merged, opened=True)])


def found(conn: Connection, text: str, **more: str) -> list[int]:
    return [row.id for row in console.search(conn, text, **more).rows]


def test_by_how_a_number_begins_and_what_stands_inside_of_one(conn: Connection) -> None:
    put(conn, 1001, "#EU-77001")
    put(conn, 1002, "77002", "completed")
    assert found(conn, "7700") == [1002, 1001]
    assert found(conn, "EU-770") == found(conn, "#eu") == found(conn, "r1001 eu") == [1001]
    assert found(conn, "7700", status="completed") == [1002]
    assert found(conn, "002") == [1002], "nobody's beginning: of what changed last it may be any part"
    assert found(conn, "77009") == found(conn, "7700 nothing") == []


def test_a_number_that_it_has_no_more_does_not_find_it(conn: Connection) -> None:
    put(conn, 1001, "old-1")
    put(conn, 1001, "new-1")
    assert found(conn, "old-1") == []
    assert found(conn, "new-1") == [1001]


def kept(conn: Connection, return_id: int) -> set[str]:
    found = conn.exec_driver_sql("SELECT word FROM search_words WHERE return_id = %(r)s", {"r": return_id})
    return set(found.scalars())


def test_nor_does_it_stay_among_the_words(conn: Connection) -> None:
    put(conn, 1001, "old-77 both-5")
    put(conn, 1002, "old-77")
    put(conn, 1001, "new-77 both-5")
    assert kept(conn, 1001) == search_words.words("r1001 new-77 both-5")
    assert kept(conn, 1002) == search_words.words("r1002 old-77"), "another one bears it still"
    put(conn, 1001, "new-77 both-5", "completed")
    assert kept(conn, 1001) == search_words.words("r1001 new-77 both-5")


def test_what_became_part_of_another_is_found_by_nothing_until_it_is_its_own_again(conn: Connection) -> None:
    put(conn, 1001, "one-1")
    put(conn, 1002, "two-2")
    moved = returns.merge_returns(conn, 1001, 1002)
    assert (kept(conn, 1002), found(conn, "two-2")) == (set(), [])
    returns.revive(conn, 1002)
    returns.give_back(conn, moved, 1002)
    put(conn, 1002, "two-2")
    assert kept(conn, 1002) == search_words.words("r1002 two-2")
    assert found(conn, "two-2") == [1002]


def test_what_very_many_have_is_looked_through_a_window_at_a_time(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_words, "MOST", 3)
    monkeypatch.setattr(slices, "WINDOW", 4)
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    for n in range(12):
        put(conn, 1001 + n, "mug first" if n < 2 else "mug", "completed" if n < 2 else "requested")
        at = {"r": 1001 + n, "t": begin + timedelta(hours=n)}
        conn.exec_driver_sql("UPDATE returns SET at = %(t)s WHERE id = %(r)s", at)
    assert found(conn, "first") == [1002, 1001], "few: an index leads there"
    pages, after = [], None
    while not pages or after:
        page = console.search(conn, "mug irst", after=after)
        after = page.after
        pages.append([row.id for row in page.rows])
    assert pages == [[], [], [1002, 1001], []]


def test_a_typed_number_finds_the_open_return_that_bears_it(conn: Connection) -> None:
    put(conn, 1001, "rma 17")
    put(conn, 1002, "rma 17", "completed")
    assert search_words.open_under(conn, ["rma 17"]) == {1001}
    assert search_words.open_under(conn, ["17"]) == {1001}
    assert search_words.open_under(conn, ["ma 17", "rma 1", " "]) == set()


@pytest.mark.parametrize(
    "at", ["@", "\uff20", "\ufe6b", "%40", "%2540", "&#64;", "&#x40;", "&commat;", "\\u0040", "\\uff20", "%ef%bc%a0"]
)
def test_an_address_is_no_word_nor_are_its_parts(at: str) -> None:
    assert search_words.words(f"r1001 ban-njo.17{at}example.test") == search_words.words("r1001")


def test_what_only_looks_a_little_like_one_is_a_word() -> None:
    assert {"#12540", "12540", "u0040", "mug@2"} <= search_words.words("#12540 u0040 mug@2")
