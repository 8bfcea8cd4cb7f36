"""Telephone numbers as people write them: with the country or without, in groups, with the 0 that is dialled before."""

from __future__ import annotations

import pytest

from hub.model.privacy.phones import read


@pytest.mark.parametrize(
    ("text", "country", "local"),
    [
        ("+49 176 123456", "49", "176123456"),
        ("0049 176/123456", "49", "176123456"),
        ("+49 (0)176 123456", "49", "176123456"),
        ("＋49 176 123456", "49", "176123456"),
        ("(+49) 176 123456", "49", "176123456"),
        ("0176-123456", "", "176123456"),
        ("176 123456", "", "176123456"),
        ("+1 (415) 555-2671", "1", "4155552671"),
        ("+86 138 0013 8000", "86", "13800138000"),
        ("+353 85 012 3456", "353", "850123456"),
        ("+7 912 345-67-89", "7", "9123456789"),
        ("", "", ""),
        ("+", "", ""),
    ],
)
def test_the_country_and_the_rest(text: str, country: str, local: str) -> None:
    phone = read(text)
    assert (phone.country, phone.local) == (country, local)


def test_every_form_of_it() -> None:
    assert read("+49 (0)176 123456").forms == ("+49176123456", "0176123456")
    assert read("0176 123456").forms == read("176 123456").forms == ("0176123456",)
    assert not read("000 000 0000").comparable
    assert not read("+49 12").comparable
