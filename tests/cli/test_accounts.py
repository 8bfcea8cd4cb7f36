"""`hub accounts add` and `check`: what is asked, what is hidden, and for each thing that is missing what to do now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import yaml

import connectors.square.sandbox as square
from connectors.medusa.sandbox import SECRET_KEY, MedusaSandbox
from connectors.shopify.sandbox_oauth import TOKEN
from tests.cli.console_input import SHOPIFY, Run, given, listed, typed
from tests.connectors.shopify_side import Remote as Shopify

PUSHED = "whsec_" + "c2ltdWxhdGVkLXNlY3JldC1zaW11bGF0ZWQ="

# -- asking


def test_it_asks_for_what_has_no_default_hides_secrets_and_says_that_it_is_ready(run: Run, shop: Shopify) -> None:
    said = run("accounts", "add", "web", "shopify", input=typed(shop.url, *SHOPIFY))
    assert said.exit_code == 0, said.output
    assert "web: ready" in said.output
    assert "Address (base_url): " in said.output
    assert "Webhook signing secret (webhook_secret, may stay empty): " in said.output
    assert "Settings, Apps, Develop apps: shpat_…" in said.output, "where to find it"
    assert "API version" not in said.output
    assert "as usual: api_version=2026-07 (--set says otherwise)" in said.output
    assert "scopes: read_orders" in said.output
    for secret in (TOKEN, "simulated-webhook-secret"):
        assert secret not in said.output
    assert [one["name"] for one in listed(run)] == ["web"]


def test_what_is_needed_is_asked_until_it_is_said_and_a_word_must_be_one_of_the_choices(run: Run) -> None:
    said = run("accounts", "add", "depot", "generic", input=typed("robot", "wms", "", PUSHED, *[""] * 5))
    assert said.exit_code == 0, said.output
    assert "'robot' is not one of 'storefront'" in said.output
    assert said.output.count("Secret (webhook_secret): ") == 2
    assert "depot: ready" in said.output
    assert PUSHED not in said.output


@pytest.mark.parametrize(
    ("name", "more", "letter"),
    [
        ("web", {"colour": "red"}, "Shopify has no setting 'colour'"),
        ("web", {"api_version": "1999-01"}, "api_version must be one of 2026-07"),
        ("my shop", {}, "'my shop' cannot name an account"),
        ("../web", {}, "cannot name an account"),
    ],
)
def test_nothing_is_stored_before_everything_is_right(
    run: Run, shop: Shopify, name: str, more: dict[str, str], letter: str
) -> None:
    said = run("accounts", "add", name, "shopify", *given(base_url=shop.url, **more), input=typed(*SHOPIFY))
    assert said.exit_code == 1
    assert letter in said.output
    assert listed(run) == []
    assert shop.calls == []


def test_all_that_is_wrong_is_said_at_once(run: Run, shop: Shopify) -> None:
    more = given(base_url=shop.url, colour="red", api_version="1999-01")
    said = run("accounts", "add", "web", "shopify", *more, input=typed(*SHOPIFY)).output
    assert "no setting 'colour'" in said
    assert "api_version must be one of" in said


def test_a_setting_that_is_no_pair_is_not_repeated(run: Run) -> None:
    said = run("accounts", "add", "web", "shopify", "--set", "shpat_pasted_alone")
    assert said.exit_code == 1
    assert "--set wants KEY=VALUE" in said.output
    assert "shpat_pasted_alone" not in said.output


def test_an_account_that_is_there_keeps_what_it_may_decide(run: Run, shop: Shopify, tmp_path: Path) -> None:
    document = {"connector": "shopify", "settings": {"base_url": "http://127.0.0.1:9"}, "terms": {"money": True}}
    file = tmp_path / "accounts.yaml"
    file.write_text(yaml.safe_dump({"accounts": {"web": document}}))
    assert run("accounts", "apply", str(file)).exit_code == 0
    said = run("accounts", "add", "web", "shopify", *given(base_url=shop.url), input=typed(*SHOPIFY)).output
    assert "web was there already: its settings are replaced, its terms stay" in said
    kept = yaml.safe_load(run("accounts", "export").stdout)["accounts"]["web"]
    assert (kept["terms"], kept["settings"]["base_url"]) == ({"money": True}, shop.url)


# -- what is missing over there


def test_a_scope_that_is_missing_is_named(run: Run, shop: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "gives", ("write_orders", "read_products", "read_returns"))
    said = run("accounts", "add", "web", "shopify", *given(base_url=shop.url), input=typed(*SHOPIFY)).output
    assert "web: not ready" in said
    assert "the app lacks the right write_returns: add it to the app's version and install it anew" in said
    assert "the right read_returns" not in said
    assert "web is stored; `hub accounts check web` looks again" in said


def test_a_permission_that_is_missing_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square, "SCOPES", ("ORDERS_READ", "PAYMENTS_READ", "MERCHANT_PROFILE_READ"))
    with square.SquareSandbox() as till:
        settings = given(base_url=till.url, access_token=square.TOKEN)
        said = run("accounts", "add", "pos", "square", *settings, input=typed(*[""] * 5)).output
    assert "the token lacks ITEMS_READ, INVENTORY_READ: give the application these permissions" in said
    assert "writes: no: PAYMENTS_WRITE, INVENTORY_WRITE missing" in said


def test_a_wrong_key_is_said_and_not_repeated_even_where_they_repeat_it(run: Run, medusa: MedusaSandbox) -> None:
    medusa.fault("answer", times=9, status=401, body={"message": "sk_mistyped is no key"})
    said = run(
        "accounts",
        "add",
        "web",
        "medusa",
        *given(base_url=medusa.url, secret_key="sk_mistyped"),
        input=typed(*[""] * 4),
    )
    assert "web: not ready" in said.output
    assert "answered 401" in said.output
    assert "*** is no key (renew the account's credentials, or give them the missing right)" in said.output
    assert "sk_mistyped" not in said.output


def test_a_plan_that_does_not_include_it_is_named(run: Run, medusa: MedusaSandbox) -> None:
    medusa.fault("answer", times=9, status=402, body={"message": "returns are not in this plan"})
    said = run("accounts", "add", "web", "medusa", *given(base_url=medusa.url, secret_key="sk"), input=typed(*[""] * 4))
    assert "returns are not in this plan (the plan does not include this, or a bill is open" in said.output


def skewed(medusa: MedusaSandbox, seconds: float, **headers: str) -> None:
    """The last call of Medusa's check is answered by a clock that is off."""
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    body = {"returns": [], "count": 0}
    medusa.fault("answer", path="/admin/returns.*", status=200, body=body, headers={"Date": at, **headers})


@pytest.mark.parametrize(("seconds", "about"), [(400, ("+399", "+400")), (-90, ("-90", "-91", "-92"))])
def test_a_clock_that_is_off_is_a_problem(
    run: Run, medusa: MedusaSandbox, seconds: int, about: tuple[str, ...]
) -> None:
    run("accounts", "add", "web", "medusa", *given(base_url=medusa.url, secret_key=SECRET_KEY), input=typed(*[""] * 4))
    skewed(medusa, seconds)
    said = run("accounts", "check", "web")
    assert said.exit_code == 1
    assert any(f"the clock of Medusa is {skew} s from this hub's: let NTP set" in said.output for skew in about)
    assert "webhooks whose time is more than 300 s away are refused" in said.output


@pytest.mark.parametrize(("seconds", "headers"), [(20, {}), (-4000, {"Age": "4000"})])
def test_a_clock_that_agrees_or_a_caches_old_answer_is_none(
    run: Run, medusa: MedusaSandbox, seconds: int, headers: dict[str, str]
) -> None:
    run("accounts", "add", "web", "medusa", *given(base_url=medusa.url, secret_key=SECRET_KEY), input=typed(*[""] * 4))
    skewed(medusa, seconds, **headers)
    assert "the clock of" not in run("accounts", "check", "web").output


def test_an_account_is_forgotten_when_a_person_says_so(run: Run) -> None:
    run("accounts", "add", "depot", "generic", input=typed("robot", "wms", "", PUSHED, *[""] * 5))
    assert run("accounts", "remove", "depot", input="n\n").exit_code != 0
    assert [row["name"] for row in listed(run)] == ["depot"]
    assert "depot is removed" in run("accounts", "remove", "depot", input="y\n").output
    assert listed(run) == []
    said = run("accounts", "remove", "depot", "--yes")
    assert (said.exit_code, "there is no account 'depot'" in said.output) == (1, True)
