"""`hub accounts apply`: all accounts of a file or none, and for whatever a file may hold a clear answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.console_input import Run, listed

GOOD = {"connector": "medusa", "settings": {"base_url": "http://127.0.0.1:9", "secret_key": "sk_simulated"}}


def applied(run: Run, tmp_path: Path, text: str | bytes) -> tuple[int, str]:
    file = tmp_path / "accounts.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = run("accounts", "apply", str(file))
    assert "Traceback" not in said.output
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return said.exit_code, said.output


def test_all_or_none(run: Run, tmp_path: Path) -> None:
    bad = {"connector": "medusa", "settings": {"base_url": "http://127.0.0.1:9", "colour": "red"}}
    code, said = applied(run, tmp_path, yaml.safe_dump({"accounts": {"a": GOOD, "b": GOOD, "z": bad}}))
    assert code == 1
    assert "account z:" in said
    assert listed(run) == []
    code, said = applied(run, tmp_path, yaml.safe_dump({"accounts": {"a": GOOD, "b": GOOD}}))
    assert (code, said.splitlines()[-2:]) == (0, ["a: added", "b: added"])


def with_terms(**terms: object) -> str:
    return yaml.safe_dump({"accounts": {"a": {**GOOD, "terms": terms}}})


def with_setting(text: str) -> str:
    return f"accounts: {{a: {{connector: medusa, settings: {{base_url: {text}, secret_key: sk}}}}}}"


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        (b"accounts: {a: \xff}", "accounts.yaml"),
        ("[" * 5_000, "nested too deeply"),
        ("accounts: " + "{a: " * 60 + "1" + "}" * 60, "levels"),
        (
            with_setting('"http://h.test/\\0"'),
            "document.accounts.a.settings.base_url: holds a character that is no text",
        ),
        (with_setting("1000000000000000000000000000000"), "a number of this size is no setting"),
        (with_setting("1" + "0" * 5_000), "accounts.yaml"),
        (with_setting(".inf"), "is no number that a setting can have"),
        (with_setting("1.0e+300"), "is no number that a setting can have"),
        (with_setting("2026-01-01"), "is read as a date; put it in quotes"),
        (with_setting("2026-99-99 25:00:00"), "accounts.yaml"),
        (
            with_setting('"http://127.0.0.1:99999999"'),
            "account a: base_url is no address (its host cannot be read, or its port",
        ),
        (with_setting('"https://user:pass@[::1"'), "base_url is no address (its host cannot be read"),
        (with_setting("shop.example"), "base_url is no address (it begins with neither http:// nor https://)"),
        (with_setting("8080"), "base_url is no address (it begins with neither"),
        (with_setting('"https://:443"'), "base_url is no address (it names no host)"),
        (
            "accounts: {w: {connector: generic, settings: {kind: wms, webhook_secret: x, orders_of: nobody}}}",
            "account w: orders_of names nobody, and no account is called that; there are w.",
        ),
        (with_terms(routes=["nobody", "a"]), "account a: routes names nobody, and no account is called that"),
        ("accounts: {a: {connector: [medusa]}}", "account a: name its `connector`"),
        ("accounts: {a: {connector: medusa, settings: 7}}", "settings are names with their values"),
        ("accounts: {1: {connector: medusa}}", "1 cannot name an account"),
        ("accounts: {Hub: {connector: generic}}", "account Hub: this name is the hub's own"),
        (
            "accounts: {w: {connector: generic, settings: {kind: wms, webhook_secret: 12345}}}",
            "account w: webhook_secret is a text, or a list of texts; a number has to stand in quotes",
        ),
        (
            "accounts: {w: {connector: generic, settings: {kind: wms, webhook_secret: {a: b}}}}",
            "account w: webhook_secret is a text, or a list of texts",
        ),
        ("accounts: {a: {connector: nowhere}}", "there is no connector 'nowhere'"),
        ("accounts: {a: {connector: medusa, mapping: ../x}}", "there is no dictionary '../x'"),
        ("accounts: {a: {connector: medusa, mapping: none_such}}", "there is no dictionary 'none_such'"),
        (with_terms(settle="soon"), "terms: Expected `float`, got `str` - at `settle`"),
        (with_terms(money="no"), "terms: Expected `bool`, got `str` - at `money`"),
        (with_terms(poll=-1), "terms: Expected `float` >= 0.0 - at `poll`"),
        (with_terms(listens=["opened", "everything"]), "listens does not know everything, but accepted"),
        (with_terms(ranks={"cash": 3}), "ranks does not know cash"),
        (with_terms(locations=[7]), "terms: Expected `str`, got `int` - at `locations[0]`"),
        (with_terms(order_numbers="EN"), "terms: Expected `object`, got `str` - at `order_numbers`"),
        (with_terms(order_numbers={"prefix": "EN24"}), "cannot be told from the number itself"),
        (with_terms(budget={"rate": "fast", "burst": 9}), "terms: budget: rate must be a rate above 0"),
        (with_terms(budget={"rate": "5/s"}), "terms: Object missing required field `burst` - at `budget`"),
        (with_terms(budget={"rate": 5, "burst": 0}), "terms: Expected `int` >= 1 - at `budget.burst`"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8))
            + "accounts: {}\n",
            "100000 values",
        ),
    ],
)
def test_whatever_a_file_holds_is_answered(run: Run, tmp_path: Path, text: str | bytes, letter: str) -> None:
    code, said = applied(run, tmp_path, text)
    assert code == 1
    assert letter in said.replace("\n", " "), said[-400:]
    assert len(said) < 3_000
    assert listed(run) == []


def test_an_account_may_name_one_that_the_same_file_adds(run: Run, tmp_path: Path) -> None:
    till: dict[str, Any] = {"kind": "pos", "webhook_secret": "simulated", "orders_of": "web"}
    wanted = {"connector": "generic", "settings": till}
    both = {"accounts": {"till": {**wanted, "terms": {"routes": ["web", "till"]}}, "web": GOOD}}
    code, said = applied(run, tmp_path, yaml.safe_dump(both, sort_keys=False))
    assert (code, said.splitlines()[-2:]) == (0, ["till: added", "web: added"])
    filled = {**dict.fromkeys(("url", "read_url", "token", "silent"), ""), **till, "orders_of": "wbe"}
    settings = [part for name, value in filled.items() for part in ("--set", f"{name}={value}")]
    said = run("accounts", "add", "desk", "generic", *settings).output
    assert "account desk: orders_of names wbe, and no account is called that; there are" in said.replace("\n", " ")
    assert sorted(row["name"] for row in listed(run)) == ["till", "web"]
