"""What can go wrong with a mapping (findings, at load) and with one message (Untranslatable, at run time)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a mapping file; lines and columns count from 1, as editors do."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One remark about a mapping. An error keeps it from being loaded."""

    file: str
    line: int
    column: int
    level: Level
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.level}: {self.message}"


class MappingError(Exception):
    """The mapping cannot be used as it is written; `findings` say where and why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, findings)))


class Untranslatable(Exception):
    """This message cannot be told in our words: it waits on the invalid page until the mapping is mended."""

    def __init__(self, reason: str, *, mark: Mark | None = None, field: str = "", expression: str = "") -> None:
        self.reason = reason
        self.file = mark.file if mark else ""
        self.line = mark.line if mark else 0
        self.field = field
        self.expression = expression
        place = f"{mark.file}, line {mark.line}: " if mark else ""
        what = f"{field}: " if field else ""
        how = f" (in {expression})" if expression else ""
        super().__init__(f"{place}{what}{reason}{how}")

    @property
    def letter(self) -> str:
        """The field's own name and the reason: for whoever sees the row that it is in."""
        name = self.field.rpartition(".")[2]
        return f"{name}: {self.reason}" if name else self.reason


class UnknownWord(Untranslatable):
    """They used a word that the table does not list. Add it there, then replay the message."""

    def __init__(
        self, table: str, word: str, *, mark: Mark | None = None, field: str = "", expression: str = ""
    ) -> None:
        self.table = table
        self.word = word
        reason = f"table {table!r} has no entry for {word!r}; add it (or a '*' for all others), then replay the message"
        super().__init__(reason, mark=mark, field=field, expression=expression)


class InvalidJson(Exception):
    """The body is no JSON that we can keep exactly; `place` is a path like $.items[3].note, or a byte offset."""

    def __init__(self, reason: str, place: str = "") -> None:
        self.reason = reason
        self.place = place
        super().__init__(f"{reason} (at {place})" if place else reason)
