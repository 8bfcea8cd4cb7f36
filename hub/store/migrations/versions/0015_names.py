"""what is not understood is known by the returns and orders that it names all the same"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column(
        "inbox", sa.Column("names", JSONB(), comment="of what is invalid: the names that could be read all the same")
    )
    op.create_index(
        "inbox_named_idx", "inbox", ["names"], postgresql_using="gin", postgresql_where=sa.text("names IS NOT NULL")
    )
