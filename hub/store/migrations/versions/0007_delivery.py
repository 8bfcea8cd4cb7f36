"""what is known of a write: whether it may have had an effect, how often it was tried and looked for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column(
        "intents",
        sa.Column(
            "possible",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a call may have had an effect that nothing has shown or ruled out",
        ),
    )
    op.add_column(
        "intents",
        sa.Column(
            "refused",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a repetition of such a call was",
        ),
    )
    op.add_column(
        "intents",
        sa.Column(
            "tries",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="calls since the last answered step",
        ),
    )
    op.add_column(
        "intents",
        sa.Column(
            "misses",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="looks that failed since the last call",
        ),
    )
    op.alter_column(
        "intents",
        "state",
        existing_type=sa.Text(),
        existing_nullable=False,
        existing_server_default="open",
        comment="open | waiting | held | sent | unknown | dead | done | given_up | dropped",
        existing_comment="open | waiting | sent | unknown | dead | done | given_up | dropped",
    )
    # What was under way when this version began may have had an effect: nobody wrote down otherwise.
    op.execute(
        "UPDATE intents SET possible = true, tries = attempts"
        " WHERE state IN ('open', 'waiting', 'unknown', 'sent', 'dead')"
    )
