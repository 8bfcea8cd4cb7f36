"""Systems and people who return things, on this machine only; all but the software is simulated."""

from __future__ import annotations

import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from hub.demo.channels import channels
from hub.demo.omnichannel import Omnichannel
from hub.demo.play import Play, pair
from hub.demo.stage import Stage, stage
from hub.demo.tale import StoryBroke
from hub.plain import plain
from hub.settings import Settings

EVERY = (20.0, 45.0)
"""Seconds between two customers who want to return something."""
BROKEN = (StoryBroke, OSError, RuntimeError, LookupError)
"""What goes wrong with a part of the play; everything else is a bug of the demo."""
SCENES: Mapping[str, tuple[Any, Callable[..., Any]]] = {"shop": (pair, Play), "omnichannel": (channels, Omnichannel)}
"""Who plays, and what."""


def run(settings: Settings, *, scene: str = "shop", once: bool) -> int:
    """Play until Ctrl-C or SIGTERM, or one complete return; the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever ends the demo ends its systems, too
        signal.signal(number, signal.default_int_handler)
    cast, play = SCENES[scene]
    try:
        with stage(settings, _say, cast) as set_up:
            return _one(play(set_up)) if once else _trickle(set_up, play)
    except BROKEN as problem:
        _say(f"\nThe demo cannot go on: {_what(problem)}")
        return 1
    except KeyboardInterrupt:
        _say("ending the demo; `make demo` takes it up again")
        return 0


def _one(play: Any) -> int:
    try:
        number = play.run(_say)
    except BROKEN as problem:
        _say(f"\nThe story broke: {_what(problem)}")
        if play.number:
            print(plain(play.story()))
        return 1
    print(f"\nThe story of {number}, from the hub's journal:\n")
    print(plain(play.story()))
    print(plain(f"\n{play.epilogue()}"))
    return 0


def _trickle(set_up: Stage[Any], play: Callable[..., Any]) -> int:
    print(f"\n  Returns Hub is at {set_up.url}/   (Ctrl-C ends the demo)")
    print("  money is ON in this demo, and nowhere else\n")
    stop = threading.Event()
    dice = random.Random()  # noqa: S311
    while not stop.is_set():
        try:
            play(set_up, dice).run(_say)
        except BROKEN as problem:
            _say(f"one customer's story broke: {_what(problem)}")
        stop.wait(dice.uniform(*EVERY))
    return 0


_PARTS: Mapping[str, str] = {"hub/demo/tryton": "Tryton", "hub/postgres/": "the database"}


def _what(problem: BaseException) -> str:
    """What broke, and which part of the demo, by the module that it comes from; the hub where it is none of them."""
    if isinstance(problem, StoryBroke):
        return str(problem)
    places = [frame.filename for frame in traceback.extract_tb(problem.__traceback__)]
    part = next((part for place in reversed(places) for word, part in _PARTS.items() if word in place), "the hub")
    return f"{part}: {type(problem).__name__}: {problem}"


def _say(text: str) -> None:
    print(plain(text), file=sys.stderr, flush=True)
