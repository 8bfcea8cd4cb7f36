"""The words by which people find a return: each, and what stands in it behind a sign or behind its first letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from hub.model.privacy.erasing import addresses, may_hold
from hub.store.connection import Connection

MOST = 1_000
"""Returns that a word finds; one that finds more says too little to begin with."""
SHORTEST, LONGEST = 3, 100
"""Characters of a part that is a word by itself, and of a word that are looked at."""

_INSIDE = re.compile(r"(?<=[\W_])(?=[^\W_])|(?<=^)[^\W\d_]+(?=\d)")
_LAST = "\U0010ffff"
"""Sorts behind every character."""


def words(text: str) -> set[str]:
    """Of a text in lower case: `#ret-1001` is found by `#ret-1001`, `ret-1001` and `1001`, and by how these begin.

    What holds an e-mail address is no word: its parts would outlive an erasure.
    """
    found = set()
    for word in (whole[:LONGEST] for whole in text.split() if not (may_hold(whole) and addresses(whole))):
        ends = (match.end() for match in _INSIDE.finditer(word))
        found |= {word, *(part for end in ends if len(part := word[end:]) >= SHORTEST)}
    return found


def keep(conn: Connection, texts: Mapping[int, str], before: Mapping[int, str]) -> None:
    """By these texts (lower case) these returns, which the caller holds, are found from now on, and by nothing else;
    `before`: by which they were. What stays the same costs nothing."""
    changed = [return_id for return_id, text in texts.items() if text != before.get(return_id, "")]
    now = {(word, return_id) for return_id in changed for word in words(texts[return_id])}
    then = {(word, return_id) for return_id in changed for word in words(before.get(return_id, ""))}
    if come := sorted(now - then):
        conn.exec_driver_sql(
            "INSERT INTO search_words (word, return_id) SELECT * FROM unnest(%(w)b::text[], %(r)b::bigint[])"
            " ON CONFLICT DO NOTHING",
            {"w": [word for word, _ in come], "r": [return_id for _, return_id in come]},
        )
    if gone := sorted(then - now):
        conn.exec_driver_sql(
            "DELETE FROM search_words s USING unnest(%(w)b::text[], %(r)b::bigint[]) AS n(word, return_id)"
            " WHERE (s.word, s.return_id) = (n.word, n.return_id)",
            {"w": [word for word, _ in gone], "r": [return_id for _, return_id in gone]},
        )


def find(conn: Connection, beginnings: Sequence[str]) -> list[int] | None:
    """Returns that may have a word beginning with each of these: those of the rarest one. None: each has too many."""
    rarest: list[int] | None = None
    for beginning in beginnings:
        found = conn.exec_driver_sql(
            "SELECT return_id FROM search_words WHERE word >= %(b)s AND word < %(e)s LIMIT %(n)s",
            {"b": beginning[:LONGEST], "e": beginning[:LONGEST] + _LAST, "n": MOST + 1},
        ).scalars()
        if len(found) <= MOST and (rarest is None or len(found) < len(rarest)):
            rarest = found
    return rarest


def open_under(conn: Connection, texts: Iterable[str]) -> set[int]:
    """Open returns in whose numbers one of these texts (lower case) stands as a word; of very many the newest."""
    wanted = sorted({text for text in texts if text.strip()})
    if not wanted:
        return set()
    found = conn.exec_driver_sql(
        "SELECT r.id FROM unnest(%(t)b::text[], %(w)b::text[]) AS n(text, word)"
        " CROSS JOIN LATERAL (SELECT return_id FROM search_words s WHERE s.word = n.word"
        " ORDER BY return_id DESC LIMIT %(n)s) AS s JOIN returns r ON r.id = s.return_id AND r.is_open"
        " WHERE position(' ' || n.text || ' ' IN ' ' || r.search || ' ') > 0",
        {"t": wanted, "w": [max(text.split(), key=len)[:LONGEST] for text in wanted], "n": MOST},
    )
    return set(found.scalars())
