"""A shop and a stock book in this process, as moody as told (simulated): each call takes the next mood, the log counts.

The log holds what was really done, before any answer; nothing here protects from being robbed: no cap at what was
captured, and a key is known only where `keyed` says so and for as long as `forget_keys` was not called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.kit.api import Message, Operation, Reply
from connectors.kit.errors import (
    Conflict,
    NotYet,
    OutcomeUnknown,
    OverBudget,
    RateLimited,
    Rejected,
    RetryLater,
    Unauthorized,
    Unsupported,
)
from tests.pipeline.fakes.connector import Fake, Shop, Stock, _message
from tests.pipeline.fakes.remote import Book


class Died(BaseException):
    """Not an Exception: nothing catches it, as nothing catches SIGKILL."""


def _bug() -> Exception:
    return KeyError("items")


@dataclass(frozen=True)
class Mood:
    """What a call meets. `does`: whether the write is done (late: after its caller gave up); `left`: whether it may
    have been, as far as the session that sends can know."""

    name: str
    error: Callable[[], BaseException] | None = None
    does: bool | str = False
    left: bool = False


WRITES: Mapping[str, Mood] = {
    mood.name: mood
    for mood in (
        Mood("well", None, does=True, left=True),
        Mood("no answer, done", lambda: OutcomeUnknown("no answer"), does=True, left=True),
        Mood("no answer, not done", lambda: OutcomeUnknown("no answer"), left=True),
        Mood("no answer, done late", lambda: OutcomeUnknown("no answer"), does="late", left=True),
        Mood("401", lambda: Unauthorized("who are you", code="401")),
        Mood("409", lambda: Conflict("changed since you read it")),
        Mood("422", lambda: Rejected("no")),
        Mood("410", lambda: Unsupported("no such step")),
        Mood("429", lambda: RateLimited("slow down", after=0.1)),
        Mood("503", lambda: RetryLater("we are being repaired")),
        Mood("not yet", lambda: NotYet("somebody has it open", after=1.0)),
        Mood("budget", lambda: OverBudget("used up", after=0.1)),
        Mood("429 after it was done", lambda: RateLimited("slow down", after=0.1), does=True, left=True),
        Mood("budget after it was done", lambda: OverBudget("used up", after=0.1), does=True, left=True),
        Mood("401 after it was done", lambda: Unauthorized("who", code="401"), does=True, left=True),
        Mood("bug", _bug),
        Mood("bug after it was done", _bug, does=True, left=True),
        Mood("killed", Died),
        Mood("killed after it was done", Died, does=True, left=True),
    )
}
LOOKS: Mapping[str, Mood] = {
    mood.name: mood
    for mood in (
        Mood("well"),
        Mood("cannot", lambda: Unsupported("no way to look")),
        Mood("bug", _bug),
        Mood("503", lambda: RetryLater("we are being repaired")),
        Mood("404", lambda: Rejected("no such order", code="404")),
        Mood("budget", lambda: OverBudget("used up", after=0.1)),
        Mood("killed", Died),
    )
}
READS = {"well": LOOKS["well"], "503": LOOKS["503"]}


@dataclass
class Moody:
    """The two systems. `moods` by what is called: write, look, read; a mood holds until another one is set."""

    keyed: bool = True
    lag: int = 0
    """Looks after a write that do not see it yet."""
    moods: dict[str, Mood] = field(
        default_factory=lambda: {"write": WRITES["well"], "look": LOOKS["well"], "read": READS["well"]}
    )
    shop: Book = field(default_factory=lambda: Book("shop"))
    stock: Book = field(default_factory=lambda: Book("stock"))
    log: list[tuple[str, str]] = field(default_factory=list)
    """(kind, key) of every write that was carried out."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """(kind, key) of every call that reached us, or would have."""
    looks: int = 0
    called: Callable[[Operation], None] = lambda operation: None
    _late: list[Callable[[], Any]] = field(default_factory=list)
    _hidden: dict[str, int] = field(default_factory=dict)
    _forgotten: set[str] = field(default_factory=set)

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on the fake connectors of this process talk to us."""
        world = self

        def write(connector: Fake, operation: Operation) -> Reply:
            return world._write(connector, operation)

        def find(connector: Fake, operation: Operation) -> Reply | None:
            return world._look(connector, operation)

        def fetch(connector: Fake, stream: str, external_id: str) -> Message:
            world._mood("read")
            book = world.shop if isinstance(connector, Shop) else world.stock
            record = (book.orders if stream == "order" else book.returns)[external_id]
            return _message(record, msgspec.json.encode(record))

        monkeypatch.setattr(Stock, "do_create_return", write)
        monkeypatch.setattr(Shop, "do_receive", write)
        monkeypatch.setattr(Shop, "do_refund", write)
        monkeypatch.setattr(Shop, "find", find)
        monkeypatch.setattr(Stock, "find", find)
        monkeypatch.setattr(Fake, "fetch", fetch)

    def forget_keys(self) -> None:
        self._forgotten |= {key for _, key in self.calls}

    def time_passes(self) -> None:
        """What was late is done."""
        late, self._late = self._late, []
        for do in late:
            do()

    def _mood(self, what: str) -> Mood:
        mood = self.moods[what]
        if mood.error is not None and not mood.does and not mood.left:
            raise mood.error()
        return mood

    def _write(self, connector: Fake, operation: Operation) -> Reply:
        if self.moods["write"].name != "budget":
            self.calls.append((operation.kind, operation.id))
            self.called(operation)
        mood = self._mood("write")
        connector.http.attempt.leaves()
        if mood.does == "late":
            self._late.append(lambda: self._do(operation))
        elif mood.does:
            self._do(operation)
        if mood.error is not None:
            raise mood.error()
        return self._answer(connector, operation)

    def _do(self, operation: Operation) -> None:
        kind, key = operation.kind, operation.id
        if self.keyed and key not in self._forgotten and (kind, key) in self.log:
            return
        if kind == "create_return":
            self.stock.create(operation.reference, operation.order_number, [
                {"id": line.sku, "sku": line.sku, "quantity": int(line.quantity), "price": "0"} for line in operation.lines
            ])  # fmt: skip
        elif kind == "receive":
            totals = [{"line": line.order_line, "quantity": int(line.totals["received"]), "condition": "good",
                       "for": list(line.facts)} for line in operation.lines]  # fmt: skip
            if not self.shop_has(operation):
                self.shop.receive(operation.objects["return"], totals)
        else:
            record = self.shop.returns[operation.objects["return"]]
            record["refunds"].append(
                {"id": f"rf-{len(record['refunds'])}", "key": key, "amount": str(operation.amount)}
            )
            self.shop.did("refund", record, amount=str(operation.amount), key=key)
            self.shop.changed(record)
        self.log.append((kind, key))
        self._hidden[key] = self.lag

    def shop_has(self, operation: Operation) -> bool:
        record = self.shop.returns[operation.objects["return"]]
        shown = {fact for receipt in record["receipts"] for fact in receipt["for"]}
        return {fact for line in operation.lines for fact in line.facts} <= shown

    def _look(self, connector: Fake, operation: Operation) -> Reply | None:
        self.looks += self.moods["look"].name != "budget"
        self._mood("look")
        if (operation.kind, operation.id) not in self.log:
            return None
        if self._hidden.get(operation.id, 0) > 0:
            self._hidden[operation.id] -= 1
            return None
        return self._answer(connector, operation)

    def _answer(self, connector: Fake, operation: Operation) -> Reply:
        if operation.kind == "create_return":
            mine = [r for r in self.stock.returns.values() if r["reference"] == operation.reference]
            return connector._answer(mine[0])
        record = self.shop.returns[operation.objects["return"]]
        if operation.kind == "receive":
            return connector._answer(record, "receipts", [f for line in operation.lines for f in line.facts])
        assert isinstance(connector, Shop)
        return connector._refunded(record, operation)

    def paid(self) -> Decimal:
        return sum((Decimal(e["amount"]) for e in self.shop.effects if e["what"] == "refund"), Decimal(0))
