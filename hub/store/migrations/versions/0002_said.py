"""what the hub says stands beside its English text as a sentence: a code and values"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

SAID = {
    "sync": "why, as a sentence of ours; null where it is the other system's own words",
    "intents": "error, as a sentence of ours; null where it is the other system's own words",
    "journal": "text, as sentences; of a merge the first names what brought it",
    "reviews": "text, as a sentence",
}


def upgrade() -> None:
    for table, comment in SAID.items():
        op.add_column(table, sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment=comment))
