"""What an account's entry may say, checked before anything is written: every answer names its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from connectors.kit.manifest_fields import rate
from connectors.kit.manifest_parts import Budget
from hub.model.language.words import Unplaced
from hub.model.plan.rules import FACTS
from hub.model.schema.authority import RANKS

DEEPEST = 20
"""Levels of lists and mappings in a document."""
MOST = 100_000
"""Values in a document, each counted wherever an alias repeats it."""
LARGEST = 2**53
"""Whole numbers beyond are not the same in every program that reads them."""

Affix = Annotated[str, Meta(max_length=64)]
Seconds = Annotated[float, Meta(ge=0, le=366 * 86_400)]
Names = list[Annotated[str, Meta(min_length=1)]]


class Numbered(Struct, forbid_unknown_fields=True):
    """What a shop writes before and after the digits of an order's number, where that is more than `#`."""

    prefix: Affix = "#"
    suffix: Affix = ""

    @property
    def clear(self) -> bool:
        """Whether the number's own digits can be told from them."""
        return not (self.prefix[-1:].isdigit() or self.suffix[:1].isdigit())


class Pace(Struct, forbid_unknown_fields=True):
    """How fast the account's system may be called, where its operator allows something else than its manifest says."""

    rate: float | str
    """Requests a second, or a text such as 40/m."""
    burst: Annotated[int, Meta(ge=1)]


class ConfiguredTerms(Struct, forbid_unknown_fields=True):
    """What an account may be configured to, besides its connector's settings."""

    decides: bool = False
    auto_authorize: bool = False
    holds_money: bool = False
    money: bool = False
    notify: bool = False
    locations: Names = []
    asked: Names = []
    listens: Names = []
    routes: Names = []
    carriers: Names = []
    ranks: dict[str, int] = {}
    unplaced_refunds: Unplaced = "ask"
    """Whose a refund is that names neither a return nor goods: a person says, or the oldest open return's."""
    order_numbers: Numbered = msgspec.field(default_factory=Numbered)
    """How its orders are numbered, so that an ERP that leaves `EN` out of `EN1001` names the same order."""
    budget: Pace | None = None
    settle: Seconds = 0
    poll: Seconds = 0
    sweep: Seconds = 0


def terms(given: Any, place: str) -> dict[str, Any]:
    """An account's terms as they are kept. Raises ValueError."""
    found = {} if given is None else given
    if isinstance(found, Mapping) and (
        strange := sorted(map(str, set(found) - set(ConfiguredTerms.__struct_fields__)))
    ):
        known = ", ".join(sorted(ConfiguredTerms.__struct_fields__))
        raise ValueError(f"{place}: terms cannot hold {', '.join(strange)}; known are {known}")
    try:
        made = msgspec.convert(found, ConfiguredTerms)
    except msgspec.ValidationError as problem:
        raise ValueError(f"{place}: terms: {str(problem).replace('$.', '')}") from problem
    for name, words in (("listens", FACTS), ("ranks", RANKS)):
        if strange := sorted(set(getattr(made, name)) - set(words)):
            raise ValueError(
                f"{place}: terms: {name} does not know {', '.join(strange)}, but {', '.join(sorted(words))}"
            )
    try:
        budget(found)
    except ValueError as problem:
        raise ValueError(f"{place}: terms: budget: rate {problem}") from problem
    if not made.order_numbers.clear:
        raise ValueError(
            f"{place}: terms: order_numbers: a prefix that ends with a digit, or a suffix that begins with one, cannot"
            " be told from the number itself; leave the term out, then numbers are compared as a whole"
        )
    return dict(found)


def budget(given: Mapping[str, Any]) -> Budget | None:
    """The budget that these terms name. Raises ValueError where its rate is none."""
    named = given.get("budget")
    return None if named is None else Budget(rate=rate(named["rate"]), burst=named["burst"])


def sound(document: Any, place: str) -> None:
    """Raises ValueError where this is no plain data that can be kept as it is."""
    left, count = [(document, place, 0)], 0
    while left:
        value, where, depth = left.pop()
        count += 1
        if count > MOST or depth > DEEPEST:
            raise ValueError(
                f"{place}: more than {MOST} values, or more than {DEEPEST} levels of them, are no accounts"
            )
        if isinstance(value, Mapping):
            left += [(name, f"{where} (a name)", depth + 1) for name in value]
            left += [(inner, f"{where}.{name}", depth + 1) for name, inner in value.items()]
        elif isinstance(value, list | tuple):
            left += [(inner, f"{where}[{index}]", depth + 1) for index, inner in enumerate(value)]
        elif why := _unsound(value):
            raise ValueError(f"{where!s:.200}: {why}")


def _unsound(value: Any) -> str:
    if isinstance(value, str):
        wrong = "\0" in value or any("\ud800" <= character <= "\udfff" for character in value)
        return "holds a character that is no text (NUL or half a surrogate pair)" if wrong else ""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= LARGEST else "a number of this size is no setting; if it is a name, put it in quotes"
    if isinstance(value, float):
        return "" if math.isfinite(value) and abs(value) <= LARGEST else "is no number that a setting can have"
    return f"is read as a {type(value).__name__}; put it in quotes if it is a text"
