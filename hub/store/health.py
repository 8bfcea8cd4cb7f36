"""How every account is, and whether somebody has to do something: the console's first page, /health and /metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, ScalarSelect, Table, desc, func, select

from hub.model.concerns import GRAVE, RECENT, SILENT, TRIES, Expected, Facts, concerns
from hub.model.language.sentences import Sentence, say
from hub.store import counts, webhooks
from hub.store.connection import Connection
from hub.store.console import ASKING, DISCREPANT, STUCK, statuses
from hub.store.jobs import KINDS
from hub.store.tables import accounts, inbox, intents, journal, returns, reviews

MOST = 1_001
"""As far as is counted what waits for somebody: nobody needs to know how many more than a thousand."""


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
    work = _work(conn)
    told: dict[str, dict[str, int]] = {}
    for (account, state), count in counts.of(conn, "sync").items():
        told.setdefault(account, {})[state] = count
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
            lag=work[row.name].lag,
            waiting=work[row.name].waiting,
            sync=told.get(row.name, {}),
            invalid=work[row.name].invalid,
            dead=work[row.name].dead,
            refused={
                one.status: one.count
                for one in heard.get(row.name, webhooks.Heard()).refused
                if now - one.last_at < RECENT
            },
            said=worries[row.name],
            concerns=[say(one) for one in worries[row.name]],
        )
        for row in conn.execute(select(accounts).order_by(accounts.c.name))
        if row.name in work
    ]
    return Overview(
        now=now,
        accounts=health,
        returns=statuses(conn),
        reviews=conn.execute(select(_waiting())).scalar_one(),
        discrepancies=conn.execute(select(_most(returns, *DISCREPANT))).scalar_one(),
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
        "SELECT why, attempts AS last FROM jobs WHERE account = a.name AND kind IN ('poll', 'fetch')"
        f" AND attempts >= {TRIES}",
    )
    dead = _latest(
        conn,
        "SELECT error AS why, id AS last FROM intents WHERE account = a.name"
        " AND state IN ('dead', 'unknown') ORDER BY id DESC",
    )
    late = _latest(
        conn,
        "(SELECT '' AS why, 0 AS last FROM attempts WHERE account = a.name AND outcome = 'OverBudget'"
        f" AND at > clock_timestamp() - interval '15 minutes' LIMIT {MOST}) UNION ALL"
        " SELECT '', 0 FROM sync s JOIN returns r ON r.id = s.return_id WHERE s.account = a.name"
        " AND s.state = 'pending' AND s.said->>'code' = 'over_budget'"
        " AND r.at < clock_timestamp() - interval '15 minutes'",
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


def _latest(conn: Connection, rows: str) -> dict[str, tuple[int, str]]:
    """By account (`a`): how many of these rows, up to MOST, and why the last of them."""
    found = conn.exec_driver_sql(
        "SELECT a.name, n.count, n.why FROM accounts a CROSS JOIN LATERAL (SELECT count(*) AS count,"
        " (array_agg(why ORDER BY last DESC))[1] AS why"
        f" FROM (SELECT * FROM ({rows}) AS one LIMIT {MOST}) AS few) AS n WHERE n.count > 0"
    )
    return {row[0]: (row[1], row[2] or "") for row in found}


class _Work(NamedTuple):
    """What waits at one account. `lag`: seconds."""

    invalid: int
    dead: int
    waiting: int
    lag: float


def _work(conn: Connection) -> dict[str, _Work]:
    """By account; each number is counted up to MOST."""
    found = conn.exec_driver_sql(
        "SELECT a.name, (SELECT count(*) FROM (SELECT FROM inbox i WHERE i.account = a.name AND i.state = 'invalid'"
        f" LIMIT {MOST}) AS few),"
        " (SELECT count(*) FROM (SELECT FROM intents i WHERE i.account = a.name AND i.state IN ('dead', 'unknown')"
        f" LIMIT {MOST}) AS few), due.count,"
        " coalesce(greatest(extract(epoch FROM statement_timestamp() - due.first), 0), 0)::float8"
        " FROM accounts a CROSS JOIN LATERAL (SELECT coalesce(sum(n.count), 0)::bigint AS count, min(n.first) AS first"
        " FROM unnest(%(k)b::text[]) AS kind CROSS JOIN LATERAL (SELECT count(*) AS count, min(due) AS first"
        " FROM (SELECT due FROM jobs j WHERE j.account = a.name AND j.kind = kind.kind"
        f" AND j.due <= statement_timestamp() ORDER BY due LIMIT {MOST}) AS few) AS n) AS due",
        {"k": sorted(KINDS)},
    )
    return {row[0]: _Work(*row[1:]) for row in found}


def account_names(conn: Connection) -> list[str]:
    """All accounts, for filters."""
    return list(conn.execute(select(accounts.c.name).order_by(accounts.c.name)).scalars())


def alive(conn: Connection) -> datetime:
    """The database's clock: it answers."""
    now: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    return now


def _waiting() -> ColumnElement[int]:
    """Questions for a person: the review queue's, and returns that wait for an answer of their own."""
    return _most(reviews, reviews.c.state == "open") + _most(returns, *ASKING)


def _most(table: Table, *wanted: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many rows of this table are like that, counted up to MOST: the index that knows them is read no further."""
    some = select(table.c.id).where(*wanted).limit(MOST).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


@dataclass(frozen=True)
class Badges:
    """How much waits for a person."""

    invalid: int
    dead: int
    reviews: int


def badges(conn: Connection) -> Badges:
    """The numbers beside the console's menu."""
    counts = select(
        _most(inbox, inbox.c.state == "invalid"),
        _most(intents, intents.c.state.in_(STUCK)),
        _waiting(),
    )
    return Badges(*conn.execute(counts).one())
