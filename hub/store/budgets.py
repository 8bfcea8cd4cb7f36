"""How fast we may talk to an account: one token bucket per kind of call, shared by all workers of all processes."""

from __future__ import annotations

from typing import Literal

from hub.store.connection import Connection

Priority = Literal["live", "write", "poll", "backfill"]

RESERVE: dict[Priority, float] = {"live": 0.0, "write": 0.1, "poll": 0.25, "backfill": 0.5}
"""The share of the burst that is left for those before: what notifications want read > write-back > polls > backfills.

Polls come again and again: where they take all that comes in, nobody would ever be told anything.
"""


def take(
    conn: Connection,
    account: str,
    bucket: str,
    n: float,
    rate: float,
    burst: float,
    priority: Priority = "live",
    *,
    least: float | None = None,
    must: bool = False,
) -> float:
    """Take `n` tokens: 0.0, or the seconds to wait before asking again (then nothing was taken).

    `rate` tokens per second come in, up to `burst`. With `least` there, the rest of `n` is drawn in advance, and nobody
    else takes anything until it has come in; `must`: all of it is, since what has begun is not stopped half-way.
    Commit at once: everybody who talks to this account waits for us.
    """
    if n > burst:
        raise ValueError(
            f"account {account}: {n:g} calls at once never fit into {bucket}, whose burst is {burst:g};"
            " raise the burst in the manifest"
        )
    wanted = n if least is None else min(n, least)
    reserve = min(RESERVE[priority] * burst, burst - wanted)  # a very small burst has nothing to leave
    named = {"a": account, "b": bucket, "m": float(burst), "r": float(rate), "n": float(n), "u": must}
    named["w"] = wanted + reserve
    while (found := conn.exec_driver_sql(_TAKE, named).first()) is None:
        conn.exec_driver_sql(
            "INSERT INTO budgets (account, bucket, tokens) VALUES (%(a)s, %(b)s, %(m)s) ON CONFLICT DO NOTHING", named
        )
    tokens, blocked, taken = found
    return 0.0 if taken else max(float(blocked or 0.0), (wanted + reserve - float(tokens)) / rate)


_TAKE = """
WITH held AS MATERIALIZED (
    SELECT account, bucket, tokens, refilled_at, blocked_until FROM budgets WHERE account = %(a)s AND bucket = %(b)s
    FOR UPDATE
), there AS MATERIALIZED (
    SELECT account, bucket, least(%(m)s::float8,
    tokens + %(r)s::float8 * greatest(extract(epoch FROM clock_timestamp() - refilled_at), 0)::float8) AS tokens,
    greatest(extract(epoch FROM blocked_until - clock_timestamp()), 0)::float8 AS blocked FROM held
), judged AS MATERIALIZED (
    SELECT *, %(u)s OR (coalesce(blocked, 0) = 0 AND %(w)s::float8 - tokens <= 1e-9) AS taken FROM there
), gone AS (
    UPDATE budgets b SET tokens = j.tokens - %(n)s::float8, refilled_at = clock_timestamp(),
    blocked_until = CASE WHEN blocked_until > clock_timestamp() THEN blocked_until END
    FROM judged j WHERE j.taken AND (b.account, b.bucket) = (j.account, j.bucket)
)
SELECT tokens, blocked, taken FROM judged
"""


def give_back(conn: Connection, account: str, bucket: str, n: float, burst: float) -> None:
    """So many tokens were taken and not used."""
    conn.exec_driver_sql(
        "UPDATE budgets SET tokens = least(%(m)s, tokens + %(n)s) WHERE account = %(a)s AND bucket = %(b)s",
        {"a": account, "b": bucket, "n": float(n), "m": float(burst)},
    )


def block(conn: Connection, account: str, bucket: str, seconds: float) -> None:
    """They said so (Retry-After): nobody calls before this time, and the bucket is empty."""
    conn.exec_driver_sql(
        "INSERT INTO budgets (account, bucket, tokens, blocked_until)"
        " VALUES (%(a)s, %(b)s, 0, clock_timestamp() + %(s)s * interval '1 second')"
        " ON CONFLICT (account, bucket) DO UPDATE SET tokens = 0, refilled_at = clock_timestamp(),"
        " blocked_until = greatest(budgets.blocked_until, excluded.blocked_until)",
        {"a": account, "b": bucket, "s": seconds},
    )
