"""The crash test: whatever dies, and whatever the other systems do, everything arrives, and nothing happens twice.

Two fake systems in processes of their own can be robbed: they pay and create whatever they are asked for. They are slow,
refuse (429, 401, 409, 503), break before or after they did it, hang up or hang, or do it after the hub gave up; their
lists lag; budgets are tight. The hub is killed at random moments, and once stopped until another hub has taken over its
work, and then continued. What counts is what each of them did by its own log, against what was due.

    pytest tests/pipeline/test_crash.py --seeds 20         # --seed 7 --seeds 1 repeats the run of seed 7
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy import text

from hub.actions.people import NotNow
from hub.boot import Hub
from hub.store import accounts, intents
from hub.store.database import Connection
from tests.pipeline.fakes.processes import Courier, HubProcess, People, Remote

RETURNS = 60
KILLS = 6
LEASE = 3.0
PACE = 20.0
"""Seconds over which the customers ask."""
DONE_UNHEARD = ("500 after", "503 after", "drop after", "hang after", "late")
PATIENCE = 300.0
"""Seconds after the last death after which what is not right is wrong; a busy machine takes long to die so often."""
PARKED = "SELECT id FROM reviews WHERE state = 'open' AND kind = 'stuck'"
"""Questions about work that was all that three dead workers had in hand."""
MANNERS = {"faults": 0.1, "late": 1.0, "patience": 1.0, "slow": 0.05, "lag": 0.8}
"""What was asked for stands, and is listed, within the time that the systems' manifests promise (settles_within)."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A run for each seed; every second one at a shop that remembers no keys."""
    first, many = metafunc.config.option.seed, metafunc.config.option.seeds
    seeds = [(first + number) % 2**32 for number in range(many)]
    if "crash_seed" in metafunc.fixturenames:
        metafunc.parametrize("crash_seed", seeds, ids=[f"seed {one}" for one in seeds])


@dataclass
class Fleet:
    """The hub processes: one at work at a time, two while one of them is stopped; the next one stands by."""

    start: Callable[[], HubProcess]
    courier: Courier
    running: list[HubProcess] = field(default_factory=list)
    buried: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = self.start()

    def add(self) -> None:
        hub, self._next = self._next.go(), self.start()
        self.running.append(hub)
        self.courier.ports = [hub.port for hub in self.running]

    def kill(self, hub: HubProcess) -> None:
        hub.signal(signal.SIGKILL)
        self.running.remove(hub)
        self.courier.ports = [hub.port for hub in self.running]
        self.buried.append(hub.stop())

    def stop(self) -> None:
        for hub in (*self.running, self._next.go()):
            hub.signal(signal.SIGCONT)
            hub.stop()


@dataclass
class World:
    shop: Remote
    stock: Remote
    courier: Courier
    people: People
    fleet: Fleet
    answered: Counter[str] = field(default_factory=Counter)
    """What the operator had to do."""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[IO[str]]:
    with (tmp_path / "hub.log").open("w") as file:
        yield file


@pytest.fixture
def world(
    hub: Hub, connect: Callable[..., None], database_url: str, tmp_path: Path, crash_seed: int, log: IO[str]
) -> Iterator[World]:
    dice = random.Random(crash_seed)
    keys = crash_seed % 2
    shop = Remote("shop", seed=dice.randrange(2**32), keys=keys, **MANNERS)
    stock = Remote("stock", seed=dice.randrange(2**32), **MANNERS)
    connect("web", "fake_shop" if keys else "fake_bazaar", base_url=shop.url)
    connect("erp", "fake_stock", base_url=stock.url, orders_of="web", terms={"decides": True})
    courier = Courier(random.Random(dice.random()))
    fleet = Fleet(lambda: HubProcess(database_url, tmp_path, LEASE, log), courier)
    fleet.add()
    people = People(shop, stock, courier, random.Random(dice.random()), RETURNS, PACE)
    yield World(shop, stock, courier, people, fleet)
    people.stop()
    courier.stop()
    fleet.stop()
    shop.stop()
    stock.stop()


@pytest.mark.slow
@pytest.mark.timeout(3 * PATIENCE)
def test_everything_arrives_and_nothing_happens_twice(world: World, hub: Hub, crash_seed: int) -> None:
    started = time.monotonic()
    disturb(world, hub, random.Random(crash_seed + 1))
    began = time.monotonic()
    print(f"disturbed for {began - started:.0f} s")
    while time.monotonic() - began < PATIENCE / 2 and not world.people.done:
        operate(world, hub, 1.0)
    for remote in (world.shop, world.stock):
        remote.do("recover")
    while time.monotonic() - began < PATIENCE and not settled(world, hub):
        resume(hub)
        operate(world, hub, 5.0)
    assert world.people.problem is None
    wrong = paid_against_due(world)
    assert not wrong, evidence(hub, wrong)
    assert not (left := unfinished(hub)), left
    assert world.people.done
    assert world.courier.idle

    assert len(world.fleet.buried) >= KILLS + 1
    assert set(world.fleet.buried) == {-signal.SIGKILL}
    assert len(world.courier.acknowledged) >= 8 * RETURNS
    assert min(world.courier.doubled, world.courier.delayed) > RETURNS / 2
    faults = Counter(world.shop.get("faults")) + Counter(world.stock.get("faults"))
    assert len(faults) >= 8, faults
    assert sum(count for fault, count in faults.items() if fault in DONE_UNHEARD) >= 10, faults

    shop, stock = world.shop.get("state"), world.stock.get("state")
    both_say_the_same(shop, stock)
    nothing_twice(world, shop, stock)
    with hub.database.begin() as conn:
        nothing_acknowledged_is_missing(conn, world.courier)
        what_we_know_is_what_they_say(conn, {"web": shop, "erp": stock})
        states = Counter(conn.execute(text("SELECT status FROM returns WHERE opened")).scalars())
        assert states == {"completed": RETURNS}
    took = time.monotonic() - began
    print(f"{took:.0f} s, {len(world.fleet.buried)} kills, {len(world.courier.acknowledged)} messages taken,"
          f" {world.courier.refused} times refused, faults {dict(faults)}, people {dict(world.answered)}")  # fmt: skip


def disturb(world: World, hub: Hub, dice: random.Random) -> None:
    """Kill the hub again and again; once stop it beyond its leases, and continue it beside the one that took over."""
    fleet = world.fleet
    stop_at = dice.randrange(1, KILLS)
    for number in range(KILLS):
        operate(world, hub, dice.uniform(0.5, 5.0))
        (victim,) = fleet.running
        if number == stop_at:
            victim.signal(signal.SIGSTOP)
            fleet.add()
            operate(world, hub, LEASE + dice.uniform(1.0, 3.0))
            victim.signal(signal.SIGCONT)
            operate(world, hub, dice.uniform(0.5, 3.0))
            fleet.kill(victim)
            (victim,) = fleet.running
        fleet.kill(victim)
        fleet.add()


def resume(hub: Hub) -> None:
    """They are well again, and somebody says so: what waits there is due now."""
    for name in ("web", "erp"):
        hub.database.run(lambda conn, name=name: accounts.resume(conn, name))  # type: ignore[misc]


def operate(world: World, hub: Hub, seconds: float) -> None:
    """Meanwhile somebody renews credentials, and answers what became of a write, after a look into the books there."""
    until = time.monotonic() + seconds
    while True:
        with hub.database.begin() as conn:
            stopped = [row.name for row in accounts.all_(conn) if row.state == "needs_reauth"]
            asked = intents.dead(conn)
            parked = list(conn.execute(text(PARKED)).scalars())
        if stopped:
            world.answered["renewed"] += len(stopped)
            resume(hub)
        for intent in asked:
            there = stands(world, intent)
            world.answered[f"{intent.kind} {'is there' if there else 'again'}"] += 1
            with suppress(NotNow):  # it answered itself meanwhile
                if there:
                    hub.dead_letters.give_up(intent.id, "operator", "it is in their books")
                else:
                    hub.dead_letters.retry(intent.return_id, intent.account, "operator")
        for question in parked:
            world.answered["tried again"] += 1
            with suppress(NotNow):  # it went through meanwhile
                hub.dead_letters.again(question, "operator")
        if time.monotonic() >= until:
            return
        time.sleep(min(0.5, max(0.0, until - time.monotonic())))


def stands(world: World, intent: intents.Intent) -> bool:
    """Whether this very write is in the books over there."""
    if intent.kind == "refund":
        return any(effect.get("key") == str(intent.id) for effect in world.shop.get("effects"))
    reference = f"R{intent.return_id}"
    return intent.kind == "create_return" and any(e["reference"] == reference for e in world.stock.get("effects"))


def settled(world: World, hub: Hub) -> bool:
    if world.people.problem is not None:
        return True
    return world.people.done and world.courier.idle and not unfinished(hub) and not _still_to_tell(world)


def _still_to_tell(world: World) -> bool:
    """The people may have taken the last messages out of the books and not yet given them to the courier."""
    time.sleep(1.0)
    return not world.courier.idle


def unfinished(hub: Hub) -> dict[str, Any]:
    """What the hub still has in hand, or waits for: nothing of it may stay."""
    questions = {
        "jobs": "SELECT kind, key, due, lease_until, worker, attempts, crashes, why FROM jobs",
        "inbox": "SELECT account, external_id, state, error FROM inbox",
        "intents": "SELECT return_id, kind, state, looks, attempts, error FROM intents"
        " WHERE state NOT IN ('done', 'dropped', 'given_up')",
        "sync": "SELECT return_id, account, state, wanted, done, planned, undeliverable, why FROM sync"
        " WHERE state <> 'in_sync' OR wanted > done",
        "reviews": "SELECT kind, text FROM reviews WHERE state = 'open'",
        "returns": "SELECT id, status, discrepancies FROM returns WHERE discrepancies > 0",
    }
    with hub.database.begin() as conn:
        found = {
            name: [tuple(row) for row in conn.execute(text(asked + " LIMIT 5"))] for name, asked in questions.items()
        }
    return {name: rows for name, rows in found.items() if rows}


def evidence(hub: Hub, wrong: dict[str, str]) -> str:
    """What is wrong, what is unfinished, and all that the hub did for the first of these returns."""
    tables = {
        "returns": "id, status, doc",
        "sync": "account, state, wanted, done, planned, undeliverable, why",
        "intents": "id, account, kind, state, possible, refused, tries, misses, attempts, operation, reply, error, changed_at",
        "attempts": "at, account, what, outcome, error",
        "journal": "at, account, stage, text",
    }
    lines = [f"{wrong}", f"unfinished: {unfinished(hub)}"]
    with hub.database.begin() as conn:
        asked = {"o": next(iter(wrong))}
        found = conn.execute(
            text("SELECT return_id FROM observations WHERE external_id = :o AND account = 'web'"), asked
        )
        ids = {"r": list(found.scalars())}
        for table, columns in tables.items():
            key = "id" if table == "returns" else "return_id"
            rows = conn.execute(text(f"SELECT {columns} FROM {table} WHERE {key} = ANY(:r) ORDER BY 1"), ids)
            lines += [f"{table}: {' | '.join(map(str, row))}" for row in rows]
    return "\n".join(lines)


def paid_against_due(world: World) -> dict[str, str]:
    """By the shop's own log what was paid for each return, against what the bookkeeper owes by the stock book."""
    paid, due = Counter[str](), Counter[str]()
    for effect in world.shop.get("effects"):
        if effect["what"] == "refund":
            paid[effect["id"]] += Decimal(effect["amount"])  # type: ignore[assignment]
    orders = {record["order"]: record["id"] for record in world.shop.get("state").values()}
    for booked in world.stock.get("state").values():
        due[orders[booked["order"]]] += sum(Decimal(credit["amount"]) for credit in booked["credits"])  # type: ignore[assignment]
    return {
        name: f"{'doubled' if paid[name] > due[name] else 'lost'}: {paid[name]} of {due[name]}"
        for name in sorted(paid.keys() | due.keys())
        if paid[name] != due[name]
    }


def both_say_the_same(shop: dict[str, Any], stock: dict[str, Any]) -> None:
    by_order = {record["order"]: record for record in stock.values()}
    assert len(shop) == len(stock) == len(by_order) == RETURNS
    for asked in shop.values():
        booked = by_order[asked["order"]]
        assert conditions(asked) == conditions(booked), (asked, booked)
        assert sum(conditions(asked).values()) == 2


def conditions(record: dict[str, Any]) -> Counter[str]:
    return Counter({c: n for c in ("good", "damaged") if (n := pieces(record, c))})


def pieces(record: dict[str, Any], condition: str) -> int:
    return sum(int(receipt["quantity"]) for receipt in record["receipts"] if receipt["condition"] == condition)


def nothing_twice(world: World, shop: dict[str, Any], stock: dict[str, Any]) -> None:
    """By the remotes' own logs, kept before any answer left."""
    effects, created = world.shop.get("effects"), world.stock.get("effects")
    assert Counter(effect["reference"] for effect in created) == {record["reference"]: 1 for record in stock.values()}
    received = Counter[tuple[str, str]]()
    for effect in effects:
        if effect["what"] == "receive":
            received[effect["id"], effect["condition"]] += effect["quantity"]
    assert received == {(i, c): n for i, record in shop.items() for c, n in conditions(record).items()}


def nothing_acknowledged_is_missing(conn: Connection, courier: Courier) -> None:
    """Every message that was answered with 202 is in the archive, with its very version."""
    kept = {tuple(row) for row in conn.execute(text("SELECT account, stream, external_id, version FROM raw"))}
    taken = {
        (account, record.get("stream", "return"), record["id"], str(record["version"]))
        for account, record in courier.acknowledged
    }
    assert not taken - kept


def what_we_know_is_what_they_say(conn: Connection, books: dict[str, dict[str, Any]]) -> None:
    known = conn.execute(text("SELECT account, external_id, version FROM observations WHERE stream = 'return'"))
    said = {(account, i): str(record["version"]) for account, book in books.items() for i, record in book.items()}
    assert {(row[0], row[1]): row[2] for row in known} == said
