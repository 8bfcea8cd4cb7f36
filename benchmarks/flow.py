"""The whole flow: a webhook comes in, another system is told, and what it answers settles it; Node-RED doing the same.

A shop tells through our own door that somebody returns something; the hub founds the return, plans, tells the depot to
make it there, and reads in the answer that it was made. Nothing is short-cut: `hub serve` with its own PostgreSQL, a
sender and a receiver, each in processes of their own.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks import flow_hub, flow_nodered, flow_sender, home
from benchmarks.flow_receiver import Receiver, receiving
from benchmarks.flow_statements import logged
from benchmarks.measure import Line, Report, Spread, ratio
from hub import folders

IN_FLIGHT = 16
AT_ONCE = 10
"""Flows of one side before it is the other's turn, where one is done at a time."""
WARM = 50
LOGGED = 50
P50, P95, TIMES = 25.0, 60.0, 1.0
NODE_RED = (
    "Node-RED: {versions}, SQLite compiled here. HTTP in, a function that maps, an INSERT, an HTTP request to a"
    " receiver of its own (the same program), an UPDATE with what it answered, and then, at the end of all, the HTTP"
    " response: its sender waits for the whole flow, the hub's only until the webhook is durable. No editor, no audit,"
    " no metrics, connections to the receiver kept, one process. SQLite writes ahead (WAL) with synchronous = NORMAL,"
    " so nothing durable precedes its answer: after a power cut, flows that it has answered are gone. It checks and"
    " makes no signature, founds and merges nothing, keeps no story and does not try again."
)
N8N = (
    "n8n is not installed here; its makers state up to 220 workflow executions per second on a single instance"
    " (docs.n8n.io, Scaling: Measure performance)."
)


class Side(Protocol):
    """What carries webhooks on, and is measured."""

    port: int

    def used(self) -> tuple[float, ...]:
        """CPU seconds until now of each of its parts."""

    def settle(self, count: int) -> float:
        """Wait until it knows of so many flows that they are done; when that was."""

    def settled(self) -> int:
        """Of how many it knows."""


@dataclass
class Runner:
    """Flows through one side, and what was found."""

    side: Side
    receiver: Receiver
    sent: int = 0
    alone: list[float] = field(default_factory=list)
    """Milliseconds from sending a webhook to the call, for each that was alone."""
    rate: list[float] = field(default_factory=list)
    """Flows per second of each round."""
    cpu: list[tuple[float, ...]] = field(default_factory=list)
    """CPU milliseconds per flow of each part, of each round."""

    def one_by_one(self, count: int) -> None:
        """So many, each a while after the call of the one before."""
        took = flow_sender.one_by_one(self.side.port, count, self.receiver)
        self.alone += [1e3 * seconds for seconds in took]
        self._end(count)

    def crowd(self, count: int, *, counts: bool = True) -> None:
        """So many, a few of them under way at each moment."""
        used = self.side.used()
        begin = flow_sender.crowd(self.side.port, count, IN_FLIGHT)
        wall = self._end(count) - begin
        if counts:
            self.rate.append(count / wall)
            self.cpu.append(tuple(1e3 * (b - a) / count for a, b in zip(used, self.side.used(), strict=True)))

    def _end(self, count: int) -> float:
        self.sent += count
        self.receiver.wait(self.sent)
        return self.side.settle(self.sent)

    @property
    def lost(self) -> int:
        """Webhooks whose return the receiver was never told of, or of which this side does not know that it was."""
        return self.sent - min(len({arrival.order for arrival in self.receiver.arrivals}), self.side.settled())

    @property
    def twice(self) -> int:
        """Calls too many, by the receiver's log: for a return, or with a key that had come before."""
        calls = self.receiver.arrivals
        returns, keys = Counter(call.order for call in calls), Counter(call.key for call in calls)
        return max(len(calls) - len(returns), len(calls) - len(keys))


def run(*, quick: bool) -> Report:
    """Each side stands all the time and has its turn: flows one by one, then crowds of them."""
    alone, flows, rounds = (20, 150, 3) if quick else (60, 1000, 5)
    with _folder() as folder, ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        hub = stack.enter_context(flow_hub.serving(folder, receiver.url))
        ours = Runner(hub, receiver)
        theirs, about = _node_red(folder, stack)
        turn = [side for side in (ours, theirs) if side]
        for side in turn:
            side.crowd(WARM, counts=False)
        for _ in range(0, alone, AT_ONCE):
            for side in turn:
                side.one_by_one(AT_ONCE)
        begun = hub.transactions()
        for _ in range(rounds):
            for side in turn:
                side.crowd(flows)
            turn.reverse()  # each goes first as often as the other
        transactions = hub.transactions() - begun
        with logged(hub.server) as statements:
            ours.crowd(LOGGED, counts=False)
        lines = [
            _line("idle: webhook sent → call arrives, p50", "ms", _percentile(ours, 50), P50),
            _line("idle: the same, p95", "ms", _percentile(ours, 95), P95),
            _line("flows/s", "/s", ours.rate),
            *(_beside(ours, theirs) if theirs else []),
            _line("CPU per flow, the hub's processes", "ms", _cpu(ours, 0)),
            _line("CPU per flow, its PostgreSQL", "ms", _cpu(ours, 1)),
            _line("transactions per flow", "", [transactions / (flows * rounds)]),
            _line("statements per flow", "", [statements.total / LOGGED]),
            _line("lost", "", [ours.lost], 0),
            _line("twice", "", [ours.twice], 0),
        ]
        counted = f" {theirs.lost} of its flows were lost, {theirs.twice} told twice." if theirs else ""
    return Report(lines, [*_notes(alone, flows, rounds), about + counted, N8N], statements.table(LOGGED))


def _node_red(folder: Path, stack: ExitStack) -> tuple[Runner | None, str]:
    """The other side, and a note about it; without it, why."""
    try:
        packages = flow_nodered.installed()
        receiver = stack.enter_context(receiving())
        side = stack.enter_context(flow_nodered.serving(packages, folder, receiver.url))
    except flow_nodered.Unavailable as reason:
        said = f"NODE-RED IS NOT MEASURED, AND NOTHING IS COMPARED: {reason}"
        print(said, file=sys.stderr, flush=True)
        return None, said
    return Runner(side, receiver), NODE_RED.format(versions=flow_nodered.versions(packages))


@contextmanager
def _folder() -> Iterator[Path]:
    """Where both keep their data meanwhile: on the disk of the other benchmarks' server."""
    with tempfile.TemporaryDirectory(dir=folders.make(home.folder().parent), prefix="flow-") as name:
        os.chmod(name, 0o711)  # noqa: S103 - the database's system user has to pass
        yield Path(name)


def _line(what: str, unit: str, rounds: Iterable[float], bound: float | None = None, *, at_least: bool = False) -> Line:
    return Line("flow", what, unit, Spread(tuple(rounds)), bound, at_least)


def _beside(ours: Runner, theirs: Runner) -> list[Line]:
    rates = ratio(ours.rate, theirs.rate).rounds
    return [
        _line("flows/s, the hub's / Node-RED's", "times", rates, TIMES, at_least=True),
        _line("flows/s, Node-RED's", "/s", theirs.rate),
        _line("idle, Node-RED's, p50", "ms", _percentile(theirs, 50)),
        _line("idle, Node-RED's, p95", "ms", _percentile(theirs, 95)),
        _line("CPU per flow, Node-RED's with SQLite", "ms", _cpu(theirs, 0)),
    ]


def _percentile(side: Runner, percent: int) -> list[float]:
    return [statistics.quantiles(side.alone, n=100, method="inclusive")[percent - 1]]


def _cpu(side: Runner, part: int) -> list[float]:
    return [used[part] for used in side.cpu]


def _notes(alone: int, flows: int, rounds: int) -> list[str]:
    low, high = flow_sender.PAUSE
    return [
        "A shop's signed webhook (simulated: a return of three lines, approved, each with an order of its own) goes to"
        " our own door of `hub serve`, which runs as a user starts it, with its own PostgreSQL in a folder of the"
        " benchmark's; the hub founds the return, plans, and tells the depot `create_return`; the depot's answer"
        " carries the record it made, so that its row gets in sync. Sender and receiver are processes of their own on"
        " the same processors. The receiver notes the time at which a call has arrived, before it does anything, and"
        " answers at once. Lost and twice are counted by its log, over all flows of the run; one that the hub does not"
        " know to be in sync is lost, too.",
        f"Idle: {alone} webhooks, one at a time, each {low} to {high} s (at random) after the call of the one before;"
        f" time from sending to the call's arrival. flows/s: {rounds} rounds of {flows}, {IN_FLIGHT} webhooks in"
        " flight on keep-alive connections, from the first webhook sent to the last flow settled. The pace that our"
        " own door's manifest sets, 10 calls a second, is lifted (benchmarks/unbounded.py), and nothing else: the"
        " budgets are taken from and given back to as ever.",
        "Transactions are PostgreSQL's own count over the rounds: those that look for work and find none are among"
        " them."
        f" Statements are counted in {LOGGED} flows more, by the server's log (BEGIN and COMMIT"
        " count, too), since the wheel has no pg_stat_statements.",
    ]
