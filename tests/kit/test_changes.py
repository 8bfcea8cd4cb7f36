"""A feed loses nothing, however its list moves while it is read, and ends, even where the list never stands still."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import msgspec
import pytest

from connectors.kit.api import Message, Page, Unreadable
from connectors.kit.changes import READINGS
from connectors.kit.errors import RetryLater
from connectors.kit.sandbox import Call, SandboxAnswer
from tests.kit.moving import FAR, WAYS, Moving, Reader, connected, shake


@pytest.fixture
def remote() -> Iterator[Moving]:
    with Moving() as running:
        yield running


def missed(remote: Moving, reader: Reader) -> list[int]:
    """Records of which the newest state was never read."""
    return [row["id"] for row in remote.state.values() if reader.known.get(row["id"]) != row["say"]]


def asked(remote: Moving) -> int:
    return len(remote.calls)


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
@pytest.mark.parametrize("sorted_", ["", ", oldest_first: true"], ids=["any order", "oldest first"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("exclusive", [False, True], ids=["from", "after"])
def test_whatever_moves_is_read_by_this_poll_or_the_next(
    remote: Moving, tmp_path: Path, way: str, sorted_: str, post: bool, exclusive: bool, seed: int
) -> None:
    if post and way == "link":
        post = False
    for run in range(2):
        chance = random.Random(f"{seed} {run}")
        remote.setup()
        remote.exclusive, remote.sorted = exclusive, bool(sorted_) or chance.random() < 0.5
        for number in range(1, chance.randrange(2, 30)):
            remote.put(number)
        with connected(remote, tmp_path, WAYS[way] + sorted_ + "}", post=post) as connector:
            reader = Reader(connector)
            for _ in range(3):
                remote.between = lambda: shake(remote, chance)  # noqa: B023
                reader.poll(chance.choice([None, None, 2]))
                remote.between = lambda: None
                before = asked(remote)
                assert reader.poll(), "a list that stands still is read to its end"
                assert missed(remote, reader) == []
                assert asked(remote) - before <= 60


@pytest.mark.parametrize("way", WAYS)
def test_ties_larger_than_a_page_that_move_among_themselves(
    remote: Moving, tmp_path: Path, way: str, seed: int
) -> None:
    """A hundred changes in one second: a list of one instant has no version to go on from."""
    remote.write = lambda tick: "2026-03-01T09:00:00Z"
    for number in range(1, 14):
        remote.put(number)
    chance = random.Random(seed)
    with connected(remote, tmp_path, WAYS[way] + ", oldest_first: true}") as connector:
        reader = Reader(connector)
        remote.between = lambda: remote.put(chance.randrange(1, 14))
        reader.poll()
        remote.between = lambda: None
        assert reader.poll()
        assert missed(remote, reader) == []


@pytest.mark.parametrize("later", [1, 2])
def test_what_slides_behind_a_page_of_ties_is_read_by_the_next_poll(remote: Moving, tmp_path: Path, later: int) -> None:
    """The second reading sees the same ties, but one of them goes before its next page, which skips what came."""
    remote.write = lambda tick: f"2026-03-01T09:00:{tick:02}Z"
    remote.exclusive = True
    for number in range(1, 5):
        remote.put(number, changed="2026-03-01T09:00:01Z")

    def slide() -> None:
        if remote.pages_served == 3:  # of the first reading two, and the next one's page of ties
            for number, at in ((10, 20), (11, 20 + later), (2, 30), (20, 30), (21, 30), (22, 30), (23, 30)):
                remote.put(number, changed=remote.write(at))

    remote.between = slide
    with connected(remote, tmp_path, WAYS["number, no size"] + ", oldest_first: true}", overlap="") as connector:
        reader = Reader(connector)
        reader.cursor = "2026-03-01T09:00:00Z"
        assert reader.poll()
        assert reader.poll()
        assert missed(remote, reader) == []


def test_a_list_that_never_stands_still_is_left_with_a_letter_and_its_cursor(remote: Moving, tmp_path: Path) -> None:
    for number in range(1, 10):
        remote.put(number)
    remote.sorted = False
    remote.between = lambda: remote.put(1 + remote.pages_served % 9)
    with connected(remote, tmp_path, WAYS["number"] + "}") as connector:
        pages: list[Page] = []
        with pytest.raises(RetryLater, match="moved during each"):
            pages.extend(connector.poll("return", "2026-03-01T09:00:00Z"))
    assert remote.pages_served <= READINGS * 4
    assert pages[-1].cursor == "2026-03-01T09:00:00Z"
    assert {m.external_id for page in pages for m in page.messages} == {str(n) for n in range(1, 10)}


def test_a_list_that_is_still_costs_two_readings_once_and_one_page_is_enough_later(
    remote: Moving, tmp_path: Path
) -> None:
    for number in range(1, 30):
        remote.put(number)
    with connected(remote, tmp_path, WAYS["number"] + "}", overlap="") as connector:
        reader = Reader(connector)
        assert reader.poll()
        assert len(reader.seen) == 29, "what the second reading says again is not told again"
        assert asked(remote) == 2 * 8
        remote.calls.clear()
        remote.tick += 100
        remote.put(3)
        assert reader.poll()
        assert reader.poll()
        assert asked(remote) == 2


def test_a_list_that_is_not_sorted_as_the_manifest_says_is_read_until_it_stands_still(
    remote: Moving, tmp_path: Path
) -> None:
    for number in (5, 3, 1, 9, 8, 2, 4, 7, 6):
        remote.put(number)
    remote.write = lambda tick: f"2026-03-02T10:00:{tick:02}Z"
    for number in (9, 7, 5, 3):
        remote.put(number)
    remote.sorted = False
    with connected(remote, tmp_path, WAYS["offset"] + ", oldest_first: true}") as connector:
        reader = Reader(connector)
        assert reader.poll()
    assert missed(remote, reader) == []


def test_a_poll_that_is_broken_off_goes_on_at_its_page(remote: Moving, tmp_path: Path) -> None:
    for number in range(1, 30):
        remote.put(number)
    with connected(remote, tmp_path, WAYS["token"] + "}") as connector:
        reader = Reader(connector)
        reader.poll(1)
        while (reader.cursor or "").startswith("{"):  # in the middle of a reading
            reader.poll(1)
        assert missed(remote, reader) == []
        assert asked(remote) == 2 * 8, "no page is read anew because of the break"


# -- clocks


def test_a_version_from_the_future_moves_no_cursor(remote: Moving, tmp_path: Path) -> None:
    for sorted_ in ("", ", oldest_first: true"):
        remote.setup()
        for number in range(1, 10):
            remote.put(number)
        remote.put(7, changed=FAR)
        with connected(remote, tmp_path, WAYS["number"] + sorted_ + "}") as connector:
            reader = Reader(connector)
            assert reader.poll()
            assert reader.cursor == "2026-03-01T09:00:02Z"
            remote.put(2)
            assert reader.poll()
            remote.put(7)
            assert reader.poll()
            assert missed(remote, reader) == []


def test_a_cursor_that_an_earlier_hub_left_in_the_future_begins_anew(remote: Moving, tmp_path: Path) -> None:
    remote.put(1)
    with connected(remote, tmp_path, WAYS["number"] + "}") as connector:
        reader = Reader(connector)
        reader.cursor = FAR
        assert reader.poll()
        assert missed(remote, reader) == []


@pytest.mark.parametrize("behind", [-86_400, -600, 0, 600, 86_400])
@pytest.mark.parametrize("step", [-7_200, 0, 7_200])
def test_their_clock_may_be_wrong_and_may_step(remote: Moving, tmp_path: Path, behind: int, step: int) -> None:
    """Records are stamped by a clock that is ahead of ours, or behind, and is set between two polls."""
    off = {"by": behind}

    def now(tick: int = 0) -> str:
        at = datetime.now(UTC) - timedelta(seconds=off["by"])
        remote.date = format_datetime(at.replace(microsecond=0), usegmt=True)
        return at.isoformat().replace("+00:00", "Z")

    remote.write = now
    for number in range(1, 7):
        remote.put(number)
    with connected(remote, tmp_path, WAYS["number"] + "}", overlap="") as connector:
        reader = Reader(connector)
        assert reader.poll()
        off["by"] -= step
        remote.put(3)
        assert reader.poll()
        assert missed(remote, reader) == []
        remote.put(4)
        now()
        assert reader.poll()
        assert missed(remote, reader) == []


@pytest.mark.parametrize("age", ["3600", None])
def test_an_old_time_that_a_cache_tells_makes_nothing_read_again(
    remote: Moving, tmp_path: Path, age: str | None
) -> None:
    """Whether it names its `Age`, or another answer knows better."""

    def now(tick: int = 0) -> str:
        return (datetime.now(UTC) - timedelta(minutes=40) + timedelta(seconds=tick)).isoformat().replace("+00:00", "Z")

    def date(ago: int) -> str:
        return format_datetime(datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=ago), usegmt=True)

    remote.write, remote.date = now, date(0)
    for number in range(1, 30):
        remote.put(number)
    with connected(remote, tmp_path, WAYS["number"] + ", oldest_first: true}", overlap="") as connector:
        reader = Reader(connector)
        assert reader.poll()
        cursor = reader.cursor
        remote.date, remote.age = date(3600), age
        if age is None:
            remote.between = lambda: setattr(remote, "date", date(0))  # the first answer alone is a cache's
        remote.put(3)
        remote.calls.clear()
        assert reader.poll()
        assert missed(remote, reader) == []
        assert set(reader.seen) <= {"29", "3"}, "what is new, and what stands at the cursor"
        assert asked(remote) <= 2
        remote.between = lambda: None
        remote.date = date(3600 if age else 0)
        assert reader.poll()
        assert set(reader.seen) <= {"29", "3"}
        assert (reader.cursor or "") > (cursor or "")


# -- single records


def test_one_bad_row_stands_for_itself(remote: Moving, tmp_path: Path) -> None:
    for number in range(1, 4):
        remote.put(number)
    remote.state["null"] = {"id": None, "changed": "2026-03-01T09:00:00Z", "place": 0}
    with connected(remote, tmp_path, WAYS["number"] + "}") as connector:
        items = [item for page in connector.poll("return", None) for item in page.messages]
    good = [item for item in items if isinstance(item, Message)]
    (bad,) = [item for item in items if isinstance(item, Unreadable)]
    assert {one.external_id for one in good} == {"1", "2", "3"}
    assert "without an id" in bad.error
    assert b"changed" in bad.body


@pytest.mark.parametrize(
    "bad",
    [rb'"nice mug \ud83d"', b"1e99999999999999999999", b"9" * 5000, b"-Infinity", b'"caf\xe9"', rb'{"\ud83d": 1}'],
    ids=["half a character", "exponent", "digits", "infinity", "bytes of no text", "name"],
)
def test_a_row_that_json_cannot_hold_stops_itself_alone(bad: bytes, tmp_path: Path) -> None:
    class Spoilt(Moving):
        def answer(self, call: Call) -> SandboxAnswer:
            answered = super().answer(call)
            return SandboxAnswer(200, msgspec.json.encode(answered.body).replace(b'"BAD"', bad), answered.headers)

    with Spoilt() as remote, connected(remote, tmp_path, WAYS["number"] + ", oldest_first: true}") as connector:
        for n in range(1, 12):
            remote.put(n)
        remote.put(3, note="BAD")
        items = [one for page in connector.poll("return", None) for one in page.messages]
    assert {one.external_id for one in items if isinstance(one, Message)} == {str(n) for n in range(1, 12) if n != 3}
    spoilt = {one for one in items if not isinstance(one, Message)}
    assert [one.external_id for one in spoilt] == ["3"]
    assert all("JSON cannot hold a value in it" in one.error for one in spoilt if isinstance(one, Unreadable))
