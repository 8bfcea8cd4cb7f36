"""What a shop, its ERP and a till say of one return (simulated), and what the hub makes of it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from hub.boot import Hub
from hub.model.schema.bindings import decode, encode
from hub.store import console
from tests.pipeline.queries import document, rows


def order(number: str = "12", quantity: int = 2) -> dict[str, Any]:
    lines = [{"id": "L1", "sku": "SHIRT-M", "quantity": quantity}]
    payments = [{"id": f"pay-{number}", "captured": "158.00"}]
    return {"stream": "order", "id": number, "lines": lines, "payments": payments, "version": 1}


def request(id: str, number: str = "12", quantity: int = 1, version: int = 1) -> dict[str, Any]:
    """The customer asks at the shop."""
    lines = [{"id": "L1", "sku": "SHIRT-M", "quantity": quantity, "price": "79.00"}]
    return {"id": id, "order": number, "lines": lines, "receipts": [], "refunds": [], "version": version}


def counter(id: str, number: str | None = "12", quantity: int = 1, version: int = 1, **more: Any) -> dict[str, Any]:
    """The till takes it back."""
    line = {"id": f"{id}-1", "sku": "SHIRT-M", "quantity": quantity}
    return {
        "id": id,
        "order": number,
        "origin": "counter",
        "lines": [line],
        "receipts": [line],
        "version": version,
        **more,
    }


def complaint(id: str, number: str | None = None, **more: Any) -> dict[str, Any]:
    """A clerk opens a case in the ERP."""
    lines = [{"id": "1", "sku": "SHIRT-M", "quantity": 1}]
    known = {"reference": None, "order": number, "status": "requested", "receipts": [], "credits": [], "version": 1}
    return {"id": id, **known, "lines": lines, **more}


def kinds(hub: Hub, return_id: int) -> list[str]:
    return [discrepancy.kind for discrepancy in document(hub, return_id).discrepancies]


def whose(hub: Hub) -> dict[str, int]:
    """Which return each record belongs to."""
    return {
        row[0]: row[1]
        for row in rows(hub, "SELECT external_id, return_id FROM observations WHERE return_id IS NOT NULL")
    }


def partition(hub: Hub, *ids: str) -> set[frozenset[str]]:
    of = whose(hub)
    return {frozenset(i for i in ids if of[i] == return_id) for return_id in {of[i] for i in ids}}


def questions(hub: Hub) -> list[tuple[str, list[int]]]:
    return [
        (r[0], r[1]) for r in rows(hub, "SELECT state, returns FROM reviews WHERE kind = 'two_candidates' ORDER BY id")
    ]


def plan_of(hub: Hub, return_id: int, account: str) -> tuple[list[str], list[str]]:
    """What is planned for an account, and why the rest is not."""
    with hub.database.begin() as conn:
        row = next(row for row in console.telling(conn, return_id) if row.account == account)
    return [operation["kind"] for operation in row.planned], [rest.why for rest in console.cannot(row)]


def time_passes(hub: Hub) -> None:
    """As if the settle time of every weak binding were over."""
    with hub.database.begin() as conn:
        found = conn.exec_driver_sql("SELECT id, bindings FROM returns WHERE bindings IS NOT NULL").all()
        for return_id, bindings in found:
            known = decode(bindings)
            long_ago = known.links[0].matures_at.replace(year=2000)
            aged = [replace(link, matures_at=long_ago) for link in known.links]
            conn.exec_driver_sql(
                "UPDATE returns SET bindings = %(t)s WHERE id = %(r)s",
                {"t": encode(replace(known, links=tuple(aged))), "r": return_id},
            )
    rows(hub, "UPDATE jobs SET due = clock_timestamp() WHERE kind IN ('recompute', 'deliver') RETURNING 1")
    rows(hub, "UPDATE sync SET not_before = NULL RETURNING 1")


def last_link(hub: Hub) -> int:
    ((line,),) = rows(hub, "SELECT max(id) FROM journal WHERE stage = 'link'")
    return int(line)
