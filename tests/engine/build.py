"""Small mappings for tests. Systems and records are invented (simulated)."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from mappings.engine import Mapping

WHOLE = Path(__file__).with_name("whole.yaml")
"""A dictionary that uses the whole language; RETURN is a record for it."""

RETURN = {
    "display_id": 3,
    "exchange_id": "oexc_1",
    "metadata": {"hub_number": "R1001"},
    "requested_at": "2026-11-23T00:58:31.280Z",
    "status": "requested",
    "decided_by": "Ann",
    "location_id": None,
    "order": {"id": 9007199254740993, "currency": "eur", "customer": {"first_name": "J", "last_name": "B"}},
    "items": [
        {"id": "r1", "item_id": "o1", "quantity": 2, "price": 19.9, "reason": {"value": "too_small"}},
        {"id": "r2", "item_id": "o2", "quantity": 0},
        {"id": "r3", "item_id": "o3", "quantity": 1, "price": 0.1, "reason": None},
    ],
    "refunds": [{"id": "f1", "amount": 1250, "at": "2026-11-23 08:00:00"}],
}


def inbound(fields: str, rest: str = "", **kwargs: Any) -> Mapping:
    """A mapping whose stream `s` has these fields."""
    text = f"system: x\ninbound:\n  s:\n{indent(dedent(fields).strip(), '    ')}\n{dedent(rest)}"
    return Mapping.load(text, **kwargs)


def read(fields: str, record: dict[str, Any], rest: str = "", **settings: Any) -> dict[str, Any]:
    return inbound(fields, rest).read("s", record, settings, account="main")
