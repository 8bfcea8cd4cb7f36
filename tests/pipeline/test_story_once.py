"""The story tells once what happened once, whichever record or system speaks for it."""

from __future__ import annotations

from decimal import Decimal

from hub.model import fragment as told
from hub.model.observation import FactId
from hub.model.returns import Refund, Return
from hub.pipeline.story import changes


def refund(*names: tuple[str, str], state: str = "succeeded") -> Return:
    """A refund of 10.00 that these records (account, stream) tell, the first of them speaking."""
    facts = [FactId(account, stream, "1", "refunds", f"{account}-r") for account, stream in names]
    part = told.RefundPart(amount=Decimal("10.00"), state=state)  # type: ignore[arg-type]
    value = told.Refund(id=facts[0].id, currency="EUR", parts=(part,))
    made = Refund(
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
