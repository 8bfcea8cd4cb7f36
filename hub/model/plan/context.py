"""Where a plan is written: every wish passes the same questions before it becomes an operation or undeliverable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from hub.model.language.numbers import number
from hub.model.language.sentences import Sentence, sentence
from hub.model.merge.questions import UNTOLD, question
from hub.model.plan.refusals import Refusals
from hub.model.plan.rules import MOVES_MONEY, OPERATIONS
from hub.model.schema.operation import LineTarget, Outstanding, PlannedOperation, Terms, Undeliverable
from hub.model.schema.returns import Discrepancy, Fact, Return, ReturnLine

READABLE = 120
"""Characters of a fingerprint that are kept as they are."""

UNDER_WAY = frozenset({"open", "sent", "unknown"})

LASTING = frozenset({"create_return", "receive", "dispose", "exchange", "refund", "record_refund", "credit"})
"""What cannot be taken back, so not on a return that may be another one."""


class PlanContext:
    """One account, one return: what it has, what is on its way, what it must not hear yet."""

    def __init__(self, ret: Return, view: Return, terms: Terms, outstanding: Sequence[Outstanding]) -> None:
        self.ret = ret
        self.view = view
        self.terms = terms
        self.account = terms.account
        self.operations: list[PlannedOperation] = []
        self.undeliverable: list[Undeliverable] = []
        self.mine = [o for o in outstanding if o.operation.account == terms.account]
        self._refusals = Refusals(self.mine)
        self.all = outstanding
        self.here = {line.key: line for line in view.lines}
        self._said: set[tuple[str, str | None, str]] = set()
        self._under_way_of: dict[str, frozenset[str]] = {}
        self.frozen_lines: dict[str, Discrepancy] = {}
        self.frozen_money: Discrepancy | None = None
        self.frozen: Discrepancy | None = None
        self.unsure: Discrepancy | None = None
        self._by_hand = {given.about for given in ret.answers if given.kind == UNTOLD}
        for discrepancy in ret.discrepancies:
            if discrepancy.freezes:
                self._freeze(discrepancy)

    def _freeze(self, discrepancy: Discrepancy) -> None:
        if discrepancy.line is not None:
            self.frozen_lines.setdefault(discrepancy.line, discrepancy)
        if discrepancy.kind == "provisional" or (
            discrepancy.field == "objects" and self.account in discrepancy.accounts
        ):
            self.frozen = self.frozen or discrepancy
        if discrepancy.kind in ("two_candidates", "shared_number"):
            self.unsure = discrepancy
        if discrepancy.kind != "ambiguous_line":
            self.frozen_money = self.frozen_money or discrepancy

    @property
    def has(self) -> bool:
        """Whether the return stands there."""
        return self.account in self.view.objects and (self.view.origin is not None or bool(self.view.lines))

    @property
    def ended(self) -> bool:
        axes = self.ret.axes
        return axes.authorization.value in ("rejected", "cancelled") or axes.closure.value in ("voided", "expired")

    def under_way(self, *kinds: str) -> list[Outstanding]:
        return [o for o in self.mine if o.operation.kind in kinds and o.state in UNDER_WAY]

    def under_way_of(self, fact: Fact, kind: str) -> bool:
        """Whether a write that tells this very fact is on its way."""
        facts = self._under_way_of.get(kind)
        if facts is None:
            facts = self._under_way_of[kind] = frozenset(
                name for o in self.under_way(kind) for name in o.operation.facts
            )
        return bool(facts) and (fact.id in facts or any(duplicate.text in facts for duplicate in fact.duplicates))

    def cannot(self, fact: str, said: Sentence, operation: str | None = None, *, amount: Decimal | None = None) -> None:
        about = (self.account, fact, said.code)
        known = (fact, operation, repr(said))
        if known in self._said or about in self._by_hand:
            return
        self._said.add(known)
        asks = "" if said.code == "waits_for_person" else question(UNTOLD, about)
        self.undeliverable.append(
            Undeliverable(fact=fact, said=said, operation=operation, question=asks, amount=amount)
        )

    def waits(self, fact: str, discrepancy: Discrepancy, operation: str) -> None:
        """It cannot be told before a person has settled this discrepancy."""
        self.cannot(fact, sentence("waits_for_person", about=discrepancy.said), operation)

    def operation_for(self, fact: str) -> str | None:
        """The operation that tells this fact to a system of this kind."""
        return OPERATIONS[self.terms.kind].get(fact)

    def listens(self, fact: str) -> bool:
        return fact in self.terms.listens

    def ask(
        self,
        kind: str,
        fact: str,
        *,
        lines: Iterable[LineTarget] = (),
        facts: Iterable[str] = (),
        amount: Decimal | None = None,
        currency: str | None = None,
        payment: str | None = None,
        mark: str = "",
        gone: Decimal | None = None,
        words: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> PlannedOperation | None:
        """Plan this operation, or note why the account cannot be told.

        `fact`: what the operation tells; `name`: how that is called where it is undeliverable.
        """
        terms, title = self.terms, name or fact
        if kind not in terms.can:
            self.cannot(title, sentence("no_way", account=self.account, operation=kind), kind, amount=amount)
            return None
        if kind not in terms.asked:
            self.cannot(title, sentence("not_asked", account=self.account, operation=kind), kind, amount=amount)
            return None
        frozen = self.frozen or (self.unsure if kind in LASTING else None)
        if frozen is not None:
            self.waits(title, frozen, kind)
            return None
        moves = terms.moves_money.get(kind, MOVES_MONEY.get(kind, "no")) != "no"
        if moves and not terms.money:
            self.cannot(title, sentence("money_off", account=self.account, operation=kind), kind, amount=amount)
            return None
        lines = tuple(lines)
        facts = tuple(sorted(facts))
        planned = PlannedOperation(
            kind=kind,  # type: ignore[arg-type]
            account=self.account,
            round=self.ret.round,
            lines=lines,
            facts=facts,
            objects=self.objects(),
            order_number=next((o.number for o in self.ret.orders if o.number), None),
            amount=amount,
            currency=currency,
            payment=payment,
            moves_money=moves,
            gone=gone,
            words=words or {},
            fingerprint=fingerprint(kind, self.ret.round, lines, amount, currency, facts, mark),
        )
        ended = self._refusals.of(planned)
        if ended == "refused":
            self.cannot(title, sentence("refused", account=self.account, operation=kind), kind, amount=amount)
        elif ended == "no way":
            self.cannot(title, sentence("no_way", account=self.account, operation=kind), kind, amount=amount)
        if ended:
            return None
        self.operations.append(planned)
        return planned

    def objects(self) -> dict[str, str]:
        """The return's and its orders' objects at this account, by stream."""
        found = {
            o.streams.get(self.account, "order"): o.ids[self.account]
            for o in reversed(self.ret.orders)
            if self.account in o.ids
        }
        found.update(self.ret.objects.get(self.account, {}))
        return found

    def target(self, line: ReturnLine, *, quantity: Decimal | None = None, **more: Any) -> LineTarget:
        """The line as this account knows it; of it what is not cancelled, where no `quantity` is named."""
        return LineTarget(
            line=line.key,
            quantity=line.quantity - line.cancelled if quantity is None else quantity,
            order_line=line.order_lines.get(self.account),
            own_line=line.ids.get(self.account),
            sku=line.sku,
            **more,
        )


def fingerprint(
    kind: str,
    round_: int,
    lines: Sequence[LineTarget],
    amount: Decimal | None,
    currency: str | None,
    facts: Sequence[str],
    mark: str = "",
) -> str:
    """A text that two operations share exactly when they say the same: readable, and a digest where it gets long."""
    parts = [kind, f"round {round_}"]
    for line in lines:
        totals = ",".join(f"{word}={number(line.totals[word])}" for word in sorted(line.totals)) or number(
            line.quantity
        )
        parts.append(f"{line.line}:{totals}")
    if amount is not None:
        parts.append(f"{number(amount)} {currency}")
    parts.extend(facts)
    if mark:
        parts.append(mark)
    text = "|".join(parts)
    if len(text) <= READABLE:
        return text
    return f"{kind}|round {round_}|{blake2b(text.encode(), digest_size=16).hexdigest()}"
