"""What changed since a cursor, read page by page from a list that moves meanwhile, believing no record's clock.

A record that changes while pages are read goes to the end, and pushes another one off the page that comes next. So
either the next page is asked for from the last record's version (`oldest_first`), and whatever moves behind it does not
matter; or, where the list's order is not known, a reading of several pages is repeated until two agree: then nothing
had moved in the first of them, and what it reached is where it goes on. It ends: a list that never stands still is left
with a letter, its cursor where it was.

The cursor is the newest version read that is not later than the moment the reading began. In the middle of a reading
it holds the place, too, so that a poll that is interrupted goes on there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from connectors.kit.clock import FINE, Clock
from connectors.kit.errors import Rejected, RetryLater
from connectors.kit.paging import MOST, Guard
from connectors.kit.versions import Kind

READINGS = 5
"""A list of several pages is read so often before it is left until the next poll."""
AGAIN = 60.0
"""Seconds until a list that never stood still is read again."""
MOVED = "moved"

encode = msgspec.json.Encoder(decimal_format="number", order="deterministic", enc_hook=repr).encode


class ListedRow(NamedTuple):
    """One row of a list: what tells it from others, its version as they write it, and the row itself."""

    id: str
    version: str | None
    record: Any


class Taken(NamedTuple):
    """A page of rows and the place of the next one (None: it was the last); `body` as in paging.Taken."""

    rows: Sequence[ListedRow]
    next: Any = None
    body: bytes = b""


Ask = Callable[[str | None, Any], Taken]
"""(version to ask from, place) -> the page there; None is the beginning."""


class At(msgspec.Struct, omit_defaults=True):
    """Where a reading stands: the cursor, written as the bare version between two readings."""

    since: str = ""
    """All that changed before it was read."""
    asked: str = ""
    """The same with its overlap taken off, as it is asked for."""
    place: Any = None
    newest: str = ""
    """The newest version of this reading."""
    until: str = ""
    """When the reading began: no version after it moves the cursor."""
    total: str = "0"
    """Of the rows read so far, whatever their order."""
    before: str = ""
    """The total of the reading before this one."""
    passed: str = ""
    """The newest version of that one."""
    readings: int = 1

    @classmethod
    def read(cls, cursor: str | None) -> At:
        if not cursor or not cursor.startswith("{"):
            return cls(since=cursor or "")
        try:
            return msgspec.json.decode(cursor, type=cls)
        except msgspec.DecodeError:  # of another make: it begins anew
            return cls()

    def written(self) -> str:
        bare = self.place is None and not self.before and not self.since.startswith("{")
        return self.since if bare else msgspec.json.encode(self).decode()


@dataclass(slots=True)
class _Reading:
    """One reading of the list, or of the rest of it from some version on."""

    at: At
    guard: Guard
    began: float = field(default_factory=time.monotonic)
    seen: set[tuple[str, str]] = field(default_factory=set)
    several: bool = False
    moved: bool = False
    reached: str = ""
    """The newest version of the last page."""
    more: bool = True


class Changes:
    """Reads one list.

    `kind`: how versions compare. `overlap`: seconds of the past that are asked for again. `oldest_first`: the list
    comes in the order of its versions. `settle`: False for a sweep, which comes round again.
    """

    def __init__(
        self,
        ask: Ask,
        kind: Kind,
        clock: Clock,
        *,
        overlap: float = 0.0,
        oldest_first: bool = False,
        settle: bool = True,
        most: int = MOST,
        name: str = "the list",
    ) -> None:
        self.ask, self.kind, self.clock = ask, kind, clock
        self.overlap, self.oldest_first, self.settle, self.most, self.name = overlap, oldest_first, settle, most, name
        self._seen: set[str] = set()
        self._late = clock.behind()

    def since(self, cursor: str | None) -> Iterator[tuple[list[Any], str]]:
        """Records that were not told yet, page by page, each page with the cursor after it."""
        at, kept, pages = At.read(cursor), cursor or "", 0
        self.clock.begin()
        if self._ahead(at.since):
            at = At()
        reading: _Reading | None = self._begin(at)
        while reading is not None:
            pages += 1
            if pages > self.most:
                raise RetryLater(
                    f"{self.name} has more than {self.most} pages; the cursor goes on from here", after=1.0
                )
            rows = self._page(reading)
            at, reading = self._after(reading)
            fresh = [row.record for row in rows if self._is_news(row)]
            if fresh or at.written() != kept:
                kept = at.written()
                yield fresh, kept
        if at.readings > READINGS:
            raise RetryLater(
                f"{self.name} moved during each of {READINGS} readings, so a record may have slipped from page to "
                "page unseen. What was read is kept, and it is read again from where it was. Where it comes sorted by "
                "version, the oldest first, say so in the manifest (`oldest_first`): then once is enough",
                after=AGAIN,
            )

    def _begin(self, at: At) -> _Reading:
        at.asked = at.asked or self._earlier(at.since)
        return _Reading(at, Guard(self.most), several=at.place is not None)

    def _page(self, reading: _Reading) -> Sequence[ListedRow]:
        """The page where the reading stands; its place moves on to the next one."""
        at = reading.at
        taken = self._asked(reading)
        at.until = at.until or self.clock.at(reading.began).isoformat()
        if taken.rows:
            reading.guard.content(taken.body)
        if self.oldest_first and self._disorder(reading.reached, taken.rows):
            self.oldest_first = False  # it is not what the manifest says: then it is read until it stands still
        here = [(row.id, row.version or _digest(row)) for row in taken.rows if not self._further(at, row.version)]
        reading.moved |= len(set(here)) < len(here) or not reading.seen.isdisjoint(here)
        reading.seen.update(here)
        at.total = _added(at.total, here)
        reading.reached = self._newest(at, taken.rows)
        at.newest = self._later(at.newest, reading.reached)
        reading.more = taken.next is not None
        at.place = taken.next
        return taken.rows

    def _asked(self, reading: _Reading) -> Taken:
        """Ask for the page; from the beginning where a place of an earlier poll is not known any more, or where the
        first answer of all says that their clock is behind ours."""
        at = reading.at
        try:
            reading.guard.next(at.place)
            taken = self.ask(at.asked or None, at.place)
        except Rejected:
            if at.place is None or reading.seen:
                raise
            at.place, at.total, at.newest, at.until = None, "0", "", ""
            taken = self.ask(at.asked or None, None)
        if at.place is None and at.since and self.clock.behind() > self._late + FINE:
            earlier = self._earlier(at.since)
            taken, first = self.ask(earlier, None), taken
            if self.clock.behind() <= self._late + FINE:
                return first  # a cache had told an old time
            self._late, at.asked = self.clock.behind(), earlier
        return taken

    def _after(self, reading: _Reading) -> tuple[At, _Reading | None]:
        """Where the cursor stands after this page, and how the reading goes on; None: it has ended."""
        at = reading.at
        onward = self.oldest_first and self._further(at, reading.reached)
        if reading.more and not onward:
            reading.several = True
            return at, reading
        if self.settle and reading.several and (reading.moved or at.total != at.before):
            again = At(at.since, at.asked, passed=at.newest, readings=at.readings + 1)
            again.before = MOVED if reading.moved else at.total
            if again.readings > READINGS:
                return At(at.since, readings=again.readings), None
            return again, self._begin(again)
        # Of two readings that agree the first saw all up to there; behind its ties, something may have moved since.
        reached = at.passed if self.settle and reading.several else at.newest
        if reading.more and self._further(at, reached):
            following = At(reached, self.kind.tick(reached))
            return following, self._begin(following)
        return At(self._later(at.since, reached) if self.settle else ""), None

    # -- versions

    def _earlier(self, since: str) -> str:
        return self.kind.back(since, self.overlap + self.clock.behind()) if since else ""

    def _ahead(self, since: str) -> bool:
        """Whether a cursor is later than now, as an earlier hub, or a clock set back, may have left it."""
        moment = self.kind.moment(since)
        return moment is not None and (moment - self.clock.at(time.monotonic())).total_seconds() > FINE

    def _newest(self, at: At, rows: Sequence[ListedRow]) -> str:
        newest = ""
        for row in rows:
            moment = self.kind.moment(row.version)
            if moment is None or moment <= datetime.fromisoformat(at.until):
                newest = self._later(newest, row.version or "")
        return newest

    def _later(self, one: str, other: str) -> str:
        if self.kind.read(other) is None:
            return one
        return other if self.kind.read(one) is None or self.kind.before(one, other) else one

    def _further(self, at: At, version: str | None) -> bool:
        """Whether a list that is sorted can be asked for from this version, and goes on by that."""
        if not (self.oldest_first and version and self.kind.read(version)):
            return False
        return not at.asked or self.kind.before(at.asked, self.kind.tick(version))

    def _disorder(self, last: str, rows: Sequence[ListedRow]) -> bool:
        for row in rows:
            if row.version and last and self.kind.before(row.version, last):
                return True
            last = row.version or last
        return False

    def _is_news(self, row: ListedRow) -> bool:
        digest = _digest(row)
        known = digest in self._seen
        self._seen.add(digest)
        return not known


def _digest(row: ListedRow) -> str:
    return blake2b(encode([row.id, row.version, row.record]), digest_size=16).hexdigest()


def _added(total: str, rows: Iterable[tuple[str, str]]) -> str:
    """The total with these rows: a sum of digests, so that their order does not matter."""
    parts = (int.from_bytes(blake2b(encode(row), digest_size=16).digest()) for row in rows)
    return f"{(int(total, 16) + sum(parts)) % 2**128:x}"
