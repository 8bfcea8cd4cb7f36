"""What a system shows while we are writing there may be that very write, shown before its answer told us so.

Counted beside what it copies it would be goods that came twice: the other systems would be told so, and money could
fall due. So what is new there waits until the outcome of the write is known, and then it is linked, or counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from hub.model.observation import HUB, FactId, Observation, Twins
from hub.model.returns import Return
from hub.store import lanes
from hub.store.database import Connection
from hub.store.intents import Intent

MAKES = {"receive": "receipts", "dispose": "dispositions", "note": "notes"}
"""Per operation the facts that it makes, and that nothing but its answer links."""
UNDECIDED = frozenset({"open", "waiting", "unknown"})


def undecided(intent: Intent) -> bool:
    """Whether nobody knows yet what it made: it is under way, or a person is asked."""
    answered = "made" in (intent.reply or {})
    return intent.state in UNDECIDED or (intent.state == "dead" and intent.possible and not answered)


def ended(conn: Connection, intent: Intent, state: str) -> None:
    """What was held back for this write counts, if it is decided now."""
    if intent.kind in MAKES and state not in UNDECIDED:
        lanes.want(conn, "weigh", [(HUB, f"R{intent.return_id}")])


def without(
    seen: Sequence[Observation], unfinished: Iterable[Intent], old: Return | None, linked: Iterable[Twins]
) -> list[Observation]:
    """The records without such facts; `old`: the return as it was when the writes were planned, or since."""
    writing = {(i.account, MAKES[i.kind]) for i in unfinished if i.kind in MAKES and undecided(i)}
    if not writing or old is None:
        return list(seen)
    known = {twin for facts in (old.receipts, old.dispositions, old.notes) for fact in facts for twin in fact.twins}
    known |= {fact for twins in linked for fact in twins.facts}
    return [_known(o, [kind for account, kind in sorted(writing) if account == o.account], known) for o in seen]


def _known(observation: Observation, kinds: Iterable[str], known: set[FactId]) -> Observation:
    fragment = observation.fragment
    name = (observation.account, observation.stream, observation.external_id)
    for kind in kinds:
        if listed := getattr(fragment, kind):
            kept = tuple(fact for fact in listed if FactId(*name, kind, fact.id) in known)
            fragment = replace(fragment, **{kind: kept})
    return observation if fragment is observation.fragment else replace(observation, fragment=fragment)
