"""a write for which the other system has no step is over: it cannot be told, and is no dead letter"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.alter_column(
        "intents",
        "state",
        existing_type=sa.Text(),
        existing_nullable=False,
        existing_server_default="open",
        comment="open | waiting | held | sent | unknown | dead | no_way | done | given_up | dropped",
        existing_comment="open | waiting | held | sent | unknown | dead | done | given_up | dropped",
    )
