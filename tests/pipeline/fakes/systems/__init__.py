"""Makes the fake systems known to the connectors' registry, in this process only."""

from __future__ import annotations

from pathlib import Path

from connectors.kit import manifest, registry
from connectors.kit.registry import Entry
from tests.pipeline.fakes import connector

HERE = Path(__file__).parent


def register() -> None:
    """fake_shop, fake_stock and fake_till are systems like any other from now on."""
    for name, of in (("shop", connector.Shop), ("stock", connector.Stock), ("till", connector.Till)):
        folder = HERE / name
        read = manifest.load(folder / manifest.FILE)
        of.manifest = read
        known = Entry(f"fake_{name}", __name__, folder, read, of, mapping=HERE.parent / f"fake_{name}.yaml")
        registry._known[f"fake_{name}"] = known
