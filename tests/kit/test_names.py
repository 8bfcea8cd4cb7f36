"""One number, written in several ways."""

from __future__ import annotations

import pytest

from connectors.kit.names import spellings


@pytest.mark.parametrize("written", ["#1001", "1001", " # 1001", "\uff03\uff11\uff10\uff10\uff11"])
def test_a_number_is_looked_for_as_it_is_and_as_others_write_it(written: str) -> None:
    found = spellings(written)
    assert found[0] == written
    assert {"#1001", "1001"} <= set(found)


@pytest.mark.parametrize("nothing", ["", "#", "  "])
def test_nothing_is_no_number(nothing: str) -> None:
    assert spellings(nothing) == ()
