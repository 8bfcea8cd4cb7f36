"""The progress guard: a write that does not stick is made finitely often, whatever the other system does with it.

One rule covers the target that ignores, trims, maps two words to one, and the one that reverts: an operation with the
same fingerprint counts again each time it was performed. It goes at once the first time, waits longer the second and
third, and is parked then, until an input changes its fingerprint, or a person asks, or the question about it has closed
and a day has passed. Two systems that keep correcting each other through us are stopped by the same count. What moves
money is never repeated at all, however long nobody answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from hub.model.language.sentences import Sentence, sentence
from hub.model.schema.operation import PlannedOperation

WINDOW = timedelta(hours=24)
WAITS = (0.0, 5.0, 60.0)
"""Seconds since the last time before the same operation may be performed again, by how often it was."""
KEPT = 20
"""Fingerprints remembered per row; a plan has a handful. Those of money are never forgotten."""
MONEY = "money|"


class GuardVerdict(Struct, frozen=True, kw_only=True):
    """Go (neither), `wait` so many seconds, or `park`; `why` is written for people."""

    wait: float = 0.0
    park: bool = False
    why: Sentence | None = None


def check(
    history: Mapping[str, Sequence[str]], operation: PlannedOperation, now: datetime, *, asked: bool = False
) -> GuardVerdict:
    """May this be performed now? `history` is what `performed` returned before; `asked`: a person is asked about it."""
    times = _recent(history, operation, now)
    if asked:
        return GuardVerdict(park=True, why=sentence("done_often", count=len(history.get(_key(operation), ()))))
    if not times:
        return GuardVerdict()
    if operation.moves_money:
        return GuardVerdict(park=True, why=sentence("money_not_shown"))
    if len(times) >= len(WAITS):
        return GuardVerdict(park=True, why=sentence("done_often", count=len(times)))
    left = WAITS[len(times)] - (now - times[-1]).total_seconds()
    if left <= 0:
        return GuardVerdict()
    return GuardVerdict(wait=left, why=sentence("done_before"))


def performed(history: Mapping[str, Sequence[str]], operation: PlannedOperation, now: datetime) -> dict[str, Any]:
    """The history with this performance; a plain dict for the sync row."""
    noted: dict[str, Any] = {k: list(v) for k, v in history.items() if k != _key(operation)}
    times = [at.isoformat() for at in _recent(history, operation, now)]
    noted[_key(operation)] = [*times, now.isoformat()]
    money = {k: v for k, v in noted.items() if k.startswith(MONEY)}
    return {**money, **dict([item for item in noted.items() if item[0] not in money][-KEPT:])}


def _key(operation: PlannedOperation) -> str:
    return f"{MONEY}{operation.fingerprint}" if operation.moves_money else operation.fingerprint


def _recent(history: Mapping[str, Sequence[str]], operation: PlannedOperation, now: datetime) -> list[datetime]:
    times = [datetime.fromisoformat(text) for text in history.get(_key(operation), ())]
    return times if operation.moves_money else [at for at in times if now - at < WINDOW]
