"""What the records state of the return itself: by the highest authority, by each account, or by all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET

from hub.model.merge.context import MergeContext
from hub.model.schema.observation import Observation

FIRST = ("channel", "location", "customer", "requested_at")
"""Fields of a return that are as the highest authority says who says anything."""


def first(ctx: MergeContext, ranked: Sequence[Observation], field: str) -> Any:
    """The value of the highest authority that states one."""
    for observation in ranked:
        value = getattr(observation.fragment, field)
        if value is not UNSET and value is not None:
            ctx.said_by[field] = ctx.source(observation)
            return value
    return None


def per_account(ranked: Sequence[Observation], field: str) -> dict[str, str]:
    """Each account's own; a record that opens speaks before the account's other records."""
    found: dict[str, str] = {}
    for opening in (True, False):
        for observation in ranked:
            value = getattr(observation.fragment, field)
            if isinstance(value, str) and isinstance(observation.fragment.origin, str) == opening:
                found.setdefault(observation.account, value)
    return dict(sorted(found.items()))


def objects(observations: Sequence[Observation], chosen: Mapping[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    """By account and stream; of several in one stream the one that a person chose or that opens, else the first."""
    found: dict[str, dict[str, str]] = {}
    for observation in sorted(observations, key=lambda o: not isinstance(o.fragment.origin, str)):
        found.setdefault(observation.account, {}).setdefault(observation.stream, observation.external_id)
    for (account, stream), external_id in chosen.items():
        found[account][stream] = external_id
    return {account: dict(sorted(found[account].items())) for account in sorted(found)}


def ready(ctx: MergeContext) -> bool | None:
    """Whether some system can receive goods by now; None where nobody says."""
    said = [o.fragment.ready for o in ctx.own if isinstance(o.fragment.ready, bool)]
    return any(said) if said else None


def each(ranked: Sequence[Observation], field: str) -> list[Any]:
    """The items of all accounts; the same one told twice is one."""
    return list(dict.fromkeys(item for o in ranked for item in getattr(o.fragment, field) or ()))
