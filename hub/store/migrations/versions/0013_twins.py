"""twins are the same event: that two facts are different is an answer, kept as such"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_column("twins", "same")
    op.alter_column(
        "twins",
        "source",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="intent:ID",
        existing_comment="intent:ID or hub:ID",
    )
    op.alter_column(
        "reviews",
        "kind",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="two_candidates | unknown_outcome | no_effect | ...",
        existing_comment="two_candidates | possible_twins | unknown_outcome | no_effect | ...",
    )
