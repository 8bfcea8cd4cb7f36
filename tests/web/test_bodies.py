"""Bodies that are read beside each other: none waits for ever, none holds more than it may, and the slow ones go."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from granian.rsgi import ProtocolClosed

from hub.web import bodies
from hub.web.bodies import Bodies
from hub.web.refusals import Refusal
from tests.web.conftest import make_site


class Sender:
    """An RSGI request whose body comes in pieces, each after so many seconds; at its end it may stay silent."""

    def __init__(self, *pieces: tuple[float, bytes], ends: bool = True) -> None:
        self.pieces, self.ends = pieces, ends
        self.taken = 0

    def __str__(self) -> str:
        return f"{sum(len(piece) for _, piece in self.pieces)} bytes{'' if self.ends else ' and silence'}"

    async def __aiter__(self) -> Any:
        for after, piece in self.pieces:
            await asyncio.sleep(after)
            self.taken += len(piece)
            yield piece
        if not self.ends:
            await asyncio.sleep(3600)

    async def __call__(self) -> bytes:
        return b"".join([piece async for piece in self])


class HangsUp(Sender):
    """It stops in the middle and closes its connection: Granian says so of a body that is asked for in one piece."""

    async def __call__(self) -> bytes:
        raise ProtocolClosed


async def outcome(reading: Any) -> bytes | int:
    """The body, or the status it was refused with."""
    try:
        return bytes(await reading)
    except Refusal as refusal:
        return refusal.status


def run(test: Any) -> Any:
    """In a thread of its own: where a browser is open, the main thread has a loop that runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(test, 30)).result()


@pytest.mark.parametrize("stated", [None, 6])
def test_a_body_in_pieces(stated: int | None) -> None:
    sender = Sender((0, b"abc"), (0.01, b"def"))
    assert run(Bodies(4).read(sender, "a", stated, 100)) == b"abcdef"


@pytest.mark.parametrize(
    ("ending", "found"),
    [(Sender((0, b"{}"), (0, b"")), b"{}"), (Sender((0, b"{}"), (0, b""), (0, b"")), 400), (Sender((0, b"")), b"")],
    ids=["whole", "broken off", "empty"],
)
def test_a_body_in_chunks_that_breaks_off_has_two_empty_ends(ending: Sender, found: bytes | int) -> None:
    assert run(outcome(Bodies(4).read(ending, "a", None, 100))) == found


@pytest.mark.parametrize(
    ("sender", "stated", "status"),
    [
        (Sender((0, b"{"), ends=False), 3, 408),
        (Sender((0, b"{"), ends=False), None, 408),
        (Sender((0, b"{"), ends=False), 50_000, 408),
        (Sender(ends=False), 3, 408),
        (Sender((0, b"{")), 3, 400),
        (HangsUp((0, b"{")), 3, 400),
        (Sender((0, b"{")), 50_000, 400),
        (Sender((0, b"x" * 11)), 11, 413),
        (Sender((0, b"x" * 11)), None, 413),
        (Sender((0, b"x" * 6), (0, b"x" * 6)), None, 413),
        (Sender((0, b"x"), ends=False), 10**9, 413),
    ],
    ids=str,
)
def test_what_does_not_end_or_fit_is_refused(sender: Sender, stated: int | None, status: int) -> None:
    largest = 10 if status == 413 else 100_000
    store = Bodies(4, first=0.1)
    assert run(outcome(store.read(sender, "a", stated, largest))) == status
    assert (store._open, store._of, store._held) == ({}, {}, 0)


def test_a_large_body_has_the_time_its_bytes_need() -> None:
    """Six pieces take three times the time that a small body has, and a slow one of the same time does not get it."""
    pieces = [(0.05, b"x" * bodies.PACE)] * 6
    assert run(outcome(Bodies(4, first=0.1).read(Sender(*pieces), "a", None, 10**7))) == b"x" * 6 * bodies.PACE
    slow = [(0.05, b"x")] * 60
    assert run(outcome(Bodies(4, first=0.1).read(Sender(*slow), "a", 60_000, 10**7))) == 408


def test_a_body_that_is_too_large_is_read_to_an_end_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DRAIN", 100)
    sender = Sender(*[(0, b"x" * 50)] * 1000)
    assert run(outcome(Bodies(4).read(sender, "a", None, 10))) == 413
    assert sender.taken <= 150


def test_who_is_unfinished_longest_gives_way() -> None:
    """A hundred slow ones and then a quick one: it is read, and of the slow ones only as many as may be are left."""

    async def scene() -> None:
        store = Bodies(8)
        slow = [
            asyncio.create_task(outcome(store.read(Sender((0, b"{"), ends=False), "proxy", None, 100)))
            for _ in range(100)
        ]
        await asyncio.sleep(0.05)
        assert await outcome(store.read(Sender((0, b"{}")), "proxy", 2, 100)) == b"{}"
        await asyncio.sleep(0.05)
        gone = [task for task in slow if task.done()]
        assert {task.result() for task in gone} == {503}
        assert gone == slow[: len(gone)], "the oldest went"
        assert len(slow) - len(gone) in (7, 8)
        for task in slow:
            task.cancel()

    run(scene())


def test_other_addresses_are_not_touched_by_a_crowd() -> None:
    async def scene() -> None:
        store = Bodies(2)
        other = asyncio.create_task(outcome(store.read(Sender((0.2, b"{}")), "other", None, 100)))
        await asyncio.sleep(0)
        crowd = [
            asyncio.create_task(outcome(store.read(Sender((0, b"{"), ends=False), "crowd", None, 100)))
            for _ in range(30)
        ]
        assert await other == b"{}"
        for task in crowd:
            task.cancel()

    run(scene())


def test_bytes_of_all_are_bounded_and_the_largest_gives_way() -> None:
    async def scene() -> None:
        store = Bodies(100, held=1000)
        large = asyncio.create_task(outcome(store.read(Sender((0, b"x" * 600), ends=False), "a", None, 10**4)))
        await asyncio.sleep(0.02)
        others = [
            asyncio.create_task(outcome(store.read(Sender((0, b"x" * 100), (0.1, b"")), f"{n}", None, 10**4)))
            for n in range(5)
        ]
        assert await large == 503
        assert [await one for one in others] == [b"x" * 100] * 5
        assert store._held == 0

    run(scene())


def test_nothing_is_left_of_any_mixture(seed: int) -> None:
    """Whatever comes together: everybody gets an answer, and in the end nothing is held."""
    dice = random.Random(seed)

    def sender() -> Sender:
        pieces = [
            (dice.choice([0, 0, 0.01, 0.1]), b"x" * dice.choice([0, 1, 50, 400])) for _ in range(dice.randint(0, 5))
        ]
        return Sender(*pieces, ends=dice.random() < 0.7)

    async def scene() -> None:
        store = Bodies(3, first=0.2, held=1500)
        answers = []
        for _ in range(150):
            stated = dice.choice([None, 10, 500, 10**5])
            reading = store.read(sender(), dice.choice("abc"), stated, 1000)
            answers.append(asyncio.create_task(outcome(reading)))
            await asyncio.sleep(dice.choice([0, 0, 0, 0.005, 0.05]))
            if dice.random() < 0.1:
                dice.choice(answers).cancel()
        found = await asyncio.gather(*answers, return_exceptions=True)
        assert all(isinstance(one, bytes | int | asyncio.CancelledError) for one in found), found
        assert (store._open, store._of, store._held) == ({}, {}, 0)

    run(scene())


@pytest.mark.parametrize(
    ("header", "given", "whose"),
    [
        ("", {"x-forwarded-for": "203.0.113.9"}, "127.0.0.1"),
        ("x-forwarded-for", {}, "127.0.0.1"),
        ("x-forwarded-for", {"x-forwarded-for": "203.0.113.9"}, "203.0.113.9"),
        ("x-forwarded-for", {"x-forwarded-for": "made up, 203.0.113.9"}, "203.0.113.9"),
        ("x-real-ip", {"x-real-ip": "2001:db8::1"}, "2001:db8::1"),
        ("x-forwarded-for", [("x-forwarded-for", "made up"), ("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
    ],
)
def test_whose_request_it_is(header: str, given: Any, whose: str) -> None:
    """What senders write in front of the proxy's own word counts for nothing."""
    site = make_site(None, settings={"sender_header": header})
    lines = given if isinstance(given, list) else list(given.items())
    scope = SimpleNamespace(headers=SimpleNamespace(items=lambda: lines), client="127.0.0.1:50123")
    assert site.client.application._front._sender(scope) == whose
