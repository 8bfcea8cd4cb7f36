"""Short ways to write down what systems say, for the examples. All data is simulated."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import msgspec

from hub.model.language import words
from hub.model.merge.merger import merge, view
from hub.model.plan.planner import plan
from hub.model.plan.rules import DEFAULTS
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import MergeInputs, Observation, Party
from hub.model.schema.operation import Terms
from hub.model.schema.returns import Return

D = Decimal

EVERYTHING = frozenset(get_args(words.OperationKind))


def at(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def said(
    account: str, stream: str, external_id: str, read_seq: int = 1, /, *, gone: bool = False, **fields: Any
) -> Observation:
    """One record; `fields` as a mapping would give them."""
    fragment = msgspec.convert(_plain(fields), Fragment, strict=False)
    return Observation(
        account=account, stream=stream, external_id=external_id, fragment=fragment, read_seq=read_seq, gone=gone
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def inputs(*parties: Party, **more: Any) -> MergeInputs:
    return MergeInputs(parties={party.name: party for party in parties}, **more)


def terms(account: str, kind: Any, *, can: frozenset[str] | set[str] = EVERYTHING, **more: Any) -> Terms:
    """An account with the defaults of its kind."""
    more.setdefault("asked", DEFAULTS[kind].asked)
    more.setdefault("listens", DEFAULTS[kind].listens)
    return Terms(account=account, kind=kind, can=frozenset(can), **more)


class World:
    """Some accounts and what they said; `tell` plans for one of them."""

    def __init__(self, merge_inputs: MergeInputs, *accounts: Terms) -> None:
        self.inputs = merge_inputs
        self.terms = {account.account: account for account in accounts}
        self.records: dict[tuple[str, str, str], Observation] = {}
        self.outstanding: list[Any] = []
        self.read_seq = 0

    def hears(self, account: str, stream: str, external_id: str, /, **fields: Any) -> None:
        self.read_seq += 1
        self.records[(account, stream, external_id)] = said(account, stream, external_id, self.read_seq, **fields)

    def links(self, *duplicates: Any) -> None:
        self.inputs = msgspec.structs.replace(self.inputs, duplicates=(*self.inputs.duplicates, *duplicates))

    @property
    def merged(self) -> Return:
        return merge(list(self.records.values()), self.inputs)

    def view(self, account: str) -> Return:
        return view(list(self.records.values()), self.inputs, account)

    def plan(self, account: str) -> Any:
        return plan(self.merged, self.view(account), self.terms[account], self.outstanding)

    def asks(self, account: str) -> list[str]:
        """The kinds of the operations planned for an account."""
        return [operation.kind for operation in self.plan(account)[0]]

    def undeliverable(self, account: str) -> list[str]:
        return [undeliverable.fact for undeliverable in self.plan(account)[1]]

    def discrepancies(self) -> list[str]:
        return [discrepancy.kind for discrepancy in self.merged.discrepancies]
