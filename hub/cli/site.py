"""What the web is given: the hub's stages behind the names that its pages use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.kit.api import WebhookRequest
from connectors.kit.manifest import Answer
from hub.accounts import expected
from hub.actions.people import NotNow
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.store import accounts as account_store
from hub.store import health, webhooks
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
        writer=Writer(ready.database),
        actions=actions(ready),
        refusals=(NotNow, ValueError, LookupError),
        install=ready.install,
    )


def actions(ready: Hub) -> Mapping[str, Callable[..., str | None]]:
    """What a person may do at the console; the page says what was done."""
    people, database = ready.people, ready.database

    def replay_inbox(inbox_id: int) -> None:
        ready.reconcile.replay([inbox_id])

    def retry_sync(return_id: int, account: str) -> None:
        people.retry(return_id, account, WHO)

    def resend(intent_id: int) -> None:
        people.resend(intent_id, WHO)

    def give_up(intent_id: int, note: str) -> None:
        people.give_up(intent_id, WHO, note)

    def dealt(review_id: int, note: str) -> None:
        people.dealt(review_id, WHO, note)

    def again(review_id: int) -> None:
        people.again(review_id, WHO)

    def pause(account: str) -> None:
        with database.begin() as conn:
            account_store.pause(conn, account, f"paused at the {WHO}")

    def resume(account: str) -> None:
        with database.begin() as conn:
            account_store.resume(conn, account)

    def reconcile(account: str) -> None:
        ready.reconcile.reconcile(account)

    def link(return_id: int, other_id: int) -> str:
        return f"R{people.link(return_id, other_id, WHO)}"

    def keep_apart(review_id: int) -> None:
        people.apart(review_id, WHO)

    def carry_out(review_id: int) -> None:
        ready.privacy.carry_out(review_id, WHO)

    def split(return_id: int, objects: list[tuple[str, str, str]]) -> str:
        return f"R{people.split(return_id, objects, WHO)}"

    def undo(act: str) -> str:
        entry = int(act) if act.isascii() and act.isdigit() and len(act) <= 18 else 0  # no entry has this number
        return f"R{people.undo(entry, WHO)}"

    def confirm(return_id: int) -> None:
        people.confirm(return_id, WHO)

    def answer(return_id: int, question: str, choice: str) -> None:
        ready.answering.answer(return_id, question, choice, WHO)

    def take_back(return_id: int, act: str) -> None:
        ready.answering.take_back(return_id, act, WHO)

    def say(return_id: int, decision: Mapping[str, Any]) -> None:
        people.say(return_id, decision, WHO)

    offered = (
        *(replay_inbox, retry_sync, resend, give_up, dealt, again, pause, resume, reconcile),
        *(link, keep_apart, carry_out, split, confirm, undo, answer, take_back, say),
    )
    return {action.__name__: action for action in offered}
