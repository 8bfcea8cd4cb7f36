"""how webhooks were answered, and what of an account has been alerted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, comment="of the last one"),
        sa.Column("first_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("account", "status", name=op.f("webhooks_pkey")),
        comment="how an account's webhooks were answered",
    )
    op.add_column(
        "accounts",
        sa.Column(
            "alerted",
            sa.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="codes of the concerns that were told",
        ),
    )
