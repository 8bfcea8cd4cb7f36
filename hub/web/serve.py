"""The server: Granian with one worker process, whose event loop no slow sender holds up; a dead one is started again.

One process, because one writer then commits many webhooks together. Until the console has users it listens on loopback
only: whoever reaches the port may act.
"""

from __future__ import annotations

import ctypes
import importlib
import ipaddress
import logging
import multiprocessing
import resource
import signal
import socket
import time
from contextlib import suppress
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

log = logging.getLogger(__name__)

HEADERS = 10
"""Seconds until a request's headers are there, counted from the connection's begin or from the answer before it: ends
connections that send nothing, headers that do not end, and idle keep-alive ones."""
CONNECTIONS = 8192
"""Open at once, bodies or not; what comes beyond waits in the socket's backlog."""
FILES = 256
"""Open files the hub itself may need beside them."""
BUFFER = 64 * 1024
"""Bytes of a connection's headers, and of its body in one piece."""
RESTS = (0.5, 2.0, 5.0, 15.0, 60.0)
"""Seconds before a dead worker is started again, by the number of deaths in a row."""
LONG = 60.0
"""Seconds a worker has to live for its death to be the first again."""
_PR_SET_PDEATHSIG = 1


class NotLoopback(ValueError):
    """The console has no users yet, so it listens on this machine only."""


def loopback(host: str) -> str:
    """The address to listen on, or a letter saying why not."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host.strip("[]")).is_loopback:
            return host.strip("[]")
    except ValueError:
        pass  # a name: it may resolve to anything
    raise NotLoopback(
        f"the hub does not listen on {host!r}: its console has no users yet, so whoever reaches the port could act."
        " Listen on 127.0.0.1; for webhooks from outside let a reverse proxy forward only the path /hooks/, for people"
        " use an SSH tunnel."
    )


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def serve(target: str, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until SIGINT or SIGTERM what the factory `target` ("package.module:function") returns.

    The factory runs in the worker process, which begins anew: a fork would inherit every lock that one of our threads
    (a worker, the clock) happens to hold, and never see it released. A worker that dies is started again.
    """
    host, port = loopback(host), port or free_port(loopback(host))
    multiprocessing.set_start_method("spawn", force=True)
    deaths = 0
    while True:
        began = time.monotonic()
        server = Server(
            target,
            address=host,
            port=port,
            interface=Interfaces.RSGI,
            # Only so does Granian's deadline for headers also end connections that never send a byte.
            http=HTTPModes.http1,
            websockets=False,
            workers=1,
            backpressure=_connections(),
            http1_settings=HTTP1Settings(header_read_timeout=HEADERS * 1000, max_buffer_size=BUFFER),
            workers_kill_timeout=15,
            log_access=False,
            log_level=LogLevels.critical,
        )
        with suppress(SystemExit):  # its worker ended by itself
            server.serve(target_loader=_load)
        if server.interrupt_signal:
            return
        lived = time.monotonic() - began
        deaths = 1 if lived > LONG else deaths + 1
        rest = RESTS[min(deaths, len(RESTS)) - 1]
        log.error(
            "the web's process ended by itself after %.0f s%s; it is started again in %g s. What it said before, or the"
            " system's log (out of memory?), says why",
            lived,
            f", {deaths} times in a row" if deaths > 1 else "",
            rest,
        )
        until = time.monotonic() + rest
        while time.monotonic() < until and not server.interrupt_signal:
            time.sleep(0.1)
        if server.interrupt_signal:
            return


def _connections() -> int:
    """As many as this process may open files for, less those that the hub needs itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES if hard == resource.RLIM_INFINITY else min(CONNECTIONS + FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(64, min(CONNECTIONS, soft - FILES))


def _load(target: str) -> Any:
    """Called in the worker: it must not outlive its parent, whose port it holds."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name or "app")()
