"""A shop, an ERP and customers who return things, on this machine only; all but the software is simulated."""

from __future__ import annotations

import random
import signal
import sys
import threading

from hub.demo.play import Play, StoryBroke
from hub.demo.stage import Stage, stage
from hub.settings import Settings

EVERY = (20.0, 45.0)
"""Seconds between two customers who want to return something."""


def run(settings: Settings, *, once: bool) -> int:
    """Play until Ctrl-C or SIGTERM, or one complete return; the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever ends the demo ends its shop and ERP, too
        signal.signal(number, signal.default_int_handler)
    try:
        with stage(settings, _say) as scene:
            return _one(scene) if once else _trickle(scene)
    except KeyboardInterrupt:
        _say("ending the demo; `make demo` takes it up again")
        return 0


def _one(scene: Stage) -> int:
    play = Play(scene)
    try:
        number = play.whole(_say)
    except StoryBroke as broke:
        _say(f"\nThe story broke: {broke}")
        if play.number:
            print(play.story())
        return 1
    print(f"\nThe story of {number}, from the hub's journal:\n")
    print(play.story())
    print(f"\nThe shop says {play.shop_says()}; Tryton says {play.erp_says()}.")
    return 0


def _trickle(scene: Stage) -> int:
    print(f"\n  Returns Hub is at {scene.url}/   (Ctrl-C ends the demo)")
    print("  money is ON in this demo, and nowhere else\n")
    stop = threading.Event()
    dice = random.Random()  # noqa: S311
    while not stop.is_set():
        play = Play(scene, dice)
        try:
            play.whole(_say)
        except StoryBroke as broke:
            _say(f"one customer's story broke: {broke}")
        stop.wait(dice.uniform(*EVERY))
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
