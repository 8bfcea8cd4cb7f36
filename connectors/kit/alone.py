"""One bad record stops itself and nothing else: what a batch cannot give is asked for in parts, down to the one.

Whatever refuses, forbids or breaks the reading of one record is no fault of the system's, of its credentials, or of
the records beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from connectors.kit.answers import cannot_hold, impossible
from connectors.kit.api import Unreadable
from connectors.kit.errors import ConnectorError, NotYet, RateLimited, Rejected, RetryLater, Unauthorized

ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=str)
"""For people to look at: what no JSON can hold is shown as a text."""
K = TypeVar("K")
T = TypeVar("T")


def concerns_one(problem: Exception) -> bool:
    """Whether a read failed because of the one record that was asked for: refused, forbidden, or of a shape that its
    connector cannot read. The system is well, and others can be read."""
    if isinstance(problem, Unauthorized):
        return problem.code == "403"
    return isinstance(problem, Rejected) or not isinstance(problem, ConnectorError)


def piecewise(
    read: Callable[[Sequence[K]], Iterable[T]], keys: Sequence[K], bad: Callable[[K, Exception], T]
) -> list[T]:
    """What `read` gives for these keys; for each that alone cannot be read, `bad`.

    Raises what is everybody's: credentials, limits, and a failure that none of several keys is without.
    """
    found: list[T] = []
    failed: list[tuple[K, Exception]] = []

    def some(part: Sequence[K]) -> None:
        try:
            found.extend(read(part))
            return
        except Exception as problem:
            if not (concerns_one(problem) or _may_concern_one(problem)):
                raise
            if len(part) == 1:
                failed.append((part[0], problem))
                return
            if part is keys and isinstance(problem, RetryLater) and not any(_answers(read, key) for key in _some(keys)):
                raise  # it is away: no need to ask for all of them
        middle = len(part) // 2
        some(part[:middle])
        some(part[middle:])

    if keys:
        some(keys)
    for _, problem in failed:
        alone = concerns_one(problem) and not (len(keys) > 1 and isinstance(problem, Unauthorized))
        if not found and not alone:
            raise problem
    return found + [bad(key, problem) for key, problem in failed]


def each(
    stream: str, records: Iterable[Any], make: Callable[[Any], T], *, name: str = "id"
) -> Iterator[T | Unreadable]:
    """What `make` gives for each record; one that it cannot read is Unreadable, named by its field `name`."""
    for record in records:
        try:
            yield make(record)
        except Exception as problem:
            if not (concerns_one(problem) or isinstance(problem, NotYet)):
                raise
            yield unreadable(stream, record, problem, name=name)


def unreadable(stream: str, record: Any, problem: Exception, *, name: str = "id") -> Unreadable:
    """This record, which cannot be read, and why."""
    known = record.get(name) if isinstance(record, dict) else None
    external_id = str(known) if isinstance(known, str | int) else ""
    try:
        body = ENCODER.encode(record)
    except (TypeError, ValueError, RecursionError):
        body = repr(record)[:10_000].encode()
    why = next(map(cannot_hold, impossible(record)), None) or explained(problem)
    return Unreadable(stream, external_id, why, body)


def explained(problem: Exception) -> str:
    """The problem as a letter."""
    if isinstance(problem, ConnectorError):
        return str(problem)
    return f"it has another shape than was ever seen ({type(problem).__name__}: {problem})"


def _may_concern_one(problem: Exception) -> bool:
    return isinstance(problem, RetryLater) and not isinstance(problem, RateLimited)


def _some(keys: Sequence[K]) -> Sequence[K]:
    """The first, the last and one between."""
    return keys if len(keys) <= 3 else (keys[0], keys[len(keys) // 2], keys[-1])


def _answers(read: Callable[[Sequence[K]], Iterable[T]], key: K) -> bool:
    """Whether the system says anything of this one: that it refuses it is an answer, too."""
    try:
        list(read([key]))
    except Exception as problem:
        return concerns_one(problem)
    return True
