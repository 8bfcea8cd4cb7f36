"""What was decided about a return as a whole and is no record of any system: weak bindings, questions, relations."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct

Name = tuple[str, str, str]
"""A key: issuing account, type, value. An object's own name is (account, stream, external id)."""


class ProvisionalLink(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Records bound to this return without proof, and what they were before."""

    guest: int
    """The number they had, and get back if it was wrong."""
    why: str
    """number | line"""
    objects: tuple[Name, ...]
    names: tuple[Name, ...]
    beside: tuple[Name, ...]
    """The names of what they were bound to."""
    entry: int
    """The journal's line of it, to be undone."""
    matures_at: datetime
    """Until then nothing is told that rests on it."""
    confirmed: bool = False
    """A person said so: it is not judged again."""


class Bindings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Stored beside a return; nearly all have none."""

    links: tuple[ProvisionalLink, ...] = ()
    asks: tuple[int, ...] = ()
    """The returns beside it in a question that a person has to answer: which of them is it?"""
    relations: tuple[tuple[str, str], ...] = ()
    """From acts of people: (split_from, R1001)."""


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Bindings).decode
