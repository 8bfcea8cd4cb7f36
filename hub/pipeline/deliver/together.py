"""What many threads want from the database at one moment is done in one transaction, by the first of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

GATHER = 0.002
"""Seconds that those who were let go together may take to come again together. One thread alone never waits."""
T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """`work` gives a result for each of the items that it gets; up to `most` at once. Where it raises for several, each
    thread has its own item done by itself: one that cannot be done, or waits long, holds up no other.

    Whoever finds nobody at work does what has come until then, its own first, and hands on to the next one that waits.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int) -> None:
        self._work = work
        self._most = most
        self._changed = threading.Condition()
        self._waiting: deque[_Wanted[T, R]] = deque()
        self._busy = False
        self._last = 1  # of the last group
        self._awaited = 0  # so many are waited for

    def __call__(self, item: T) -> R:
        """The result for this item. Raises what the work raises for it."""
        mine = _Wanted[T, R](item)
        with self._changed:
            self._waiting.append(mine)
            first, self._busy = not self._busy, True
            if len(self._waiting) == self._awaited:
                self._changed.notify()
        if not first:
            mine.told.acquire()
        if not mine.over:
            self._lead()
        if mine.alone:
            return self._work([item])[0]
        if mine.error is not None:
            raise mine.error
        return mine.results[0]

    def _lead(self) -> None:
        with self._changed:
            self._awaited = self._last
            self._changed.wait_for(lambda: len(self._waiting) >= self._awaited, GATHER)
            self._awaited = 0
            group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._last = len(group)
        try:
            for one, result in zip(group, self._work([one.item for one in group]), strict=True):
                one.results.append(result)
        except Exception as error:
            for one in group:
                one.error, one.alone = error, len(group) > 1
        except BaseException as error:  # this thread ends; the others hear why they have no result
            for one in group:
                one.error = error
            raise
        finally:
            for one in group:
                one.over = True
                one.told.release()
            with self._changed:
                self._busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].told.release()  # its turn to lead


class _Wanted(Generic[T, R]):
    __slots__ = ("alone", "error", "item", "over", "results", "told")

    def __init__(self, item: T) -> None:
        self.item = item
        self.results: list[R] = []
        self.error: BaseException | None = None
        self.over = False
        self.alone = False
        self.told = threading.Semaphore(0)
