"""A command line on a database of its own, and two shops (sandboxes) to connect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.medusa.sandbox import MedusaSandbox
from hub.cli import main
from tests.cli.console_input import Run
from tests.connectors.shopify_side import Remote as Shopify
from tests.pipeline.conftest import begun, both, connect, deliver, due, hub, post, stock, work

__all__ = ["begun", "both", "connect", "deliver", "due", "hub", "medusa", "post", "run", "shop", "stock", "work"]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """run("accounts", "add", ..., input="what a person types")."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    monkeypatch.delenv("HUB_PUBLIC_URL", raising=False)
    return lambda *words, **more: CliRunner().invoke(main, list(words), **more)


@pytest.fixture
def shop() -> Iterator[Shopify]:
    with Shopify() as running:
        yield running


@pytest.fixture
def medusa() -> Iterator[MedusaSandbox]:
    with MedusaSandbox() as running:
        yield running
