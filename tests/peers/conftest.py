"""The two real servers and the hub between them, started once per module."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from hub.demo.tryton_server import Tryton, TrytonFailed
from hub.postgres import Server
from tests.databases import CHECKOUT, server_folder
from tests.peers.medusa.server import Medusa, MedusaFailed, secret
from tests.peers.two_systems import Between

TRYTON = CHECKOUT / ".peers" / "tryton"


@pytest.fixture(scope="module")
def servers(
    postgres: Server,
    migrated: str,
    new_database: Callable[[str | None], str],
    tmp_path_factory: pytest.TempPathFactory,
    peer_unavailable: Callable[[str], NoReturn],
) -> Iterator[Between]:
    """Everything started; each test of the module has orders of its own."""
    signing = secret()
    medusa = Medusa(server_folder().parent / "medusa", postgres, name=f"between-{os.getpid()}", progress=print)
    tryton = Tryton(TRYTON, name=f"between-{os.getpid()}", progress=print)
    made = Between(postgres.url(new_database(migrated)), Path(tmp_path_factory.mktemp("hub")))
    try:
        try:
            erp = tryton.start(fresh=True)
            web = medusa.start(webhook_url=f"{made.site.url}/hooks/web", webhook_secret=signing)
        except (MedusaFailed, TrytonFailed, OSError) as problem:
            peer_unavailable(str(problem))
        made.connect(web, erp, signing)
        yield made
    finally:
        made.close()
        medusa.stop()
        tryton.stop()
        for folder in (medusa.app, tryton.data):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def between(servers: Between) -> Iterator[Between]:
    """The servers, with both proxies up."""
    yield servers
    servers.web.up()
    servers.erp.up()
