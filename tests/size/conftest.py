"""A store that is large enough for every statement to show how it reads (simulated)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benchmarks import grown, templates
from hub.postgres import Server
from hub.store.database import upgrade

COUNT = 32_000
SHARES = dict(zip((said for said, _ in templates.SHARES), (300, 150, 100, 100, 100, 90, 80, 80), strict=True))
"""Of a thousand: so of each kind there are more than any statement may read."""


@pytest.fixture(scope="session")
def large(postgres: Server, new_database: Callable[[str | None], str]) -> Iterator[templates.Site]:
    """A hub on it, with a shop, an ERP and a till behind it."""
    url = postgres.url(new_database(None))
    upgrade(url)
    with templates.site(url) as site:
        made = templates.make(site)
        grown.grow(site.hub.database, dict(zip(made, SHARES.values(), strict=True)), COUNT)
        yield site
