"""Whether a connection out of the pool still lives, without asking the server each time.

A server that ended has told the connection's socket so: it can be read, where one that rests has nothing to say. Only
such a one, and one that rested for long (a network between may have forgotten it), is asked before it is used.
"""

from __future__ import annotations

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

RESTED = 30.0
"""Seconds after which a connection that nobody used is asked."""
_SINCE = "rests since"


def watch(engine: Engine) -> None:
    """From here on its pool gives out living connections only."""

    def back(_: Any, record: Any) -> None:
        record.info[_SINCE] = time.monotonic()

    def out(connection: Any, record: Any, _: Any) -> None:
        since = record.info.get(_SINCE)
        if since is None or (time.monotonic() - since < RESTED and not _speaks(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error  # this one and its like are made anew

    event.listen(engine, "checkin", back)
    event.listen(engine, "checkout", out)


def _speaks(connection: Any) -> bool:
    """Whether there is something to read, if only the end."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
