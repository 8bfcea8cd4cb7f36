"""What the web is given: the hub's stages behind the names that its pages use."""

from __future__ import annotations

from typing import Any

from connectors.kit.api import WebhookRequest
from connectors.kit.manifest import Answer
from hub.accounts import expected
from hub.actions.people import NotNow
from hub.actions.registry import ACTIONS, perform
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.store import accounts as account_store
from hub.store import health, webhooks
from hub.store.wake import Bell
from hub.store.writer import Writer
from hub.web import Services
from hub.web.counts import Answered

WHO = "console"
"""Until there are users, everybody at the console is the same person."""


def services(ready: Hub) -> Services:
    """The services of one process of the web."""

    def take(account: str, request: WebhookRequest) -> list[Any]:
        return accept(ready.accounts, account, request)

    def answer(account: str) -> Answer | None:
        hook = ready.accounts.get(account).entry.manifest.webhook
        return None if hook is None else hook.answer

    seen: dict[str, Any] = {}

    def look() -> dict[str, str]:
        ready.accounts.hold()
        with ready.database.begin() as conn:
            found = account_store.stamps(conn), health.states(conn)
        if found != seen.get("last"):
            ready.accounts.renew()
            seen["last"] = found
        return found[1]

    def keep(answered: list[Answered]) -> None:
        with ready.database.begin() as conn:
            webhooks.add(conn, answered)

    return Services(
        database=ready.database,
        accept=take,
        look=look,
        keep=keep,
        expected=lambda: expected(ready.accounts.all()),
        answer=answer,
        connector=lambda account: ready.accounts.get(account).entry.name,
        public_url=ready.settings.public_url,
        sender_header=ready.settings.sender_header,
        bodies=ready.settings.bodies,
        writer=Writer(ready.database, committed=Bell(ready.database).ring),
        actions=frozenset(ACTIONS),
        perform=lambda name, data: perform(ready, name, data, WHO),
        refusals=(NotNow, ValueError, LookupError),
        install=ready.install,
    )
