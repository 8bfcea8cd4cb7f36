"""What test_serve.py serves: the site without a database."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import make_site


def site() -> Any:
    return make_site(database=None).client.application
