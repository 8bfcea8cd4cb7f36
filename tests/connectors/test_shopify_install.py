"""An app is installed in a shop: from the console to the shop's page and back, over HTTP; and what is not believed."""

# ruff: noqa: F811  (fixtures of the pipeline's tests are used by their names)

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import shopify as vendor
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from connectors.shopify.install import sign
from connectors.shopify.sandbox_oauth import CLIENT, CLIENT_SECRET, SCOPES, TOKEN
from hub import configuration
from hub.actions import install
from hub.boot import Hub
from hub.grants import StoredGrants
from hub.store import accounts as account_store
from hub.web import create_app
from tests.connectors.shopify_side import Remote
from tests.dump import dump
from tests.pipeline.conftest import hub  # noqa: F401


@pytest.fixture
def shop() -> Iterator[Remote]:
    with Remote() as running:
        yield running


@pytest.fixture
def browser(hub: Hub, shop: Remote) -> Client:
    """The console of a hub with the account `shop`, which has a client and no token."""
    given = {name: value for name, value in shop.settings().items() if name != "access_token"}
    settings = {**given, "client_id": CLIENT, "client_secret": CLIENT_SECRET}
    for name in ("shop", "other"):
        configuration.put(hub, name, {"connector": "shopify", "settings": settings})
    return Client(create_app(hub))


@pytest.fixture
def asked(browser: Client) -> Callable[..., str]:
    """asked(): the person clicks, agrees on the shop's page, and is sent back here."""

    def play(account: str = "shop") -> str:
        there = browser.get(f"/oauth/{account}/install")
        assert there.status_code == 303
        to = urlsplit(there.location)
        shops = HTTPConnection(to.netloc, timeout=10)
        shops.request("GET", f"{to.path}?{to.query}")
        answer = shops.getresponse()
        answer.read()
        shops.close()
        assert answer.status == 302
        return str(answer.headers["Location"])

    return play


def changed(address: str, *, resign: bool = True, **parameters: str | None) -> str:
    """The address of the way back with other words in it, genuine all the same where it is signed again."""
    query = {**dict(parse_qsl(urlsplit(address).query)), **parameters}
    query = {name: value for name, value in query.items() if value is not None}
    if resign:
        query["hmac"] = sign(list(query.items()), CLIENT_SECRET)
    return urlsplit(address)._replace(query=urlencode(query)).geturl()


def grant(hub: Hub) -> Any:
    return StoredGrants(hub.database, hub.vault, "shop").read()


def test_an_app_is_installed_and_its_token_is_renewed(
    hub: Hub, shop: Remote, browser: Client, asked: Callable[..., str]
) -> None:
    there = urlsplit(browser.get("/oauth/shop/install").location)
    assert f"{there.scheme}://{there.netloc}{there.path}" == f"{shop.url}/admin/oauth/authorize"
    sent = parse_qs(there.query)
    assert {name: values[0] for name, values in sent.items() if name != "state"} == {
        "client_id": CLIENT,
        "scope": ",".join(SCOPES),
        "redirect_uri": "http://localhost/oauth/shop/callback",
    }
    with hub.database.begin() as conn:
        account_store.move(conn, "shop", "needs_reauth", "simulated")
    back = browser.get(asked())
    assert (back.status_code, back.location) == (303, "/oauth/shop/")
    got = grant(hub)
    assert got.access_token.startswith("shpat_simulated_")
    assert (got.refresh_token, got.expires_at - got.claimed_until > 3500) == (shop.refreshing, True)
    english, chinese = (browser.get(f"/oauth/shop/?lang={language}").text for language in ("en", "zh"))
    assert "Everything that the hub needs is granted." in english
    assert ", ".join(sorted(SCOPES)) in english
    assert "http://localhost/oauth/shop/callback" in english
    assert "所需权限均已授予" in chinese
    kept = dump(hub.database)
    assert got.access_token not in kept, "it is encrypted"
    assert got.refresh_token not in kept
    with hub.database.begin() as conn:
        row = account_store.get(conn, "shop")
    assert row is not None
    assert row.state == "healthy"
    shop.tokens.clear()
    assert hub.install.check("shop").ok, "the token was refused, and renewed with the refresh token"
    assert grant(hub).access_token not in ("", TOKEN, got.access_token)
    assert grant(hub).refresh_token == shop.refreshing


def test_what_the_merchant_did_not_grant_is_said(shop: Remote, browser: Client, asked: Callable[..., str]) -> None:
    shop.gives = ("read_orders", "write_returns")
    assert browser.get(asked()).status_code == 303
    page = browser.get("/oauth/shop/?lang=en").text
    assert "Something is missing yet." in page
    assert "the app lacks the right write_orders" in page


def test_a_token_without_an_end_is_kept_as_well(hub: Hub, shop: Remote, browser: Client, asked: Any) -> None:
    """An app of one shop may be given one, whatever was asked for."""
    shop._expiring = lambda: {"access_token": TOKEN, "scope": ",".join(SCOPES)}  # type: ignore[method-assign]
    assert browser.get(asked()).status_code == 303
    assert (grant(hub).access_token, grant(hub).refresh_token) == (TOKEN, "")
    assert hub.install.check("shop").ok


STALE = "belongs to no installation that was begun in this browser"


@pytest.mark.parametrize(
    ("spoil", "letter"),
    [
        (lambda back: changed(back, resign=False, hmac="0" * 64), "signature does not fit"),
        (lambda back: changed(back, resign=False, hmac=None), "signature does not fit"),
        (lambda back: changed(back, resign=False, code="another"), "signature does not fit"),
        (lambda back: changed(back, shop="evil.myshopify.com"), "the app was installed in evil.myshopify.com"),
        (lambda back: changed(back, state="another"), STALE),
        (lambda back: changed(back, state=None), STALE),
        (lambda back: back.replace("/oauth/shop/", "/oauth/other/"), STALE),
        (lambda back: changed(back, code="another"), "gave no token for the code"),
        (lambda back: changed(back, code=None, error="access_denied"), "was not granted (access_denied)"),
    ],
)
def test_what_is_not_believed_changes_nothing(
    hub: Hub, browser: Client, asked: Callable[..., str], spoil: Callable[[str], str], letter: str
) -> None:
    refused = browser.get(spoil(asked()), headers={"Accept-Language": "en"})
    assert refused.status_code == 400
    assert letter in refused.text
    assert grant(hub) is None


def test_an_answer_counts_once_and_in_the_browser_that_began(
    hub: Hub, browser: Client, asked: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    back = asked()
    stranger = Client(create_app(hub))
    assert STALE in stranger.get(back, headers={"Accept-Language": "en"}).text
    cookie = browser.get_cookie("hub_install", path="/oauth/shop/")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 600)
    assert browser.get(back).status_code == 303
    assert browser.get_cookie("hub_install", path="/oauth/shop/") is None
    got = grant(hub)
    again = asked()
    other = browser.get_cookie("hub_install", path="/oauth/shop/")
    assert other is not None
    browser.set_cookie("hub_install", other.value, path="/oauth/other/")
    elsewhere = browser.get(again.replace("/oauth/shop/", "/oauth/other/"), headers={"Accept-Language": "en"})
    assert STALE in elsewhere.text, "begun for another account"
    browser.set_cookie("hub_install", cookie.value, path="/oauth/shop/")
    assert STALE in browser.get(back, headers={"Accept-Language": "en"}).text, "played again with its cookie"
    assert grant(hub) == got
    late = asked()
    monkeypatch.setattr(install, "WITHIN", -1)
    assert STALE in browser.get(late, headers={"Accept-Language": "en"}).text


def test_a_merchant_who_says_no(hub: Hub, shop: Remote, browser: Client, asked: Callable[..., str]) -> None:
    shop.agrees = False
    refused = browser.get(asked(), headers={"Accept-Language": "zh"})
    assert refused.status_code == 400
    assert "shop 没有授权。原因：The merchant said no" in refused.text
    assert grant(hub) is None


def test_the_way_in_is_shown_where_there_is_one(hub: Hub, shop: Remote, browser: Client) -> None:
    assert 'href="/oauth/shop/"' in browser.get("/").text
    by_hand = {"connector": "shopify", "settings": shop.settings()}
    configuration.put(hub, "byhand", by_hand)
    assert "byhand" not in hub.install.offered(), "it has a token"
    assert browser.get("/oauth/byhand/install").status_code == 404
    assert browser.get("/oauth/nobody/").status_code == 404


@given(st.dictionaries(st.text("abc%&=[] é", min_size=1), st.text("xyz%&=+/ é"), max_size=6))
def test_the_signature_is_the_vendors(answer: dict[str, str]) -> None:
    vendor.Session.secret = CLIENT_SECRET
    query = {name: value for name, value in answer.items() if not name.endswith("[]")}
    assert sign(list(query.items()), CLIENT_SECRET) == vendor.Session.calculate_hmac(dict(query))
