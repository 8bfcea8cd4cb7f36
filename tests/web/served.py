"""What test_serve.py serves: the site without a database."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

from connectors.kit import registry
from connectors.kit.api import Login
from tests.web.conftest import make_site


def site() -> Any:
    """One account, `web`; the database always answers. Bodies have a second."""
    made = make_site(MagicMock()).client.application
    made._front.bodies.first = 1.0
    return made


def growing() -> Any:
    """The account is added after the first look; every later one finds it."""
    looks: list[int] = []

    def look() -> dict[str, str]:
        looks.append(1)
        return {"web": "healthy"} if len(looks) > 1 else {}

    return make_site(MagicMock(), watch=look).client.application


def away() -> Any:
    """The account was known once; then the database went away."""
    looks = [{"web": "healthy"}]

    def look() -> dict[str, str]:
        if not looks:
            raise ConnectionError("nobody listens there")
        return looks.pop()

    return make_site(MagicMock(), watch=look).client.application


def asking() -> Any:
    """The same, after it has needed what a connector is made with."""
    registry.load("medusa").connect(Login("web", {"base_url": "http://127.0.0.1:9", "secret_key": "simulated"}))
    return site()
