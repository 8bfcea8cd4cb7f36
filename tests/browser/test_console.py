"""People's ways through the console in a real browser, in both languages; a complaint in its console fails the test."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Site

pytestmark = pytest.mark.browser

PAGES = ("/", "/returns", "/returns/R1001", "/returns/R1003", "/sync", "/sync/log", "/invalid", "/dead", "/review")
Open = Callable[..., Page]


@pytest.mark.parametrize(("lang", "title"), [("zh-CN", "总览"), ("en-GB", "Overview")])
def test_pages_load_without_a_complaint(open_page: Open, lang: str, title: str) -> None:
    page = open_page("/", lang)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    for path in PAGES:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("typeof htmx.version") == "string", "our own copy of htmx runs under the policy"
        assert page.evaluate("getComputedStyle(document.querySelector('nav.side')).position") == "sticky"


def test_the_language_switch_stays_on_the_page(open_page: Open) -> None:
    page = open_page("/returns?q=mug", "en-GB")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("退换单")
    expect(page.locator("#q")).to_have_value("mug")
    page.goto("/sync")
    expect(page.get_by_role("heading", level=1)).to_have_text("同步")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sync")


def test_search_while_typing_then_down_to_the_wire(open_page: Open) -> None:
    page = open_page("/returns", "en-GB")
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(8)
    page.locator("#q").press_sequentially("shirt-linen")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=shirt-linen"))
    page.get_by_role("link", name="R1001").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("R1001")
    page.get_by_role("link", name="2 requests").click()
    expect(page.locator(".hop")).to_have_count(2)
    expect(page.locator(".hop").first).to_contain_text("receive-items/confirm")
    expect(page.locator(".hop").nth(1)).to_contain_text("<script>alert('x')</script>")


def test_the_filter_and_the_way_back(open_page: Open) -> None:
    page = open_page("/returns", "zh-CN")
    page.get_by_label("数据不一致").check()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_label("数据不一致").uncheck()
    expect(page.locator("#results tbody tr")).to_have_count(8)
    page.get_by_label("状态").select_option("replacement_sent")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.locator("#results tbody tr")).to_have_count(8)


def test_acting_by_a_click(open_page: Open, site: Site) -> None:
    page = open_page("/invalid", "zh-CN")
    page.get_by_role("button", name="重放").first.click()
    expect(page.get_by_role("status")).to_have_text("这条消息将重新读取。")
    assert site.done == [("replay_inbox", (2,))], "the newest stands first"
    page.goto("/dead")
    page.get_by_text("放弃发送").last.click()  # the oldest letter stands last
    page.get_by_label("备注").last.fill("已电话处理")
    page.get_by_role("button", name="放弃", exact=True).last.click()
    expect(page.get_by_role("status")).to_be_visible()
    assert site.done[-1] == ("give_up", (1, "已电话处理"))


def test_a_page_left_open_by_another_hub_refuses_politely(open_page: Open, site: Site, complaints: list[str]) -> None:
    page = open_page("/", "en-GB")
    page.context.clear_cookies()
    with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        page.get_by_text("Pause", exact=True).first.click()
        page.get_by_role("button", name="Pause").first.click()
    assert refused.value.status == 403
    expect(page.locator("main")).to_contain_text("Nothing was done")
    assert site.done == []
    assert "403" in complaints.pop()


@pytest.mark.parametrize(("lang", "pause"), [("zh-CN", "暂停"), ("en-GB", "Pause")])
def test_what_stops_something_is_asked_first_and_the_question_stays(
    open_page: Open, site: Site, lang: str, pause: str
) -> None:
    page = open_page("/", lang)
    asked, button = page.locator("#ask-pause-erp"), page.locator("#ask-pause-erp button")
    expect(button).to_be_hidden()
    asked.locator("summary").click()
    expect(asked).to_contain_text("Webhook" if lang == "zh-CN" else "webhooks are still taken. Pause it?")
    with page.expect_response("/"):  # as the page does every ten seconds
        page.evaluate("htmx.ajax('GET', '/', {target: '#live', select: '#live', swap: 'outerHTML'})")
    expect(page.locator("#live")).not_to_have_class(re.compile("htmx-"))
    expect(button).to_be_visible()
    assert site.done == []
    button.click()
    expect(page.get_by_role("status")).to_be_visible()
    assert site.done == [("pause", ("erp", ""))]
    assert pause in page.locator("#ask-pause-web summary").inner_text()


@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_a_small_screen_needs_no_sideways_scrolling(open_page: Open, lang: str) -> None:
    page = open_page("/", lang, viewport={"width": 390, "height": 800})
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_keyboard_sees_where_it_is(open_page: Open) -> None:
    page = open_page("/returns", "en-GB")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
