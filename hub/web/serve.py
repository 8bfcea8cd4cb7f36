"""The server: Granian with one worker process and enough threads for slow senders.

One process, because one writer then commits many webhooks together. Until the console has users it listens on loopback
only: whoever reaches the port may act.
"""

from __future__ import annotations

import ctypes
import importlib
import ipaddress
import multiprocessing
import signal
import socket
from typing import Any

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

THREADS = 32
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


def serve(target: str, host: str = "127.0.0.1", port: int = 0, *, threads: int = THREADS) -> None:
    """Serve until SIGINT or SIGTERM what the factory `target` ("package.module:function") returns.

    The factory runs in the worker process, which begins anew: a fork would inherit every lock that one of our threads
    (a worker, the clock) happens to hold, and never see it released.
    """
    host = loopback(host)
    multiprocessing.set_start_method("spawn", force=True)
    Server(
        target,
        address=host,
        port=port or free_port(host),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        # What waits beyond the threads waits in the socket's backlog, not in our memory.
        backpressure=2 * threads,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        workers_kill_timeout=15,
        log_access=False,
        log_level=LogLevels.error,
    ).serve(target_loader=_load)


def _load(target: str) -> Any:
    """Called in the worker: it must not outlive its parent, whose port it holds."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name or "app")()
