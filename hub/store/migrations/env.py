"""How Alembic reaches the database: over the connection that `hub.store.database.upgrade` opened and locked."""

from __future__ import annotations

from alembic import context

from hub.store.migrations import compared
from hub.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, include_object=compared)
with context.begin_transaction():
    context.run_migrations()
