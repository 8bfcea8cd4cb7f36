"""a million returns: lists and counts by indexes, what is many counted as it changes, returns found by words

6 s per 100,000 returns (`make bench ARGS="--only upgrade"`, with all that comes after it), a quarter of it the words.
Until then nobody else gets at the tables: it rewrites `sync`, and all is one transaction.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

SHOWN = (
    "CASE WHEN state IN ('in_sync', 'untold') AND wanted > done THEN 'pending'"
    " WHEN state = 'in_sync' AND jsonb_array_length(undeliverable) > 0 THEN 'blocked' ELSE state END"
)
ALONE = "merged_into IS NULL AND doc IS NOT NULL"
DROPPED = (
    "returns_at_idx",
    "returns_status_idx",
    "returns_asking_idx",
    "sync_state_idx",
    "attempts_account_at_idx",
    "reviews_open_idx",
)
INDEXES = {
    "jobs_account_kind_due_idx": "jobs (account, kind, due)",
    "jobs_failing_idx": "jobs (account) WHERE kind IN ('poll', 'fetch') AND attempts >= 3",
    "inbox_refused_idx": "inbox (account, id) WHERE state = 'invalid'",
    "returns_opened_idx": "returns (at, id) WHERE opened",
    "returns_status_idx": "returns (status, at, id) WHERE opened",
    "returns_unbound_idx": f"returns (at, id) WHERE NOT opened AND {ALONE}",
    "returns_discrepant_idx": f"returns (at, id) WHERE discrepancies > 0 AND {ALONE}",
    "returns_asking_idx": "returns (id) WHERE questions > 0 AND merged_into IS NULL",
    "sync_account_shown_return_id_idx": "sync (account, shown, return_id)",
    "sync_money_idx": """sync (account) WHERE undeliverable @> '[{"said": {"code": "money_in_flight"}}]'""",
    "sync_over_budget_idx": "sync (account) WHERE state = 'pending' AND said ->> 'code' = 'over_budget'",
    "intents_stuck_idx": "intents (account, id) WHERE state IN ('dead', 'unknown')",
    "intents_overdue_idx": "intents (deadline) WHERE state IN ('open', 'sent', 'unknown')"
    " OR (state = 'given_up' AND progress <> '{}'::jsonb)",
    "intents_paying_idx": "intents (account, (operation ->> 'payment'))"
    " WHERE kind = 'refund' AND state IN ('open', 'waiting', 'sent', 'unknown', 'dead')",
    "intents_awaited_idx": "intents USING gin ((reply -> 'read_back')) WHERE state = 'sent'",
    "intents_over_idx": "intents (changed_at) WHERE state IN ('done', 'dropped')",
    "attempts_account_id_idx": "attempts (account, id)",
    "attempts_over_budget_idx": "attempts (account, at) WHERE outcome = 'OverBudget'",
    "reviews_open_idx": "reviews (kind, id) WHERE state = 'open'",
    "reviews_queue_idx": "reviews (id) WHERE state = 'open'",
    "reviews_over_idx": "reviews (id) WHERE state <> 'open'",
    "ticks_at_idx": "ticks (at)",
    "reviews_about_idx": "reviews USING gin (returns jsonb_path_ops) WHERE state = 'open'",
}
COUNTED = {"returns": ("''", "status", "opened"), "sync": ("account", "shown", "true")}
EVENTS = {"insert": ("came",), "update": ("came", "went"), "delete": ("went",)}
SIGN = {"came": "1", "went": "-1"}
NAMED = {"came": "NEW TABLE AS came", "went": "OLD TABLE AS went"}

AT_ONCE = 10_000
INSIDE = re.compile(r"(?<=[\W_])(?=[^\W_])|(?<=^)[^\W\d_]+(?=\d)")
ADDRESS = re.compile(
    r"[@\uff20\ufe6b]|%(?:25)*40|\\u(?:0040|ff20|fe6b)|&#0*64;|&#x0*40;|&commat;|%(?:25)*b[c9]%(?:25)*a[0b]"
)


def upgrade() -> None:
    op.add_column(
        "sync", sa.Column("shown", sa.Text(), sa.Computed(SHOWN, persisted=True), comment="state, as people see it")
    )
    op.create_table(
        "search_words",
        sa.Column(
            "word",
            sa.Text(collation="C"),
            primary_key=True,
            comment="in lower case: of `search`, or a part of such a word",
        ),
        sa.Column("return_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.PrimaryKeyConstraint("word", "return_id", name=op.f("search_words_pkey")),
        comment="what people type to find a return; a word that it has no more may still be here",
    )
    op.create_table(
        "counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="returns | sync: the table"),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="so many more, or fewer"),
        sa.PrimaryKeyConstraint("id", name=op.f("counts_pkey")),
        comment="what one statement changed, written by triggers; the sum is how many there are",
    )
    op.create_table(
        "held_names",
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("held_names_pkey")),
        prefixes=["UNLOGGED"],
        comment="names that a transaction is working on; never a row that others see",
    )
    for name in DROPPED:
        op.drop_index(name)
    for name, on in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {on}")
    for table in COUNTED:
        _count(table)
    _find()


def _count(table: str) -> None:
    account, state, where = COUNTED[table]
    op.execute(
        f"INSERT INTO counts (what, account, state, number) SELECT '{table}', {account}, {state}, count(*) FROM {table}"
        f" WHERE {where} GROUP BY 2, 3"
    )
    for action, sides in EVENTS.items():
        rows = " UNION ALL ".join(
            f"SELECT {account} AS a, {state} AS s, {SIGN[side]} AS n FROM {side} WHERE {where}" for side in sides
        )
        named = f"count_{table}_{action}"
        op.execute(
            f"CREATE FUNCTION {named}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO counts (what, account, state, number)"
            f" SELECT '{table}', a, s, sum(n) FROM ({rows}) AS changed GROUP BY a, s HAVING sum(n) <> 0;"
            " RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {named} AFTER {action.upper()} ON {table}"
            f" REFERENCING {' '.join(NAMED[side] for side in sides)} FOR EACH STATEMENT EXECUTE FUNCTION {named}()"
        )


def _find() -> None:
    """The words of the returns that are there already."""
    conn, last = op.get_bind(), 0
    page = sa.text("SELECT id, search FROM returns WHERE id > :last ORDER BY id LIMIT :n")
    while rows := conn.execute(page, {"last": last, "n": AT_ONCE}).all():
        last = rows[-1][0]
        words = sorted({(word, return_id) for return_id, text in rows for word in _words(text)})
        conn.execute(
            sa.text(
                "INSERT INTO search_words (word, return_id)"
                " SELECT * FROM unnest(CAST(:w AS text[]), CAST(:r AS bigint[]))"
            ),
            {"w": [word for word, _ in words], "r": [return_id for _, return_id in words]},
        )


def _words(text: str) -> set[str]:
    found = set()
    for word in (whole[:100] for whole in text.split() if not ADDRESS.search(whole)):
        ends = (match.end() for match in INSIDE.finditer(word))
        found |= {word, *(part for end in ends if len(part := word[end:]) >= 3)}
    return found
