"""Who was not told is never called in sync; and what needs nobody is no alarm."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from werkzeug.test import Client

from connectors.generic.sandbox import SECRET
from connectors.kit.api import WebhookRequest
from connectors.kit.signing import sign_standard
from hub import configuration
from hub.boot import Hub
from hub.model.language.sentences import sentence
from hub.model.plan.planner import needs_somebody
from hub.model.schema.operation import Undeliverable
from hub.model.schema.returns import Return
from hub.pipeline.intake.accept import accept
from hub.store import console, inbox
from hub.web import create_app
from tests.pipeline.queries import all_returns, rows, work_off

RETURN = {
    "id": "RET-1",
    "version": 1,
    "number": "RET-1",
    "currency": "EUR",
    "order": {"id": "5001", "number": "#5001"},
    "requested_at": "2026-03-01T10:00:00Z",
    "authorization": {"value": "authorized"},
    "lines": [{"id": "1", "order_line": "L1", "sku": "MUG", "quantity": 1}],
}


def account(hub: Hub, name: str, kind: str, **terms: Any) -> None:
    settings = {"kind": kind, "webhook_secret": SECRET}
    configuration.put(hub, name, {"connector": "generic", "settings": settings, "terms": {"settle": 0, **terms}})


def shown(hub: Hub) -> dict[str, str]:
    """The shop told of a return: how each account stands to it."""
    body = msgspec.json.encode({"type": "return.upsert", "data": RETURN})
    headers = {"Content-Type": "application/json", **sign_standard(SECRET, "m1", body, time.time())}
    with hub.database.begin() as conn:
        inbox.accept(conn, accept(hub.accounts, "shop", WebhookRequest("POST", "/hooks/shop", headers, body)))
    work_off(hub)
    (found,) = all_returns(hub)
    with hub.database.begin() as conn:
        return {row.account: row.shown for row in console.telling(conn, found.id)}


def test_who_does_not_listen_is_not_in_sync(hub: Hub) -> None:
    account(hub, "shop", "storefront")
    account(hub, "erp", "erp", listens=[])
    account(hub, "wms", "wms")
    assert shown(hub) == {"shop": "in_sync", "erp": "untold", "wms": "blocked"}
    with hub.database.begin() as conn:
        (row,) = (row for row in console.telling(conn, all_returns(hub)[0].id) if row.account == "erp")
    assert [(rest.fact, rest.said.code) for rest in console.cannot(row)] == [("opened", "not_listening")]
    assert rows(hub, "SELECT count(*) FROM jobs WHERE kind = 'deliver'") == [(0,)]
    client = Client(create_app(hub))
    for language, words in (("en", "Not all told, needs nobody"), ("zh", "未全部告知，无需处理")):
        for page in ("/sync?state=untold", "/returns/R1001", "/"):
            assert words in client.get(page, headers={"Accept-Language": language}).text, (language, page)
    assert "erp" not in client.get("/sync?state=in_sync").text.split("<tbody>")[-1].split("</tbody>")[0]


@pytest.mark.parametrize(
    ("code", "operation", "status", "somebody"),
    [
        ("no_way", "record_refund", "partially_refunded", False),
        ("not_asked", "note", "authorized", False),
        ("no_way", "receive", "received", True),
        ("no_way", "receive", "completed", False),
        ("no_way", "refund", "refund_due", True),
        ("no_way", "reject", "rejected", True),
        ("not_listening", "create_return", "authorized", False),
        ("refused", "record_refund", "completed", True),
        ("money_off", "refund", "completed", True),
        ("waits_for_person", "note", "authorized", True),
    ],
)
def test_what_needs_somebody(code: str, operation: str, status: str, somebody: bool) -> None:
    rest = Undeliverable(fact="x", said=sentence("no_way"), operation=operation)
    rest = msgspec.structs.replace(rest, said=msgspec.structs.replace(rest.said, code=code))
    assert needs_somebody(rest, Return(status=status)) is somebody
