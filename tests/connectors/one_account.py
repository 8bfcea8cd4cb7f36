"""A hub on a fresh database with the system under test as its account `here`; nothing happens but what a test does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connectors.kit.api import WebhookRequest
from hub import configuration
from hub.boot import assemble_hub
from hub.model.schema.returns import Return
from hub.pipeline.intake.accept import accept
from hub.settings import Settings
from hub.store import console, inbox, jobs
from hub.store.database import Database
from tests.pipeline.fakes import systems
from tests.pipeline.fakes.connector import signature
from tests.pipeline.fakes.processes import SECRET
from tests.pipeline.queries import document, hurry, rows, work_off

HERE, SHOP = "here", "web"


class Stage:
    """`connect` first; then `read`, `poll` and `push` bring something in, and `work` does all that is due."""

    def __init__(self, database_url: str, folder: Path) -> None:
        systems.register()
        self.database = Database(database_url)
        self.hub = assemble_hub(Settings(data=folder, database_url=database_url), self.database)

    def close(self) -> None:
        self.database.close()

    def connect(self, system: str, settings: dict[str, Any], terms: dict[str, Any]) -> None:
        """The system as `here`, and `web`, a shop that is told nothing."""
        shop = {"base_url": "http://127.0.0.1:9", "secret": SECRET}
        configuration.put(self.hub, SHOP, {"connector": "fake_shop", "settings": shop, "terms": {"listens": []}})
        configuration.put(self.hub, HERE, {"connector": system, "settings": settings, "terms": {"settle": 0, **terms}})

    def push(self, request: WebhookRequest, account: str = HERE) -> None:
        """A webhook arrives."""
        arrivals = accept(self.hub.accounts, account, request)
        with self.database.begin() as conn:
            inbox.accept(conn, arrivals)

    def shop_tells(self, record: dict[str, Any]) -> None:
        """The shop tells of a return."""
        body = json.dumps(record).encode()
        self.push(WebhookRequest("POST", "/", {"X-Signature": signature(SECRET, body)}, body), SHOP)

    def read(self, stream: str, external_id: str) -> None:
        """One record is read."""
        with self.database.begin() as conn:
            jobs.want(conn, "fetch", [(HERE, jobs.object_key(stream, external_id))])

    def poll(self) -> None:
        """Every feed is asked for what changed since it was last asked."""
        with self.database.begin() as conn:
            jobs.want(conn, "poll", [(HERE, stream) for stream in self.hub.accounts.get(HERE).entry.capabilities.polls])

    def work(self) -> None:
        """Until nothing is due, not even what would wait for its time."""
        work_off(self.hub)
        hurry(self.hub)
        work_off(self.hub)

    def return_of(self, account: str, external_id: str) -> int:
        """The return to which a record belongs."""
        statement = (
            "SELECT return_id FROM observations WHERE account = :a AND external_id = :x AND return_id IS NOT NULL"
        )
        ((found,),) = set(rows(self.hub, statement, a=account, x=external_id))
        return int(found)

    def document(self, return_id: int) -> Return:
        return document(self.hub, return_id)

    def telling(self, return_id: int) -> Any:
        """How it stands with telling this return to the system: its state, and what is planned."""
        with self.database.begin() as conn:
            return next(row for row in console.telling(conn, return_id) if row.account == HERE)
