"""What the hub writes into a note of another system, so that it finds its own write again; people may read it."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORDS = re.compile(r"Returns Hub (?P<reference>\S+) / (?P<intent>[\w-]+)")


@dataclass(frozen=True, slots=True)
class Mark:
    """The hub's number of the return and the id of the intent: "Returns Hub R1001 / 42"."""

    reference: str
    intent: str

    def __str__(self) -> str:
        return f"Returns Hub {self.reference} / {self.intent}"

    @classmethod
    def read(cls, text: str | None) -> Mark | None:
        """The mark in a note, if it carries one, whatever people wrote around it."""
        found = WORDS.search(text or "")
        return cls(found["reference"], found["intent"]) if found else None
