"""Workers that are killed or stopped: nothing is lost, nothing is done by one who lost its lease."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter

from hub.store import inbox, jobs
from hub.store.arrival import Arrival
from hub.store.database import Database
from tests.scheduler.conftest import Spawn
from tests.store.queueing import dead, lose

WORK = "SELECT count(*) FROM jobs WHERE due < '9999-01-01'"


def accept(database: Database, bodies: dict[str, bytes]) -> None:
    arrivals = [
        Arrival.of(account="web", stream="return", external_id=name, via="push", body=body)
        for name, body in bodies.items()
    ]
    assert all(database.run(lambda conn: inbox.accept(conn, arrivals)))


def done(database: Database) -> Counter[str]:
    """How often each message was understood, by the journal."""
    with database.begin() as conn:
        return Counter(conn.exec_driver_sql("SELECT text FROM journal").scalars())


def count(database: Database, query: str) -> int:
    with database.begin() as conn:
        return int(conn.exec_driver_sql(query).scalar_one())


def until(database: Database, query: str, wanted: int, process: subprocess.Popen[str] | None = None) -> None:
    """Wait for it; a process that was expected to do it must live."""
    while count(database, query) != wanted:
        assert process is None or process.poll() is None, "the worker died"
        time.sleep(0.02)


def end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    assert process.wait(30) == 0


def test_one_killer_in_a_batch_of_500(database: Database, spawn: Spawn) -> None:
    """Its worker dies with 500 jobs in hand. 499 of them are done in the end, the killer is parked."""
    names = [f"r{n}" for n in range(500)]
    accept(database, dict.fromkeys(names, b"good") | {"r250": b"kill"})
    database.run(lambda conn: inbox.dispatch(conn, 1000))
    deaths = 0
    while count(database, WORK):
        worker = spawn(lease=0.5, workers=4)
        while worker.poll() is None and count(database, WORK):
            time.sleep(0.05)
        deaths += worker.poll() == -signal.SIGKILL
        assert deaths < 10, "the killer kills on"
    assert done(database) == Counter(name for name in names if name != "r250")
    (parked,) = dead(database)
    assert (parked["key"], parked["crashes"]) == ("return/r250", jobs.CRASHES)
    assert count(database, "SELECT count(*) FROM jobs") == 1
    assert count(database, "SELECT count(*) FROM inbox") == 1
    assert deaths == 1 + jobs.CRASHES
    end(worker)


def test_only_the_killers_own_deaths_count_with_many_threads(database: Database, spawn: Spawn) -> None:
    """All three were in hand when a worker died; were they taken side by side again, each death would count for all."""
    for name, body in {"killer": b"kill late", "a": b"slow", "b": b"slow"}.items():
        accept(database, {name: body})
        database.run(lambda conn: inbox.dispatch(conn, 10))
    lose(database, "return/killer", "return/a", "return/b")
    deaths = blamed = 0
    while count(database, WORK):
        worker = spawn(lease=2.0, workers=4, batch=1, late=0.5, slow=1.0)
        while worker.poll() is None and count(database, WORK):
            blamed += count(database, "SELECT count(*) FROM jobs WHERE key <> 'return/killer' AND crashes > 0")
            time.sleep(0.02)
        deaths += worker.poll() == -signal.SIGKILL
    assert done(database) == Counter("ab")
    assert blamed == 0
    assert count(database, "SELECT count(*) FROM jobs WHERE key = 'return/killer' AND crashes = 3") == 1
    assert deaths == jobs.CRASHES
    end(worker)


def test_jobs_of_a_killed_worker_are_done_by_another(database: Database, spawn: Spawn) -> None:
    accept(database, {f"r{n}": b"slow" if n == 3 else b"good" for n in range(20)})
    first = spawn(lease=1.0, slow=60.0)
    assert first.stdout is not None
    assert first.stdout.readline() == "slow\n"
    first.kill()
    first.wait()
    assert done(database) == Counter()
    second = spawn(lease=60.0, slow=0.0)
    until(database, "SELECT count(*) FROM jobs", 0, second)
    assert done(database) == Counter(f"r{n}" for n in range(20))
    end(second)


def test_a_worker_stopped_beyond_its_lease_changes_nothing(database: Database, spawn: Spawn) -> None:
    accept(database, {"r1": b"slow"})
    stopped = spawn(lease=0.5, slow=0.3)
    assert stopped.stdout is not None
    assert stopped.stdout.readline() == "slow\n"
    stopped.send_signal(signal.SIGSTOP)
    other = spawn(lease=60.0, slow=0.0)
    until(database, "SELECT count(*) FROM jobs", 0, other)
    accept(database, {"r1": b"news"})
    until(database, "SELECT count(*) FROM journal", 2, other)
    end(other)
    before = count(database, "SELECT coalesce(sum(token), 0) FROM jobs")
    stopped.send_signal(signal.SIGCONT)
    assert stopped.stdout.readline() == "done\n"
    assert done(database) == Counter({"r1": 2})
    assert count(database, "SELECT coalesce(sum(token), 0) FROM jobs") == before
    end(stopped)


def test_a_worker_stopped_in_its_transaction(database: Database, spawn: Spawn) -> None:
    """It holds row locks. Webhooks are taken, what does not concern it goes on, and then its job, too."""
    accept(database, {"r1": b"hold"})
    stopped = spawn(lease=1.0, hold=0.2)
    assert stopped.stdout is not None
    assert stopped.stdout.readline() == "hold\n"
    stopped.send_signal(signal.SIGSTOP)
    assert count(database, "SELECT count(*) FROM pg_locks WHERE relation = 'jobs'::regclass AND mode = 'RowShareLock'")
    other = spawn(lease=60.0, hold=0.0)
    accept(database, {"r1": b"again", "r2": b"good"})
    until(database, "SELECT count(*) FROM journal WHERE text = 'r2'", 1, other)
    assert done(database) == Counter({"r2": 1})
    stopped.send_signal(signal.SIGCONT)
    until(database, "SELECT count(*) FROM inbox", 0, other)
    assert done(database) == Counter({"r1": 2, "r2": 1})
    end(stopped)
    end(other)
