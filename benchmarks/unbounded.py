"""`hub` without the pace that our own door's manifest sets (10 calls a second), which alone would bound the flow.

    python -m benchmarks.unbounded serve

All else is `hub`: budgets are taken from and given back to as ever, there only is always enough in them.
"""

from __future__ import annotations

from typing import Any

from connectors.kit import registry
from connectors.kit.manifest_parts import Budget
from hub.cli import main

PLENTY = 1_000_000


def lift(system: str) -> None:
    """From here on this process has such a budget for each account of this system."""
    budgets: Any = registry.load(system).manifest.budgets
    for name in budgets:
        budgets[name] = Budget(rate=PLENTY, burst=PLENTY)


if __name__ == "__main__":
    lift("generic")
    main()
