"""how many questions a return waits for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column(
        "returns",
        sa.Column(
            "questions", sa.Integer(), server_default="0", nullable=False, comment="that wait for a person's answer"
        ),
    )
    op.execute(
        "UPDATE returns SET questions = (SELECT count(*) FROM"
        " jsonb_array_elements(convert_from(doc, 'UTF8')::jsonb->'discrepancies') one"
        " WHERE one ? 'question' AND one->>'kind' <> 'two_candidates') WHERE discrepancies > 0"
    )
    op.create_index("returns_asking_idx", "returns", ["id"], postgresql_where=sa.text("questions > 0"))
