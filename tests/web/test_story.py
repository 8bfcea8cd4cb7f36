"""The journal and everything else the hub says reads in the person's language, down to the last sentence."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from unittest.mock import MagicMock

import msgspec
import pytest
from flask_babel import force_locale

from hub.accounts import Account
from hub.model.language.sentences import Sentence, plain, say, sentence
from hub.model.schema.returns import Discrepancy, Return
from hub.pipeline.process.story import changes
from hub.pipeline.process.translate import Untranslatable, translate
from hub.store import journal, tables
from hub.web import words
from hub.web.console import create_console
from hub.web.counts import Counts
from hub.web.raw import reasons
from hub.web.story import phrases
from mappings.engine import Mapping
from tests.web import build_logs, simulated
from tests.web.conftest import Site

MAPPING = Path(__file__).resolve().parents[2] / "mappings" / "generic.yaml"


@pytest.fixture(params=["zh", "en"])
def lang(request: pytest.FixtureRequest):
    app = create_console(MagicMock(), Counts())
    with app.app_context(), force_locale(request.param):
        yield request.param


GONE = sentence("gone", account="erp", stream="complaint", object="7", held="receipt refund")
SENTENCES = {
    plain(said): said
    for make in (simulated.two_rounds, simulated.exchange, simulated.blocked, simulated.disputed)
    for before, after in ((None, make()), (make(), Return(discrepancies=(Discrepancy(kind="gone", said=GONE),))))
    for said in changes(before, after)
}


def line(stage: str, *said: Sentence, because: Sentence | None = None) -> journal.JournalLine:
    """A line as it is stored."""
    entry = journal.entry(1, None, stage, *said, because=because)
    stored = msgspec.to_builtins(entry.said)
    return journal.JournalLine(1, 1, None, stage, entry.text, None, list(stored) or None, simulated.NOW)


def test_the_log_and_the_chinese_page_say_the_same() -> None:
    said = {text: say(one, "zh") for text, one in SENTENCES.items()}
    assert len(said) > 25
    assert said["status partially_received"] == "状态：部分收货"
    assert said["authorization authorized (by erp)"] == "审核：已同意（erp）"
    assert said["receipt 1 x SHIRT-LINEN-M good at STO (erp, web)"] == "收货：SHIRT-LINEN-M 1 件完好，STO（erp, web）"
    assert said["refund 158.00 CNY succeeded (web)"] == "退款：158.00 CNY 成功（web）"
    assert said["line MUG-04 x 3, changed_mind"] == "MUG-04 × 3，不想要(七天无理由)"
    assert said["discrepancy quantity: erp says 2 come back, pos-tianhe says 1."].startswith(
        "数量不一致：按 erp 要退 2 件，"
    )
    assert said["resolved: quantity"] == "已解决：数量不一致"


def test_the_english_page_says_our_words_in_full() -> None:
    said = {text: say(one) for text, one in SENTENCES.items()}
    assert said["receipt partial"] == "Receipt partly received"
    assert said["line MUG-04 x 3, changed_mind"] == "line MUG-04 x 3, changed mind"


def test_a_line_names_what_brought_it_and_what_it_says(lang: str) -> None:
    because = sentence("because", records="erp shipment 9")
    merged = line("merge", sentence("status", status="received"), sentence("resolved", kind="gone"), because=because)
    assert merged.text == "erp shipment 9: status received; resolved: gone"
    telling = line("deliver", sentence("told", account="erp", operation="create_return", detail="complaint 7"))
    if lang == "zh":
        assert phrases(merged) == ("erp shipment 9", ["状态：已收货", "已解决：记录已消失"])
        assert phrases(telling) == ("", ["已告知 erp：创建退货单（complaint 7）"])
    else:
        assert phrases(merged) == ("erp shipment 9", ["status received", "resolved: a record has disappeared"])
        assert phrases(telling) == ("", ["told erp: create the return (complaint 7)"])


def test_a_line_that_is_no_sentence_of_ours_stays_as_it_was_written(lang: str) -> None:
    by_hand = journal.JournalLine(1, 1, None, "merge", "web order 1: by hand; status draft", None, None, simulated.NOW)
    assert phrases(by_hand) == ("", ["web order 1: by hand; status draft"])


def test_a_spiteful_line_is_text(site: Site, database) -> None:
    spite = simulated.SPITE
    with database.begin() as conn:
        journal.write(
            conn, [journal.entry(1002, None, "merge", sentence("line", line=spite, quantity=1, reason=spite))]
        )
        conn.execute(tables.journal.insert(), [{"return_id": 1002, "stage": "merge", "text": f"web order 1: {spite}"}])
    assert spite not in site.get("/returns/R1002")
    assert spite not in site.get("/")


DATA = (build_logs.THEIRS, build_logs.BY_HAND, build_logs.STATE_WHY, "2 Linen shirt", "Wang Xiaoming", "Stoneware mug")
"""Words of other systems and people in the simulated database; they stay as they are."""
FIXED = ("Returns Hub",)


def english(page: str) -> list[str]:
    """Runs of English words that a person would read on this page."""
    page = re.sub(r"(?s)<(pre|code|script|head|title)\b.*?</\1>", " ", page)
    page = unescape(re.sub(r"<[^>]+>", " | ", page))
    for known in (*DATA, *FIXED):
        page = page.replace(known, " ")
    return re.findall(r"(?<![\w-])[A-Za-z']{2,}(?: [A-Za-z']{2,}){2,}(?![\w-])", page)


@pytest.mark.parametrize(
    "path", ["/", "/returns/R1003", "/returns/R1001", "/returns/R1004", "/sync?state=blocked", "/dead", "/review"]
)
def test_no_english_sentence_of_ours_is_on_a_chinese_page(site: Site, path: str) -> None:
    assert english(site.get(path, "zh")) == []
    assert len(english(site.get(path, "en"))) > 5, "the search would find one"


def test_a_chinese_page_says_what_happened_and_what_to_do(site: Site) -> None:
    page = unescape(site.get("/returns/R1003", "zh"))
    for said in (build_logs.RECEIVED, build_logs.QUESTION, sentence("done_often", count=3)):
        assert say(said, "zh") in page
        assert say(said) not in page
    assert build_logs.THEIRS in page, "another system's own words stay as they are"
    disputed = unescape(site.get("/returns/R1004", "zh"))
    assert "按 erp 要退 2 件，按 pos-tianhe 要退 1 件。" in disputed
    assert "erp 不支持“收货”" in disputed


def test_what_cannot_be_told_is_called_by_name(lang: str) -> None:
    said = {
        "zh": ["已在别处退款 20.00 EUR", "退货已建立", "开具贷项 9.90 EUR", "“made_up”"],
        "en": ["Refunded elsewhere 20.00 EUR", "A return was opened", "Credit 9.90 EUR", "“made_up”"],
    }
    assert [words.fact(one) for one in ("refunded 20.00 EUR", "opened", "credit 9.90 EUR", "made_up")] == said[lang]


def test_what_was_asked_of_a_system_is_called_by_name(lang: str) -> None:
    said = {
        "zh": ["轮询 订单", "读回 退货单 gid://1", "查找：退款 R1001", "备注 R1001"],
        "en": ["Poll order", "Read back return gid://1", "Look for: Refund R1001", "Note R1001"],
    }
    asked = ("poll order", "fetch return gid://1", "look for refund R1001", "note R1001")
    assert [words.call(one) for one in asked] == said[lang]


def test_why_a_record_is_not_understood_is_said_in_the_persons_language(lang: str) -> None:
    """What another system or the engine says stays as it is."""
    known = {"name": "web", "dictionary": Mapping.load(MAPPING), "settings": {"orders_of": None}}
    account = Account(entry=None, party=None, terms=None, state="healthy", connect=None, **known)  # type: ignore[arg-type]
    said = {}
    for body in (b"[]", b'{"id": "1", "authorization": {"value": "teleported"}}', b'{"id": "1", "agreed": "lots"}'):
        with pytest.raises(Untranslatable) as refused:
            translate(account, "return", body)
        ((field, why, what_now),) = reasons(msgspec.json.decode(msgspec.json.encode(refused.value.errors)))
        said[field] = (why, what_now)
    if lang == "zh":
        assert said[""] == ("这条记录不是 JSON 对象", "请该系统的负责人更正")
        why, now = said["authorization.value"]
        assert "的表“authorization”没有“teleported”" in why
        assert now == "请修正映射，然后重放这条消息"
    else:
        assert said[""] == ("the record is no JSON object", "ask the system's owner to mend it")
        assert "has no entry for 'teleported'" in said["authorization.value"][0]
    assert "'lots' is no number" in said["agreed"][0]
    assert words.record("order") == {"zh": "订单", "en": "order"}[lang]
    assert words.record("proforma") == "proforma"
