"""How every account is, and whether somebody has to do something: the console's first page, /health and /metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, desc, func, select

from hub.store.console import STUCK, counted, listed, shown_state
from hub.store.tables import accounts, inbox, intents, journal, lanes, returns, reviews, sync


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


def overview(conn: Connection) -> Overview:
    """Every account's health, and the counts that say whether somebody has to do something."""
    now = conn.execute(select(func.clock_timestamp())).scalar_one()
    open_lanes = lanes.c.wanted > lanes.c.done
    waiting = {
        row.account: row
        for row in conn.execute(
            select(
                lanes.c.account,
                func.count().label("count"),
                func.extract("epoch", func.greatest(now - func.min(lanes.c.due), func.make_interval())).label("lag"),
            )
            .where(open_lanes, lanes.c.due <= now)
            .group_by(lanes.c.account)
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
    health = [
        AccountHealth(
            name=row.name,
            connector=row.connector,
            state=row.state,
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
        )
        for row in conn.execute(select(accounts).order_by(accounts.c.name))
    ]
    return Overview(
        now=now,
        accounts=health,
        returns=counted(conn, select(returns.c.status, func.count()).where(*listed()).group_by(returns.c.status)),
        reviews=conn.execute(select(func.count()).where(reviews.c.state == "open")).scalar_one(),
        discrepancies=conn.execute(select(func.count()).where(*listed(), returns.c.discrepancies > 0)).scalar_one(),
        latest=conn.execute(select(journal).order_by(desc(journal.c.id)).limit(12)).all(),
    )


def account_names(conn: Connection) -> list[str]:
    """All accounts, for filters."""
    return list(conn.execute(select(accounts.c.name).order_by(accounts.c.name)).scalars())


def alive(conn: Connection) -> datetime:
    """The database's clock: it answers."""
    now: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    return now


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
        select(func.count()).where(reviews.c.state == "open").scalar_subquery(),
    )
    return Badges(*conn.execute(counts).one())
