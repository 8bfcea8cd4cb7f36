"""What many threads want at one moment is one piece of work; each has its own result, or its own exception."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from hub.pipeline.deliver.together import Together


class Doubles:
    """Doubles numbers; the first group is held until it is let go, a number below zero is refused."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        if len(self.groups) == 1:
            self.begun.set()
            assert self.go.wait(30)
        if any(number < 0 for number in numbers):
            raise ValueError(min(numbers))
        return [2 * number for number in numbers]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def crowd(pool: ThreadPoolExecutor, work: Doubles, together: Together[int, int], *numbers: int) -> list[Future[int]]:
    """The first one works while the others come."""
    asked = [pool.submit(together, 1)]
    assert work.begun.wait(30)
    for number in numbers:
        asked.append(pool.submit(together, number))
        until(lambda: len(together._waiting) == len(asked) - 1)
    work.go.set()
    return asked


def until(there: Callable[[], bool]) -> None:
    for _ in range(3000):
        if there():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never was")


def test_who_comes_meanwhile_is_one_group(pool: ThreadPoolExecutor) -> None:
    work = Doubles()
    asked = crowd(pool, work, Together(work, 3), 2, 3, 4, 5)
    assert [one.result(30) for one in asked] == [2, 4, 6, 8, 10]
    assert work.groups == [[1], [2, 3, 4], [5]]


def test_one_that_fails_fails_alone(pool: ThreadPoolExecutor) -> None:
    work = Doubles()
    asked = crowd(pool, work, Together(work, 9), 2, -3, 4)
    assert [one.result(30) for one in (asked[0], asked[1], asked[3])] == [2, 4, 8]
    with pytest.raises(ValueError, match="-3"):
        asked[2].result(30)
    assert work.groups[:2] == [[1], [2, -3, 4]]
    assert sorted(work.groups[2:]) == [[-3], [2], [4]]


def test_one_that_waits_long_delays_no_other(pool: ThreadPoolExecutor) -> None:
    """What several could not do together each does by itself, side by side, and the next group does not wait."""
    doubles, go = Doubles(), threading.Event()

    def work(numbers: Sequence[int]) -> list[int]:
        if list(numbers) == [-2]:
            assert go.wait(30)
            return [-4]
        return doubles(numbers)

    together = Together(work, 9)
    asked = crowd(pool, doubles, together, -2, 3)
    assert asked[2].result(30) == 6
    assert together(4) == 8
    assert not asked[1].done()
    go.set()
    assert asked[1].result(30) == -4


def test_who_ends_leaves_nobody_waiting(pool: ThreadPoolExecutor) -> None:
    """The thread that works for others is ended in the middle of it: they hear so, and the next ones go on."""
    ended = threading.Event()

    def work(numbers: Sequence[int]) -> list[int]:
        if len(numbers) > 1 and not ended.is_set():
            ended.set()
            raise SystemExit
        return Doubles.__call__(doubles, numbers)

    doubles = Doubles()
    together = Together(work, 9)
    asked = crowd(pool, doubles, together, 2, 3)
    assert asked[0].result(30) == 2
    for one in asked[1:]:
        with pytest.raises(SystemExit):
            one.result(30)
    assert together(4) == 8


def test_a_crowd_loses_nobody(pool: ThreadPoolExecutor) -> None:
    together = Together(lambda numbers: [2 * number for number in numbers], 5)
    assert list(pool.map(together, range(2000))) == [2 * number for number in range(2000)]
