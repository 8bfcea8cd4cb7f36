"""Bodies of requests, read beside each other without a thread: bounded in bytes, in time and in number.

Who has been unfinished longest gives way to a newcomer, and where the bytes of all are too many, who holds most. So
slow senders can only push out each other: a body that arrives as fast as networks are is read long before its turn.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from granian.rsgi import ProtocolClosed

from hub.web import refusals

FIRST = 10.0
"""Seconds that every body has."""
PACE = 16 * 1024
"""Bytes for which it gets a second more."""
TOTAL = 8
"""All addresses together may have so many times what one may have."""
HELD = 64 * 2**20
"""Bytes of unfinished bodies in memory."""
DRAIN = 64 * 2**20
"""Bytes of a body that is too large which we still read, so that the sender hears our answer instead of a reset."""


class _Open:
    """One body on its way."""

    __slots__ = ("address", "cut", "deadline", "gave_way", "got", "held", "parts")

    def __init__(self, address: str, deadline: asyncio.Timeout) -> None:
        self.address = address
        self.deadline = deadline
        self.parts: list[bytes] = []
        self.got = 0  # bytes that arrived
        self.held = 0  # of them in memory
        self.gave_way = False
        self.cut = False  # whether the server saw it break off

    def until(self, at: float) -> None:
        """Its deadline, unless that is over."""
        if not self.deadline.expired():
            self.deadline.reschedule(at)


class Bodies:
    """`per_address` bodies of one address may be unfinished at once. For one event loop, so it needs no lock."""

    def __init__(self, per_address: int, *, first: float = FIRST, held: int = HELD) -> None:
        self.per_address = per_address
        self.first = first
        self.most_held = held
        self._open: dict[_Open, None] = {}  # oldest first
        self._of: dict[str, dict[_Open, None]] = {}
        self._held = 0

    async def read(self, protocol: Any, address: str, stated: int | None, largest: int) -> bytes:
        """The whole body of an RSGI request; `stated` is its Content-Length. Raises Refusal: too large, too slow, cut
        short, crowded."""
        begin = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(begin + self.first) as deadline:
                mine = self._enter(address, deadline)
                try:
                    if stated is not None and stated <= min(PACE, largest):
                        with suppress(ProtocolClosed):  # its sender hung up; in pieces that is just its end
                            mine.parts.append(await protocol())  # in one piece: half the price
                        mine.got = sum(map(len, mine.parts))
                    else:
                        await self._pieces(mine, protocol, stated, largest, begin)
                finally:
                    self._leave(mine)
        except TimeoutError:
            late: float | None = asyncio.get_running_loop().time() - begin
        else:
            late = None
        if mine.gave_way:
            raise refusals.crowded()
        if max(mine.got, stated or 0) > largest:
            raise refusals.too_large(largest)
        if late is not None:
            raise refusals.too_slow(mine.got, late)
        if mine.cut or (stated is not None and mine.got < stated):
            raise refusals.cut_short(mine.got, stated)
        return b"".join(mine.parts)

    async def _pieces(self, mine: _Open, protocol: Any, stated: int | None, largest: int, begin: float) -> None:
        empty = False
        async for part in protocol:
            mine.cut |= empty  # Granian ends a body with an empty piece, and says that it broke off with one before it
            empty = not part
            mine.got += len(part)
            if max(mine.got, stated or 0) > largest:  # read to its end, but not kept, and with no more time
                self._hold(mine, -mine.held)
                mine.parts.clear()
                if mine.got > DRAIN:
                    return
                continue
            mine.parts.append(part)
            self._hold(mine, len(part))
            if mine.gave_way:
                return
            if mine.got >= PACE:
                mine.until(begin + self.first + mine.got / PACE)

    def _enter(self, address: str, deadline: asyncio.Timeout) -> _Open:
        for crowd, most in ((self._of.get(address, {}), self.per_address), (self._open, TOTAL * self.per_address)):
            if len(crowd) >= most:
                self._turn_out(next(iter(crowd)))
        mine = _Open(address, deadline)
        self._of.setdefault(address, {})[mine] = self._open[mine] = None
        return mine

    def _hold(self, mine: _Open, more: int) -> None:
        mine.held += more
        self._held += more
        if self._held > self.most_held:
            self._turn_out(max(self._open, key=lambda one: one.held))

    def _turn_out(self, one: _Open) -> None:
        one.gave_way = True
        one.until(asyncio.get_running_loop().time())
        self._leave(one)

    def _leave(self, one: _Open) -> None:
        self._held -= one.held
        one.held = 0
        self._open.pop(one, None)
        same = self._of.get(one.address, {})
        same.pop(one, None)
        if not same:
            self._of.pop(one.address, None)
