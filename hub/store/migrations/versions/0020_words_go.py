"""a return that became part of another is found by no word any more"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

AT_ONCE = 10_000
INSIDE = re.compile(r"(?<=[\W_])(?=[^\W_])|(?<=^)[^\W\d_]+(?=\d)")


def upgrade() -> None:
    op.create_table_comment("search_words", "what people type to find a return")
    conn = op.get_bind()
    page = sa.text(
        "WITH page AS MATERIALIZED (SELECT id, search FROM returns WHERE merged_into IS NOT NULL AND search <> ''"
        " LIMIT :n), emptied AS (UPDATE returns r SET search = '' FROM page WHERE r.id = page.id)"
        " SELECT id, search FROM page"
    )
    while rows := conn.execute(page, {"n": AT_ONCE}).all():
        words = sorted({(word, return_id) for return_id, text in rows for word in _words(text)})
        conn.execute(
            sa.text(
                "DELETE FROM search_words s"
                " USING unnest(CAST(:w AS text[]), CAST(:r AS bigint[])) AS n(word, return_id)"
                " WHERE (s.word, s.return_id) = (n.word, n.return_id)"
            ),
            {"w": [word for word, _ in words], "r": [return_id for _, return_id in words]},
        )


def _words(text: str) -> set[str]:
    """At least those that were written: what is no word is not there."""
    found = set()
    for word in (whole[:100] for whole in text.split()):
        ends = (match.end() for match in INSIDE.finditer(word))
        found |= {word, *(part for end in ends if len(part := word[end:]) >= 3)}
    return found
