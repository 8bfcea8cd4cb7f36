"""How every account is, and whether somebody has to do something: the console's first page, /health and /metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, desc, func, select

from hub.model.concerns import GRAVE, RECENT, SILENT, TRIES, Expected, Facts, concerns
from hub.model.language.sentences import Sentence, say
from hub.store import webhooks
from hub.store.connection import Connection
from hub.store.console import ASKING, DISCREPANT, STUCK, counted, listed, shown_state
from hub.store.tables import accounts, inbox, intents, jobs, journal, returns, reviews, sync


@dataclass(frozen=True)
class AccountHealth:
    """One account as the overview shows it. `lag` is in seconds: how long its oldest due work has waited."""

    name: str
    connector: str
    state: str
    why: str | None
    since: datetime
    last_success: datetime | None
    last_heard: datetime | None
    blocked_until: datetime | None
    lag: float
    waiting: int
    sync: Mapping[str, int]
    invalid: int
    dead: int
    refused: Mapping[int, int]
    """Webhooks that were not taken, by status."""
    said: Sequence[Sentence] = ()
    """What is not well with it: `concerns` in English for machines, the sentences for a page."""
    concerns: Sequence[str] = ()


@dataclass(frozen=True)
class Overview:
    """The whole first page."""

    now: datetime
    accounts: Sequence[AccountHealth]
    returns: Mapping[str, int]
    reviews: int
    discrepancies: int
    latest: Sequence[Row[Any]]

    @property
    def invalid(self) -> int:
        return sum(account.invalid for account in self.accounts)

    @property
    def dead(self) -> int:
        return sum(account.dead for account in self.accounts)


def overview(conn: Connection, expected: Mapping[str, Expected] = MappingProxyType({})) -> Overview:
    """Every account's health, and the counts that say whether somebody has to do something.

    `expected`: what each account's connector lets us expect of it.
    """
    now = conn.execute(select(func.clock_timestamp())).scalar_one()
    open_jobs = jobs.c.wanted > jobs.c.done
    waiting = {
        row.account: row
        for row in conn.execute(
            select(
                jobs.c.account,
                func.count().label("count"),
                func.extract("epoch", func.greatest(now - func.min(jobs.c.due), func.make_interval())).label("lag"),
            )
            .where(open_jobs, jobs.c.due <= now)
            .group_by(jobs.c.account)
        )
    }
    states: dict[str, dict[str, int]] = {}
    for account, state, count in conn.execute(
        select(sync.c.account, shown_state.label("shown"), func.count()).group_by(sync.c.account, "shown")
    ):
        states.setdefault(account, {})[state] = count
    invalid = counted(
        conn, select(inbox.c.account, func.count()).where(inbox.c.state == "invalid").group_by(inbox.c.account)
    )
    dead = counted(
        conn, select(intents.c.account, func.count()).where(intents.c.state.in_(STUCK)).group_by(intents.c.account)
    )
    worries = worried(conn, now, expected)
    heard = webhooks.all_(conn)
    health = [
        AccountHealth(
            name=row.name,
            connector=row.connector,
            state=shown(row.state, [one.code for one in worries[row.name]]),
            why=row.state_why,
            since=row.state_since,
            last_success=row.last_success,
            last_heard=row.last_heard,
            blocked_until=row.blocked_until,
            lag=float(waiting[row.name].lag) if row.name in waiting else 0.0,
            waiting=waiting[row.name]._mapping["count"] if row.name in waiting else 0,
            sync=states.get(row.name, {}),
            invalid=invalid.get(row.name, 0),
            dead=dead.get(row.name, 0),
            refused={
                one.status: one.count
                for one in heard.get(row.name, webhooks.Heard()).refused
                if now - one.last_at < RECENT
            },
            said=worries[row.name],
            concerns=[say(one) for one in worries[row.name]],
        )
        for row in conn.execute(select(accounts).order_by(accounts.c.name))
    ]
    return Overview(
        now=now,
        accounts=health,
        returns=counted(conn, select(returns.c.status, func.count()).where(*listed()).group_by(returns.c.status)),
        reviews=conn.execute(select(_waiting())).scalar_one(),
        discrepancies=conn.execute(select(func.count()).where(*DISCREPANT)).scalar_one(),
        latest=conn.execute(select(journal).order_by(desc(journal.c.id)).limit(12)).all(),
    )


def shown(state: str, codes: Iterable[str]) -> str:
    """The state as people see it: an account whose calls work may be silent for too long, or all it sends refused."""
    known = set(codes)
    if state != "healthy" or not known & GRAVE:
        return state
    return "silent" if known & SILENT else "unwell"


def states(conn: Connection) -> dict[str, str]:
    """The state of every account as it was shown at the last look of `alert`: cheap, for once a second."""
    found = conn.exec_driver_sql("SELECT name, state, alerted FROM accounts ORDER BY name")
    return {name: shown(state, alerted) for name, state, alerted in found}


def worried(conn: Connection, now: datetime, expected: Mapping[str, Expected]) -> dict[str, tuple[Sentence, ...]]:
    """What is not well with each account."""
    heard = webhooks.all_(conn)
    failing = _latest(
        conn,
        "SELECT account, count(*), (array_agg(why ORDER BY attempts DESC, id DESC))[1] FROM jobs"
        " WHERE kind IN ('poll', 'fetch') AND wanted > done AND attempts >= %(n)s GROUP BY account",
        n=TRIES,
    )
    dead = _latest(
        conn,
        "SELECT account, count(*), (array_agg(error ORDER BY id DESC))[1] FROM intents WHERE state = ANY(%(s)s)"
        " GROUP BY account",
        s=list(STUCK),
    )
    late = _latest(
        conn,
        "SELECT account, sum(n), '' FROM ("
        " SELECT account, count(*) AS n FROM attempts WHERE outcome = 'OverBudget'"
        "  AND at > clock_timestamp() - interval '15 minutes' GROUP BY account"
        " UNION ALL SELECT s.account, count(*) FROM sync s JOIN returns r ON r.id = s.return_id"
        "  WHERE s.state = 'pending' AND s.said->>'code' = 'over_budget'"
        "  AND r.at < clock_timestamp() - interval '15 minutes' GROUP BY s.account) n GROUP BY account",
    )
    none = (0, "")
    return {
        row.name: concerns(
            Facts(
                name=row.name,
                state=row.state,
                now=now,
                created_at=row.created_at,
                last_success=row.last_success,
                last_heard=row.last_heard,
                refused=heard.get(row.name, webhooks.Heard()).refused,
                accepted_at=heard.get(row.name, webhooks.Heard()).accepted_at,
                failing=failing.get(row.name, none)[0],
                failing_why=failing.get(row.name, none)[1],
                dead=dead.get(row.name, none)[0],
                dead_why=dead.get(row.name, none)[1],
                over_budget=late.get(row.name, none)[0],
            ),
            expected.get(row.name, Expected()),
        )
        for row in conn.execute(select(accounts))
    }


def alert(conn: Connection, expected: Mapping[str, Expected]) -> tuple[list[Sentence], list[tuple[str, str]]]:
    """What is not well since the last look, and (account, code) of what is well again: each is told once."""
    begun: list[Sentence] = []
    over: list[tuple[str, str]] = []
    rows = conn.exec_driver_sql("SELECT name, alerted FROM accounts ORDER BY name FOR UPDATE")
    known: dict[str, list[str]] = {row[0]: row[1] for row in rows}
    for name, worries in sorted(worried(conn, alive(conn), expected).items()):
        before, after = set(known.get(name, ())), {one.code for one in worries}
        if before != after:
            begun += [one for one in worries if one.code not in before]
            over += [(name, code) for code in sorted(before - after)]
            conn.exec_driver_sql(
                "UPDATE accounts SET alerted = %(c)s WHERE name = %(n)s", {"c": sorted(after), "n": name}
            )
    return begun, over


def _latest(conn: Connection, query: str, **values: Any) -> dict[str, tuple[int, str]]:
    """By account: how many, and why the last."""
    return {row[0]: (int(row[1]), str(row[2] or "")) for row in conn.exec_driver_sql(query, values)}


def account_names(conn: Connection) -> list[str]:
    """All accounts, for filters."""
    return list(conn.execute(select(accounts.c.name).order_by(accounts.c.name)).scalars())


def alive(conn: Connection) -> datetime:
    """The database's clock: it answers."""
    now: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    return now


def _waiting() -> ColumnElement[int]:
    """Questions for a person: the review queue's, and returns that wait for an answer of their own."""
    queued = select(func.count()).where(reviews.c.state == "open").scalar_subquery()
    return queued + select(func.count()).where(*ASKING).scalar_subquery()


@dataclass(frozen=True)
class Badges:
    """How much waits for a person."""

    invalid: int
    dead: int
    reviews: int


def badges(conn: Connection) -> Badges:
    """The numbers beside the console's menu."""
    counts = select(
        select(func.count()).where(inbox.c.state == "invalid").scalar_subquery(),
        select(func.count()).where(intents.c.state.in_(STUCK)).scalar_subquery(),
        _waiting(),
    )
    return Badges(*conn.execute(counts).one())
