"""The demo's stage: a hub, a real Tryton and a shop, started together and taken down together."""

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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hub import configuration
from hub.boot import Hub, hub
from hub.demo.shop import Shop
from hub.demo.tryton_people import People
from hub.demo.tryton_server import Tryton
from hub.settings import Settings
from hub.store.aside import aside

Progress = Callable[[str], None]

SCHEMA = "returns_hub_demo"
"""Where the demo plays in a database that is not its own."""
STARTS_WITHIN = 60.0
"""Seconds the hub's own process may take until it answers."""


@dataclass(frozen=True)
class Stage:
    """Everything that plays: the hub (and the address of its console), the shop, the people at the ERP."""

    hub: Hub
    url: str
    shop: Shop
    erp: People


@contextmanager
def stage(settings: Settings, progress: Progress) -> Iterator[Stage]:
    """Set up what is missing, start everything, connect the accounts (money on, in this demo only)."""
    with ExitStack() as stack:
        ready = stack.enter_context(hub(stack.enter_context(_own(settings)), progress))
        progress("starting Tryton, a real ERP (the first time it is installed and seeded, which takes minutes)")
        tryton = Tryton(settings.data / "demo" / "tryton", progress=progress)
        stack.callback(tryton.stop)
        erp = tryton.start(fresh=True)
        port = settings.port if _free(settings.host, settings.port) else _any_port(settings.host)
        url = f"http://{settings.host}:{port}"
        progress("starting the shop, a sandbox that speaks Medusa's admin API")
        shop = stack.enter_context(Shop(f"{url}/hooks/web"))
        document = {
            "accounts": {
                "web": {
                    "connector": "medusa",
                    "settings": shop.settings,
                    "terms": {"money": True, "settle": 0, "poll": 2},
                },
                "erp": {
                    "connector": "tryton",
                    "settings": {**erp.settings, "orders_of": "web"},
                    "terms": {"decides": True, "settle": 0, "poll": 1},
                },
            }
        }
        for _ in configuration.apply(ready, document):
            pass
        stack.enter_context(_served(ready, f"{settings.host}:{port}", url))
        yield Stage(ready, url, shop, People(erp.admin(), erp.facts))


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
