"""how many webhooks were refused since one was taken"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column(
        "webhooks",
        sa.Column(
            "in_row",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="since one of the account's was taken; 0 where it was taken",
        ),
    )
    op.execute(
        "UPDATE webhooks w SET in_row = count WHERE status >= 300 AND NOT EXISTS (SELECT FROM webhooks taken"
        " WHERE taken.account = w.account AND taken.status < 300 AND taken.last_at >= w.first_at)"
    )
