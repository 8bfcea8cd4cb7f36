"""Whose data it is, and a fragment without the person: what came back and what was paid stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from hub.model.language.spelling import return_number
from hub.model.privacy import phones
from hub.model.schema.fragment import Customer, Fragment, PrivacyRequest

MASK = "***"
"""Stands where personal data stood: the rest of a record keeps its shape, and nobody takes it for silence."""

_PHONE = re.compile(r"\+?[\d\s()./-]{6,}\Z")
_MAIL = re.compile(r"[^\s@:]+@[^\s@:]+\Z")
_SPOKEN = re.compile("phone|mobile|(^|_)tel")
"""Fields whose digits are a telephone number; elsewhere digits are somebody's id."""


class PersonName(NamedTuple):
    """By what a person's records are found: mail, phone, record (account:id there), return (our number).

    address: a mail that goes from every text, and by which nobody's records are found."""

    kind: str
    text: str

    @classmethod
    def parse(cls, who: str) -> PersonName:
        """What somebody typed. Raises ValueError."""
        text = who.strip()
        if ours := return_number(text):
            return cls("return", ours[1:])
        if _MAIL.match(text):
            return cls("mail", text.casefold())
        if _PHONE.match(text):
            return cls("phone", phones.read(text).name)
        account, colon, theirs = text.partition(":")
        if account and colon and theirs:
            return cls("record", text)
        raise ValueError(
            f"{who!r} names nobody; write an e-mail address, a telephone number, account:id (a customer or an order"
            " of that system), or the number of a return"
        )


def names(account: str, place: str, value: str) -> Iterator[PersonName]:
    """Every name that a value at a customer's place of this account's records is."""
    yield PersonName("record", f"{account}:{value}")
    if _MAIL.match(value):
        yield PersonName("mail", value.casefold())
    if (phone := spoken(place, value)) is not None:
        yield PersonName("phone", phone.name)
        yield PersonName("phone", phone.digits)  # as it was remembered before a number had its country


def spoken(place: str, value: str) -> phones.Phone | None:
    """The telephone number that this value is; None at a place where digits are something else."""
    phone = phones.read(value) if _SPOKEN.search(place.rpartition(".")[2].lower()) else None
    return phone if phone is not None and phone.digits else None


_TOLD: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lines", ("reason.text", "found.text")),
    ("refunds", ("note",)),
    ("notes", ("text",)),
    ("evidence", ("url",)),
)
"""Per list of a fragment where people's own words and pictures stand."""


def blank(fragment: Fragment) -> tuple[Fragment, list[str]]:
    """The fragment without its person, and what was said of them."""
    said: list[str] = []

    def without(part: Any, places: tuple[str, ...]) -> Any:
        for place in places:
            name, _, rest = place.partition(".")
            value = getattr(part, name)
            if rest and isinstance(value, Struct):
                part = replace(part, **{name: without(value, (rest,))})
            elif isinstance(value, str) and value not in ("", MASK):
                said.append(value)
                part = replace(part, **{name: MASK})
        return part

    changes: dict[str, Any] = {}
    if isinstance(fragment.customer, Customer):
        changes["customer"] = without(fragment.customer, Customer.__struct_fields__)
    if isinstance(fragment.privacy, PrivacyRequest):
        changes["privacy"] = without(fragment.privacy, ("customer",))
    for name, places in _TOLD:
        if items := getattr(fragment, name):
            changes[name] = tuple(without(item, places) for item in items)
    return replace(fragment, **changes), said
