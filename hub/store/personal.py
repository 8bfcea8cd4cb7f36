"""Where people's data lies: bodies, what was made of them, and what was written about them; read by pages, masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.model.schema.bindings import Name
from hub.store import documents
from hub.store.connection import Connection

PAGE = 500
"""Bodies in memory at a time."""


class StoredBody(NamedTuple):
    """A message of the archive (`raw`) or one that is not understood yet (`inbox`)."""

    table: str
    id: int
    account: str
    stream: str
    external_id: str
    body: bytes
    at: datetime

    @property
    def name(self) -> Name:
        return self.account, self.stream, self.external_id


_BODIES = " UNION ALL ".join(
    f"SELECT '{table}', id, account, stream, external_id, body, at FROM {table} WHERE body IS NOT NULL AND {{which}}"
    for table in ("raw", "inbox")
)


def scan(conn: Connection, streams: Iterable[tuple[str, str]] | None = None) -> Iterator[StoredBody]:
    """Every body of these (account, stream), of all if none are named, oldest first, a page in memory at a time."""
    listed = sorted(set(streams or ()))
    which = "id > %(n)s"
    if streams is not None:
        which += " AND (account, stream) IN (SELECT * FROM unnest(%(a)b::text[], %(s)b::text[]))"
    asked: dict[str, Any] = {"a": [pair[0] for pair in listed], "s": [pair[1] for pair in listed], "n": 0, "l": PAGE}
    while True:
        found = conn.exec_driver_sql(f"{_BODIES.format(which=which)} ORDER BY id LIMIT %(l)s", asked).all()
        yield from (StoredBody(*row) for row in found)
        if len(found) < PAGE:
            return
        asked["n"] = found[-1][1]


def bodies(conn: Connection, names: Iterable[Name]) -> list[StoredBody]:
    """Every body about these objects."""
    which = "(account, stream, external_id) IN (SELECT * FROM unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]))"
    return [StoredBody(*row) for row in conn.exec_driver_sql(_BODIES.format(which=which), _columns(names))]


def rewrite(conn: Connection, table: str, new: Sequence[tuple[int, bytes | None]]) -> None:
    """Bodies of `raw` or `inbox` by their numbers; None: forget it whole."""
    if new:
        conn.exec_driver_sql(
            f"UPDATE {table} t SET body = n.body FROM unnest(%(i)b::bigint[], %(b)b::bytea[]) AS n(id, body)"
            " WHERE t.id = n.id",
            {"i": [row[0] for row in new], "b": [row[1] for row in new]},
        )


def rename(conn: Connection, names: Mapping[int, str]) -> None:
    """What messages of the inbox are about, by their numbers."""
    conn.exec_driver_sql(
        "UPDATE inbox i SET external_id = n.name FROM unnest(%(i)b::bigint[], %(n)b::text[]) AS n(id, name)"
        " WHERE i.id = n.id AND i.external_id <> n.name",
        {"i": list(names), "n": list(names.values())},
    )


def known_as(conn: Connection, account: str, text: str) -> set[Name]:
    """The objects that this account calls so, and those of the order or return that it calls so."""
    found = conn.exec_driver_sql(
        "SELECT account, stream, external_id FROM observations WHERE (account, external_id) = (%(a)s, %(t)s)"
        " UNION SELECT o.account, o.stream, o.external_id FROM keys k JOIN observations o"
        " ON o.return_id = k.return_id OR o.order_id = k.order_id WHERE (k.issuer, k.value) = (%(a)s, %(t)s)",
        {"a": account, "t": text},
    )
    return {(row[0], row[1], row[2]) for row in found}


def of_return(conn: Connection, return_id: int) -> set[Name]:
    """The objects of one return."""
    found = conn.exec_driver_sql(
        "SELECT account, stream, external_id FROM observations WHERE return_id = %(r)s", {"r": return_id}
    )
    return {(row[0], row[1], row[2]) for row in found}


def objects(conn: Connection, account: str, after: tuple[str, str]) -> list[Name]:
    """The next of all objects that this account ever told of, by stream and id."""
    which = "account = %(a)s AND (stream, external_id) > (%(s)s, %(e)s)"
    found = conn.exec_driver_sql(
        " UNION ".join(
            f"SELECT account, stream, external_id FROM {t} WHERE {which}" for t in ("raw", "inbox", "observations")
        )
        + " ORDER BY 1, 2, 3 LIMIT %(l)s",
        {"a": account, "s": after[0], "e": after[1], "l": PAGE},
    )
    return [(row[0], row[1], row[2]) for row in found]


class Held(NamedTuple):
    """An object with the return, or the order, that it belongs to."""

    name: Name
    return_id: int | None
    order_id: int | None
    at: datetime


def family(conn: Connection, names: Iterable[Name]) -> list[Held]:
    """All that is known of the orders and returns of these objects: an order is one person's."""
    found = conn.exec_driver_sql(
        "WITH mine AS (SELECT return_id, order_id FROM observations"
        " JOIN unnest(%(a)b::text[], %(s)b::text[], %(e)b::text[]) AS n(account, stream, external_id)"
        " USING (account, stream, external_id)),"
        " orders_ AS (SELECT order_id FROM mine"
        " UNION SELECT ro.order_id FROM mine JOIN return_orders ro USING (return_id)),"
        " returns_ AS (SELECT return_id FROM mine"
        " UNION SELECT ro.return_id FROM orders_ JOIN return_orders ro USING (order_id))"
        " SELECT account, stream, external_id, return_id, order_id, seen_at FROM observations"
        " WHERE return_id IN (SELECT return_id FROM returns_) OR order_id IN (SELECT order_id FROM orders_)"
        " ORDER BY 1, 2, 3",
        _columns(names),
    )
    return [Held((row[0], row[1], row[2]), *row[3:]) for row in found]


# -- whose data was erased


def anything_erased(conn: Connection) -> bool:
    """Whether anybody's data ever was."""
    return bool(conn.exec_driver_sql("SELECT EXISTS (SELECT FROM erased)").scalar_one())


def remember(conn: Connection, digests: Iterable[bytes]) -> None:
    """What is known by these digests stays erased."""
    conn.exec_driver_sql(
        "INSERT INTO erased (digest) SELECT DISTINCT unnest(%(d)b::bytea[]) ON CONFLICT DO NOTHING",
        {"d": sorted(digests)},
    )


def remembered(conn: Connection, digests: Iterable[bytes]) -> set[bytes]:
    """Which of these digests are of something that was erased."""
    found = conn.exec_driver_sql(
        "SELECT digest FROM erased WHERE digest = ANY(%(d)b::bytea[])", {"d": sorted(set(digests))}
    )
    return {bytes(digest) for digest in found.scalars()}


# -- what was written about it

_WRITTEN: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("journal", "return_id = ANY(%(r)b::bigint[])", ("text", "detail", "said")),
    (
        "attempts",
        "return_id = ANY(%(r)b::bigint[]) OR (return_id IS NULL AND account = ANY(%(a)b::text[]))",
        ("error", "wire"),
    ),
    ("intents", "return_id = ANY(%(r)b::bigint[])", ("operation", "call", "progress", "reply", "error", "said")),
    ("sync", "return_id = ANY(%(r)b::bigint[])", ("planned", "undeliverable", "guard", "why", "said")),
    (
        "reviews",
        "detail->>'account' = ANY(%(a)b::text[])"
        " OR EXISTS (SELECT FROM jsonb_array_elements_text(returns) AS r WHERE r::bigint = ANY(%(r)b::bigint[]))",
        ("text", "detail", "said"),
    ),
    ("inbox", "account = ANY(%(a)b::text[])", ("error",)),
    ("jobs", "account = ANY(%(a)b::text[])", ("why",)),
    ("accounts", "name = ANY(%(a)b::text[])", ("state_why",)),
    ("webhooks", "account = ANY(%(a)b::text[])", ("why",)),
)
"""Per table which rows are looked at, and their columns of free text and of documents that may quote a record."""


def scrub(conn: Connection, said: Iterable[str], mask: str, returns: Iterable[int], accounts: Iterable[str]) -> None:
    """Mask these texts in everything that was written about these returns, and of talks with these accounts."""
    texts = sorted(set(said), key=len, reverse=True)
    if not texts:
        return
    ids = sorted(set(returns))
    # In a document's text a value stands as JSON writes it; which rows may hold one the server finds.
    likely = {re.escape(form) for text in texts for form in (text, documents.text(text)[1:-1])}
    asked = {"r": ids, "a": sorted(set(accounts)), "p": "|".join(sorted(likely))}
    exact = re.compile("|".join(map(_word, texts)), re.IGNORECASE)
    for table, which, columns in _WRITTEN:
        holds = " OR ".join(f"{column}::text ~* %(p)s" for column in columns)
        found = conn.exec_driver_sql(
            f"SELECT ctid::text, {', '.join(columns)} FROM {table} WHERE ({which}) AND ({holds}) FOR UPDATE", asked
        ).all()
        for place, *row in found:
            new = [_without(value, lambda text: exact.sub(mask, text)) for value in row]
            conn.exec_driver_sql(
                f"UPDATE {table} SET {', '.join(f'{column} = %({column})s' for column in columns)}"
                " WHERE ctid = %(ctid)s::tid",
                {
                    "ctid": place,
                    **{
                        column: value if value is None or isinstance(value, str) else documents.text(value)
                        for column, value in zip(columns, new, strict=True)
                    },
                },
            )


def _word(text: str) -> str:
    """A pattern for this text where it stands by itself: a name of three letters is not a part of another word."""
    before = r"(?<![0-9A-Za-z])" if text[0].isascii() and text[0].isalnum() else ""
    after = r"(?![0-9A-Za-z])" if text[-1].isascii() and text[-1].isalnum() else ""
    return f"{before}{re.escape(text)}{after}"


def _without(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {name: _without(inner, clean) for name, inner in value.items()}
    return [_without(inner, clean) for inner in value] if isinstance(value, list) else value


def _columns(names: Iterable[Name]) -> dict[str, list[str]]:
    wanted = sorted(set(names))
    return {"a": [n[0] for n in wanted], "s": [n[1] for n in wanted], "e": [n[2] for n in wanted]}
