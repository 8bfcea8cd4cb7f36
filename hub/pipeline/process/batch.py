"""A batch of `process` jobs on its way through the stages (`stages.py`): each stage returns it with its own part."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.accounts import Account
from hub.model.schema.bindings import Name
from hub.pipeline.process.erased import Forgotten
from hub.store import inbox, invalid
from hub.store.jobs import Job
from hub.store.observations import Stored


class Newest(NamedTuple):
    """What a job's object says now, where that is new."""

    job: Job
    stored: Stored


@dataclass
class Observed:
    """What the messages say, object by object."""

    before: Mapping[Name, Stored] = field(default_factory=dict)
    """What was known of these objects."""
    news: list[Newest] = field(default_factory=list)
    understood: list[tuple[Job, inbox.InboxRow]] = field(default_factory=list)
    refused: dict[int, invalid.RefusedMessage] = field(default_factory=dict)
    """By message: why it cannot be understood."""
    reads: dict[Name, int] = field(default_factory=dict)
    """Objects whose state we read ourselves, with the read_seq of that read."""
    repeated: dict[Name, int] = field(default_factory=dict)
    """Of these reads those that say what was known."""
    unsure: set[tuple[str, str]] = field(default_factory=set)
    """Account and key of objects to be read again: nobody knows which of two records saw the newer state."""


@dataclass
class Bound:
    """Which orders and returns the news belong to."""

    news: list[Stored] = field(default_factory=list)
    returns: set[int] = field(default_factory=set)
    orders: set[int] = field(default_factory=set)
    fresh: list[int] = field(default_factory=list)
    """Of the returns those that this batch begins."""
    postponed: list[int] = field(default_factory=list)
    """Indexes of news that join two returns, one being written to."""
    parcels: set[Name] = field(default_factory=set)
    """Records that tell of parcels: what they say concerns every return with goods in them."""
    loud: set[int] = field(default_factory=set)
    """Of the returns those that others may see otherwise than before, whatever their records say."""
    linked: list[tuple[int, int]] = field(default_factory=list)
    """(survivor, the one that went into it)."""
    heard_of: set[Name] = field(default_factory=set)
    """Orders that a record of the same account names, and that nobody knew before."""


class Concerned(NamedTuple):
    """The returns that have to be combined again."""

    returns: Collection[int] = ()
    loud: Collection[int] = ()
    """Those of which others may see something new."""
    fresh: Sequence[int] = ()
    """Those that begin now and have no row yet."""
    because: Mapping[int, Sequence[str]] = {}
    """Per return: the records that brought news of it."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """All that is known of these jobs so far."""

    jobs: Sequence[Job]
    accounts: Mapping[str, Account]
    forgotten: Forgotten
    messages: Mapping[int, list[inbox.InboxRow]] = field(default_factory=dict)
    """By job: what came for it, in that order."""
    observed: Observed = field(default_factory=Observed)
    bound: Bound = field(default_factory=Bound)
    unclear: Collection[Name] = ()
    """What messages that could not be understood are about, or were until now."""
    concerned: Concerned = Concerned()

    @property
    def postponed(self) -> set[int]:
        """The jobs (their ids) that are tried again later."""
        return {self.observed.news[index].job.id for index in self.bound.postponed}
