"""What the tests ask the database, and how they have it work off what is to be told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from hub.boot import Hub
from hub.model.identity.marks import marked
from hub.model.schema.returns import Return
from hub.store import claims, console, inbox, returns


def rows(hub: Hub, statement: str, **words: Any) -> list[tuple[Any, ...]]:
    with hub.database.begin() as conn:
        return [tuple(row) for row in conn.execute(text(statement), words)]


def all_returns(hub: Hub) -> list[Any]:
    """Every return that somebody opened, with its sync states; the oldest first."""
    with hub.database.begin() as conn:
        return sorted(console.search(conn).rows, key=lambda found: found.id)


def written(hub: Hub, account: str, return_id: int) -> str:
    """Our number as the hub writes it there: with its check."""
    number = f"R{return_id}"
    return marked(number, hub.accounts.get(account).checks(number))


def document(hub: Hub, return_id: int) -> Return:
    with hub.database.begin() as conn:
        row = returns.read(conn, [return_id])[return_id]
    assert row.doc is not None
    return returns.decode(row.doc)


def story(hub: Hub, return_id: int) -> list[str]:
    return [line for (line,) in rows(hub, "SELECT text FROM journal WHERE return_id = :r ORDER BY id", r=return_id)]


def intents(hub: Hub) -> list[tuple[str, str]]:
    """(kind, state) of every write, oldest first."""
    return [(row[0], row[1]) for row in rows(hub, "SELECT kind, state FROM intents ORDER BY id")]


def hurry(hub: Hub) -> None:
    """Whatever waits is due now, as if its time had passed."""
    rows(hub, "UPDATE jobs SET due = clock_timestamp() WHERE due < '9000-01-01' RETURNING 1")
    rows(hub, "UPDATE sync SET not_before = NULL RETURNING 1")
    rows(hub, "UPDATE intents SET deadline = NULL, settles_at = least(settles_at, clock_timestamp()) RETURNING 1")


def deliver_due(hub: Hub) -> None:
    """Work off the outbound jobs that are due; a write without an answer is not looked for before its time."""
    hub.database.run(inbox.dispatch)
    while taken := hub.database.run(lambda conn: claims.claim(conn, ["deliver"], "test", 50)):
        hub.deliver(taken)


def work_off(
    hub: Hub, kinds: tuple[str, ...] = ("process", "recompute", "deliver", "fetch", "poll"), rounds: int = 200
) -> int:
    """Dispatch and work off every due job until nothing is due; how many jobs there were."""
    done = 0
    for _ in range(rounds):
        dispatched = hub.database.run(inbox.dispatch).total
        taken = hub.database.run(lambda conn: claims.claim(conn, kinds, "test", 50))
        if not taken and not dispatched:
            return done
        if taken:
            hub.handlers[taken[0].kind](taken)
            done += len(taken)
    raise AssertionError(f"still busy after {rounds} rounds")
