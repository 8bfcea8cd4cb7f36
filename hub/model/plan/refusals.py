"""Writes that came to their end without an effect, and what they say of the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from hub.model.plan.rules import ENTITIES
from hub.model.schema.fragment import Zero
from hub.model.schema.operation import Outstanding, PlannedOperation

_ONCE = frozenset({"create_return", "exchange", "refund", "credit"})
"""One refusal settles these for the whole return; for the others it settles the facts or the very operation refused."""

SUMS = frozenset({"refund", "credit"})
"""What a person has dealt with of these counts by its amount."""

UNTAKEN = frozenset({"dead", "refused", "tried_out", "no_way"})
"""States of writes that did not come through."""


class Refusals:
    """What one account refused of a return, or people have dealt with, or nobody knows."""

    def __init__(self, mine: Iterable[Outstanding]) -> None:
        self._by_kind: dict[str, list[Outstanding]] = {}
        self._by_name: dict[tuple[str, str], list[Outstanding]] = {}
        for one in mine:
            # Money dealt with by hand is taken off what is wanted (tell_money), so it stands against nothing.
            dealt = one.state == "given_up" and one.operation.kind not in SUMS
            if one.state in UNTAKEN or dealt:
                self._by_kind.setdefault(one.operation.kind, []).append(one)
                for name in (one.operation.fingerprint, *one.operation.facts):
                    self._by_name.setdefault((one.operation.kind, name), []).append(one)

    def of(self, planned: PlannedOperation) -> Literal["", "refused", "no way", "by hand"]:
        """Whether a refusal settles this operation, too, or they have no step for it, or a person has dealt with it."""
        if planned.kind not in self._by_kind:
            return ""
        stands = [one for one in self._near(planned) if _settles(one.operation, planned)]
        if _covered([one.operation for one in stands if one.state == "given_up"], planned):
            return "by hand"
        against = {one.state for one in stands if one.state != "given_up" and not _heals(one, planned)}
        return "" if not against else "no way" if against == {"no_way"} else "refused"

    def _near(self, planned: PlannedOperation) -> Iterable[Outstanding]:
        """Those that may settle it, found by name where there may be very many."""
        if planned.kind in ENTITIES | {"receive"} and planned.kind not in _ONCE:
            names = (planned.fingerprint, *planned.facts)
            return (one for name in names for one in self._by_name.get((planned.kind, name), ()))
        return self._by_kind[planned.kind]


def _covered(dealt: Sequence[PlannedOperation], planned: PlannedOperation) -> bool:
    """Whether people have dealt with all of it: a piece that came since is told, beside one that was booked by hand."""
    if any(one.kind in _ONCE or not one.facts or one.fingerprint == planned.fingerprint for one in dealt):
        return True
    return bool(dealt) and set(planned.facts) <= {fact for one in dealt for fact in one.facts}


def replaces(planned: PlannedOperation, refused: PlannedOperation) -> bool:
    """Whether this is what was refused, come out differently since: other ids, lines, objects or amounts."""
    return _settles(refused, planned) and _content(planned) != _content(refused)


def _heals(one: Outstanding, planned: PlannedOperation) -> bool:
    """A refusal that did nothing stands against the same operation only, however often; what is unknown against all."""
    if one.state == "dead":
        return False
    new = one.state == "refused" or one.operation.fingerprint != planned.fingerprint
    return new and replaces(planned, one.operation)


def _settles(ended: PlannedOperation, planned: PlannedOperation) -> bool:
    if ended.kind != planned.kind:
        return False
    if ended.kind in _ONCE or ended.fingerprint == planned.fingerprint:
        return True
    if ended.kind in ENTITIES or ended.kind == "receive":
        return not set(ended.facts).isdisjoint(planned.facts)
    return ended.round == planned.round


def _content(operation: PlannedOperation) -> bytes:
    """What it says, whatever stood there when it was planned."""
    lines = tuple(replace(line, had=None, lacks=Zero) for line in operation.lines)
    return msgspec.json.encode(replace(operation, lines=lines), order="deterministic")
