"""What the parts of `merge` share while they work on one return."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property

from msgspec import UNSET

from hub.model.identity.names import name_of, opens, own_name, speaks_of_order
from hub.model.identity.order_book import Book
from hub.model.language.sentences import Sentence
from hub.model.merge.facts import Links
from hub.model.merge.questions import chosen, question
from hub.model.schema.authority import party, rank
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import HUB, MergeInputs, Observation, Party
from hub.model.schema.returns import Choice, Discrepancy, Source


class Sources:
    """Who said what: each record that a field was taken from, once, in the order in which they were needed."""

    def __init__(self) -> None:
        self.listed: list[Source] = []
        self._places: dict[tuple[str, str, str], int] = {}

    def place(self, observation: Observation) -> int:
        """The place of this record in the list."""
        name = own_name(observation)
        found = self._places.get(name)
        if found is None:
            found = self._places[name] = len(self.listed)
            self.listed.append(
                Source(
                    account=observation.account,
                    stream=observation.stream,
                    object=observation.external_id,
                    version=observation.version,
                    at=observation.seen_at,
                )
            )
        return found


class MergeContext:
    """The records of one return, sorted into its own, its orders', and those that are gone."""

    def __init__(
        self,
        observations: Sequence[Observation],
        inputs: MergeInputs,
        book: Book,
        links: Links,
        sources: Sources,
        alone: str | None = None,
    ) -> None:
        self.inputs = inputs
        self.book = book
        self.links = links
        self.alone = alone
        """In a view: the account whose view it is; it decides for itself."""
        self.discrepancies: list[Discrepancy] = []
        self.source = sources.place
        self.said_by: dict[str, int] = {}
        self.asked: dict[str, Decimal] = {}
        """Per line: how many pieces are to come back."""
        self.placed: dict[tuple[str, str], dict[str, Decimal]] = {}
        """Of the goods that an account tells of by a line which is several of ours: what went to which."""
        self.shown: dict[tuple[str, str, str], Decimal] = {}
        """(account, kind, line) -> the pieces of its own that it shows, whether they are others' or not."""
        self.own: list[Observation] = []
        self.shared: list[Observation] = []
        self.gone: list[Observation] = []
        self._parties: dict[str, Party] = {}
        named = _named(observations)
        for observation in observations:
            fragment = observation.fragment
            if speaks_of_order(fragment) and own_name(observation) in book.others:
                continue
            if observation.gone:
                if observation.account != HUB:  # an act that was taken back is as if it had never been
                    self.gone.append(observation)
            elif speaks_of_order(fragment) or (
                fragment.orders and not fragment.keys and not opens(fragment) and own_name(observation) not in named
            ):
                self.shared.append(observation)
            else:
                self.own.append(observation)
        self.opening = self._opener()
        self.own = _standing(self.own)
        self.origin_account = self.opening.account if self.opening else None
        self.decided_by = {name for name, who in inputs.parties.items() if who.decides} if alone is None else {alone}

    def party(self, account: str) -> Party:
        found = self._parties.get(account)
        if found is None:
            found = self._parties[account] = party(self.inputs, account)
        return found

    def rank(self, account: str, kind: str) -> int:
        return rank(self.party(account), kind)

    def report(self, kind: str, said: Sentence, **more: object) -> None:
        self.discrepancies.append(Discrepancy(kind=kind, said=said, **more))  # type: ignore[arg-type]

    @cached_property
    def claimed_elsewhere(self) -> frozenset[tuple[str, str | None]]:
        """The order lines, by account, that the orders' other returns ask for."""
        listed = ((o, o.fragment.lines or ()) for sibling in self.inputs.others for o in sibling.observations)
        return frozenset((o.account, line.order_line) for o, lines in listed for line in lines)

    def ask(
        self,
        kind: str,
        said: Sentence,
        *,
        about: Sequence[str],
        choices: Sequence[Choice],
        freezes: bool = True,
        **more: object,
    ) -> str | None:
        """A question that freezes what it is about until a person answers (unless going on is safe, whatever the answer
        will be); the answer, once there is one.

        `kind` and the words of `choices` are a row of `answers.QUESTIONS`.
        """
        answer = self.inputs.answers.get((kind, tuple(about)))
        if answer is not None and chosen(choices, answer) is not None:
            return answer
        name = question(kind, about)
        self.report(kind, said, freezes=freezes, question=name, about=tuple(about), choices=tuple(choices), **more)
        return None

    def may_cancel(self, account: str) -> bool:
        """The side that asked, a person in the hub, whoever decides; everybody where nobody is named to decide."""
        return account in (self.origin_account, HUB) or account in self.decided_by or not self.decided_by

    def _opener(self) -> Observation | None:
        """The record that asked first. One that carries our number was made after ours was known, so it is an echo."""
        asking = [o for o in self.own if opens(o.fragment)] or [o for o in self.gone if opens(o.fragment)]
        if len(asking) < 2:
            return asking[0] if asking else None
        return min(asking, key=self._asked)

    def _asked(self, observation: Observation) -> tuple[bool, bool, float, int, str, str]:
        fragment = observation.fragment
        echo = any(key.issuer == HUB for key in fragment.keys)
        when = fragment.requested_at
        known = when is not UNSET and when is not None
        stamp = when.timestamp() if when is not UNSET and when is not None else 0.0
        return (
            echo,
            not known,
            stamp,
            -self.rank(observation.account, "case"),
            observation.account,
            observation.external_id,
        )


_ENDED = frozenset({"cancelled", "rejected"})


def _standing(own: list[Observation]) -> list[Observation]:
    """Without the records that ended and in whose place the same system has another one of this return."""
    cases: dict[tuple[str, str], list[Observation]] = {}
    for observation in own:
        if observation.account != HUB and opens(observation.fragment):
            cases.setdefault((observation.account, observation.stream), []).append(observation)
    over: set[int] = set()
    for found in cases.values():
        ended = [o for o in found if getattr(o.fragment.authorization, "value", None) in _ENDED]
        if 0 < len(ended) < len(found):
            over |= {id(o) for o in ended if not (o.fragment.receipts or o.fragment.refunds or o.fragment.credits)}
    return [o for o in own if id(o) not in over] if over else own


def _named(observations: Sequence[Observation]) -> set[tuple[str, str, str]]:
    """Objects that the return's own records name as theirs."""
    named: set[tuple[str, str, str]] = set()
    for observation in observations:
        fragment: Fragment = observation.fragment
        if fragment.keys and not speaks_of_order(fragment):
            named.update(name_of(key, observation.account) for key in fragment.keys)
    return named
