"""Provisional bindings: what may be one return, without proof, is bound provisionally, asked, or parted again.

Runs after the strong names are bound, on whatever is near the news: returns of the same orders, and numbers that
somebody typed. All of it is held, judged anew as a whole, and brought to what was decided. Nearly always nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hub.accounts import Account
from hub.model.identity.candidates import titles, typed_references
from hub.model.identity.names import own_name
from hub.model.schema.bindings import decode
from hub.pipeline.process.combine import combine
from hub.pipeline.process.near import lock_nearby
from hub.pipeline.process.rebind import Weighed, bring_about
from hub.store import bindings, returns, search_words
from hub.store.database import Connection, now
from hub.store.observations import Stored


def weigh(
    conn: Connection,
    accounts: Mapping[str, Account],
    return_ids: Iterable[int],
    news: Sequence[Stored] = (),
    fresh: Sequence[int] = (),
) -> Weighed:
    """Judge these returns and all that is near them, and bind, part or ask. `fresh`: those of them that begin now.

    Raises Moved where one of them went into another meanwhile.
    """
    ids = set(return_ids)
    numbers = [(record.return_id, title) for record in news if record.return_id for title in titles(record.observation)]
    typed = [(title, own_name(record.observation)) for record in news for title in typed_references(record.observation)]
    found = search_words.open_under(conn, (text for _, text in bindings.keep_typed(conn, typed)))
    pairs = bindings.neighbours(conn, ids, numbers)
    if not pairs and not found:
        return Weighed({}, frozenset(), fresh)
    # What is near something may become part of it, so it has to stand in a row that can be held.
    returns.begin(conn, fresh)
    near = {i for pair in pairs for i in pair}
    if found:
        near |= found | {r.return_id for r in news if r.return_id and typed_references(r.observation)}
    around = lock_nearby(conn, accounts, near, ids)
    return bring_about(conn, accounts, around)


def again(conn: Connection, accounts: Mapping[str, Account], return_ids: Iterable[int], because: str = "") -> set[int]:
    """Judge these returns and what is near them as if all were new, combine and plan them: which they were in the end.
    `because`: who wants it.

    Raises Moved where one of them went into another meanwhile.
    """
    ids = {row.merged_into or row.id for row in returns.read(conn, return_ids).values()}
    weighed = weigh(conn, accounts, ids)
    why = weighed.renumbered({return_id: [because] for return_id in ids}) if because else {}
    concerned = weighed.of(ids)
    combine(conn, concerned, accounts, why, replan=True, loud=concerned)
    return concerned


def maturing(conn: Connection, return_ids: Iterable[int]) -> dict[int, float]:
    """Of these returns those with a link that does not count yet: seconds until the first one does."""
    at, found = now(conn), {}
    for row in returns.read(conn, return_ids).values():
        links = decode(row.bindings).links if row.bindings else ()
        if waits := [(link.matures_at - at).total_seconds() for link in links if link.matures_at > at]:
            found[row.id] = min(waits)
    return found
