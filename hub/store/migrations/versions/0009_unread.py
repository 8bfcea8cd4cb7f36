"""what is not understood is found by what it is about"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index(
        "inbox_invalid_idx",
        "inbox",
        ["account", "stream", "external_id"],
        postgresql_where=sa.text("state = 'invalid'"),
    )
