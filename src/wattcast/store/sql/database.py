"""A database as the store uses it: short transactions, a lock for each station, a schema that is the newest."""

import hashlib
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Connection, Engine, StaticPool, create_engine, text
from sqlalchemy.engine import URL

from wattcast.errors import StoreError
from wattcast.locks import held
from wattcast.store.sql.advisory import AdvisoryLocks
from wattcast.store.sql.connecting import WRITING, engine_of, file_of, parsed_url, place_of
from wattcast.store.sql.faults import told_of
from wattcast.store.sql.relations import metadata
from wattcast.store.sql.upgrading import is_newest, upgrade

SCHEMA_LOCK = "schema"


class Database:
    """One of SQLite or PostgreSQL, by its URL; `opened` says which.

    Raises:
        StoreError: the URL is of something else, the server is out of reach, the schema is newer than ours.
    """

    def __init__(self, url: URL) -> None:
        self.url, self.place = url, place_of(url)
        self._engine = engine_of(url)
        self._process = os.getpid()
        self._forget_locks()
        weakref.finalize(self, _close_own, self._engine, self._process)

    @property
    def identity(self) -> str:
        """What no other database is called."""
        return self.place

    def make_ready(self) -> None:
        """Bring the schema up, where there is something to open."""
        raise NotImplementedError

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state of the database."""
        raise NotImplementedError

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that counts when the block ends well, and else is as if it had never been."""
        raise NotImplementedError

    def locked(self, name: str, what: str) -> AbstractContextManager[None]:
        """Hold the lock `name`, which the same thread may hold already; another process is told `what` goes on."""
        raise NotImplementedError

    def close(self) -> None:
        self._engine.dispose()

    def _forget_locks(self) -> None:
        raise NotImplementedError

    def _own(self) -> Engine:
        """The engine; a forked process leaves its parent's connections and locks alone and makes its own."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._engine.dispose(close=False)
            self._forget_locks()
        return self._engine


def _close_own(engine: Engine, process: int) -> None:
    """The connections of a store that nobody closed; a forked process must not end those of its parent."""
    if process == os.getpid():
        engine.dispose()


def opened(url: str) -> Database:
    """The database of a store's URL.

    Raises:
        StoreError: see `Database`.
        MissingExtraError: PostgreSQL's driver is not installed.
    """
    parsed = parsed_url(url)
    database = _Sqlite(parsed) if file_of(parsed) else _Postgresql(parsed)
    try:
        database.make_ready()
    except BaseException:
        database.close()
        raise
    return database


class _Postgresql(Database):
    def _forget_locks(self) -> None:
        self._locks = AdvisoryLocks(self._engine, self.url)

    def make_ready(self) -> None:
        with self.reading() as connection:
            newest = is_newest(connection, self.url)
        if not newest:
            with self.locked(SCHEMA_LOCK, f"the store {self.place} is being made ready"), \
                    self.writing() as connection:
                if not is_newest(connection, self.url):
                    upgrade(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._begun(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._begun() as connection:
            yield connection

    def locked(self, name: str, what: str) -> AbstractContextManager[None]:
        self._own()
        return self._locks.held(name, what)

    @contextmanager
    def _begun(self, **options: object) -> Iterator[Connection]:
        engine = self._own().execution_options(**options)
        with told_of(self.url):
            if (holding := self._locks.connection) is not None:
                with holding.begin():
                    yield holding
            else:
                with engine.begin() as connection:
                    yield connection


class _Sqlite(Database):
    """A file that is made by the first write; until then all that is read is empty."""

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self.path = Path(str(url.database))
        self._ready: tuple[int, int] | None = None
        self._preparing = threading.Lock()

    def _forget_locks(self) -> None:
        self._locks: dict[str, FileLock] = {}

    @property
    def identity(self) -> str:
        return str(self.path.absolute())

    def make_ready(self) -> None:
        if self._there() is not None:
            self._prepare()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with told_of(self.url):
            if self._there() is None and self._ready is None:
                with _nothing().begin() as connection:
                    yield connection
            else:
                self._prepare()
                with self._own().begin() as connection:
                    yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with told_of(self.url):
            self._prepare()
            with self._own().execution_options(**{WRITING: True}).begin() as connection:
                yield connection

    @contextmanager
    def locked(self, name: str, what: str) -> Iterator[None]:
        self._own()
        path = self._lock_file(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write to {path.parent.parent}", found=error.strerror,
                             hint="name a file in a folder that you may write to") from None
        with held(self._locks.setdefault(name, FileLock(path)), what):
            yield

    def _lock_file(self, name: str) -> Path:
        """Any id is a file's name as its digest."""
        return self.path.with_name(f"{self.path.name}-locks") / hashlib.sha256(name.encode()).hexdigest()[:16]

    def _there(self) -> tuple[int, int] | None:
        """Which file it is; None if there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _prepare(self) -> None:
        """Make the schema the newest, once; and again when another file has taken the place of the one that was open.

        Raises:
            StoreError: the file that was open is gone.
        """
        with self._preparing:
            found = self._there()
            if found is not None and found == self._ready:
                return
            if self._ready is not None:
                self._engine.dispose()
                if found is None:
                    raise StoreError(f"the store {self.place} is gone", hint="restore it from a copy")
            with told_of(self.url):
                self._make_newest()
            self._ready = self._there()

    def _make_newest(self) -> None:
        engine = self._own()
        if self._there() is not None:
            with engine.begin() as connection:
                if is_newest(connection, self.url) and connection.scalar(text("PRAGMA journal_mode")) == "wal":
                    return
        with self.locked(SCHEMA_LOCK, f"the store {self.place} is being made ready"):
            # The log belongs to the file and cannot be set within a transaction.
            with closing(engine.raw_connection()) as raw:
                raw.cursor().execute("PRAGMA journal_mode=WAL")
            with engine.execution_options(**{WRITING: True}).begin() as connection:
                if not is_newest(connection, self.url):
                    upgrade(connection)


def _nothing() -> Engine:
    """A database in which nothing is kept."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    return engine
