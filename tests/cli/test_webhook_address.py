"""`hub accounts check` looks whether webhooks can arrive: at the address that others call, as others would."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from werkzeug.test import Client

import connectors.square.sandbox as square
from connectors.kit.sandbox import Call, Sandbox, SandboxAnswer, route
from connectors.kit.signing import sign_hmac
from connectors.medusa.sandbox import SECRET_KEY, MedusaSandbox
from hub import checkup, configuration
from hub.boot import assemble_hub
from hub.settings import Settings
from hub.store.database import Database
from hub.web import create_app
from hub.web.serve import free_port
from tests.cli.console_input import SHOPIFY, Run, given, typed
from tests.connectors.kuaidi100_remote import Remote as Kuaidi100
from tests.connectors.kuaidi100_remote import settings as of_kuaidi100
from tests.connectors.shopify_side import Remote as Shopify
from tests.databases import CHECKOUT
from tests.web.test_serve import SERVE, answers, wait_until


class Proxy(Sandbox):
    """What stands under the public address instead of the hub."""

    name = "proxy"
    answers = SandboxAnswer(404)

    def setup(self) -> None:
        self.seen: list[Call] = []

    @route("GET", "/hooks/{account}")
    def hook(self, call: Call, account: str) -> Any:
        self.seen.append(call)
        return self.answers

    @route("GET", "/elsewhere")
    def elsewhere(self, call: Call) -> Any:
        self.seen.append(call)
        return {}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as running:
        yield running


@pytest.fixture
def job() -> Iterator[str]:
    """The real address for webhooks."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], cwd=CHECKOUT)
    try:
        wait_until(lambda: answers(port), "the server answers")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def add_shop(run: Run, shop: Shopify) -> Result:
    return run("accounts", "add", "web", "shopify", *given(base_url=shop.url), input=typed(*SHOPIFY))


def test_the_address_to_enter_is_said_and_one_that_leads_here_is_fine(
    run: Run, shop: Shopify, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "webhooks: enter https://<this hub>/hooks/web at Shopify; with HUB_PUBLIC_URL" in add_shop(run, shop).output
    monkeypatch.setenv("HUB_PUBLIC_URL", f"{job}/")
    checked = run("accounts", "check", "web", "--json")
    assert checked.exit_code == 0, checked.output
    printed = json.loads(checked.stdout)
    assert printed["ok"]
    assert printed["facts"]["webhooks"] == f"{job}/hooks/web is to be entered at Shopify"


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        (
            SandboxAnswer(404),
            "answers 404, but not as this hub: let the proxy forward /hooks/ to it, or correct HUB_PUBLIC_URL",
        ),
        (SandboxAnswer(405, {"detail": "POST"}), "answers 405, but not as this hub"),
        (SandboxAnswer(200, {"what_now": "sell shoes"}), "answers 200, but not as this hub"),
        (SandboxAnswer(401), "asks for a login (401): let the proxy forward /hooks/ without one"),
        (SandboxAnswer(502), "answers 502: is `hub serve` running behind the proxy?"),
        (
            SandboxAnswer(301, headers={"Location": "/elsewhere"}),
            "points to /elsewhere, and webhooks follow no redirect",
        ),
    ],
)
def test_an_address_that_leads_elsewhere_is_a_problem(
    run: Run, shop: Shopify, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, answer: SandboxAnswer, letter: str
) -> None:
    monkeypatch.setenv("HUB_PUBLIC_URL", proxy.url)
    proxy.answers = answer
    said = add_shop(run, shop).output
    assert f"webhooks cannot arrive: {proxy.url}/hooks/web {letter}" in said
    (call,) = proxy.seen
    assert (call.path, call.query_string, call.body) == ("/hooks/web", "", b"")
    assert not set(call.headers) & {"authorization", "cookie", "x-shopify-access-token"}


def test_an_address_where_nobody_answers_is_a_problem(run: Run, shop: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PUBLIC_URL", f"http://127.0.0.1:{free_port()}")
    said = add_shop(run, shop).output
    assert "webhooks cannot arrive: nobody answers at http://127.0.0.1:" in said
    assert "Start `hub serve`, let the proxy forward /hooks/ to it, and make sure that HUB_PUBLIC_URL is right" in said


def test_one_who_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/hooks/web"
        assert "no complete answer before the deadline" in checkup.unreachable(address, "Shopify", "x", near=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_an_address_of_this_machine_is_none_for_a_system_elsewhere(host: str) -> None:
    address = f"http://{host}:8080/hooks/web"
    said = checkup.unreachable(address, "Shopify", "HUB_PUBLIC_URL", near=False)
    assert f"webhooks cannot arrive: {address} is this machine's own, and Shopify is elsewhere" in said
    assert "set HUB_PUBLIC_URL to its address" in said


def test_who_signs_the_address_it_calls_has_to_be_told_which_that_is(
    run: Run, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with square.SquareSandbox() as till:
        settings = given(base_url=till.url, access_token=square.TOKEN, signature_key="simulated-signature-key")
        said = run("accounts", "add", "pos", "square", *settings, input=typed(*[""] * 4)).output
        assert "Square signs the address it calls, and behind a proxy the hub sees another one" in said
        assert "set notification_url, or HUB_PUBLIC_URL" in said
        monkeypatch.setenv("HUB_PUBLIC_URL", job)
        assert run("accounts", "check", "pos").exit_code == 0


@pytest.mark.parametrize(("public", "status"), [("https://hub.example.com", 202), ("", 401)])
def test_a_signature_over_the_public_address_is_believed_where_the_hub_knows_it(
    database_url: str, tmp_path: Path, public: str, status: int
) -> None:
    database = Database(database_url)
    hub = assemble_hub(Settings(data=tmp_path, database_url=database_url, public_url=public), database)
    settings = {"access_token": square.TOKEN, "signature_key": "simulated-signature-key"}
    configuration.put(hub, "pos", {"connector": "square", "settings": settings})
    body = b'{"type": "refund.created", "merchant_id": "M", "data": {"object": {"refund": {"id": "r1"}}}}'
    signed = sign_hmac("simulated-signature-key", b"https://hub.example.com/hooks/pos" + body, encoding="base64")
    headers = {"x-square-hmacsha256-signature": signed.decode()}
    answer = Client(create_app(hub)).post("/hooks/pos", data=body, headers=headers)
    assert answer.status_code == status
    hub.writer.close()
    database.close()


def test_an_address_that_a_setting_names_is_the_one_that_is_looked_at(
    run: Run, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_PUBLIC_URL", "http://127.0.0.1:9")
    with Kuaidi100() as carrier:
        settings = {**of_kuaidi100(carrier), "callback_url": f"{proxy.url}/hooks/parcels", "push_secret": "s" * 40}
        said = run("accounts", "add", "parcels", "kuaidi100", *given(**settings)).output
    assert f"webhooks cannot arrive: {proxy.url}/hooks/parcels answers 404" in said
    assert "or correct callback_url" in said


def test_who_only_polls_needs_no_address(run: Run, medusa: MedusaSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PUBLIC_URL", f"http://127.0.0.1:{free_port()}")
    said = run(
        "accounts", "add", "web", "medusa", *given(base_url=medusa.url, secret_key=SECRET_KEY), input=typed(*[""] * 4)
    )
    assert "webhooks: refused while webhook_secret is empty; the hub polls" in said.output
    assert "cannot arrive" not in said.output
