"""Our connector against a real Medusa: the suite that the sandbox passes, and what only a real server can show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NoReturn

import pytest

from hub.postgres import Server
from tests.databases import server_folder
from tests.peers.medusa.server import Medusa, MedusaFailed
from tests.peers.medusa.side import WEBHOOK_SECRET, Hooks, Side
from tests.peers.medusa.side import side as beside
from tests.peers.medusa_suite import MedusaSuite

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def side(postgres: Server, peer_unavailable: Callable[[str], NoReturn]) -> Iterator[Side]:
    hooks = Hooks()
    medusa = Medusa(server_folder().parent / "medusa", postgres, name=f"alone-{os.getpid()}", progress=print)
    try:
        running = medusa.start(webhook_url=hooks.url, webhook_secret=WEBHOOK_SECRET)
    except MedusaFailed as problem:
        hooks.close()
        peer_unavailable(str(problem))
    try:
        with beside(running.shop, running.url, running.facts, hooks) as made:
            yield made
    finally:
        medusa.stop()
        shutil.rmtree(medusa.app, ignore_errors=True)


@pytest.mark.proves("outside", "medusa")
class TestRealMedusa(MedusaSuite):
    def test_a_refused_webhook_is_sent_again_by_the_subscriber(self, side: Side) -> None:
        side.hooks.up = False
        try:
            order = side.shop.place_order({"SCARF": 1}, ship=False)
        finally:
            side.hooks.up = True
        side.shop.wait_until(lambda: ("order", order["id"]) in side.notifications("order.placed"))

    def test_a_wrong_key_is_told_as_such(self, side: Side) -> None:
        from connectors.kit.errors import Unauthorized
        from connectors.kit.sessions import make_http
        from connectors.medusa.connector import Medusa as Connector
        from tests.peers.medusa.side import MANIFEST

        settings = {**side.settings, "secret_key": "sk_wrong"}
        http = make_http(MANIFEST, "web", settings)
        try:
            connector = Connector(replace(side.connector.account, settings=settings), http)
            with pytest.raises(Unauthorized):
                connector.fetch("order", "order_any")
            assert not connector.check().ok
        finally:
            http.close()
