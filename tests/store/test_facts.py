"""The rows that analysis reads say what the document says, and are written only where that changed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from hub.model.schema import fragment
from hub.model.schema.observation import FactId
from hub.model.schema.returns import ReceiptFact, RefundFact, Return
from hub.store import returns
from hub.store.database import Database


@dataclass
class Stored:
    database: Database

    def save(self, **fields: Any) -> None:
        merged = Return(**fields)
        with self.database.begin() as conn:
            returns.save(conn, [returns.Change(1001, returns.encode(merged), merged, True)])

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        with self.database.begin() as conn:
            return [tuple(row) for row in conn.exec_driver_sql(f"SELECT {columns} FROM facts ORDER BY id")]


@pytest.fixture
def stored(database: Database) -> Stored:
    return Stored(database)


def refund(currency: str, state: str = "succeeded") -> RefundFact:
    value = fragment.Refund(id="r1", currency=currency, parts=())
    speaker = FactId("web", "order", "O1", "refunds", "r1")
    return RefundFact(id=speaker.text, kind="refunds", speaker=speaker, amount=Decimal(10), state=state, value=value)


def receipt(quantity: int) -> ReceiptFact:
    speaker = FactId("erp", "receipt", "GR", "receipts", "1")
    return ReceiptFact(id=speaker.text, kind="receipts", speaker=speaker, quantity=Decimal(quantity), line="web/O1/L1")


def test_a_currency_that_is_corrected_is_corrected_in_its_row(stored: Stored) -> None:
    stored.save(refunds=(refund("EUR"),))
    stored.save(refunds=(refund("USD"),))
    assert stored.rows("amount, currency") == [(Decimal(10), "USD")]


def test_a_fact_that_nobody_tells_any_more_goes(stored: Stored) -> None:
    stored.save(refunds=(refund("EUR"),), receipts=(receipt(1),))
    stored.save(receipts=(receipt(2),))
    assert stored.rows("kind, quantity") == [("receipt", Decimal(2))]


def test_what_says_the_same_is_not_written(stored: Stored) -> None:
    stored.save(refunds=(refund("EUR"),), receipts=(receipt(1),))
    before = stored.rows("id, at, xmin::text")
    stored.save(refunds=(refund("EUR", "failed"),), receipts=(receipt(1),))
    after = stored.rows("id, at, xmin::text")
    changed = [one for one, other in zip(before, after, strict=True) if one != other]
    assert [row[0] for row in changed] == [refund("EUR").id]
