"""Our names for a parcel and for a subscription's end. They hold all there is to know, so nothing is kept beside them.

A parcel is `return:shunfeng:SF0001`: which way it goes, the carrier's code as it was subscribed (`auto`: Kuaidi100
shall find out), its number. It travels in the callback address and comes back with every push, also after Kuaidi100
has corrected the carrier. A lease is `<parcel>@<unix time of its end>#<how many subscriptions there were>`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

AUTO = "auto"
PARCEL = re.compile(r"(return|forward):([a-z0-9_]{2,40}):([A-Za-z0-9-]{6,32})\Z")
LEASE = re.compile(r"(?P<parcel>.+)@(?P<ended>\d{1,12})#(?P<round>\d{1,3})\Z")
SALT = 32
"""Characters of a salt, as their demo advises."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel that is watched. `direction`: return or forward, as the hub told it; no record of theirs says it."""

    direction: str
    company: str
    number: str

    @classmethod
    def read(cls, name: str) -> Parcel | None:
        """The parcel of this name, or None where it is none of ours."""
        found = PARCEL.match(name)
        return cls(*found.groups()) if found else None

    @property
    def id(self) -> str:
        return f"{self.direction}:{self.company}:{self.number}"


@dataclass(frozen=True, slots=True)
class Lease:
    """A subscription that ended: when (unix seconds), and which one of this parcel's it was (1 is the first)."""

    parcel: Parcel
    ended: int
    round: int

    @classmethod
    def read(cls, name: str) -> Lease | None:
        found = LEASE.match(name)
        parcel = Parcel.read(found["parcel"]) if found else None
        return cls(parcel, int(found["ended"]), int(found["round"])) if found and parcel else None

    @property
    def id(self) -> str:
        return f"{self.parcel.id}@{self.ended}#{self.round}"


def salt(secret: str, parcel: Parcel, round: int) -> str:
    """The salt of one subscription: no two have the same, and none has to be remembered."""
    return hmac.digest(secret.encode(), f"{parcel.id}#{round}".encode(), "sha256").hex()[:SALT]


def callback(url: str, parcel: Parcel, round: int) -> str:
    """Where the pushes of one subscription go; they come with its name."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'parcel': parcel.id, 'round': round})}"


def named(query: Mapping[str, str]) -> tuple[Parcel, int] | None:
    """The parcel and the round that a callback address names, or None where it names none of ours."""
    parcel, round = Parcel.read(query.get("parcel", "")), query.get("round", "")
    return (parcel, int(round)) if parcel and re.fullmatch(r"[0-9]{1,3}", round) else None
