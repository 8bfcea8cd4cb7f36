"""Who speaks for what: authority per kind of fact, higher speaks; an account may have ranks of its own."""

from __future__ import annotations

from collections.abc import Mapping

from hub.model.schema.observation import HUB, MergeInputs, Party

Ranks = Mapping[str, int]

# Sources: the table of record per field in the reference (case, receipt, money, documents, parcels).
_CASE: Ranks = {"hub": 7, "marketplace": 6, "storefront": 5, "pos": 4, "erp": 3, "wms": 2, "carrier": 1}
_GOODS: Ranks = {"wms": 7, "erp": 6, "pos": 5, "hub": 4, "marketplace": 3, "storefront": 2, "carrier": 1}
_MONEY: Ranks = {"marketplace": 7, "storefront": 6, "pos": 5, "erp": 4, "hub": 3, "wms": 2, "carrier": 1}
_DOCUMENT: Ranks = {"erp": 7, "pos": 6, "marketplace": 5, "storefront": 4, "hub": 3, "wms": 2, "carrier": 1}
_PARCEL: Ranks = {"carrier": 7, "wms": 6, "erp": 5, "marketplace": 4, "storefront": 3, "pos": 2, "hub": 1}
_OWED: Ranks = {"hub": 8, **_MONEY}

RANKS: Mapping[str, Ranks] = {
    "case": _CASE,
    "lines": _CASE,
    "evidence": _CASE,
    "notes": _CASE,
    "receipts": _GOODS,
    "inspections": _GOODS,
    "dispositions": _GOODS,
    "shipments": _PARCEL,
    "refunds": _MONEY,
    "agreed": _OWED,
    "payments": _MONEY,
    "credits": _DOCUMENT,
    "replacements": _DOCUMENT,
    "dispute": {"marketplace": 8, "storefront": 7, "hub": 6, "pos": 5, "erp": 4, "wms": 3, "carrier": 1},
}

_ME = Party(name=HUB, kind="hub")


def party(inputs: MergeInputs, account: str) -> Party:
    """The account as the model knows it; one that is not configured any more keeps the least say."""
    known = inputs.parties.get(account)
    if known is not None:
        return known
    return _ME if account == HUB else Party(name=account, kind="carrier")


def rank(who: Party, kind: str) -> int:
    """How much `who` has to say about facts of this kind."""
    own = who.ranks.get(kind)
    return RANKS[kind][who.kind] if own is None else own
