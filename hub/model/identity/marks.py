"""Our own numbers in other systems: one proves something only with a check beside it that nobody else can make."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec.structs import replace

from hub.model.language.spelling import folded, return_number
from hub.model.schema.fragment import Fragment, Key, Refund
from hub.model.schema.observation import HUB

MARK = "mark"
"""The type of a key that was read from a text: it counts with its check only."""

Checks = Callable[[str], Sequence[str]]
"""What shows that this account was told a number, under each key of the hub; the first is written."""

_marked = re.compile(r"(r[0-9]{1,18})-([a-z2-7]{6})").fullmatch


def unmarked(number: str) -> tuple[str, ...]:
    """Without keys nothing is shown."""
    return ()


def marked(number: str, checks: Sequence[str]) -> str:
    """The number as it is written into another system: R1001-k7f3qa."""
    return f"{number}-{checks[0]}" if checks else number


def proven(text: str, checks: Checks) -> str | None:
    """The number of ours that this text is, if the hub wrote it for this account."""
    found = _marked(folded(text).strip())
    if found is None:
        return None
    number = found[1].upper()
    return number if found[2] in checks(number) else None


def verified(fragment: Fragment, checks: Checks) -> Fragment:
    """The record without numbers of ours that anybody may have written.

    A system that states our number in a field of its own (`return` of the issuer `hub`) is believed without a check,
    and not with a wrong one.
    """
    changed: dict[str, object] = {}
    if any(key.issuer == HUB for key in fragment.keys):
        changed["keys"] = tuple(_keys(fragment.keys, checks))
    if fragment.refunds and any(refund.reference is not None for refund in fragment.refunds):
        changed["refunds"] = tuple(_refund(refund, checks) for refund in fragment.refunds)
    return replace(fragment, **changed) if changed else fragment


def _keys(keys: Collection[Key], checks: Checks) -> Iterable[Key]:
    for key in keys:
        if key.issuer != HUB:
            yield key
        elif number := proven(key.value, checks):
            yield Key(type="return", value=number, issuer=HUB)
        elif key.type != MARK and _marked(folded(key.value).strip()) is None:
            yield replace(key, value=return_number(key.value) or key.value)


def _refund(refund: Refund, checks: Checks) -> Refund:
    if refund.reference is None:
        return refund
    return replace(refund, reference=proven(refund.reference, checks))
