"""weak bindings and relations; open questions by kind"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "returns",
        sa.Column(
            "ties",
            sa.LargeBinary(),
            nullable=True,
            comment="what binds it weakly, what it was split from; none for nearly all",
        ),
    )
    op.create_table(
        "hints",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="a number as somebody typed it, in lower case"),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "text", "account", "stream", "external_id", name=op.f("hints_pkey")),
        comment="weak names, so that a number told later finds who had named it before",
    )
    op.alter_column(
        "reviews",
        "kind",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="two_candidates | possible_twins | unknown_outcome | no_effect | ...",
        existing_comment="two_candidates | possible_twins | unknown_outcome | ...",
    )
    op.create_index("reviews_open_idx", "reviews", ["kind"], unique=False, postgresql_where=sa.text("state = 'open'"))
