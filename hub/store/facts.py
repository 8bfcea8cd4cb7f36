"""What happened to each return's goods and money, a row for each fact as its speaker tells it: for analysis.

Written with every merge, read by nobody here: the document says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from hub.model.schema.returns import Return
from hub.store.connection import Connection

_COLUMNS = {
    "return_id": "bigint",
    "id": "text",
    "kind": "text",
    "line": "text",
    "account": "text",
    "quantity": "numeric",
    "amount": "numeric",
    "currency": "text",
    "word": "text",
    "happened_at": "timestamptz",
}
_SAYS = [name for name in _COLUMNS if name not in ("return_id", "id")]
_NEW = ", ".join(f"excluded.{name}" for name in _SAYS)
_SAVE = (
    f"WITH told AS (SELECT * FROM unnest({', '.join(f'%({name})b::{type_}[]' for name, type_ in _COLUMNS.items())})"
    f" AS t({', '.join(_COLUMNS)})),"
    " gone AS (DELETE FROM facts f WHERE f.return_id = ANY(%(all)b::bigint[])"
    " AND NOT EXISTS (SELECT FROM told t WHERE (t.return_id, t.id) = (f.return_id, f.id)))"
    f" INSERT INTO facts ({', '.join(_COLUMNS)}) SELECT * FROM told"
    f" ON CONFLICT (return_id, id) DO UPDATE SET ({', '.join(_SAYS)}, at) = ROW({_NEW}, clock_timestamp())"
    f" WHERE ({', '.join(f'facts.{name}' for name in _SAYS)}) IS DISTINCT FROM ({_NEW})"
)

_Fact = tuple[int, str, str, str | None, str, Decimal | None, Decimal | None, str | None, str | None, datetime | None]


def _facts(return_id: int, ret: Return) -> Iterable[_Fact]:
    for receipt in ret.receipts:
        yield (return_id, receipt.id, "receipt", receipt.line, receipt.speaker.account, receipt.quantity, None, None,
               receipt.condition, receipt.at)  # fmt: skip
    for inspection in ret.inspections:
        yield (return_id, inspection.id, "inspection", inspection.line, inspection.speaker.account,
               inspection.quantity, None, None, inspection.result, inspection.at)  # fmt: skip
    for disposition in ret.dispositions:
        yield (return_id, disposition.id, "disposition", disposition.line, disposition.speaker.account,
               disposition.quantity, None, None, disposition.disposition, disposition.at)  # fmt: skip
    for refund in ret.refunds:
        yield (return_id, refund.id, "refund", refund.line, refund.speaker.account, None, refund.amount,
               refund.value.currency, refund.state, refund.value.at)  # fmt: skip
    for credit in ret.credits:
        yield (return_id, credit.id, "credit", credit.line, credit.speaker.account, None, credit.value.amount,
               credit.value.currency, credit.value.state, credit.value.at)  # fmt: skip
    for shipment in ret.shipments:
        yield (return_id, shipment.id, "shipment", shipment.line, shipment.speaker.account, None, None, None,
               shipment.value.state, shipment.value.at)  # fmt: skip


def save(conn: Connection, merged: Mapping[int, Return]) -> None:
    """The facts of these returns; those that nobody tells any more go, and one that says the same is not written."""
    facts = [fact for return_id, ret in merged.items() for fact in _facts(return_id, ret)]
    columns = map(list, zip(*facts, strict=True)) if facts else ([] for _ in _COLUMNS)
    conn.exec_driver_sql(_SAVE, {**dict(zip(_COLUMNS, columns, strict=True)), "all": list(merged)})
