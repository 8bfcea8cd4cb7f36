"""which orders go by which number, and numbers in their normal form"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from hub.model.language.spelling import order_number

revision = "0005"
down_revision = "0004"

NUMBER = "order_number"


def upgrade() -> None:
    op.create_table(
        "bearers",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="in its normal form"),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "number", "account", "stream", "external_id", name=op.f("bearers_pkey")),
        comment="which order records go by which number: one that two of an account share is no key",
    )
    op.create_index(op.f("bearers_account_stream_external_id_idx"), "bearers", ["account", "stream", "external_id"])
    conn = op.get_bind()
    _fill(conn)
    _respell(conn)


def _fill(conn: sa.Connection) -> None:
    records = conn.exec_driver_sql(
        "SELECT account, stream, external_id, fragment FROM observations"
        " WHERE order_id IS NOT NULL AND return_id IS NULL AND NOT gone",
        execution_options={"yield_per": 500},
    )
    rows = []
    for account, stream, external_id, fragment in records:
        told = json.loads(bytes(fragment))
        if told.get("order") is None or told.get("orders"):
            continue
        rows += [
            (key.get("issuer") or account, order_number(key["value"]), account, stream, external_id)
            for key in told.get("keys", ())
            if key["type"] == NUMBER
        ]
    for row in rows:
        conn.exec_driver_sql("INSERT INTO bearers VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", row)


def _respell(conn: sa.Connection) -> None:
    """Keys are looked up in the normal form, so those that were stored as written move to it."""
    old = conn.exec_driver_sql(
        "SELECT issuer, value, order_id FROM keys WHERE type = %s AND order_id IS NOT NULL ORDER BY order_id", (NUMBER,)
    ).all()
    for issuer, value, order_id in old:
        normal = order_number(value)
        if normal == value:
            continue
        conn.exec_driver_sql("DELETE FROM keys WHERE (issuer, type, value) = (%s, %s, %s)", (issuer, NUMBER, value))
        conn.exec_driver_sql(
            "INSERT INTO keys (issuer, type, value, order_id) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (issuer, NUMBER, normal, order_id),
        )
