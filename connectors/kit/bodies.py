"""The body of a webhook that is genuine: unpacked, or a letter about the body (400), never one about secrets (401)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from connectors.kit.answers import NOT_JSON, not_json

T = TypeVar("T", covariant=True)


class Decoder(Protocol[T]):
    """What msgspec's decoders are."""

    def decode(self, body: bytes, /) -> T: ...


def decoded(decoder: Decoder[T], body: bytes, what: str) -> T:
    """The body as this decoder reads it. Raises ValueError: it is genuine, but not `what` it should be."""
    with shaped(what):
        return decoder.decode(body)


@contextmanager
def shaped(what: str) -> Iterator[None]:
    """Whatever a body of another shape makes fail in here is a ValueError that says so."""
    try:
        yield
    except (*NOT_JSON, KeyError, TypeError, AttributeError, IndexError) as problem:
        why = not_json(problem) if isinstance(problem, NOT_JSON) else f"{type(problem).__name__}: {problem}"
        raise ValueError(f"it is no {what}: {why}") from problem
