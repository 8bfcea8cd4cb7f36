"""What happens when, as a table. A task's work is done in the transaction that claims its tick, so it only opens jobs
and tidies tables; it never talks to another system."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from hub.accounts import expected
from hub.boot import Hub
from hub.model.concerns import Expected
from hub.model.language.sentences import say
from hub.store import counts, health, inbox, jobs, paying, raw, read_backs, retention
from hub.store.database import Connection, now, oldest_snapshot

log = logging.getLogger(__name__)

BACKLOG = 20_000
"""Unfinished messages above which polls pause; webhooks never do."""
OLD_SNAPSHOT = 3600.0
"""Seconds a transaction may keep dead rows from being cleaned up before we say so."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True)
class ScheduledTask:
    """`work` happens once in every slot of `every` seconds, in whichever process is first."""

    name: str
    every: float
    work: Callable[[Connection], object]


Timetable = Callable[[], Iterable[ScheduledTask]]
"""Read again and again: accounts come and go."""


def timetable(hub: Hub) -> Timetable:
    """The timetable of a hub."""
    purge = ScheduledTask("purge", retention.EVERY, retention.Purge(hub.settings))
    archive = ScheduledTask("archive", DAY, partial(shrink, days=hub.settings.keep_raw))

    def tasks() -> Iterator[ScheduledTask]:
        yield from (*HOUSE, purge, archive)
        yield ScheduledTask("alerts", MINUTE, partial(alerts, expects=lambda: expected(hub.accounts.all())))
        for account in hub.accounts.all().values():
            polled = account.entry.capabilities.polls
            for stream in account.entry.manifest.streams.values():
                name = f"{account.name}/{stream.name}"
                if stream.name in polled and stream.every:
                    yield ScheduledTask(
                        f"poll {name}",
                        account.poll or stream.every,
                        partial(poll, account=account.name, stream=stream.name),
                    )
            sweeps = [s.sweep_open for s in account.entry.manifest.streams.values() if s.sweep_open and s.fetch]
            if sweeps:
                yield ScheduledTask(
                    f"sweep {account.name}",
                    account.sweep or min(sweeps),
                    partial(hub.reconcile.sweep, name=account.name),
                )

    return tasks


def poll(conn: Connection, account: str, stream: str) -> None:
    """Have a stream polled, unless there is more to do already than we get done."""
    if inbox.backlog(conn, BACKLOG) < BACKLOG:
        jobs.want(conn, "poll", [(account, stream)])


def shrink(conn: Connection, days: int) -> None:
    """Of the archive's months that are older than so many days only what is still needed stays."""
    raw.shrink_before(conn, now(conn) - timedelta(days=days))


def overdue(conn: Connection) -> None:
    """Have looked after what would wait for ever without a question: writes whose time has passed, and who waits for
    money that is not under way any more."""
    jobs.want(conn, "deliver", [*read_backs.overdue(conn), *paying.landed_unseen(conn)])


def watch(conn: Connection) -> None:
    """Say so when somebody keeps the database from cleaning up."""
    age = oldest_snapshot(conn)
    if age > OLD_SNAPSHOT:
        log.warning(
            "a transaction has been open for %.0f minutes: dead rows cannot be cleaned up and everything gets slower;"
            " look for it in pg_stat_activity (backend_xmin) and end it",
            age / 60,
        )


def alerts(conn: Connection, expects: Callable[[], Mapping[str, Expected]]) -> None:
    """Say once what is not well with an account, and once that it is well again."""
    begun, over = health.alert(conn, expects())
    for concern in begun:
        log.warning("%s", say(concern))
    for account, code in over:
        log.warning("account %s is well again: %s is over", account, code)


HOUSE = (
    ScheduledTask("months", HOUR / 4, raw.ahead),
    ScheduledTask("counts", MINUTE / 6, counts.fold),
    ScheduledTask("watch", HOUR / 12, watch),
    ScheduledTask("overdue", HOUR / 60, overdue),
)
