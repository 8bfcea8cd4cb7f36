"""Every page, in both languages, over simulated returns."""

from __future__ import annotations

import re
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from sqlalchemy import delete

from hub.model.language.sentences import sentence
from hub.model.schema.returns import Choice, Discrepancy, Return
from hub.store import console, reviews, tables
from hub.store.database import Database
from hub.web.console import create_console
from hub.web.counts import Counts
from tests.web.build import put
from tests.web.conftest import Site, make_site
from tests.web.simulated import SPITE, ago

PAGES = (
    "/",
    "/returns",
    "/returns?q=shirt",
    "/returns?status=completed&discrepant=1",
    "/returns/R1001",
    "/returns/R1002",
    "/returns/R1003",
    "/returns/r1004",
    "/sync",
    "/sync?state=blocked&account=erp",
    "/sync/log",
    "/sync/log?account=erp&outcome=Rejected&return=1003",
    "/sync/log/1",
    "/invalid",
    "/dead",
    "/review",
    "/review?state=answered",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_in_both_languages(site: Site, path: str) -> None:
    chinese, english = site.get(path, "zh-CN,zh;q=0.9"), site.get(path, "en-GB")
    assert '<html lang="zh-CN">' in chinese
    assert "总览" in chinese
    assert '<html lang="en">' in english
    assert "Overview" in english
    for page in (chinese, english):
        assert SPITE not in page, "text of another system is text"
        assert not re.search(r"<script(?! src=)|\son[a-z]+=|\sstyle=|javascript:", page), (
            "the policy forbids inline code"
        )


def test_language_by_address_then_cookie_then_browser(site: Site) -> None:
    assert "Overview" in site.get("/?lang=en", "zh")
    assert "Overview" in site.get("/", "zh"), "the choice is remembered"
    assert "总览" in site.get("/?lang=zh", "en")
    assert "总览" in site.get("/?lang=klingon", "en"), "an unknown language leaves the choice as it is"


def test_no_template_keeps_the_language_of_who_read_it_first(database: Database) -> None:
    app = create_console(MagicMock(database=database), Counts())
    jinja = app.jinja_env
    for name in jinja.list_templates(extensions=["html"]):
        source = jinja.get_template(name).filename
        assert source is not None
        compiled = []
        for lang in ("en", "zh"):
            with app.test_request_context(f"/?lang={lang}"):
                compiled.append(jinja.compile(Path(source).read_text(encoding="utf-8"), name, raw=True))
        assert compiled[0] == compiled[1], name


def test_the_language_switch_keeps_the_page_and_its_filters(site: Site) -> None:
    page = site.get("/returns?q=shirt&status=completed", "en")
    assert 'href="/returns?q=shirt&amp;status=completed&amp;lang=zh"' in page


def test_unknown_is_said_and_never_zero(site: Site) -> None:
    page = site.get("/returns/R1003")
    row = page[page.index("MUG-04") :]
    assert '<span class="unknown">unknown</span>' in row[: row.index("</tr>")], "nobody said what was refunded"
    assert "未知" in site.get("/returns/R1004", "zh")


def test_undeliverable_is_never_shown_as_in_sync(site: Site) -> None:
    page = site.get("/returns/R1004")
    assert "erp has no way to receive." in page
    assert "In sync" not in page
    assert "R1004" in site.get("/sync?state=blocked")


def test_a_weak_binding_can_be_confirmed_and_parted_and_a_relation_followed(site: Site) -> None:
    english, chinese = site.get("/returns/R1001", "en"), site.get("/returns/R1001?lang=zh", "zh")
    assert "Bound without proof" in english
    assert "A number in it" in english
    assert "暂时关联" in chinese
    for action, field, value in (("confirm", "return", "1001"), ("undo", "act", "31")):
        form = english[english.index(f'action="/do/{action}"') :]
        assert f'name="{field}" value="{value}"' in form[: form.index("</form>")]
    assert "Split from" in english
    assert 'href="/returns/R1005"' in english


def test_candidates_stand_side_by_side_and_what_has_no_effect_can_be_tried_again(site: Site) -> None:
    page = site.get("/review", "en")
    several = page[page.index("R1005 may be the same return") :]
    several = several[: several.index("</article>")]
    assert several.count('class="candidate"') == 3
    assert [several.count(words) for words in ("It is R1006", "It is R1007", "It is none of them")] == [1, 1, 1]
    for title in ("It has no effect there", "The hub cannot do it"):
        parked = page[page.index(title) :]
        parked = parked[: parked.index("</article>")]
        assert 'action="/do/again"' in parked
        assert "keep_apart" not in parked
        assert "/do/link" not in parked
    assert "It has no effect there" in site.get("/returns/R1003", "en"), "the return shows that it needs a person"


def test_a_question_of_one_return_is_in_the_queue_with_its_answers(site: Site, database: Database) -> None:
    def counted() -> tuple[int, ...]:
        page = site.get("/", "en")
        beside = re.findall(r'href="/review"[^>]*>\s*<span>Review</span><b class="count warn">(\d+)</b>', page)
        return tuple(map(int, beside + re.findall(r"<b>(\d+)</b><span>to review</span>", page)))

    before = counted()
    said = sentence("quantities_differ", one="erp", quantity=2, other="web", otherwise=1)
    choices = (Choice("of", "R1007"), Choice("goodwill"))
    asked = Discrepancy(kind="unallocated_refund", said=said, freezes=True, question="ab12", choices=choices)
    with database.begin() as conn:
        for number in range(1101, 1122):
            put(conn, number, Return(numbers={"web": f"#{number}"}, discrepancies=(asked,)), ago(days=1))
    assert counted() == tuple(count + 21 for count in before)
    assert len(before) == 2, "beside the menu and on the overview"
    page = site.get("/review", "en")
    letter = page[page.index('id="r1101"') :]
    letter = letter[: letter.index("</article>")]
    assert [letter.count(f'name="choice" value="{answer}"') for answer in ("of:R1007", "goodwill")] == [1, 1]
    assert "It belongs to no return (goodwill)" in letter
    assert 'id="r1121"' not in page
    rest = site.get("/review?after=1120", "zh")
    assert 'id="r1121"' in rest
    assert "R1005" not in rest, "the second page tells the queue again"
    answered = site.get("/review?state=answered", "en")
    assert 'id="r1101"' not in answered
    assert "stands on that return's page" in answered, "or people look for their answer here"


def test_a_request_about_a_person_is_open_until_somebody_did_it(site: Site, database: Database) -> None:
    asked = {"account": "web", "customer": "7", "orders": ["#12"]}
    for asks, button in (("erase", "Erase it for good"), ("tell", "The person was answered")):
        said = sentence("privacy", **{**asked, "orders": "#12"}, asks=asks, due="2026-08-19")
        with database.begin() as conn:
            reviews.ask(conn, "privacy", [], said, f"privacy:{asks}", {**asked, "asks": asks, "due": "2026-08-19"})
        page = site.get("/review", "en")
        letter = page[page.index("A person&#39;s data") :]
        letter = letter[: letter.index("</article>")]
        assert "To be done by 2026-08-19." in letter
        assert (button in letter, "keep_apart" in letter) == (True, False)
        assert "where it asks to erase, the person is erased for good. Carry it out?" in letter
    chinese = site.get("/review?lang=zh", "zh")
    assert "web 要求：删除某位顾客的个人资料；顾客 7；订单 #12。最迟 2026-08-19 完成。" in chinese
    assert "永久删除" in chinese


def test_one_return_shows_twins_money_discrepancy_and_story(site: Site) -> None:
    first = site.get("/returns/R1001")
    good = first[first.index("act_5") - 700 : first.index("act_5")]
    assert "shipment 31" in good, "a fact stands beside the systems that tell it"
    assert "CN¥158.00" in first
    assert "told erp: create the return (complaint 7)" in first
    assert "axes.authorization" in first
    assert "wang@example.invalid" not in first, "personal data beyond the name stays in its system"
    assert "Two quantities" in site.get("/returns/R1004")
    third = site.get("/returns/R1003")
    assert "erp has received goods already, so it cannot be cancelled there." in third
    assert "Outcome unknown" in third


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=R1003", {1003}),
        ("q=%2312", {1001}),
        ("q=mug", {1003}),
        ("q=shirt+%2312", {1001}),
        ("status=replacement_sent", {1002}),
        ("discrepant=1", {1004}),
        ("unbound=1", {1009}),
        ("q=stray", set()),
        ("q=%25", set()),
        ("q=_", set()),
    ],
)
def test_search(site: Site, query: str, found: set[int]) -> None:
    page = site.get(f"/returns?{query}")
    assert {int(n) for n in re.findall(r'class="number" href="/returns/R(\d+)"', page)} == found


def test_paging_by_key_shows_every_row_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(console.search.__kwdefaults__, "limit", 3)
    seen: list[str] = []
    path: str | None = "/returns"
    while path:
        page = site.get(path)
        seen += re.findall(r'class="number" href="/returns/(R\d+)"', page)
        more = re.search(r'href="([^"]*after=[^"]*)" rel="next"', page)
        path = more[1].replace("&amp;", "&") if more else None
    assert len(seen) == len(set(seen)) == 8


def test_merged_away_points_to_where_it_goes_on(site: Site, database) -> None:
    with database.begin() as conn:
        conn.execute(tables.returns.update().where(tables.returns.c.id == 1008).values(merged_into=1001, doc=None))
    assert 'href="/returns/R1001"' in site.get("/returns/R1008")
    assert "R1008" not in site.get("/returns")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/returns/R9", 404, "There is no return R9"),
        ("/returns/..%2fetc", 404, "nothing at this address"),
        ("/returns/RMA-7", 404, "RMA-7 is not the number of a return"),
        ("/sync/log/999", 404, "not in the log any more"),
        ("/sync/log/99999999999999999999", 404, "not in the log any more"),
        ("/returns?after=rubbish", 400, "does not name a page"),
        ("/returns?after=WyJ4IiwxXQ", 400, "does not name a page"),
        ("/nowhere", 404, "nothing at this address"),
    ],
)
def test_wrong_addresses_get_a_letter(site: Site, path: str, status: int, text: str) -> None:
    assert text in site.get(path, status=status)


def test_empty_hub(site: Site, database) -> None:
    with database.begin() as conn:
        for table in reversed(tables.metadata.sorted_tables):
            conn.execute(delete(table))
    assert "No account yet" in site.get("/")
    assert "No return yet." in site.get("/returns")
    assert "Everybody knows everything" in site.get("/sync")
    assert "Every message was understood." in site.get("/invalid")
    assert "Everything we said was taken." in site.get("/dead")
    assert "No question is open." in site.get("/review")


def test_a_failing_page_says_so_and_hides_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    class Gone:
        def begin(self) -> None:
            raise OSError("secret-host refused")

    site = make_site(Gone())
    response = site.client.get("/api/returns")
    assert (response.status_code, response.json) == (
        500,
        {"error": "The hub failed on this page; its log has the details. Nothing was changed."},
    )
    assert site.client.get("/health").status_code == 503
    assert site.client.get("/").status_code == 500, "even a page whose menu needs the database"
    assert "secret-host" in caplog.text
