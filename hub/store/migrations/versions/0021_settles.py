"""until when the effect of a write may be on its way"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column(
        "intents",
        sa.Column(
            "settles_at", sa.DateTime(timezone=True), comment="until then the effect of a call may be on its way"
        ),
    )
