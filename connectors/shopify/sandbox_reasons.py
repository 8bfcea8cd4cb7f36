"""The beginning of Shopify's library of return reasons, as github.com/Shopify/product-taxonomy publishes it
(data/return_reasons.yml), and which of them the older words became (simulated: Shopify does not say).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Record = dict[str, Any]

_LISTED: Sequence[tuple[str, str, str]] = (
    ("unknown", "Unknown", "UNKNOWN"),
    ("changed-my-mind", "Changed my mind", "UNWANTED"),
    ("item-not-as-described", "Item not as described", "NOT_AS_DESCRIBED"),
    ("received-the-wrong-item", "Received the wrong item", "WRONG_ITEM"),
    ("other-reason", "Other", "OTHER"),
    ("damaged-or-defective", "Damaged or defective", "DEFECTIVE"),
    ("too-small", "Too small", "SIZE_TOO_SMALL"),
    ("too-big", "Too big", "SIZE_TOO_LARGE"),
    ("style", "Style", "STYLE"),
    ("color", "Color", "COLOR"),
    ("absorbency", "Absorbency", ""),
    ("arrived-late", "Arrived late", ""),
    ("comfort", "Comfort", ""),
)
LIBRARY: Sequence[Record] = tuple(
    {
        "__typename": "ReturnReasonDefinition",
        "id": f"gid://shopify/ReturnReasonDefinition/{number}",
        "handle": handle,
        "name": name,
        "deleted": False,
    }
    for number, (handle, name, _) in enumerate(_LISTED, 1)
)
_BY_ID = {one["id"]: (one, older or "OTHER") for one, (_, _, older) in zip(LIBRARY, _LISTED, strict=True)}
_BY_WORD = {older: one for one, (_, _, older) in zip(LIBRARY, _LISTED, strict=True) if older}


def listed(handles: Sequence[str] | None) -> list[Record]:
    """The reasons with these handles; all of them where none are asked for."""
    return [one for one in LIBRARY if handles is None or one["handle"] in handles]


def reason_of(line: Record) -> tuple[Record | None, str]:
    """The reason that a line is asked for with: of the library, and by the older word, of which each has one."""
    name = line.get("returnReasonDefinitionId")
    if name:
        return _BY_ID.get(name, (None, ""))
    return _BY_WORD.get(line.get("returnReason") or ""), line.get("returnReason") or ""
