"""What a person says to `hub accounts add`: on the command line, and when asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from click.testing import Result

from connectors.shopify.sandbox_oauth import TOKEN

Run = Callable[..., Result]


def given(**settings: Any) -> list[str]:
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def typed(*answers: str) -> str:
    return "".join(f"{answer}\n" for answer in answers)


def listed(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("accounts", "list", "--json").stdout)
    return found


SHOPIFY = ("", "", TOKEN, "simulated-webhook-secret", "")
"""Client ID, client secret, access token, webhook secret, location."""
