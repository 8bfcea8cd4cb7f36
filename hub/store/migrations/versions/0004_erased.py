"""whose data was erased, as keyed digests"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "erased",
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="keyed: whose data was erased, so that it stays erased",
        ),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("erased_pkey")),
    )
