"""Every table on one page. Times are the database's clock; documents are JSON as written by msgspec."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Computed,
    Connection,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store import triggers

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

read_sequence = Sequence("read_sequence", metadata=metadata)
"""Drawn by every read before its request leaves: the higher read_seq is the newer truth. So it has no cache: with
one, each connection hands out numbers from a block of its own, and an older read could draw the higher read_seq."""


def _now() -> Column:  # type: ignore[type-arg]
    return Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("connector", Text, nullable=False),
    Column("mapping", Text, nullable=False),
    Column("settings", JSONB, nullable=False, server_default="{}"),
    Column("secrets", LargeBinary, comment="encrypted JSON of the manifest's secret settings"),
    Column("grants", LargeBinary, comment="encrypted tokens obtained with the secrets"),
    Column("terms", JSONB, nullable=False, server_default="{}", comment="decides, asked, listens, money, routes, ..."),
    Column("state", Text, nullable=False, server_default="healthy"),
    Column("state_why", Text),
    Column("state_since", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("blocked_until", DateTime(timezone=True)),
    Column("last_success", DateTime(timezone=True)),
    Column("last_heard", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column(
        "alerted",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="codes of the concerns that were told",
    ),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("account", Text, primary_key=True),
    Column("status", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("why", Text, nullable=False, comment="of the last one"),
    Column("first_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("last_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column(
        "in_row",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="since one of the account's was taken; 0 where it was taken",
    ),
    comment="how an account's webhooks were answered",
)

cursors = Table(
    "cursors",
    metadata,
    Column("account", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("cursor", Text),
    _now(),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False, comment="process | fetch | poll | deliver | recompute"),
    Column("account", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("wanted", BigInteger, nullable=False, server_default="1"),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", DateTime(timezone=True)),
    Column("token", BigInteger, nullable=False, server_default="0"),
    Column("worker", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("crashes", Integer, nullable=False, server_default="0"),
    Column("quarantined", Boolean, nullable=False, server_default=false()),
    Column("why", Text),
    UniqueConstraint("kind", "account", "key"),
    Index("jobs_due_idx", "kind", "due", "id"),
    Index(None, "account", "kind", "due"),
    Index("jobs_failing_idx", "account", postgresql_where=text("kind IN ('poll', 'fetch') AND attempts >= 3")),
    postgresql_with={
        "fillfactor": "70",
        "autovacuum_vacuum_scale_factor": "0.02",
        "autovacuum_vacuum_threshold": "500",
        "autovacuum_vacuum_cost_delay": "0",
    },
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("via", Text, nullable=False, comment="push | poll | fetch | again (a duplicate of what is invalid)"),
    Column("notification", Boolean, nullable=False, server_default=false()),
    Column("body", LargeBinary),
    Column("version", Text),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Column("read_seq", BigInteger),
    Column(
        "dedupe", LargeBinary, comment="its entry in `seen`; a unique index here would make accepting wait for workers"
    ),
    Column("state", Text, nullable=False, server_default="new", comment="new | waiting (has a job) | invalid"),
    Column("error", JSONB),
    _now(),
    Column("times", Integer, nullable=False, server_default="1", comment="how often the very same was invalid"),
    Column("names", JSONB, comment="of what is invalid: the names that could be read all the same"),
    Index("inbox_new_idx", "id", postgresql_where=text("state = 'new'")),
    Index("inbox_object_idx", "account", "stream", "external_id"),
    Index("inbox_invalid_idx", "account", "stream", "external_id", postgresql_where=text("state = 'invalid'")),
    Index("inbox_refused_idx", "account", "id", postgresql_where=text("state = 'invalid'")),
    Index("inbox_named_idx", "names", postgresql_using="gin", postgresql_where=text("names IS NOT NULL")),
)

raw = Table(
    "raw",
    metadata,
    Column("id", BigInteger, nullable=False, comment="the number the message had in the inbox"),
    Column("account", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("body", LargeBinary),
    Column("version", Text),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Column("read_seq", BigInteger),
    Column("return_id", BigInteger),
    Column(
        "at", DateTime(timezone=True), nullable=False, comment="when it was accepted; the month names its partition"
    ),
    PrimaryKeyConstraint("id", "at"),
    Index(None, "account", "stream", "external_id"),
    Index(None, "return_id"),
    postgresql_partition_by="RANGE (at)",
)

seen = Table(
    "seen",
    metadata,
    Column("account", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("day", Date, nullable=False, server_default=func.current_date()),
    Index(None, "day"),
)

erased = Table(
    "erased",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="keyed: whose data was erased, so that it stays erased"),
    _now(),
)

observations = Table(
    "observations",
    metadata,
    Column("account", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("read_seq", BigInteger, nullable=False),
    Column("version", Text),
    Column("mapping", Text, nullable=False),
    Column("fragment", LargeBinary, nullable=False),
    Column("digest", LargeBinary, comment="of the body it was made from: the same body again says nothing new"),
    Column("gone", Boolean, nullable=False, server_default=false()),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("return_id", BigInteger),
    Column("order_id", BigInteger),
    Index(None, "return_id"),
    Index(None, "order_id"),
    postgresql_with={"fillfactor": "80"},
)

orders = Table(
    "orders",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("merged_into", BigInteger),
    _now(),
)

_ALONE = "merged_into IS NULL AND doc IS NOT NULL"

returns = Table(
    "returns",
    metadata,
    Column("id", BigInteger, Identity(start=1001), primary_key=True),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Column("doc", LargeBinary),
    Column("status", Text, nullable=False, server_default="draft"),
    Column(
        "opened",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="false: records that belong together, no return yet",
    ),
    Column("is_open", Boolean, nullable=False, server_default=false(), comment="something may still happen"),
    Column("kind", Text),
    Column("order_number", Text),
    Column("search", Text, nullable=False, server_default=""),
    Column("discrepancies", Integer, nullable=False, server_default="0"),
    Column("merged_into", BigInteger),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    _now(),
    Column("bindings", LargeBinary, comment="what binds it weakly, what it was split from; none for nearly all"),
    Column("questions", Integer, nullable=False, server_default="0", comment="that wait for a person's answer"),
    Index("returns_opened_idx", "at", "id", postgresql_where=text("opened")),
    Index("returns_status_idx", "status", "at", "id", postgresql_where=text("opened")),
    Index("returns_unbound_idx", "at", "id", postgresql_where=text(f"NOT opened AND {_ALONE}")),
    Index("returns_discrepant_idx", "at", "id", postgresql_where=text(f"discrepancies > 0 AND {_ALONE}")),
    Index("returns_open_idx", "id", postgresql_where=text("is_open")),
    Index("returns_asking_idx", "id", postgresql_where=text("questions > 0 AND merged_into IS NULL")),
    postgresql_with={"fillfactor": "80"},
)

search_words = Table(
    "search_words",
    metadata,
    Column(
        "word", Text(collation="C"), primary_key=True, comment="in lower case: of `search`, or a part of such a word"
    ),
    Column("return_id", BigInteger, primary_key=True, autoincrement=False),
    comment="what people type to find a return",
)

return_orders = Table(
    "return_orders",
    metadata,
    Column("return_id", BigInteger, primary_key=True),
    Column("order_id", BigInteger, primary_key=True),
    Index(None, "order_id"),
)

keys = Table(
    "keys",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("return_id", BigInteger),
    Column("order_id", BigInteger),
    Index(None, "return_id"),
    Index(None, "order_id"),
)

held_names = Table(
    "held_names",
    metadata,
    Column("name", Text(collation="C"), primary_key=True),
    prefixes=["UNLOGGED"],
    comment="names that a transaction is working on; never a row that others see",
)

blocked_links = Table(
    "blocked_links",
    metadata,
    Column("account", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("issuer", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    comment="a person split: this object does not belong to the return of this name, whatever it says",
)

typed_references = Table(
    "typed_references",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("text", Text, primary_key=True, comment="a number as somebody typed it, in lower case"),
    Column("account", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    comment="weak names, so that a number told later finds who had named it before",
)

bearers = Table(
    "bearers",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("number", Text, primary_key=True, comment="in its normal form"),
    Column("account", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Index(None, "account", "stream", "external_id"),
    comment="which order records go by which number: one that two of an account share is no key",
)

parcels = Table(
    "parcels",
    metadata,
    Column("number", Text, primary_key=True, comment="in its normal form"),
    Column("account", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("alone", Boolean, nullable=False, comment="the record tells of nothing but parcels"),
    Index(None, "account", "stream", "external_id"),
    comment="which records tell of which parcel that comes back: one may hold the goods of several returns",
)

facts = Table(
    "facts",
    metadata,
    Column("return_id", BigInteger, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("line", Text),
    Column("account", Text, nullable=False),
    Column("quantity", Numeric),
    Column("amount", Numeric),
    Column("currency", Text),
    Column("word", Text, comment="condition, disposition, result or state"),
    Column("happened_at", DateTime(timezone=True)),
    _now(),
)

duplicate_facts = Table(
    "duplicate_facts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("return_id", BigInteger, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("source", Text, nullable=False, comment="intent:ID"),
    Column("total", JSONB, comment="of the facts the one that is all that came of a line there"),
    Column("pieces", Numeric, comment="how many of that total are what the other facts tell"),
    Column("own", Numeric, comment="how many of that total were its account's own when it was told"),
    _now(),
    Index(None, "return_id"),
)

# A row may be written before its revision is carried out, and undeliverable is never shown as in sync.
_SHOWN = (
    "CASE WHEN state IN ('in_sync', 'untold') AND wanted > done THEN 'pending'"
    " WHEN state = 'in_sync' AND jsonb_array_length(undeliverable) > 0 THEN 'blocked' ELSE state END"
)

sync = Table(
    "sync",
    metadata,
    Column("return_id", BigInteger, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("job", Text, nullable=False, comment="key of its outbound job"),
    Column("wanted", BigInteger, nullable=False, server_default="0"),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("planned", JSONB, nullable=False, server_default="[]"),
    Column("undeliverable", JSONB, nullable=False, server_default="[]"),
    Column(
        "guard",
        JSONB,
        nullable=False,
        server_default="{}",
        comment="fingerprints of the last operations and their evidence",
    ),
    Column("why", Text),
    Column("not_before", DateTime(timezone=True)),
    _now(),
    Column("said", JSONB, comment="why, as a sentence of ours; null where it is the other system's own words"),
    Column("shown", Text, Computed(_SHOWN, persisted=True), comment="state, as people see it"),
    Index("sync_job_idx", "account", "job"),
    Index(None, "account", "shown", "return_id"),
    Index(
        "sync_money_idx",
        "account",
        postgresql_where=text("""undeliverable @> '[{"said": {"code": "money_in_flight"}}]'"""),
    ),
    Index(
        "sync_over_budget_idx",
        "account",
        postgresql_where=text("state = 'pending' AND said ->> 'code' = 'over_budget'"),
    ),
    postgresql_with={"fillfactor": "70", "autovacuum_vacuum_scale_factor": "0.05"},
)

intents = Table(
    "intents",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("return_id", BigInteger, nullable=False),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("round", Integer, nullable=False, server_default="1"),
    Column("operation", JSONB, nullable=False),
    Column("call", JSONB, nullable=False, comment="the same in the system's words"),
    Column("progress", JSONB, nullable=False, server_default="{}"),
    Column("reply", JSONB),
    Column(
        "state",
        Text,
        nullable=False,
        server_default="open",
        comment="open | waiting | held | sent | unknown | dead | no_way | done | given_up | dropped",
    ),
    Column("deadline", DateTime(timezone=True)),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    _now(),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("said", JSONB, comment="error, as a sentence of ours; null where it is the other system's own words"),
    Column(
        "possible",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="a call may have had an effect that nothing has shown or ruled out",
    ),
    Column("refused", Boolean, nullable=False, server_default=false(), comment="a repetition of such a call was"),
    Column("tries", Integer, nullable=False, server_default="0", comment="calls since the last answered step"),
    Column("misses", Integer, nullable=False, server_default="0", comment="looks that failed since the last call"),
    Column("settles_at", DateTime(timezone=True), comment="until then the effect of a call may be on its way"),
    Index(None, "return_id", "account"),
    Index(
        "intents_open_idx",
        "account",
        "state",
        postgresql_where=text("state IN ('open', 'waiting', 'sent', 'unknown', 'dead')"),
    ),
    Index("intents_stuck_idx", "account", "id", postgresql_where=text("state IN ('dead', 'unknown')")),
    Index(
        "intents_overdue_idx",
        "deadline",
        postgresql_where=text(
            "state IN ('open', 'sent', 'unknown') OR (state = 'given_up' AND progress <> '{}'::jsonb)"
        ),
    ),
    Index(
        "intents_paying_idx",
        "account",
        text("(operation ->> 'payment')"),
        postgresql_where=text("kind = 'refund' AND state IN ('open', 'waiting', 'sent', 'unknown', 'dead')"),
    ),
    Index(
        "intents_awaited_idx",
        text("(reply -> 'read_back')"),
        postgresql_using="gin",
        postgresql_where=text("state = 'sent'"),
    ),
    Index("intents_over_idx", "changed_at", postgresql_where=text("state IN ('done', 'dropped')")),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account", Text, nullable=False),
    Column("return_id", BigInteger),
    Column("intent", BigInteger),
    Column("what", Text, nullable=False, comment="poll return, fetch order order_01, receive, ..."),
    Column("outcome", Text, nullable=False),
    Column("error", Text),
    Column("wire", JSONB, nullable=False, server_default="[]", comment="requests and answers, redacted"),
    Column("took_ms", Integer),
    _now(),
    Index(None, "return_id"),
    Index(None, "account", "id"),
    Index(None, "at"),
    Index("attempts_over_budget_idx", "account", "at", postgresql_where=text("outcome = 'OverBudget'")),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("return_id", BigInteger),
    Column("account", Text),
    Column("stage", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", JSONB),
    _now(),
    Column("said", JSONB, comment="text, as sentences; of a merge the first names what brought it"),
    Index(None, "return_id", "id"),
    Index(None, "at"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False, comment="two_candidates | unknown_outcome | no_effect | ..."),
    Column("returns", JSONB, nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Column("state", Text, nullable=False, server_default="open"),
    Column("dedupe", Text, nullable=False, unique=True),
    _now(),
    Column("said", JSONB, comment="text, as a sentence"),
    Index("reviews_open_idx", "kind", "id", postgresql_where=text("state = 'open'")),
    Index("reviews_queue_idx", "id", postgresql_where=text("state = 'open'")),
    Index("reviews_over_idx", "id", postgresql_where=text("state <> 'open'")),
    Index(
        "reviews_about_idx",
        "returns",
        postgresql_using="gin",
        postgresql_ops={"returns": "jsonb_path_ops"},
        postgresql_where=text("state = 'open'"),
    ),
)

ticks = Table(
    "ticks",
    metadata,
    Column("task", Text, primary_key=True),
    Column("slot", BigInteger, primary_key=True),
    _now(),
    Index(None, "at"),
)

budgets = Table(
    "budgets",
    metadata,
    Column("account", Text, primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    Column("refilled_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("blocked_until", DateTime(timezone=True)),
)

counts = Table(
    "counts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("what", Text, nullable=False, comment="returns | sync: the table"),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("number", BigInteger, nullable=False, comment="so many more, or fewer"),
    comment="what one statement changed, written by triggers; the sum is how many there are",
)


@event.listens_for(metadata, "after_create")
def _count(_: MetaData, connection: Connection, **_more: object) -> None:
    for statement in triggers.statements():
        connection.exec_driver_sql(statement)
