"""Measuring: CPU time rather than wall, both sides in turn, and the spread over the rounds."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from benchmarks.payload import payload

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What a piece of work took, in seconds: this process and its children, the database's processes, wall."""

    client: float = 0.0
    server: float = 0.0
    wall: float = 0.0

    @property
    def cpu(self) -> float:
        return self.client + self.server

    def add(self, other: Cost) -> None:
        """One more piece of the same work."""
        self.client += other.client
        self.server += other.server
        self.wall += other.wall


@dataclass(frozen=True)
class Spread:
    """Several rounds of one figure; the middle one counts."""

    rounds: tuple[float, ...]

    @property
    def middle(self) -> float:
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        return f"{number(self.middle)} ({number(min(self.rounds))}–{number(max(self.rounds))})"


@dataclass(frozen=True)
class Line:
    """One line of the table. `bound` is judged on the middle round; a line without one explains another."""

    name: str
    what: str
    unit: str
    measured: Spread
    bound: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.bound is None:
            return None
        return self.measured.middle >= self.bound if self.at_least else self.measured.middle <= self.bound


@dataclass
class Report:
    """What one benchmark found; `notes` are the conditions and whatever else a reader has to know."""

    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    profile: str = ""


def number(value: float) -> str:
    """Two digits that count, no more: the third is noise here."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def own_cpu() -> float:
    """CPU seconds of this process with all its threads, and of the children it has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def family_cpu(pid: int) -> float:
    """CPU seconds of a process and of its children, the dead ones included (to a hundredth of a second)."""
    ticks = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(folder.name) == pid:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == pid:
                ticks += sum(map(int, fields[11:13]))
    return ticks / _TICK


@contextmanager
def costing(server: int) -> Iterator[Cost]:
    """Costs what is done inside; `server` is the process number of the database's postmaster."""
    cost = Cost()
    gc.collect()
    client, remote, wall = own_cpu(), family_cpu(server), time.perf_counter()
    yield cost
    cost.wall = time.perf_counter() - wall
    cost.client = own_cpu() - client
    cost.server = family_cpu(server) - remote


def each(work: Callable[[], object], seconds: float) -> float:
    """CPU seconds of one call, repeated for about so long."""
    times, used = 1, 0.0
    while True:
        begin = time.process_time()
        for _ in range(times):
            work()
        used = time.process_time() - begin
        if used >= seconds:
            return used / times
        times = max(times * 2, int(times * seconds / used) + 1 if used else 0)


def one_parse(seconds: float = 0.1) -> float:
    """P: CPU seconds of one `orjson.loads` of the payload."""
    body = payload()
    return each(lambda: orjson.loads(body), seconds)


def ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Round by round, so that a slow moment of the machine hits both sides."""
    return Spread(tuple(one / other for one, other in zip(above, below, strict=True)))
