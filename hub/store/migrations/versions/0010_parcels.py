"""which records tell of which parcel"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from hub.model.language.spelling import tracking

revision = "0010"
down_revision = "0009"

ALONE = ("lines", "receipts", "inspections", "dispositions", "refunds", "credits", "replacements", "order")


def upgrade() -> None:
    op.create_table(
        "parcels",
        sa.Column("number", sa.Text(), nullable=False, comment="in its normal form"),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False, comment="the record tells of nothing but parcels"),
        sa.PrimaryKeyConstraint("number", "account", "stream", "external_id", name=op.f("parcels_pkey")),
        comment="which records tell of which parcel that comes back: one may hold the goods of several returns",
    )
    op.create_index(op.f("parcels_account_stream_external_id_idx"), "parcels", ["account", "stream", "external_id"])
    conn = op.get_bind()
    records = conn.exec_driver_sql(
        "SELECT account, stream, external_id, fragment FROM observations"
        " WHERE return_id IS NOT NULL AND position('\"shipments\"' IN convert_from(fragment, 'UTF8')) > 0",
        execution_options={"yield_per": 500},
    )
    rows = set()
    for account, stream, external_id, fragment in records:
        told = json.loads(bytes(fragment))
        alone = told.get("origin") is None and not any(told.get(kind) for kind in ALONE)
        for parcel in told.get("shipments") or ():
            if parcel.get("number") and parcel["direction"] == "return":
                rows.add((tracking(parcel["number"]), account, stream, external_id, alone))
    for row in sorted(rows):
        conn.exec_driver_sql("INSERT INTO parcels VALUES (%s, %s, %s, %s, %s)", row)
