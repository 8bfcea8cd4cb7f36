"""What a person may do from a page, and who may not: other sites, old pages, other host names."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from hub.actions.registry import ACTIONS
from hub.model.schema.fragment import Fragment, Statement
from tests.web.conftest import Site

FORMS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "replay_inbox": ({"id": "1"}, (1,)),
    "retry_sync": ({"return": "R1003", "account": "erp"}, (1003, "erp")),
    "resend": ({"id": "1"}, (1,)),
    "give_up": ({"id": "1", "note": " lost "}, (1, "lost")),
    "dealt": ({"id": "1", "note": " by hand "}, (1, "by hand")),
    "again": ({"id": "1"}, (1,)),
    "pause": ({"account": "erp", "note": " moving "}, ("erp", "moving")),
    "resume": ({"account": "erp"}, ("erp",)),
    "reconcile": ({"account": "erp"}, ("erp",)),
    "link": ({"a": "R1004", "b": "1005"}, (1004, 1005)),
    "keep_apart": ({"id": "1"}, (1,)),
    "carry_out": ({"id": "1"}, (1,)),
    "confirm": ({"return": "1001"}, (1001,)),
    "split": ({"return": "1001", "objects": ["erp/complaint/7"]}, (1001, [("erp", "complaint", "7")])),
    "undo": ({"act": "7"}, (7,)),
    "answer": (
        {"return": "R1001", "question": "ab12", "choice": "counts", "typed": " 12.50 "},
        (1001, "ab12", "counts:12.50"),
    ),
    "take_back": ({"return": "1001", "act": "f00"}, (1001, "f00")),
}


def token(site: Site, path: str = "/") -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', site.get(path))
    assert found
    return found[1]


def act(site: Site, name: str, data: dict[str, Any], **headers: str) -> Any:
    return site.client.post(f"/do/{name}", data=data, headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_every_action_is_tested() -> None:
    assert {*FORMS, "decide"} == set(ACTIONS)


@pytest.mark.parametrize("name", FORMS)
def test_each_action_reaches_the_hub(site: Site, name: str) -> None:
    form, arguments = FORMS[name]
    response = act(site, name, {**form, "form_token": token(site), "next": "/sync?state=blocked"})
    assert (response.status_code, response.location) == (303, "/sync?state=blocked")
    assert site.done == [(name, arguments)]
    assert 'class="message good"' in site.get("/sync")


def test_a_word_on_a_return_is_a_fragment_about_the_round_that_was_seen(site: Site) -> None:
    form = {"return": "1001", "round": "2", "decision": "reject", "note": " too late "}
    assert act(site, "decide", {**form, "form_token": token(site)}).status_code == 303
    ((name, (return_id, words)),) = site.done
    assert (name, return_id) == ("decide", 1001)
    said = msgspec.convert(words, Fragment)
    assert said.authorization == Statement(value="rejected", round=2, at=said.authorization.at)
    assert [note.text for note in said.notes] == ["too late"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.invalid"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_site_may_not_act_even_with_a_token(site: Site, headers: dict[str, str]) -> None:
    response = act(site, "pause", {"account": "erp", "form_token": token(site)}, **headers)
    assert response.status_code == 403
    assert site.done == []


@pytest.mark.parametrize("sent", ["", "guess", "ü"])
def test_no_act_without_the_pages_token(site: Site, sent: str) -> None:
    token(site)
    response = act(site, "pause", {"account": "erp", "form_token": sent}, Origin="http://localhost")
    assert response.status_code == 403
    assert "Nothing was done" in response.text
    assert site.done == []


def test_a_token_of_another_browser_is_worth_nothing(site: Site) -> None:
    stolen = token(site)
    site.client.delete_cookie("hub")
    assert act(site, "pause", {"account": "erp", "form_token": stolen}).status_code == 403
    assert site.done == []


def test_refusals_of_the_hub_are_told_on_the_page(site: Site) -> None:
    response = act(site, "resend", {"id": "404", "form_token": token(site), "next": "/dead"})
    assert response.status_code == 303
    assert "there is nothing under number 404; it may be done already" in site.get("/dead")


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "第 409 号写入没有在等待人工处理："), ("en", "operation 409 is not waiting for a person")]
)
def test_a_refusal_that_is_a_sentence_is_told_in_the_persons_language(site: Site, lang: str, said: str) -> None:
    form = {"id": "409", "note": "", "form_token": token(site), "next": "/dead"}
    act(site, "give_up", form, Accept_Language=lang)
    assert said in site.get("/dead", lang)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("replay_inbox", {"id": "one"}),
        ("replay_inbox", {}),
        ("pause", {"account": ""}),
        ("decide", {"return": "1001", "decision": "pay"}),
        ("split", {"return": "1001"}),
        ("split", {"return": "1001", "objects": ["erp"]}),
    ],
)
def test_incomplete_forms(site: Site, name: str, form: dict[str, Any]) -> None:
    assert act(site, name, {**form, "form_token": token(site)}).status_code == 400
    assert site.done == []


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example.invalid/",
        "//evil.example.invalid",
        "/\\evil.example.invalid",
        "javascript:alert(1)",
        "",
        "/a\r\nSet-Cookie: x=1",
    ],
)
def test_the_way_back_stays_here(site: Site, wanted: str) -> None:
    assert act(site, "pause", {"account": "erp", "form_token": token(site), "next": wanted}).location == "/"


def test_what_is_no_action_is_not_found(site: Site) -> None:
    assert act(site, "__class__", {"form_token": token(site)}).status_code == 404


def test_reading_changes_nothing_and_acting_needs_post(site: Site) -> None:
    assert site.client.get("/do/pause").status_code == 405


@pytest.mark.parametrize("host", ["rebound.example.invalid", "192.168.1.7:8000", "localhost.example.invalid"])
def test_the_console_answers_only_under_its_own_names(site: Site, host: str) -> None:
    response = site.client.get("/", headers={"Host": host})
    assert response.status_code == 421
    assert "R1001" not in response.text
    assert site.client.get("/", headers={"Host": "127.0.0.1:8123"}).status_code == 200


def test_headers_that_keep_a_page_to_itself(site: Site) -> None:
    headers = site.client.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_static_files_may_be_kept(site: Site) -> None:
    address = re.search(r'src="(/static/htmx[^"]+)"', site.get("/"))
    assert address
    assert "v=" in address[1]
    response = site.client.get(address[1].replace("&amp;", "&"))
    assert (
        response.headers["Cache-Control"] == "no-cache, max-age=31536000"
        or "max-age=31536000" in response.headers["Cache-Control"]
    )
    response.close()
