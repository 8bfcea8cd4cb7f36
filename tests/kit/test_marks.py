"""The hub finds its own writes again by what it wrote into their notes."""

from __future__ import annotations

from connectors.kit.marks import Mark


def test_a_mark_is_read_where_people_wrote_around_it() -> None:
    mark = Mark("R1001", "42")
    assert Mark.read(f"box 7, {mark}, see mail") == mark
    assert Mark.read(f"{mark}.") == mark
    assert Mark.read("Returns Hub soon") is None
    assert Mark.read(None) is None
