"""A sandbox's routes: the request that a handler is given, what it may answer, and how it is found by its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a sandbox sees it. `headers` have lower-case names; `query` keeps the last of equal names."""

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query in order, repeated names included."""
        return parse_qsl(self.query_string, keep_blank_values=True)

    @property
    def query(self) -> dict[str, str]:
        return dict(self.pairs)

    def json(self) -> Any:
        """The body decoded; an empty one is `{}`. Not JSON: answered with 400."""
        try:
            return msgspec.json.decode(self.body or b"{}")
        except msgspec.DecodeError as error:
            raise Refuse(400, {"message": f"not JSON: {error}"}) from error


@dataclass(frozen=True, slots=True)
class SandboxAnswer:
    """What a handler answers; `body` is bytes, or anything JSON can hold."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        return (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else msgspec.json.encode(self.body)
        )


class Refuse(Exception):
    """Raised anywhere in a handler: answer this instead. State changed before it stays, as with careless vendors."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.answer = SandboxAnswer(status, body, headers or {})


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Serve a method and a path, `{name}` standing for one segment (it becomes a keyword argument)."""

    def mark(handler: Handler) -> Handler:
        handler.__dict__.setdefault("routes", []).append((method, path))
        return handler

    return mark


def pattern(path: str) -> re.Pattern[str]:
    """A path with `{name}` segments as a regular expression."""
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)))


def as_answer(value: Any) -> SandboxAnswer:
    """What a handler returned, as an answer: a body (200), a (status, body) pair, or an answer already."""
    if isinstance(value, SandboxAnswer):
        return value
    if isinstance(value, tuple):
        return SandboxAnswer(*value)
    return SandboxAnswer(200, value)
