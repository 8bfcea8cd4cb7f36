"""The sandbox passes the suite that the real Medusa passes, too (tests/peers/test_medusa_alone.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.medusa.side import Side, sandbox_side
from tests.peers.medusa_suite import MedusaSuite


@pytest.fixture
def side() -> Iterator[Side]:
    with sandbox_side() as made:
        yield made


class TestSandbox(MedusaSuite):
    pass
