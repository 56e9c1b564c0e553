"""Locks of a PostgreSQL session, which the server takes back when the connection ends, however it ends.

As long as a thread holds one, all that it reads and writes goes over the connection that holds it: if that is lost,
the next write fails instead of counting without the lock.
"""

import hashlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from wattcast.errors import BusyError
from wattcast.locks import LIMIT, PATIENCE
from wattcast.store.sql.faults import lost, told_of

log = logging.getLogger("wattcast")

TIMED_OUT = "55P03"
"""PostgreSQL's code of a lock that was not to be had in time."""


class AdvisoryLocks:
    """Of one database. `connection` is the one on which this thread holds locks, if it does."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine, self._url = engine, url
        self._mine = threading.local()

    @property
    def connection(self) -> Connection | None:
        """
        Raises:
            StoreError: it is lost, and the locks with it.
        """
        held: Connection | None = getattr(self._mine, "connection", None)
        if held is not None and held.invalidated:
            raise lost(self._url)
        return held

    @contextmanager
    def held(self, name: str, what: str, *, patience: float = PATIENCE, limit: float = LIMIT) -> Iterator[None]:
        """Hold the lock `name`, which the same thread may hold already, over the block. One that is taken while another
        is held stays until that is given back.

        Raises:
            BusyError: another one still held it after `limit` seconds; `what` is what that is doing.
        """
        if self.connection is not None:
            self._require(name, what, patience, limit)
            yield
            return
        with told_of(self._url), self._engine.connect() as connection:
            self._mine.connection, self._mine.names = connection, set()
            try:
                self._require(name, what, patience, limit)
                yield
            finally:
                self._mine.connection = None
                _give_back(connection)

    def _require(self, name: str, what: str, patience: float, limit: float) -> None:
        if name not in self._mine.names:
            self._acquire(self._mine.connection, name, what, patience, limit)
            self._mine.names.add(name)

    def _acquire(self, connection: Connection, name: str, what: str, patience: float, limit: float) -> None:
        with told_of(self._url):
            if _within(connection, name, min(patience, limit)):
                return
            holder = _holder(connection, name)
            if limit > patience:
                log.info("waiting: %s by %s", what, holder)
                if _within(connection, name, limit - patience):
                    return
        raise BusyError(f"{what} by another process", found=holder,
                        hint="give the same command again when that has ended")


def _within(connection: Connection, name: str, seconds: float) -> bool:
    """Whether the lock could be had in so many seconds."""
    try:
        with connection.begin():
            connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"),
                               {"wait": f"{max(int(1000 * seconds), 1)}ms"})
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(name)})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != TIMED_OUT:
            raise
        return False
    return True


def _give_back(connection: Connection) -> None:
    """All locks, before another thread is given the connection."""
    if not connection.invalidated:
        try:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_unlock_all()"))
        except DBAPIError:
            connection.invalidate()


def _holder(connection: Connection, name: str) -> str:
    key = _key(name) % 2**64
    with connection.begin():
        found = connection.scalar(text(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = "
            "'advisory' AND l.granted AND l.objsubid = 1 AND l.classid::bigint = :high AND l.objid::bigint = :low"),
            {"high": key >> 32, "low": key % 2**32})
    return str(found or "a process that did not say which")


def _key(name: str) -> int:
    """PostgreSQL's locks are 64-bit numbers of one space in each database: other programs' must not be met."""
    return int.from_bytes(hashlib.sha256(f"wattcast {name}".encode()).digest()[:8], signed=True)
