"""The webhook job: what good and bad input gets, and that nothing is acknowledged before it is durable."""

from __future__ import annotations

import io
from typing import Any

import pytest

from connectors.kit.errors import InvalidWebhook, Unsupported
from connectors.kit.manifest import WebhookAnswer
from hub.store.inbox import Full
from hub.store.writer import Unstorable
from hub.web import webhooks
from tests.web.conftest import Site, make_site

SIGNED = {"X-Signature": "good", "Content-Type": "application/json"}
BODY = b'{"id":"return_1"}'
CHUNKED = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
"""How a server hands over a body whose length nobody stated."""


@pytest.fixture
def site() -> Site:
    return make_site(database=None)  # the job itself never asks the database


def post(site: Site, path: str = "/hooks/web", body: bytes = BODY, **headers: str) -> Any:
    return site.client.post(path, data=body, headers={**SIGNED, **{k.replace("_", "-"): v for k, v in headers.items()}})


def letter(response: Any, status: int) -> dict[str, str]:
    """Every refusal is one: what happened, probably why, what to do now."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/json"
    assert set(response.json) == {"error", "why", "what_now"}
    assert all(response.json.values())
    return response.json


def raises(error: Exception) -> Any:
    def accept(account: str, request: Any) -> list[Any]:
        raise error

    return accept


def test_durable_before_202(site: Site) -> None:
    response = post(site, "/hooks/web?shop=1&empty=")
    assert (response.status_code, response.json) == (202, {"accepted": 1})
    assert site.put == [BODY.decode()]
    request = site.requests[0]
    assert (request.method, request.path, request.query) == ("POST", "/hooks/web", {"shop": "1", "empty": ""})
    assert request.url == "http://localhost/hooks/web?shop=1&empty="
    assert request.header("content-type") == "application/json"
    assert request.received_at.tzinfo is not None


def test_a_system_that_wants_its_own_words_hears_them_once_it_is_durable() -> None:
    wanted = WebhookAnswer('{"result":true,"message":"成功"}', 200, "application/json;charset=UTF-8")
    site = make_site(None, answer=wanted)
    response = post(site)
    assert (response.status_code, response.data) == (200, wanted.body.encode())
    assert response.content_type == wanted.content_type
    assert site.put == [BODY.decode()]
    site.fails.append(Full("the database is away", 1.0))
    letter(post(site), 503)
    letter(post(site, X_Signature="forged"), 401)


def test_the_address_that_signatures_cover_is_the_public_one() -> None:
    site = make_site(None, settings={"public_url": "https://hub.example.invalid/"})
    post(site, "/hooks/web?a=1")
    assert site.requests[0].url == "https://hub.example.invalid/hooks/web?a=1"


def test_the_bytes_reach_the_check_untouched(site: Site) -> None:
    body = b'{"a": "\xff\x00\\ud800", "n":NaN }\r\n'
    site.client.post("/hooks/web", data=body)
    assert site.requests[0].body == body


@pytest.mark.parametrize("signature", ["forged", ""])
def test_wrong_or_missing_signature(site: Site, signature: str) -> None:
    said = letter(post(site, X_Signature=signature), 401)
    assert "signature" in said["error"]
    assert "secret" in said["what_now"]
    assert site.put == []


def test_replayed_old_timestamp() -> None:
    site = make_site(None, accept=raises(InvalidWebhook("the timestamp is 3 hours old; this may be a replay")))
    assert "3 hours old" in letter(post(site), 401)["error"]


def test_system_without_webhooks() -> None:
    site = make_site(None, accept=raises(Unsupported("this system sends no webhooks")))
    assert "polled" in letter(post(site), 404)["what_now"]


@pytest.mark.parametrize("account", ["nobody", "", "a/b", "../web", "web\x00", "x" * 65, "-x"])
def test_unknown_account(site: Site, account: str) -> None:
    said = letter(post(site, f"/hooks/{account}"), 404)
    assert "no account" in said["error"]
    assert "hub accounts check" in said["what_now"]
    assert site.put == []


@pytest.mark.parametrize("body", [b"<xml/>", b"", b"\xff\xfe{"])
def test_malformed_body(site: Site, body: bytes) -> None:
    assert "not JSON" in letter(post(site, body=body), 400)["error"]
    assert site.put == []


def test_a_missing_field_is_not_an_unknown_account() -> None:
    site = make_site(None, accept=raises(KeyError("id")))
    assert "'id'" in letter(post(site), 400)["error"]


def test_who_sends_what_a_connector_does_not_take_hears_whose_page_to_read(site: Site) -> None:
    assert "the README of 'generic'" in letter(post(site, body=b"<xml/>"), 400)["what_now"]
    site.fails.append(Unstorable("this message cannot be stored"))
    assert "the README of 'generic'" in letter(post(site), 400)["what_now"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_other_methods(site: Site, method: str) -> None:
    response = site.client.open("/hooks/web", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert site.requests == []


class Counting(io.BytesIO):
    """A body that knows how much of it is held at once."""

    largest = 0

    def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        assert size is not None
        assert size >= 0, "reading all at once holds whatever a stranger sends"
        self.largest = max(self.largest, size)
        return super().read(size)


@pytest.mark.parametrize("stated", [True, False], ids=["with a length", "chunked"])
def test_a_body_of_50_MB(site: Site, stated: bool) -> None:
    body = Counting(b"x" * 50_000_000)
    how = {"CONTENT_LENGTH": "50000000"} if stated else CHUNKED
    response = site.client.post("/hooks/web", input_stream=body, headers=SIGNED, environ_overrides=how)
    assert "larger than 10485760 bytes" in letter(response, 413)["error"]
    assert site.requests == []
    assert body.largest <= 65536
    assert post(site).status_code == 202, "the next one is not harmed"


def test_a_chunked_body_without_a_length(site: Site) -> None:
    response = site.client.post("/hooks/web", input_stream=io.BytesIO(BODY), headers=SIGNED, environ_overrides=CHUNKED)
    assert response.status_code == 202
    assert site.put == [BODY.decode()]


def test_the_largest_body_that_fits(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LARGEST", len(BODY))
    assert post(site).status_code == 202
    letter(post(site, body=BODY + b" "), 413)


def test_a_body_cut_short(site: Site) -> None:
    response = site.client.post(
        "/hooks/web", input_stream=io.BytesIO(b'{"id"'), headers=SIGNED, environ_overrides={"CONTENT_LENGTH": "900"}
    )
    assert "5 of 900 bytes" in letter(response, 400)["error"]
    assert site.put == []


@pytest.mark.parametrize("length", ["-1", "many", "²"])
def test_a_senseless_length(site: Site, length: str) -> None:
    response = site.client.post("/hooks/web", environ_overrides={"CONTENT_LENGTH": length}, headers=SIGNED)
    letter(response, 400)


def test_full_says_when_to_come_back(site: Site) -> None:
    site.fails.append(Full("the database is away", 6.2))
    response = post(site)
    assert "again" in letter(response, 503)["what_now"]
    assert response.headers["Retry-After"] == "7"
    assert site.put == []
    assert post(site).status_code == 202


def test_what_the_database_refuses_is_not_sent_again(site: Site) -> None:
    site.fails.append(Unstorable("this message cannot be stored"))
    assert "cannot be stored" in letter(post(site), 400)["error"]


def test_our_own_fault_is_500_and_hides_nothing_from_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.fails.append(ZeroDivisionError("inner detail"))
    response = post(site)
    assert "inner detail" not in response.text
    letter(response, 500)
    assert "inner detail" in caplog.text


def test_answers_are_counted(database) -> None:
    site = make_site(database)
    post(site)
    post(site, X_Signature="forged")
    for n in range(3):
        post(site, f"/hooks/guess{n}")
    site.client.get("/hooks/web")
    text = site.get("/metrics")
    assert 'hub_webhooks_total{account="web",status="202"} 1' in text
    assert 'hub_webhooks_total{account="web",status="401"} 1' in text
    assert 'hub_webhooks_total{account="",status="404"} 3' in text, "guessed names do not fill the memory"
    assert 'hub_webhooks_total{account="",status="405"} 1' in text, "a look at the address is nothing that web sent"
