"""What test_serve.py serves: the site without a database."""

from __future__ import annotations

from typing import Any

from connectors.kit import registry
from connectors.kit.api import Account
from tests.web.conftest import make_site


def site() -> Any:
    return make_site(database=None).client.application


def asking() -> Any:
    """The same, after it has needed what a connector is made with."""
    registry.load("medusa").connect(Account("web", {"base_url": "http://127.0.0.1:9", "secret_key": "simulated"}))
    return site()
