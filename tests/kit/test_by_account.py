"""What a manifest leaves to each account: its kind, what it is silent on, whether it can be read and be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.api import Connector, Login, Operation, Reply
from connectors.kit.errors import Rejected
from connectors.kit.manifest import lint, load
from hub.accounts import assemble
from mappings.engine import Mapping as Dictionary

MANIFEST = """\
name: door
kind: erp
support: untested
base_url: $url
settings:
  kind: {choices: [storefront, erp, wms]}
  silent: {choices: [authorization, dispute], many: true, required: false}
  url: {required: false}
  read_url: {required: false}
streams:
  return: {feed: push, version: ordering, version_type: number, fetch: true}
operations:
  receive: {moves_money: "no"}
by_account: {kind: kind, silent: silent, fetch: read_url, operations: url}
"""


class Door(Connector):
    def fetch(self, stream: str, external_id: str) -> Any:
        return self.http.get(f"/{stream}/{external_id}")

    def do_receive(self, operation: Operation) -> Reply:
        return Reply()


@pytest.fixture
def entry(tmp_path: Path) -> registry.Entry:
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    Door.manifest = load(tmp_path / "manifest.yaml")
    return registry.Entry("door", __name__, tmp_path, Door.manifest, Door)


def account(entry: registry.Entry, **settings: Any) -> Any:
    dictionary = Dictionary.load("system: door\ninbound: {}\n")
    return assemble("wh", entry, dictionary, settings, {}, {}, "healthy", lambda login, wire, until: Door(login, None))


def test_an_account_says_what_kind_of_system_it_is(entry: registry.Entry) -> None:
    shop = account(entry, kind="storefront", url="http://127.0.0.1:9")
    store = account(entry, kind="wms", url="http://127.0.0.1:9")
    assert (shop.party.kind, shop.terms.kind, shop.terms.sells) == ("storefront", "storefront", True)
    assert (store.party.kind, store.terms.kind, store.terms.sells) == ("wms", "wms", False)
    assert "money_due" in shop.terms.listens
    assert "money_due" not in store.terms.listens
    assert account(entry).party.kind == "erp"


def test_an_account_says_what_it_is_silent_on(entry: registry.Entry) -> None:
    assert account(entry, kind="erp").terms.silent == frozenset()
    assert account(entry, kind="erp", silent=["dispute"]).terms.silent == {"dispute"}
    assert account(entry, kind="erp", silent="dispute, authorization").terms.silent == {"dispute", "authorization"}


def test_what_an_account_has_no_address_for_it_cannot(entry: registry.Entry) -> None:
    assert (entry.capabilities.fetches, entry.capabilities.operations) == (("return",), ("receive",))
    mute = account(entry, kind="erp")
    assert (mute.entry.capabilities.fetches, mute.entry.capabilities.operations) == ((), ())
    assert mute.terms.can == frozenset()
    closed = account(entry, kind="erp", url="http://127.0.0.1:9")
    assert (closed.entry.capabilities.fetches, closed.terms.can) == ((), {"receive"})
    both = account(entry, kind="erp", url="http://127.0.0.1:9", read_url="http://127.0.0.1:9/records")
    assert both.entry.capabilities.fetches == ("return",)
    assert entry.capabilities.fetches == ("return",)


def test_a_call_without_an_address_is_refused_with_a_letter(entry: registry.Entry) -> None:
    connector = entry.connect(Login("wh", {"kind": "erp"}))
    with pytest.raises(Rejected, match=r"door \(wh\) has no address; set it in the account's settings"):
        connector.fetch("return", "1")
    registry.close()


def test_a_choice_that_is_none_is_said(entry: registry.Entry) -> None:
    manifest = entry.manifest
    assert manifest.missing({"kind": "wms", "silent": ["dispute"]}) == []
    assert manifest.missing({"kind": "wms", "silent": ""}) == []
    assert manifest.missing({"kind": "shop"}) == ["kind must be one of storefront, erp, wms"]
    assert manifest.missing({"kind": "wms", "silent": ["dispute", "weather"]}) == [
        "silent must be one of authorization, dispute"
    ]
    assert manifest.kinds == ("storefront", "erp", "wms")
    assert "| kind | storefront, erp, wms |" in registry.matrix([entry])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: kind,", "kind: sort,", "by_account.kind: names a setting that is no secret; there is no such setting"),
        ("[storefront, erp, wms]", "[shop]", "settings.kind.choices: decides the kind: choices among storefront"),
        ("choices: [authorization, dispute], ", "", "settings.silent.choices: decides the silent: choices among"),
        ("read_url: {required", "read_url: {secret: true, required", "by_account.fetch: names a setting that is no"),
        ("operations: url}", "colour: url}", "by_account.colour: Unknown field"),
    ],
)
def test_what_cannot_be_left_to_an_account_is_said_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in MANIFEST
    (tmp_path / "m.yaml").write_text(MANIFEST.replace(old, new))
    (found,) = lint(tmp_path / "m.yaml", "m.yaml")
    assert said in str(found)
