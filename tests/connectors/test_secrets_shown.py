"""No secret of an account is shown by anything: database, logs, export, whatever the other system answers with it."""

# ruff: noqa: F401, F811 - fixtures of another folder
from __future__ import annotations

import base64
import contextlib
import json
import logging
import time
import traceback
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml

from connectors.kit import registry, retries
from connectors.kit.api import Operation, OperationLine, WebhookRequest
from hub import checkup, configuration
from hub.boot import Hub
from hub.pipeline.intake.accept import accept
from hub.pipeline.remote import call, note
from hub.store import jobs
from tests.connectors.echoing_system import SCENES, Mirror, mirror
from tests.connectors.test_personal import SYSTEMS, recorded
from tests.dump import dump
from tests.pipeline.conftest import hub, work

PASSWORD = "hunter2/of+the&proxy"


def secret_of(system: str, name: str) -> str:
    if system == "generic" and name == "webhook_secret":
        return "whsec_" + base64.b64encode(b"a secret of the push door, simulated").decode()
    return f'S3cret/+&="{system}-{name}'


def forms(secret: str) -> set[str]:
    plain = secret.encode()
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        repr(secret)[1:-1],
        base64.b64encode(plain).decode().rstrip("=")[:-1],
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_secret_is_shown_whatever_fails(
    system: str, hub: Hub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(retries, "_wait", lambda _: 0.0)
    manifest = registry.load(system).manifest
    secrets = {name: secret_of(system, name) for name in manifest.secrets}
    with mirror() as remote:
        address = remote.url.replace("//", f"//proxy:{quote(PASSWORD, safe='')}@")
        settings = {**recorded(system)[0].get("settings", {}), **secrets}
        for name, setting in manifest.settings.items():
            if name.endswith("url") and name != "read_url":
                settings[name] = address
            elif setting.required and setting.default is None and not setting.secret:
                settings.setdefault(name, (setting.choices or ("here",))[0])
        shop = {"connector": "generic", "settings": {"kind": "storefront", "webhook_secret": "simulated"}}
        configuration.apply(hub, {"accounts": {"web": shop, "here": {"connector": system, "settings": settings}}})
        said = [yaml.safe_dump(configuration.export(hub))]
        for scene in SCENES:
            remote.scene = scene
            said += provoked(hub)
        assert remote.heard > len(SCENES)
    said += [dump(hub.database), caplog.text]
    for secret in (*secrets.values(), PASSWORD):
        for form in forms(secret):
            assert [text[max(at - 200, 0) : at + 200] for text in said if (at := text.find(form)) >= 0] == []


def provoked(hub: Hub) -> list[str]:
    """Everything that can be asked of the account is; what was said of it."""
    account = hub.accounts.get("here")
    can = account.entry.capabilities
    line = OperationLine(Decimal(1), order_line="1", line="1", sku="A", totals={"received": Decimal(1)})
    objects = dict.fromkeys((*account.entry.manifest.streams, "payment"), "1")
    asked: list[Any] = [lambda it: it.check()]
    asked += [lambda it, stream=stream: next(it.poll(stream, None)) for stream in can.polls]
    asked += [lambda it, stream=stream: it.fetch(stream, "1") for stream in can.fetches]
    for kind in can.operations:
        operation = Operation(kind, "7", "R1001", objects, "1", (line,), amount=Decimal(1), currency="EUR")
        asked += [
            lambda it, operation=operation: it.perform(operation),
            lambda it, operation=operation: it.find(operation),
        ]
    said = []
    for ask in asked:
        outcome = call(account, ask, time.monotonic() + 1.0)
        with hub.database.begin() as conn:
            note(conn, account, "call", outcome)
            jobs.want(conn, "poll", [("here", "x")])
        said += ["".join(traceback.format_exception(outcome.error))] if outcome.error else []
    said.append(repr(checkup.check(hub, "here")))
    said.append(pushed(hub))
    with hub.database.begin() as conn:
        conn.exec_driver_sql("UPDATE accounts SET state = 'active', blocked_until = NULL")
    hub.accounts.forget()
    return said


def pushed(hub: Hub) -> str:
    """A webhook that proves nothing, with the secrets where they do not belong."""
    account = hub.accounts.get("here")
    body = json.dumps(dict(account.connect([]).account.settings)).encode()
    headers = {"Authorization": "Bearer wrong", "X-Shopify-Shop-Domain": body.decode()}
    try:
        accept(hub.accounts, "here", WebhookRequest("POST", "/hooks/here", headers, body))
    except Exception as problem:
        return "".join(traceback.format_exception(problem))
    return ""


def test_a_password_in_an_address_is_sent_as_a_browser_would_and_kept_like_a_secret(hub: Hub) -> None:
    document: dict[str, Any] = {"connector": "medusa", "settings": {"base_url": "", "secret_key": "sk_simulated_key"}}
    document["settings"]["base_url"] = "https://proxy:first-password@shop.test/a?x=1"
    assert configuration.put(hub, "web", document) == "added"
    exported = configuration.export(hub)
    assert exported["accounts"]["web"]["settings"]["base_url"] == "https://shop.test/a?x=1"
    assert configuration.apply(hub, exported) == ["web: as it was"]
    login = hub.accounts.get("web").connect([])
    assert login.account.settings["base_url"] == document["settings"]["base_url"]
    assert login.http.base_url == "https://shop.test/a?x=1"
    assert login.http.headers["Authorization"] == "Basic " + base64.b64encode(b"proxy:first-password").decode()
    document["settings"]["base_url"] = "https://other.test"
    assert configuration.put(hub, "web", document) == "changed"
    assert hub.accounts.get("web").connect([]).account.settings["base_url"] == "https://other.test"
