"""What waits unread of returns, and what it may say of money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hub.accounts import Account
from hub.model.identity.names import own_name
from hub.model.merge import unread
from hub.model.schema.bindings import Name
from hub.model.schema.fragment import Fragment
from hub.model.schema.observation import Observation, Unread
from hub.pipeline.process.translate import money_in
from hub.store import invalid
from hub.store.database import Connection
from hub.store.invalid import Waits

MOST = 100
"""Of one object's readings that wait those whose money is looked at."""
BYTES = 2_000_000
"""Of one object, so many: as much as is understood in one transaction."""


def of_returns(
    conn: Connection, seen: Mapping[int, Sequence[Observation]], accounts: Mapping[str, Account]
) -> dict[int, tuple[Unread, ...]]:
    """Per return: the objects of which something newer waits than was understood."""
    waiting = invalid.of_returns(conn, seen)
    if not waiting:
        return {}
    known = {return_id: {own_name(o): o for o in seen[return_id]} for return_id in waiting}
    newer = {return_id: _newer(found, known[return_id]) for return_id, found in waiting.items()}
    money = _money_parts(conn, (one for found in newer.values() for one in found.items()), accounts)
    return {
        return_id: tuple(
            sorted(
                Unread(*name, _unknown_money(name, ids, money, known[return_id].get(name), accounts))
                for name, ids in of.items()
            )
        )
        for return_id, of in newer.items()
    }


def _newer(waiting: Iterable[Waits], known: Mapping[Name, Observation]) -> dict[Name, list[int]]:
    """The messages of each object, oldest first, as far as nothing newer of the same was understood."""
    found: dict[Name, list[int]] = {}
    for message, name, read_seq, at in waiting:
        o = known.get(name)
        if o is None or (o.read_seq < read_seq if read_seq is not None else o.seen_at is None or o.seen_at < at):
            found.setdefault(name, []).append(message)
    return found


def _tells_money(name: Name, accounts: Mapping[str, Account]) -> bool:
    account = accounts.get(name[0])
    return account is not None and account.dictionary.tells_money(name[1])


def _money_parts(
    conn: Connection, waiting: Iterable[tuple[Name, Sequence[int]]], accounts: Mapping[str, Account]
) -> dict[int, Fragment]:
    """By message: its money parts, where they can be read."""
    named = {message: name for name, ids in waiting if _tells_money(name, accounts) for message in ids[-MOST:]}
    found = {}
    for message, body in invalid.bodies(conn, named, BYTES).items():
        account, stream, _ = named[message]
        fragment = money_in(accounts[account], stream, body)
        if fragment is not None:
            found[message] = fragment
    return found


def _unknown_money(
    name: Name,
    ids: Sequence[int],
    money: Mapping[int, Fragment],
    known: Observation | None,
    accounts: Mapping[str, Account],
) -> str:
    if not _tells_money(name, accounts):
        return ""
    return unread.unknown_money([(n, money.get(n)) for n in ids[-MOST:]], known, ids[0] if len(ids) > MOST else None)
