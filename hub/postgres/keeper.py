"""The server is started again when it has ended while it is needed: killed, out of memory, a disk that was full."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hub.postgres.cluster import Progress
from hub.postgres.errors import PostgresError
from hub.postgres.server import Server

LOOK = 1.0
"""Seconds between two looks whether its process is there."""
RESTS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before it is started again, by the number of starts that failed."""


@contextmanager
def kept(server: Server, say: Progress) -> Iterator[None]:
    """Look after a server that this process holds, in a thread of its own; several processes may."""
    end = threading.Event()
    thread = threading.Thread(target=_look, args=(server, say, end), name="database keeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(LOOK)


def _look(server: Server, say: Progress, end: threading.Event) -> None:
    failed, last_letter, began = 0, "", 0.0
    while not end.wait(RESTS[min(failed, len(RESTS)) - 1] if failed else LOOK):
        try:
            if not failed and server.runs():
                continue
            if not began:
                began = time.monotonic()
                say("the database server has ended by itself; it is started again")
            server.restore()
        except (PostgresError, OSError) as problem:
            failed += 1
            if str(problem) != last_letter:  # a letter is told once
                last_letter = str(problem)
                say(f"{last_letter}\nIt is tried again until it starts.")
        else:
            say(f"the database server runs again, after {time.monotonic() - began:.0f} s")
            failed, last_letter, began = 0, "", 0.0
