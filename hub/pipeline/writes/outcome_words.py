"""What a remote call or look came to, in the words of the table of delivery (model/plan/delivery.py)."""

from __future__ import annotations

from connectors.kit import errors
from connectors.kit.api import Reply
from hub.model.plan import delivery
from hub.pipeline.remote import Outcome
from hub.store import documents

_WORDS: tuple[tuple[type[Exception], delivery.Outcome], ...] = (
    (errors.OverBudget, "over_budget"),
    (errors.NotYet, "not_yet"),
    (errors.RetryLater, "later"),
    (errors.Unauthorized, "denied"),
    (errors.Conflict, "conflict"),
    (errors.NotFound, "conflict"),
    (errors.Rejected, "refused"),
    (errors.Unsupported, "unsupported"),
    (errors.HubFailed, "later"),
)
"""What the kit's errors mean after a call; every other exception is a bug, and nobody knows what was done."""
_LOOKS: tuple[tuple[type[Exception], delivery.Outcome], ...] = (
    (errors.OverBudget, "over_budget"),
    (errors.RetryLater, "later"),
    (errors.Unauthorized, "denied"),
    (errors.Unsupported, "cannot"),
    (errors.HubFailed, "later"),
)
"""The same after a look, where every other one is a look that failed."""


def outcome_word(outcome: Outcome[Reply | None], *, looking: bool) -> delivery.Outcome:
    """The outcome in the word of the table. `looking`: it was a look for an earlier write."""
    error, reply = outcome.error, outcome.value
    if error is None:
        if reply is None:
            return "not_found" if looking else "unknown"
        return "found" if looking else "answered" if reply.finished else "step"
    if looking:
        return next((name for kind, name in _LOOKS if isinstance(error, kind)), "broken")
    if outcome.changed:  # whatever the error is about, the change may have been made
        return "unknown"
    return next((name for kind, name in _WORDS if isinstance(error, kind)), "unknown")


def sound(outcome: Outcome[Reply | None]) -> Outcome[Reply | None]:
    """The same outcome; an error where the connector answered with what is no reply or cannot be stored."""
    try:
        if outcome.error is None and outcome.value is not None:
            if not isinstance(outcome.value, Reply):
                raise TypeError(f"it is {type(outcome.value).__name__}, not Reply")
            documents.text(outcome.value)
    except (TypeError, ValueError) as problem:
        said = TypeError(f"the connector gave no reply that can be understood: {problem}")
        return Outcome(error=said, wire=outcome.wire, took_ms=outcome.took_ms, changed=outcome.changed)
    return outcome
