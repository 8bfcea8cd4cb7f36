"""The PostgreSQL server the hub brings along; `HUB_DATABASE_URL` replaces it."""

from hub.postgres.errors import PostgresError
from hub.postgres.keeper import kept
from hub.postgres.server import Server

__all__ = ["PostgresError", "Server", "kept"]
