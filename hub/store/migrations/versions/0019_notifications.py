"""a message that brings no record is a change notification"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.alter_column("inbox", "hint", new_column_name="notification")
