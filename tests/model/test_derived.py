"""When what was agreed is owed: the one condition that every refund without a credit note passes."""

from __future__ import annotations

import pytest

from hub.model.merge.derived import is_owed
from hub.model.schema.returns import Decision


def owed(
    authorization: str = "authorized", receipt: str = "full", acceptance: str = "none", closure: str = "open"
) -> bool:
    return is_owed(Decision(value=authorization), receipt, Decision(value=acceptance), Decision(value=closure))  # type: ignore[arg-type]


@pytest.mark.parametrize("receipt", ["full", "over", "not_expected"])
@pytest.mark.parametrize("acceptance", ["none", "accepted"])
def test_authorized_goods_that_are_here_or_stay_are_owed(receipt: str, acceptance: str) -> None:
    assert owed(receipt=receipt, acceptance=acceptance)


@pytest.mark.parametrize(
    "missing",
    [
        *({"authorization": word} for word in ("requested", "needs_info", "rejected", "cancelled")),
        *({"receipt": word} for word in ("none", "partial")),
        *({"acceptance": word} for word in ("pending", "rejected")),
        {"closure": "voided"},
    ],
    ids=str,
)
def test_one_condition_that_is_missing_is_enough(missing: dict[str, str]) -> None:
    assert not owed(**missing)
