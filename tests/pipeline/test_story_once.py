"""The story tells once what happened once, whichever record or system speaks for it."""

from __future__ import annotations

from decimal import Decimal

from hub.model.language.sentences import plain
from hub.model.schema import fragment as canonical
from hub.model.schema.observation import FactId
from hub.model.schema.returns import RefundFact, Return, ReturnLine
from hub.pipeline.process.story import changes


def refund(*names: tuple[str, str], state: str = "succeeded") -> Return:
    """A refund of 10.00 that these records (account, stream) tell, the first of them speaking."""
    facts = [FactId(account, stream, "1", "refunds", f"{account}-r") for account, stream in names]
    part = canonical.RefundPart(amount=Decimal("10.00"), state=state)  # type: ignore[arg-type]
    value = canonical.Refund(id=facts[0].id, currency="EUR", parts=(part,))
    made = RefundFact(
        id=facts[0].text, kind="refunds", speaker=facts[0], also=tuple(facts[1:]), value=value,
        amount=Decimal("10.00"), state=state,  # type: ignore[arg-type]
    )  # fmt: skip
    return Return(refunds=(made,))


def codes(old: Return, new: Return) -> list[str]:
    return [said.code for said in changes(old, new)]


def test_another_speaker_is_no_news() -> None:
    by_payment = refund(("web", "payment"))
    by_order, by_both = refund(("web", "order")), refund(("erp", "note"), ("web", "payment"))
    assert codes(Return(), by_payment) == ["fact"]
    assert codes(by_payment, by_order) == []
    assert codes(by_payment, by_both) == []
    assert codes(by_both, by_order) == []


def test_another_state_is_told_as_a_change_and_another_refund_as_another() -> None:
    assert codes(refund(("web", "payment"), state="pending"), refund(("web", "order"))) == ["fact_now"]
    assert codes(refund(("web", "payment")), refund(("till", "payment"))) == ["fact"]


def test_another_reason_or_resolution_of_a_line_is_told() -> None:
    def asked(reason: str, resolution: str = "refund", found: str | None = None) -> Return:
        line = ReturnLine(
            key="L1",
            sku="MUG",
            stated=canonical.Reason(code=reason),
            found=canonical.Reason(code=found) if found else None,
            resolution=resolution,  # type: ignore[arg-type]
        )
        return Return(lines=(line,))

    before = asked("defective")
    assert codes(before, before) == []
    assert [plain(said) for said in changes(before, asked("wrong_item"))] == ["line MUG: reason now wrong_item"]
    assert codes(before, asked("defective", "exchange")) == ["line_resolution"]
    assert codes(before, asked("defective", found="wrong_item")) == ["line_found"]
