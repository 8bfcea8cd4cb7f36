"""APScheduler fires the timetable in memory, in every process; a row per (task, slot) makes a tick happen once."""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from hub.store import ticks
from hub.store.database import Connection, Database, now
from hub.store.outage import away
from scheduler.timetable import ScheduledTask, Timetable

log = logging.getLogger(__name__)
# A task that is still at work when it is due again is no news.
logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)

REFRESH = 5.0
"""Seconds after which a new account's polls are in the timetable."""


class Clock:
    """Runs the timetable until it is stopped. Each slot is numbered by the database's clock, never by ours."""

    def __init__(self, database: Database, timetable: Timetable, *, refresh: float = REFRESH) -> None:
        self.database = database
        self.timetable = timetable
        self._refresh = refresh
        self._every: dict[str, float] = {}
        self._ahead = timedelta()  # the database's clock is ahead of ours by this
        self._failing: set[str] = set()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Fire everything that no process has fired in its present slot, and go on."""
        self._scheduler.add_job(
            self.refresh, IntervalTrigger(seconds=self._refresh, timezone=UTC), next_run_time=datetime.now(UTC)
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Finish what has begun, and fire nothing more."""
        self._scheduler.shutdown(wait=True)

    def refresh(self) -> None:
        """Follow the timetable: new tasks begin at once, changed ones get their new rhythm, gone ones end."""
        with self._reported("the timetable"):
            with self.database.begin() as conn:
                self._ahead = now(conn) - datetime.now(UTC)
            wanted = {task.name: task for task in self.timetable()}
            for name in set(self._every) - set(wanted):
                self._scheduler.remove_job(name)
                del self._every[name]
            for name, task in wanted.items():
                if self._every.get(name) != task.every:
                    self._scheduler.add_job(self.fire, self._trigger(task), [task], id=name, replace_existing=True)
                    self._scheduler.add_job(self.fire, args=[task])
                    self._every[name] = task.every

    def fire(self, task: ScheduledTask) -> bool:
        """Do a task if this slot of it is ours; True if so."""

        def work(conn: Connection) -> bool:
            slot = math.floor(now(conn).timestamp() / task.every)
            if not ticks.once(conn, task.name, slot):
                return False
            task.work(conn)
            return True

        with self._reported(task.name):
            return self.database.run(work)
        return False

    def _trigger(self, task: ScheduledTask) -> IntervalTrigger:
        """In the middle of every slot: a little early or late is still the same slot, so none is left out."""
        at = (datetime.now(UTC) + self._ahead).timestamp()
        middle = (math.floor(at / task.every) + 1.5) * task.every
        start = datetime.fromtimestamp(middle, UTC) - self._ahead
        return IntervalTrigger(seconds=task.every, start_date=start, timezone=UTC)

    def _reported(self, what: str) -> _Reported:
        return _Reported(what, self._failing)


class _Reported:
    """Says once that something fails, and once that it works again; the next tick tries anew."""

    def __init__(self, what: str, failing: set[str]) -> None:
        self.what = what
        self.failing = failing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Exception):
            if away(error):
                return True  # that is said once, by whom it concerns
            if self.what not in self.failing:
                log.error("%s failed; it is tried again at its next tick", self.what, exc_info=error)
            self.failing.add(self.what)
            return True
        if error is None and self.what in self.failing:
            log.info("%s works again", self.what)
            self.failing.discard(self.what)
        return False
