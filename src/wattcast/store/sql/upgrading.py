"""A database's schema, made or brought to the newest when the store is opened.

It happens in one transaction, one process at a time; a kill leaves the schema that was there.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from wattcast.errors import StoreError
from wattcast.store.sql.connecting import place_of
from wattcast.store.sql.relations import SCHEMA, SCHEMA_TABLE, metadata

MIGRATIONS = Path(__file__).parent / "migrations"


def is_newest(connection: Connection, url: URL) -> bool:
    """Whether the database has the newest schema; not where it is empty.

    Raises:
        StoreError: it has a newer one than is known here, or is another program's.
    """
    found = schema_of(connection)
    if found is None:
        _require_room(connection, url)
        return False
    if found != SCHEMA and found not in known():
        raise StoreError(f"the store {place_of(url)} was written by a newer wattcast", found=f"schema {found}",
                         expected=f"schema {SCHEMA} or older",
                         hint="install that version of wattcast or a newer one: pip install -U wattcast")
    return found == SCHEMA


def schema_of(connection: Connection) -> str | None:
    """What the database says of its schema; None if nothing."""
    if not inspect(connection).has_table(SCHEMA_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {SCHEMA_TABLE}"))
    return found


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema up within the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def known() -> tuple[str, ...]:
    """The schemas that are known here, oldest first."""
    return tuple(sorted(path.stem.rpartition("_")[2] for path in (MIGRATIONS / "versions").glob("schema_*.py")))


def _require_room(connection: Connection, url: URL) -> None:
    """In a server's database other programs may have their tables beside ours; a file belongs to one program."""
    there = set(inspect(connection).get_table_names())
    in_the_way = sorted(there & set(metadata.tables) if connection.dialect.name == "postgresql" else there)
    if in_the_way:
        raise StoreError(f"the database {place_of(url)} is another program's", found=f"tables {', '.join(in_the_way)}",
                         expected=f"a table {SCHEMA_TABLE}, or an empty database", hint="name another database")
