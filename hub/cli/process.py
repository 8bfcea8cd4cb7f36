"""The hub's long-running processes: workers and clock here, the web in a process of Granian's."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from hub.boot import Hub, assemble_hub, hub
from hub.cli import out
from hub.plain import log_plainly
from hub.settings import Settings
from hub.store.database import Database
from hub.store.wake import Listener
from hub.web import create_app
from hub.web.serve import serve
from scheduler.clock import Clock
from scheduler.threads import Engine
from scheduler.timetable import timetable
from scheduler.work import INBOX, terms

_URL = "HUB_DATABASE_URL"


def say(text: str) -> None:
    """Progress goes to standard error."""
    out.say(text, err=True)


def serve_all(settings: Settings, workers: int | None) -> None:
    """Console, webhooks, workers and clock until SIGINT or SIGTERM."""
    with hub(settings, say, stays=True) as ready, _working(ready, workers), _ticking(ready):
        # The web is a process of its own and finds the same database by its address.
        os.environ[_URL] = ready.database.url
        port = settings.port or _free_port(settings.host)
        say(f"Returns Hub: http://{settings.host}:{port}/")
        serve("hub.cli.process:site", settings.host, port)


def site() -> Any:
    """The web, called in Granian's process."""
    log_plainly()
    settings = Settings.load()
    if settings.database_url is None:
        raise RuntimeError("the web is started by `hub serve`, which names the database")
    return create_app(assemble_hub(settings, Database(settings.database_url)))


def work(settings: Settings, workers: int | None) -> None:
    """Only workers, until SIGINT or SIGTERM."""
    with hub(settings, say, stays=True) as ready, _working(ready, workers):
        _until_signalled("working; Ctrl-C ends it")


def tick(settings: Settings) -> None:
    """Only the clock, until SIGINT or SIGTERM."""
    with hub(settings, say, stays=True) as ready, _ticking(ready):
        _until_signalled("the clock is running; Ctrl-C ends it")


@contextmanager
def _working(ready: Hub, workers: int | None) -> Iterator[Engine]:
    count = workers or ready.settings.workers
    engine = Engine(ready.database, ready.handlers, workers=count, terms=terms(ready.leases))
    listener = Listener(ready.database, partial(engine.wake, [INBOX]))
    engine.start()
    listener.start()
    try:
        yield engine
    finally:
        listener.stop()
        engine.stop()


@contextmanager
def _ticking(ready: Hub) -> Iterator[Clock]:
    clock = Clock(ready.database, timetable(ready))
    clock.start()
    try:
        yield clock
    finally:
        clock.stop()


def _until_signalled(text: str) -> None:
    signalled = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: signalled.set())
    say(text)
    signalled.wait()


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
