"""Rows as Tryton's tables hold them, as far as a test needs them (simulated)."""

from __future__ import annotations

from typing import Any


def at(second: int) -> str:
    return f"2026-11-24T01:{second // 60:02d}:{second % 60:02d}.000000Z"


def product(i: int) -> dict[str, Any]:
    return {"id": i, "code": f"P{i}"}


def sale_line(i: int, of: int, quantity: float) -> dict[str, Any]:
    return {"id": i, "type": "line", "product": product(of), "quantity": quantity}
