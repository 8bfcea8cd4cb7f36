"""The configured logins, and how each is: one alert when it gets worse, one when it is well again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hub.store import documents, expedite, intents, replanning, stuck
from hub.store.connection import Connection

BREAKER = 5
"""Failures in a row after which nobody calls for a while."""
BREAKS = (10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds of that while, by the number of failures beyond."""

STOPPED = ("paused", "needs_reauth")
"""Only a person ends these: by `resume`, or by new credentials."""


class AccountRow(NamedTuple):
    name: str
    connector: str
    mapping: str
    settings: dict[str, Any]
    secrets: bytes | None
    grants: bytes | None
    terms: dict[str, Any]
    state: str
    state_why: str | None
    state_since: datetime
    failures: int
    blocked_until: datetime | None
    last_success: datetime | None
    last_heard: datetime | None
    created_at: datetime


_COLUMNS = ", ".join(AccountRow._fields)


def all_(conn: Connection) -> list[AccountRow]:
    """Every account, by name."""
    return [AccountRow(*row) for row in conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM accounts ORDER BY name")]


def get(conn: Connection, name: str) -> AccountRow | None:
    """One account, or None."""
    found = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM accounts WHERE name = %(n)s", {"n": name}).first()
    return None if found is None else AccountRow(*found)


_STAMP = "md5(concat_ws('|', connector, mapping, settings::text, terms::text, encode(secrets, 'base64')))"


def stamps(conn: Connection) -> dict[str, str]:
    """Per account a text that changes with its configuration."""
    return {row[0]: row[1] for row in conn.exec_driver_sql(f"SELECT name, {_STAMP} FROM accounts")}


def standing(conn: Connection, names: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Of those of these accounts that there are the stamp at this moment, and whether nothing may be sent now: a person
    stopped it, its credentials are refused, or it is given a rest."""
    found = conn.exec_driver_sql(
        f"SELECT name, {_STAMP}, state = ANY(%(x)b::text[]) OR coalesce(blocked_until > clock_timestamp(), false)"
        " FROM accounts WHERE name = ANY(%(n)b::text[])",
        {"n": sorted(set(names)), "x": list(STOPPED)},
    )
    return {row[0]: (str(row[1]), bool(row[2])) for row in found}


def put(
    conn: Connection,
    name: str,
    *,
    connector: str,
    mapping: str,
    settings: Mapping[str, Any],
    secrets: bytes | None,
    terms: Mapping[str, Any],
) -> None:
    """Make an account, or change its configuration; how it is stays, but for new secrets: with them it may go on."""
    before = get(conn, name)
    conn.exec_driver_sql(
        "INSERT INTO accounts (name, connector, mapping, settings, secrets, terms)"
        " VALUES (%(n)s, %(c)s, %(m)s, %(s)s::jsonb, %(x)b, %(t)s::jsonb)"
        " ON CONFLICT (name) DO UPDATE SET connector = excluded.connector, mapping = excluded.mapping,"
        " settings = excluded.settings, secrets = excluded.secrets, terms = excluded.terms",
        {
            "n": name,
            "c": connector,
            "m": mapping,
            "s": documents.text(dict(settings)),
            "x": secrets,
            "t": documents.text(dict(terms)),
        },
    )
    if before is not None and before.state == "needs_reauth" and before.secrets != secrets:
        resume(conn, name)


def grant(conn: Connection, name: str, grants: bytes | None, *, instead_of: bytes | None) -> bool:
    """Store new tokens if the old ones are still those we know; False: somebody else was faster, read theirs."""
    found = conn.exec_driver_sql(
        "UPDATE accounts SET grants = %(g)b WHERE name = %(n)s AND grants IS NOT DISTINCT FROM %(o)b",
        {"g": grants, "n": name, "o": instead_of},
    )
    return found.rowcount == 1


def remove(conn: Connection, name: str) -> bool:
    """Forget an account, its cursors and what waits to be done at it. What it told stays.

    What of it waits to be read is `inbox.forsake`'s; who may remove it, and what follows, is `configuration.remove`'s.
    """
    stuck.forsake(conn, name)
    for table in ("jobs", "cursors", "budgets", "webhooks", "sync"):
        conn.exec_driver_sql(f"DELETE FROM {table} WHERE account = %(n)s", {"n": name})
    return conn.exec_driver_sql("DELETE FROM accounts WHERE name = %(n)s", {"n": name}).rowcount == 1


def move(conn: Connection, name: str, state: str, why: str | None = None, *, blocked: float | None = None) -> bool:
    """The account is in this state now, and stands still for `blocked` seconds. True: it was not before, tell people.

    What a person has to end, nothing else does: use `resume` for that.
    """
    found = conn.exec_driver_sql(
        "WITH old AS MATERIALIZED (SELECT name, state FROM accounts WHERE name = %(n)s FOR UPDATE)"
        " UPDATE accounts a SET state = %(s)s, state_why = %(w)s,"
        " state_since = CASE WHEN old.state = %(s)s THEN state_since ELSE clock_timestamp() END,"
        " blocked_until = clock_timestamp() + %(b)s::float8 * interval '1 second'"
        " FROM old WHERE a.name = old.name AND (old.state <> ALL(%(x)b::text[])"
        " OR (%(s)s = ANY(%(x)b::text[]) AND old.state <> 'paused')) RETURNING old.state <> %(s)s",
        {
            "n": name,
            "s": state,
            "w": None if why is None else documents.plain(why),
            "b": blocked,
            "x": list(STOPPED),
        },
    ).first()
    return found is not None and bool(found[0])


def pause(conn: Connection, name: str, why: str) -> bool:
    """A person stops it: its work waits, its webhooks are still taken. Raises LookupError."""
    _known(conn, name)
    return move(conn, name, "paused", why)


def resume(conn: Connection, name: str) -> bool:
    """A person lets it go on, at once, from whatever stopped it: what was asked about because it did not take it
    is told again, too. Raises LookupError."""
    _known(conn, name)
    found = conn.exec_driver_sql(
        "WITH old AS MATERIALIZED (SELECT name, state FROM accounts WHERE name = %(n)s FOR UPDATE)"
        " UPDATE accounts a SET state = 'healthy', state_why = NULL, state_since = clock_timestamp(), failures = 0,"
        " blocked_until = NULL FROM old WHERE a.name = old.name RETURNING old.state <> 'healthy'",
        {"n": name},
    ).scalar_one()
    intents.revive(conn, name)
    replanning.ask(conn, name)
    _back(conn, name)
    return bool(found)


def succeeded(conn: Connection, name: str) -> bool:
    """A call worked. True: the account is well again, tell people. Noted once per second at most, calls are many.

    A rest that has begun is kept: this call may have left before it, and they meant the next one. A system that was
    away is back with it: what waits there is due now.
    """
    found = conn.exec_driver_sql(
        "WITH old AS MATERIALIZED (SELECT name, state = 'degraded' AS away,"
        " state IN ('degraded', 'rate_limited') AS ill FROM accounts"
        " WHERE name = %(n)s AND (failures > 0 OR state IN ('degraded', 'rate_limited') OR blocked_until IS NOT NULL"
        " OR coalesce(last_success, '-infinity') < clock_timestamp() - interval '1 second')"
        " AND coalesce(blocked_until, '-infinity') <= clock_timestamp() FOR UPDATE)"
        " UPDATE accounts a SET last_success = clock_timestamp(), failures = 0, blocked_until = NULL,"
        " state = CASE WHEN ill THEN 'healthy' ELSE state END, state_why = CASE WHEN NOT ill THEN state_why END,"
        " state_since = CASE WHEN ill THEN clock_timestamp() ELSE state_since END"
        " FROM old WHERE a.name = old.name RETURNING ill, away",
        {"n": name},
    ).first()
    if found is not None and found[1]:
        _back(conn, name)
    return found is not None and bool(found[0])


def _back(conn: Connection, name: str) -> None:
    """Whatever waits there is due now."""
    intents.hurry(conn, name)
    expedite.waiting(conn, name)


def answered(conn: Connection, name: str) -> bool:
    """A person asked and the system answered just now: a rest that we gave it ends. True: it is well again."""
    conn.exec_driver_sql(
        "UPDATE accounts SET blocked_until = NULL WHERE name = %(n)s AND state = 'degraded'", {"n": name}
    )
    return succeeded(conn, name)


def failed(conn: Connection, name: str, why: str, *, limited: bool = False, after: float | None = None) -> bool:
    """A call failed in a way that says something of the account. True: its state changed, tell people.

    `limited`: it asked us to come back `after` seconds, which is no failure; else BREAKER in a row give it a rest,
    never a longer one than BREAKS has, whatever a page of a proxy says: it may be back much sooner.
    """
    if limited:
        return move(conn, name, "rate_limited", why, blocked=after)
    failures = conn.exec_driver_sql(
        "UPDATE accounts SET failures = failures + 1 WHERE name = %(n)s RETURNING failures", {"n": name}
    ).scalar()
    if failures is None:
        return False
    if failures < BREAKER:
        return False
    rest = BREAKS[min(failures - BREAKER, len(BREAKS) - 1)]
    return move(conn, name, "degraded", why, blocked=min(max(rest, after or 0.0), BREAKS[-1]))


def heard(conn: Connection, names: Iterable[str]) -> None:
    """Messages of these accounts came in just now; noted once per second at most.

    One that was away and tells of something may be back: its rest ends, and one read of each kind is due now. Whether
    all else is due says the answer (`succeeded`): its webhooks may come from a queue while nobody answers there.
    """
    found = conn.exec_driver_sql(
        "UPDATE accounts SET last_heard = clock_timestamp(),"
        " blocked_until = CASE WHEN state <> 'degraded' THEN blocked_until END"
        " WHERE name IN (SELECT name FROM accounts WHERE name = ANY(%(n)b::text[])"
        " AND coalesce(last_heard, '-infinity') < clock_timestamp() - interval '1 second'"
        " ORDER BY name FOR UPDATE SKIP LOCKED) RETURNING name, state = 'degraded'",
        {"n": sorted(set(names))},
    )
    for name in sorted(row[0] for row in found if row[1]):
        expedite.first_reads(conn, name)


def _known(conn: Connection, name: str) -> None:
    if get(conn, name) is None:
        raise LookupError(f"there is no account {name!r}; `hub accounts list` shows those there are")
