"""of a total of goods: how many pieces of it are what other systems told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    total = sa.Column("total", JSONB(), comment="of the facts the one that is all that came of a line there")
    pieces = sa.Column("pieces", sa.Numeric(), comment="how many of that total are what the other facts tell")
    own = sa.Column("own", sa.Numeric(), comment="how many of that total were its account's own when it was told")
    for column in (total, pieces, own):
        op.add_column("twins", column)
