"""The journal is written in English; the console says every sentence that the pipeline can write in both languages."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from hub.model.returns import Discrepancy, Return
from hub.pipeline.story import changes
from hub.store import tables
from hub.web import Services
from hub.web.console import create_console
from hub.web.story import phrase, phrases
from hub.web.webhooks import Counts
from tests.web import simulated
from tests.web.conftest import Site


@pytest.fixture(params=["zh", "en"])
def lang(request: pytest.FixtureRequest):
    app = create_console(Services(database=None, accept=None, writer=None), Counts())  # type: ignore[arg-type]
    with app.app_context(), force_locale(request.param):
        yield request.param


SENTENCES = {
    sentence
    for make in (simulated.two_rounds, simulated.exchange, simulated.blocked, simulated.disputed)
    for before, after in ((None, make()), (make(), Return(discrepancies=(Discrepancy(kind="gone", text="x"),))))
    for sentence in changes(before, after)
}


def test_every_sentence_of_the_pipeline_is_known(lang: str) -> None:
    assert len(SENTENCES) > 25
    assert [sentence for sentence in sorted(SENTENCES) if phrase(sentence) is None] == []


def test_no_word_of_ours_is_left_over_in_chinese(lang: str) -> None:
    if lang == "zh":
        assert phrase("status partially_received") == "状态：部分收货"
        assert phrase("authorization authorized (by erp)") == "审核: 已同意 (erp)"
        assert phrase("receipt 1 good at STO (erp, web)") == "收货: 1 完好 @ STO (erp, web)"
        assert phrase("told erp: create_return (complaint 7)") == "创建退货单 (complaint 7)"
    else:
        assert phrase("receipt partial") == "Receipt: Partly received"
        assert phrase("line MUG-04 x 3, changed_mind") == "3 × MUG-04, Changed mind"
        assert phrase("refund 158.00 CNY succeeded (web)") == "Refund: 158.00 CNY Succeeded (web)"


def test_what_is_not_known_stays_as_it_was_written(lang: str) -> None:
    assert phrases("merge", "someone wrote this by hand") == ("", ["someone wrote this by hand"])
    assert phrases("merge", "web order 1: an odd thing; status draft") == (
        "",
        ["web order 1: an odd thing; status draft"],
    )
    assert phrases("split", "console: a belongs to R2") == ("", ["console: a belongs to R2"])
    assert phrases("merge", "") == ("", [""])


def test_a_spiteful_line_is_text(site: Site, database) -> None:
    with database.begin() as conn:
        spite = f"web order 1: status draft; line {simulated.SPITE} x 1, {simulated.SPITE}"
        conn.execute(tables.journal.insert(), [{"return_id": 1002, "stage": "merge", "text": spite}])
    assert simulated.SPITE not in site.get("/returns/R1002")
    assert simulated.SPITE not in site.get("/")
