"""A store in a database, SQLite or PostgreSQL."""

from wattcast.store.sql.sql_store import SqlStore

__all__ = ["SqlStore"]
