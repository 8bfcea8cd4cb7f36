"""the very same message that is not understood is one row, which counts how often it came"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "inbox",
        sa.Column(
            "times", sa.Integer(), server_default="1", nullable=False, comment="how often the very same was invalid"
        ),
    )
