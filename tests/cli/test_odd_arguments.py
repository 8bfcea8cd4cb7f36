"""Numbers beyond any number are answered, not shown as a fault."""

from __future__ import annotations

import pytest

from tests.cli.console_input import Run

BIG = "9" * 30


@pytest.mark.parametrize(
    "arguments",
    [
        ("returns", "show", f"R{BIG}"),
        ("returns", "show", "R²"),
        ("story", f"R{BIG}"),
        ("inbox", "show", BIG),
        ("inbox", "replay", BIG),
        ("privacy", "done", BIG),
        ("review", "undo", BIG),
        ("review", "again", BIG),
        ("worker", "--workers", BIG),
    ],
    ids=" ".join,
)
def test_an_odd_number_is_answered(run: Run, arguments: tuple[str, ...]) -> None:
    said = run(*arguments)
    assert said.exit_code in (1, 2)
    assert isinstance(said.exception, SystemExit), said.exception
    assert "Error" in said.output
