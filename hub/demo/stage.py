"""The demo's stage: a hub, a real Tryton and the sandboxes of a scene, started together and taken down together."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from hub import configuration
from hub.boot import Hub, hub
from hub.demo.tryton_people import People
from hub.demo.tryton_server import Tryton
from hub.settings import Settings
from hub.store.aside import aside

Progress = Callable[[str], None]

SCHEMA = "returns_hub_demo"
"""Where the demo plays in a database that is not its own."""
STARTS_WITHIN = 60.0
"""Seconds the hub's own process may take until it answers."""


T = TypeVar("T")
Cast = Callable[[str, People, Mapping[str, Any]], AbstractContextManager[tuple[T, dict[str, Any]]]]
"""Starts who plays beside the hub, given the hub's address, the people at the ERP and the connector's settings for it;
gives them, and the hub's accounts as `configuration` takes them."""


@dataclass(frozen=True)
class Stage(Generic[T]):
    """Everything that plays: the hub (and the address of its console) and the cast."""

    hub: Hub
    url: str
    cast: T


@contextmanager
def stage(settings: Settings, progress: Progress, cast: Cast[T], tryton: Tryton | None = None) -> Iterator[Stage[T]]:
    """Set up what is missing, start everything, connect the accounts (money on, in this demo only).

    `tryton`: one that is installed elsewhere.
    """
    with ExitStack() as stack:
        ready = stack.enter_context(hub(stack.enter_context(_own(settings)), progress))
        progress("starting Tryton, a real ERP (the first time it is installed and seeded, which takes minutes)")
        tryton = tryton or Tryton(settings.data / "demo" / "tryton", progress=progress)
        stack.callback(tryton.stop)
        erp = tryton.start(fresh=True)
        port = settings.port if _free(settings.host, settings.port) else _any_port(settings.host)
        url = f"http://{settings.host}:{port}"
        progress("starting the sandboxes, which speak the other systems' interfaces")
        playing, document = stack.enter_context(cast(url, People(erp.admin(), erp.facts), erp.settings))
        configuration.apply(ready, document)
        stack.enter_context(_served(ready, f"{settings.host}:{port}", url))
        yield Stage(ready, url, playing)


@contextmanager
def _own(settings: Settings) -> Iterator[Settings]:
    """Every play begins on an empty stage: the shop and the ERP do, so the hub's own database does, too.

    In a database that somebody names it has a schema of its own: what else is in there is none of the demo's business.
    """
    if settings.database_url:
        with aside(settings.database_url, SCHEMA) as url:
            yield replace(settings, database_url=url)
        return
    for left in (settings.data / "demo").glob("play-*"):
        if not Path(f"/proc/{left.name.removeprefix('play-')}").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = settings.data / "demo" / f"play-{os.getpid()}"
    try:
        yield replace(settings, data=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(ready: Hub, listen: str, url: str) -> Iterator[None]:
    """`hub serve` as a process of its own, on the same database and key."""
    env = {
        **os.environ,
        "HUB_DATABASE_URL": ready.database.url,
        "HUB_DATA": str(ready.settings.data),
        "HUB_LISTEN": listen,
    }
    process = subprocess.Popen([sys.executable, "-m", "hub", "serve"], env=env)
    try:
        _await(process, url)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the hub ended at once with code {process.returncode}; its last words are above")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the hub did not answer at {url} within {STARTS_WITHIN:.0f} seconds")


def _free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return port != 0


def _any_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
