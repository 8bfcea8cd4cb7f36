"""The laws of delivery, played: a shop and a stock book in every mood, workers that die between any two statements.

What counts is the log of the remote systems, never what the hub believes. Law by law:
one event is done once, money above all; what may have been done is called again only under its own key, and money only
while that key is remembered; calls, looks, questions and lines of the story are finite, whatever goes on for ever; what
is at rest is done, or says what it waits for, or a person was asked, and the answers of that question work.

A failure prints the steps and hypothesis' seed; `pytest --seed N` plays the same again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from connectors.kit.api import Operation, WebhookRequest
from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.pipeline.intake.accept import accept
from hub.settings import Settings
from hub.store import accounts, claims, inbox
from hub.store.database import Database
from tests.pipeline.fakes import systems
from tests.pipeline.fakes.connector import signature
from tests.pipeline.fakes.failing_systems import LOOKS, READS, WRITES, Died, Moody
from tests.pipeline.fakes.processes import SECRET
from tests.pipeline.queries import hurry, rows
from tests.statements import before_each

STEPS = 20
DUE = 158
REST = 60
"""Rounds after which everything has to be at rest, whatever the mood."""
CALLS, LOOKED, LINES, QUESTIONS = 50, 120, 60, 6
"""Of a create, a receipt and a refund, under any moods: finite, and not many."""
BUSY = ("pending", "awaiting")
EARLIER = """
UPDATE sync SET guard = (SELECT jsonb_object_agg(name, (SELECT jsonb_agg(said.moment::timestamptz - interval '90 seconds')
FROM jsonb_array_elements_text(times) AS said(moment))) FROM jsonb_each(guard) AS performed(name, times))
WHERE guard <> '{}' RETURNING 1"""
"""What was performed before and did not stick waits by its own clock: longer than its waits have passed."""


class Delivery(RuleBasedStateMachine):
    """One return of two pieces. It begins where the stock book has to create it, or where the shop has to pay."""

    database_of: Callable[[], str]
    folder: Path
    met: Counter[tuple[str, str]] = Counter()
    """What the calls of all examples met: (kind, mood)."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = pytest.MonkeyPatch()
        self.world = Moody()
        self.unknown: dict[str, str] = {}
        """Per kind the key of what may have been done."""
        self.aged: set[str] = set()
        self.wrong: list[str] = []
        self.countdown = 0

    @initialize(paying=st.booleans(), keyed=st.booleans(), lag=st.integers(0, 1))
    def begin(self, paying: bool, keyed: bool, lag: int) -> None:
        systems.register()
        self.database = Database(self.database_of())
        self.hub: Hub = assemble_hub(Settings(data=self.folder, database_url=self.database.url), self.database)
        self.money(True)
        configuration.put(self.hub, "erp", {"connector": "fake_stock", "terms": {"settle": 0, "decides": True},
                                            "settings": {"secret": SECRET, "base_url": "http://127.0.0.1:9", "orders_of": "web"}})  # fmt: skip
        web = self.hub.accounts.get("web").entry.manifest.operations
        if not keyed:
            self.patches.setitem(web, "refund", replace(web["refund"], key_retention=0.0))
        self.world.keyed, self.world.lag = keyed, lag
        self.world.patch(self.patches)
        self.world.called = self.called
        before_each(self._statement, self.patches)
        lines = [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "79.00"}]
        self.world.shop.buy("12", lines)
        self.world.shop.request("12", lines)
        self.deliver()
        if paying:
            self.settle_down(10)
            (created,) = self.world.stock.returns
            self.world.stock.authorize(created)
            self.world.stock.arrive(created, "SHIRT-M", 2, "good")
            self.world.stock.post_credit(created, f"{DUE}.00")
            self.deliver()

    # -- the world

    def _statement(self, *_: Any) -> None:
        if self.countdown:
            self.countdown -= 1
            if not self.countdown:
                raise Died

    def called(self, operation: Operation) -> None:
        kind, key, mood = operation.kind, operation.id, self.world.moods["write"]
        self.met[kind, mood.name] += 1
        before = self.unknown.get(kind)
        if before not in (None, key):
            self.wrong.append(f"{kind} under the new key {key} while {before} may have been done")
        if kind == "refund" and not self.paying:
            self.wrong.append(f"{key} pays although money is off")
        if before == key and kind == "refund" and (not self.world.keyed or key in self.aged):
            self.wrong.append(f"money again under {key}, which nobody remembers")
        if mood.left or mood.name in ("bug", "killed"):
            self.unknown[kind] = key
        if mood.name == "well":
            self.unknown.pop(kind, None)

    def deliver(self) -> None:
        """Webhooks come in and are understood."""

        for account, book in (("web", self.world.shop), ("erp", self.world.stock)):
            outgoing, book.outgoing = book.outgoing, []
            for record in outgoing:
                body = json.dumps(record).encode()
                request = WebhookRequest("POST", "/", {"X-Signature": signature(SECRET, body)}, body)
                with self.database.begin() as conn:
                    inbox.accept(conn, accept(self.hub.accounts, account, request))
        self.jobs("process", "recompute")

    def jobs(self, *kinds: str) -> None:
        """Work off what is due; a worker that dies leaves its job behind."""
        for _ in range(30):
            try:
                self.database.run(inbox.dispatch)
                taken = self.database.run(lambda conn: claims.claim(conn, kinds, "test", 50))
                if not taken:
                    return
                self.hub.handlers[taken[0].kind](taken)
            except Died:
                self.countdown = 0
                rows(self.hub, "UPDATE jobs SET lease_until = NULL, worker = NULL, crashes = 0, quarantined = false,"
                     " due = clock_timestamp() + interval '3 seconds' WHERE lease_until IS NOT NULL RETURNING 1")  # fmt: skip

    def ended(self) -> None:
        """What an observation or a person has ended is in doubt no more."""
        over = {row[0] for row in rows(self.hub, "SELECT id FROM intents WHERE state IN ('done', 'given_up')")}
        self.unknown = {kind: key for kind, key in self.unknown.items() if int(key) not in over}

    # -- what happens

    @rule(mood=st.sampled_from(sorted(WRITES)))
    def write(self, mood: str) -> None:
        """Tell, while writes meet this mood."""
        self.world.moods["write"] = WRITES[mood]
        self.jobs("deliver")
        self.ended()

    @rule(mood=st.sampled_from(sorted(LOOKS)))
    def looks_meet(self, mood: str) -> None:
        self.world.moods["look"] = LOOKS[mood]

    @rule(mood=st.sampled_from(sorted(READS)))
    def reads_meet(self, mood: str) -> None:
        self.world.moods["read"] = READS[mood]

    @rule()
    def time_passes(self) -> None:
        self.world.time_passes()
        hurry(self.hub)
        rows(self.hub, EARLIER)
        rows(self.hub, "UPDATE accounts SET state = 'healthy', failures = 0, blocked_until = NULL RETURNING 1")

    @rule()
    def read(self) -> None:
        self.jobs("fetch")
        self.deliver()
        self.ended()

    @rule(statements=st.integers(1, 60))
    def dies(self, statements: int) -> None:
        """The worker is killed before one of the statements that follow."""
        self.countdown = statements
        self.jobs("deliver", "process", "fetch")
        self.countdown = 0
        self.ended()

    @rule()
    def a_day_passes(self) -> None:
        """Keys are kept for a day over there."""
        self.time_passes()
        rows(self.hub, "UPDATE intents SET at = at - interval '25 hours' RETURNING 1")
        self.aged |= {key for _, key in self.world.calls}
        self.world.forget_keys()

    @rule(on=st.booleans())
    def money(self, on: bool) -> None:
        configuration.put(self.hub, "web", {"connector": "fake_shop", "terms": {"settle": 0, "money": on},
                                            "settings": {"secret": SECRET, "base_url": "http://127.0.0.1:9"}})  # fmt: skip
        self.paying = on

    @rule()
    def pause(self) -> None:
        self.database.run(lambda conn: accounts.pause(conn, "web", "for a moment"))
        before = len(self.world.calls)
        kinds = {"refund", "receive"}
        self.jobs("deliver")
        assert not kinds & {kind for kind, _ in self.world.calls[before:]}, "told while it is paused"
        self.database.run(lambda conn: accounts.resume(conn, "web"))

    @rule()
    def a_person_answers(self) -> None:
        """Truthfully: they look over there, after what was late has come."""
        self.world.time_passes()
        done = set(self.world.log)
        for intent, kind, return_id, account in rows(
            self.hub, "SELECT id, kind, return_id, account FROM intents WHERE state = 'dead' ORDER BY id"
        ):
            if self.unknown.get(kind) == str(intent):
                del self.unknown[kind]
            if (kind, str(intent)) in done:
                self.hub.dead_letters.give_up(intent, "Li", "it is there")
            else:
                self.hub.dead_letters.retry(return_id, account, "Li")

    # -- what must hold

    @invariant()
    def nothing_is_done_twice(self) -> None:
        assert self.wrong == []
        done = Counter(kind for kind, _ in self.world.log)
        assert self.world.paid() <= DUE
        assert done["refund"] <= 1
        assert done["create_return"] <= 1

    def settle_down(self, rounds: int) -> int:
        """Everything that can happen by itself happens, until nothing does; the rounds it took."""
        before: Any = None
        for n in range(rounds):
            self.time_passes()
            self.jobs("deliver")
            self.read()
            now = (len(self.world.calls), self.world.looks, rows(self.hub, "SELECT count(*) FROM journal"))
            if before == now and n > 16:
                return n
            before = now
        return rounds

    def dump(self) -> str:
        """What there is to see when something is wrong."""
        statements = (
            "SELECT id, kind, state, possible, tries, looks, misses, deadline - clock_timestamp(), error FROM intents",
            "SELECT account, state, wanted, done, not_before - clock_timestamp() FROM sync",
            "SELECT kind, account, key, due - clock_timestamp(), lease_until, attempts, wanted, done, why FROM jobs",
            "SELECT name, state, blocked_until - clock_timestamp() FROM accounts",
        )
        return "\n".join(str(line) for statement in statements for line in rows(self.hub, statement))

    def teardown(self) -> None:
        try:
            if hasattr(self, "hub"):
                self.at_rest()
        finally:
            self.patches.undo()
            if hasattr(self, "database"):
                self.database.close()

    def at_rest(self) -> None:
        """The moods go on for ever, but for reads, which work again."""
        mood = self.world.moods["write"]
        self.world.moods["read"] = READS["well"]
        if mood.error is Died or self.world.moods["look"].error is Died:  # somebody has mended that
            self.world.moods |= {"write": WRITES["503"], "look": LOOKS["503"]}
        since = len(self.world.calls), self.world.looks
        story = rows(self.hub, "SELECT count(*) FROM journal")[0][0]
        self.settle_down(REST)
        self.nothing_is_done_twice()
        assert len(self.world.calls) - since[0] <= CALLS, Counter(self.world.calls)
        assert self.world.looks - since[1] <= LOOKED
        assert rows(self.hub, "SELECT count(*) FROM journal")[0][0] - story <= LINES
        assert rows(self.hub, "SELECT count(*) FROM reviews")[0][0] <= QUESTIONS
        if "budget" in (self.world.moods["write"].name, self.world.moods["look"].name):
            return  # our own budget fills up again
        for account, state, why, undeliverable in rows(self.hub, "SELECT account, state, why, undeliverable FROM sync"):
            assert state not in BUSY, f"{account} is {state} for ever: {why}; {self.dump()}"
            asked = rows(self.hub, "SELECT 1 FROM reviews WHERE state = 'open' AND detail->>'account' = :a", a=account)
            letter = rows(self.hub, "SELECT 1 FROM intents WHERE state = 'dead' AND account = :a", a=account)
            accounted = state == "in_sync" or undeliverable or asked or letter or not self.paying
            assert accounted, f"{account} is {state}: {why}; {self.dump()}"
        left = rows(self.hub, "SELECT count(*) FROM intents WHERE state NOT IN ('done', 'dead', 'no_way', 'given_up')")[
            0
        ][0]
        assert left <= 4, "what never left is not left behind"


def test_the_laws_of_delivery(more_databases: Callable[[], str], tmp_path: Path, pytestconfig: pytest.Config) -> None:
    Delivery.database_of = staticmethod(more_databases)  # type: ignore[method-assign]
    Delivery.folder = tmp_path
    run_state_machine_as_test(
        Delivery,
        settings=settings(
            max_examples=pytestconfig.option.laws, stateful_step_count=STEPS, deadline=None, print_blob=True,
            phases=(Phase.generate,),  # every example has a database of its own: shrinking would take an hour
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    print(f"{Delivery.met.total()} calls met {dict(Delivery.met)}")
    assert {kind for kind, _ in Delivery.met} == {"create_return", "receive", "refund"}
