"""`hub connectors new`: what it writes is a small REST system that lints, translates, and talks to a server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from connectors.kit import registry, scaffold
from connectors.kit.api import Connector, Login, Message, Operation, WebhookRequest
from connectors.kit.errors import InvalidWebhook
from connectors.kit.sandbox import Call, Refuse, Sandbox, route
from connectors.kit.signing import sign_hmac
from hub import schema
from hub.cli import main
from mappings.engine import Mapping as Dictionary
from mappings.engine import read_json

NAME = "my_shop"
RECORDING = "tests/connectors/my_shop/return_partly_received"


def new(name: str, into: Path) -> Result:
    return CliRunner().invoke(main, ["connectors", "new", name, "--into", str(into)])


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the new connector, which is what the hub knows from now on."""
    result = new(NAME, tmp_path)
    assert result.exit_code == 0, result.output
    monkeypatch.setattr(registry, "HERE", tmp_path / "connectors")
    monkeypatch.setattr(registry, "MAPPINGS", tmp_path / "mappings")
    monkeypatch.setattr(registry, "_known", {})
    return tmp_path


def test_it_writes_what_the_house_asks_of_a_connector_and_says_what_is_next(tmp_path: Path) -> None:
    said = new(NAME, tmp_path).output
    written = sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file())
    assert written == sorted(
        [
            "connectors/my_shop/README.md",
            "connectors/my_shop/manifest.yaml",
            "mappings/my_shop.yaml",
            f"{RECORDING}.expected.json",
            f"{RECORDING}.json",
        ]
    )
    assert [name for name in written if name not in said] == []
    assert "hub connectors lint my_shop" in said
    assert [file for file in tmp_path.rglob("*.*") if "acme" in file.read_text("utf-8").lower()] == []


def test_it_lints(made: Path) -> None:
    for words in (("connectors", "lint", NAME), ("mapping", "lint", str(made / "mappings" / "my_shop.yaml"))):
        result = CliRunner().invoke(main, list(words))
        assert result.exit_code == 0, result.output
        assert "nothing to say against" in result.output


def test_its_recording_translates_to_what_stands_beside_it(made: Path) -> None:
    recording = read_json((made / f"{RECORDING}.json").read_bytes())
    dictionary = Dictionary.load(registry.load(NAME).mapping)
    fields = dictionary.read(recording["stream"], recording["record"], recording["settings"], account="here")
    assert json.loads(msgspec.json.encode(schema.fragment(fields))) == json.loads(
        (made / f"{RECORDING}.expected.json").read_text()
    )


def test_it_can_do_what_its_manifest_says(made: Path) -> None:
    able = registry.load(NAME).capabilities
    assert (list(able.polls), list(able.fetches), able.webhook) == (["return"], ["return"], True)
    assert (list(able.operations), able.check, bool(able.find)) == (["receive"], True, True)


class There(Sandbox):
    """The REST system that the new connector is written for (simulated)."""

    name = "my_shop"

    def setup(self) -> None:
        self.state = {
            f"ret_{n}": {"id": f"ret_{n}", "updated_at": f"2026-03-04T16:2{n}:00Z", "receipts": []} for n in range(3)
        }

    def allow(self, call: Call) -> None:
        if call.headers.get("authorization") != "Bearer simulated-key":
            raise Refuse(401, {"message": "unknown key"})

    def sign(self, topic: str, body: bytes) -> Mapping[str, str]:
        return {"X-Signature": sign_hmac("simulated-secret", body).decode()}

    @route("GET", "/v1/shop")
    def shop(self, call: Call) -> Any:
        return {}

    @route("GET", "/v1/returns")
    def pages(self, call: Call) -> Any:
        """Two on a page."""
        found = [one for one in self.state.values() if one["updated_at"] >= call.query.get("updated_since", "")]
        begin = int(call.query.get("page", 0))
        return {"returns": found[begin : begin + 2], "next_page": begin + 2 if begin + 2 < len(found) else None}

    @route("GET", "/v1/returns/{id}")
    def one(self, call: Call, id: str) -> Any:
        if id not in self.state:
            raise Refuse(404)
        return {"return": self.state[id]}

    @route("PUT", "/v1/returns/{id}/received")
    def received(self, call: Call, id: str) -> Any:
        self.effect("received", key=call.headers["idempotency-key"], content=call.json())
        self.state[id]["receipts"].append({"key": call.headers["idempotency-key"]})
        return {"return": self.state[id]}


@pytest.fixture
def there() -> Iterator[There]:
    with There() as running:
        yield running


@pytest.fixture
def connector(made: Path, there: There) -> Iterator[Connector]:
    settings = {"base_url": there.url, "api_key": "simulated-key", "webhook_secret": ["old", "simulated-secret"]}
    yield registry.load(NAME).connect(Login("here", settings))
    registry.close()


def test_it_polls_fetches_and_checks(connector: Connector) -> None:
    assert connector.check().ok
    pages = list(connector.poll("return", None))
    ids = [[message.external_id for message in page.messages] for page in pages if page.messages]
    assert ids == [["ret_0", "ret_1"], ["ret_2"]]
    assert [m.external_id for page in connector.poll("return", pages[-1].cursor) for m in page.messages] == ["ret_2"]
    assert connector.fetch("return", "ret_1").version == "2026-03-04T16:21:00Z"
    assert connector.fetch("return", "ret_9").deleted


def test_it_takes_a_signed_webhook_and_no_other(connector: Connector, there: There) -> None:
    body = msgspec.json.encode({"event": "return.updated", "return": {"id": "ret_1", "updated_at": "2026"}})
    (message,) = connector.accept(WebhookRequest("POST", "/", there.sign("", body), body))
    assert isinstance(message, Message)
    assert (message.stream, message.external_id) == ("return", "ret_1")
    with pytest.raises(InvalidWebhook):
        connector.accept(WebhookRequest("POST", "/", there.sign("", b"another"), body))


def test_it_writes_in_their_words_and_finds_what_it_wrote(connector: Connector, there: There) -> None:
    operation = Operation("receive", "41", "R1001", objects={"return": "ret_1"})
    assert connector.find(operation) is None
    line = {"order_line": "oi_1", "totals": {"received": Decimal(2), "damaged": Decimal(1)}}
    payload = Dictionary.load(registry.load(NAME).mapping).write("receive", {"lines": [line]})
    reply = connector.perform(Operation("receive", "41", "R1001", objects={"return": "ret_1"}, payload=payload))
    (effect,) = there.effects
    assert (effect["key"], effect["content"]) == (
        "41",
        {"items": [{"order_item": "oi_1", "received": 2, "damaged": 1}]},
    )
    assert [(changed.stream, changed.external_id) for changed in reply.read_back] == [("return", "ret_1")]
    assert connector.find(operation) is not None


@pytest.mark.parametrize("name", ["MyShop", "my-shop", "2shops", "", "my shop", "../shop", "läden", "kit"])
def test_a_name_that_is_no_folder_of_the_house_is_refused(name: str, tmp_path: Path) -> None:
    result = new(name, tmp_path)
    assert result.exit_code == 1
    assert "cannot name a connector" in result.output
    assert "lower-case letters, digits and underscores" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there_already", ["connectors/my_shop", "tests/connectors/my_shop", "mappings/my_shop.yaml"])
def test_what_is_there_already_is_never_overwritten(there_already: str, tmp_path: Path) -> None:
    (tmp_path / there_already).mkdir(parents=True)
    result = new(NAME, tmp_path)
    assert result.exit_code == 1
    assert f"something called 'my_shop' already: {tmp_path / there_already}" in result.output.replace("\n", "")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_every_file_kept_for_it_is_used() -> None:
    kept = {file.name for file in scaffold.HERE.iterdir() if file.suffix in (".yaml", ".json", ".md")}
    assert kept == set(scaffold.FILES)
