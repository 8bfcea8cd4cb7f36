"""Questions that only a person can answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from hub.model.language.sentences import Sentence
from hub.store import documents
from hub.store.connection import Connection

Answer = Literal["linked", "apart", "done", "answered", "erased"]
"""What a person made of a question; `settled` are those that answered themselves."""


def ask(
    conn: Connection,
    kind: str,
    returns: list[int],
    question: Sentence,
    dedupe: str,
    detail: dict[str, Any],
    *,
    again: bool = False,
) -> None:
    """Put a question into the queue, once. Asked again after a person answered, it stays answered (but with `again`);
    one that had settled itself is open again."""
    text, said = documents.both(question)
    conn.exec_driver_sql(
        "INSERT INTO reviews (kind, returns, text, said, detail, dedupe)"
        " VALUES (%(k)s, %(r)s::jsonb, %(t)s, %(s)s::jsonb, %(d)s::jsonb, %(u)s) ON CONFLICT (dedupe) DO UPDATE"
        " SET state = 'open', returns = excluded.returns, text = excluded.text, said = excluded.said,"
        " detail = excluded.detail, at = clock_timestamp() WHERE reviews.state = 'settled' OR %(g)s",
        {
            "k": kind,
            "r": documents.text(returns),
            "t": text,
            "s": said,
            "d": documents.text(detail),
            "u": dedupe,
            "g": again,
        },
    )


def answer(conn: Connection, review_id: int, state: Answer) -> dict[str, Any] | None:
    """A person decided; the question as it stood, None where it was not open."""
    found = conn.exec_driver_sql(
        "UPDATE reviews SET state = %(s)s WHERE id = %(i)s AND state = 'open'"
        " RETURNING id, kind, returns, text, said, detail",
        {"s": state, "i": review_id},
    ).first()
    return None if found is None else found._asdict()


def get(conn: Connection, review_id: int) -> dict[str, Any] | None:
    """One question as it stands, or None."""
    found = conn.exec_driver_sql(
        "SELECT id, kind, returns, text, said, detail, state, at FROM reviews WHERE id = %(i)s", {"i": review_id}
    ).first()
    return None if found is None else found._asdict()


def is_open(conn: Connection, dedupe: str) -> bool:
    """Whether this question waits for an answer."""
    found = conn.exec_driver_sql("SELECT state = 'open' FROM reviews WHERE dedupe = %(u)s", {"u": dedupe})
    return bool(found.scalar())


def same(conn: Connection, kind: str, detail: dict[str, Any]) -> dict[str, Any] | None:
    """The open question of this kind that says this, too; None where there is none."""
    found = conn.exec_driver_sql(
        "SELECT dedupe, detail FROM reviews WHERE state = 'open' AND kind = %(k)s AND detail @> %(d)s::jsonb"
        " ORDER BY id",
        {"k": kind, "d": documents.text(detail)},
    ).first()
    return None if found is None else found._asdict()


def open_reviews(conn: Connection) -> list[dict[str, Any]]:
    """The queue, oldest first."""
    found = conn.exec_driver_sql(
        "SELECT id, kind, returns, text, said, detail, state, at FROM reviews WHERE state = 'open' ORDER BY id"
    )
    return [row._asdict() for row in found]


def close(conn: Connection, dedupe: str) -> None:
    """The question has answered itself."""
    close_all(conn, [dedupe])


def close_all(conn: Connection, dedupes: Sequence[str]) -> None:
    """These questions have answered themselves."""
    if dedupes:
        conn.exec_driver_sql(
            "UPDATE reviews SET state = 'settled' WHERE dedupe = ANY(%(u)b::text[]) AND state = 'open'",
            {"u": list(dedupes)},
        )


def close_outdated(conn: Connection, kind: str, about: Iterable[tuple[int, str]], still: Iterable[str]) -> None:
    """Open questions of this kind about these returns have answered themselves, but for `still` (dedupes).

    `about`: (return, account), or (return, "") where the account does not matter.
    """
    listed = sorted(set(about))
    if listed:
        conn.exec_driver_sql(
            "UPDATE reviews q SET state = 'settled'"
            " FROM unnest(%(r)b::bigint[], %(a)b::text[]) AS n(return_id, account)"
            " WHERE q.state = 'open' AND q.kind = %(k)s AND q.returns @> to_jsonb(n.return_id)"
            " AND n.account IN ('', q.detail->>'account') AND q.dedupe <> ALL(%(s)b::text[])",
            {
                "k": kind,
                "r": [return_id for return_id, _ in listed],
                "a": [account for _, account in listed],
                "s": sorted(set(still)),
            },
        )


def settle(conn: Connection, return_ids: tuple[int, ...], state: Answer) -> None:
    """A person answered by an act: the open questions that are about exactly these returns."""
    conn.exec_driver_sql(
        "UPDATE reviews SET state = %(s)s WHERE state = 'open' AND returns @> %(r)s::jsonb AND returns <@ %(r)s::jsonb",
        {"s": state, "r": documents.text(sorted(return_ids))},
    )
