"""tables, columns and words have the field's names: jobs, read sequence, duplicate facts, blocked links"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = {
    "lanes": "jobs",
    "hints": "typed_references",
    "cuts": "blocked_links",
    "twins": "duplicate_facts",
}
COLUMNS = (
    ("jobs", "solo", "quarantined"),
    ("ticks", "job", "task"),
    ("inbox", "ticket", "read_seq"),
    ("raw", "ticket", "read_seq"),
    ("observations", "ticket", "read_seq"),
    ("sync", "lane", "job"),
    ("sync", "residue", "undeliverable"),
    ("returns", "ties", "bindings"),
    ("returns", "founded", "opened"),
    ("returns", "founded_at", "opened_at"),
)
INDEXES = (
    ("lanes_pkey", "jobs_pkey"),
    ("lanes_kind_account_key_key", "jobs_kind_account_key_key"),
    ("lanes_due_idx", "jobs_due_idx"),
    ("hints_pkey", "typed_references_pkey"),
    ("cuts_pkey", "blocked_links_pkey"),
    ("twins_pkey", "duplicate_facts_pkey"),
    ("twins_return_id_idx", "duplicate_facts_return_id_idx"),
)
SEQUENCES = (
    ("tickets", "read_sequence"),
    ("lanes_id_seq", "jobs_id_seq"),
    ("twins_id_seq", "duplicate_facts_id_seq"),
)
KINDS = (("read", "process"), ("tell", "deliver"), ("weigh", "recompute"))
DOCUMENTS = (
    ("returns", "doc", "possible_twins", "possible_duplicates"),
    ("returns", "doc", "twins_differ", "duplicates_differ"),
    ("returns", "doc", "founder", "origin_account"),
    ("returns", "doc", "weak", "provisional"),
    ("returns", "doc", "firm", "confirmed"),
    ("returns", "bindings", "weak", "links"),
    ("returns", "bindings", "ripe_at", "matures_at"),
    ("returns", "bindings", "firm", "confirmed"),
    ("observations WHERE account = 'hub'", "fragment", "possible_twins", "possible_duplicates"),
    ("observations WHERE account = 'hub'", "fragment", "founded", "opened"),
)
"""Stored documents, and what people answered: a key or a word of ours by its older and its new name."""


def upgrade() -> None:
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, old, new in COLUMNS:
        op.alter_column(table, old, new_column_name=new)
    for old, new in INDEXES:
        op.execute(f"ALTER INDEX {old} RENAME TO {new}")
    for old, new in SEQUENCES:
        op.execute(f"ALTER SEQUENCE {old} RENAME TO {new}")
    op.execute("COMMENT ON COLUMN jobs.kind IS 'process | fetch | poll | deliver | recompute'")
    op.execute("COMMENT ON COLUMN inbox.state IS 'new | waiting (has a job) | invalid'")
    op.execute("COMMENT ON COLUMN sync.job IS 'key of its outbound job'")
    # A row's counts change with every plan, so an index that names them keeps each change from being cheap.
    op.drop_index("sync_lane_idx")
    op.create_index("sync_job_idx", "sync", ["account", "job"])
    op.drop_table("mappings")
    op.drop_index("orders_number_idx")
    op.drop_column("orders", "number")
    op.drop_column("orders", "home")
    for old, new in KINDS:
        op.execute(f"UPDATE jobs SET kind = '{new}' WHERE kind = '{old}'")
        op.execute(
            f"UPDATE reviews SET said = jsonb_set(said, '{{values,work}}', '\"{new}\"')"
            f" WHERE kind = 'stuck' AND said->'values'->>'work' = '{old}'"
        )
    op.execute("UPDATE journal SET stage = 'deliver' WHERE stage = 'tell'")
    op.execute(
        "UPDATE reviews SET detail = (detail - 'lane') || jsonb_build_object('job', detail->'lane'),"
        " dedupe = regexp_replace(dedupe, '^lane:', 'job:') WHERE kind = 'stuck'"
    )
    op.execute(
        "UPDATE intents SET reply = (reply - 'ticket') || jsonb_build_object('read_seq', reply->'ticket')"
        " WHERE reply ? 'ticket'"
    )
    for rows, column, old, new in DOCUMENTS:
        table, _, where = rows.partition(" WHERE ")
        op.execute(
            f"UPDATE {table} SET {column} = convert_to(replace(convert_from({column}, 'UTF8'),"
            f" '\"{old}\"', '\"{new}\"'), 'UTF8')"
            f" WHERE position('\"{old}\"'::bytea IN {column}) > 0 AND {where or 'true'}"
        )
    op.execute(
        "UPDATE accounts SET terms = jsonb_set(terms, '{listens}', (terms->'listens') - 'founded' || '[\"opened\"]')"
        " WHERE terms->'listens' ? 'founded'"
    )
    op.execute("UPDATE sync SET undeliverable = replace(undeliverable::text, '\"founded\"', '\"opened\"')::jsonb")
