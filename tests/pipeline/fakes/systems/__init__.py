"""Makes the fake systems known to the connectors' registry, in this process only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from connectors.kit import manifest, registry
from connectors.kit.api import Connector
from connectors.kit.declarative import Declarative
from connectors.kit.manifest_parts import Budget
from connectors.kit.registry import Entry
from tests.pipeline.fakes import connector

HERE = Path(__file__).parent


TIGHT = Budget(rate=60.0, burst=15)
"""Requests of one account at the most, where budgets bite."""
SYSTEMS: dict[str, type[Connector]] = {
    "shop": connector.Shop,
    "bazaar": connector.Bazaar,
    "stock": connector.Stock,
    "till": connector.Till,
    "stall": type("Stall", (Declarative,), {}),
}


def register(*, tight: bool = False) -> None:
    """These (fake_shop, ...) are systems like any other from now on; `tight`: on a budget."""
    for name, of in SYSTEMS.items():
        folder = HERE / name
        read = manifest.load(folder / manifest.FILE)
        of.manifest = replace(read, budgets={"default": TIGHT}) if tight else read
        mapping = HERE.parent / f"fake_{'shop' if name == 'bazaar' else name}.yaml"
        registry._known[f"fake_{name}"] = Entry(f"fake_{name}", __name__, folder, of.manifest, of, mapping=mapping)
