"""What a database's errors mean, in words that name the place and never the password."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from wattcast.errors import BusyError, StoreError, WattcastError
from wattcast.store.sql.connecting import place_of

OF_SQLITE = {
    "SQLITE_READONLY": "choose a file and a folder that you may write to",
    "SQLITE_CANTOPEN": "name a file in a folder that is there and that you may write to",
    "SQLITE_FULL": "make room on its disk, then give the same command again",
    "SQLITE_IOERR": "make room on its disk and look whether it is in order, then give the same command again",
    "SQLITE_NOTADB": "name another file: this one is no database",
    "SQLITE_CORRUPT": "restore it from a copy",
}
"""What to do by the beginning of SQLite's names of errors."""

OF_POSTGRESQL = {
    "28": "look at the user and the password in the URL, or keep the password in ~/.pgpass or PGPASSWORD",
    "3D": "make the database first: createdb, or name another one",
    "42501": "let its owner GRANT CREATE ON SCHEMA public to this user, or make a database that is the user's own",
    "25006": "name the server that takes writes: this one only reads",
    "53": "make room on the server's disk, or let it take more connections; then give the same command again",
    "55P03": "give the same command again when the other process has ended",
    "57": "give the same command again when the server is back",
}
"""What to do by the beginning of PostgreSQL's codes of errors (SQLSTATE)."""

WHILE_CONNECTING = {
    "role ": OF_POSTGRESQL["28"], "password": OF_POSTGRESQL["28"], "does not exist": OF_POSTGRESQL["3D"],
    "starting up": OF_POSTGRESQL["57"], "too many": OF_POSTGRESQL["53"]}
"""What to do by a word of the server's refusal, to which no code is given."""

UNREACHABLE = "start the server or wait for it, and look at host and port; then give the same command again"


@contextmanager
def told_of(url: URL) -> Iterator[None]:
    """The database's errors in the block as ours.

    Raises:
        StoreError: it cannot be reached, read or written to.
        BusyError: another process's transaction did not end.
    """
    try:
        yield
    except DBAPIError as error:
        raise _ours(url, error) from None
    except SQLAlchemyError as error:
        raise StoreError(f"the store {place_of(url)} cannot be used", found=str(error).partition("\n")[0]) from error


def lost(url: URL) -> StoreError:
    """A connection that ended while something was under way."""
    return StoreError(f"the connection to the store {place_of(url)} was lost", hint=UNREACHABLE)


def _ours(url: URL, error: DBAPIError) -> WattcastError:
    cause, place = error.orig, place_of(url)
    said = " ".join(str(cause).split())
    if url.password:
        said = said.replace(str(url.password), "***")
    name, code = getattr(cause, "sqlite_errorname", ""), getattr(cause, "sqlstate", None)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return BusyError(f"another process is changing the store {place}", found=said,
                         hint="give the same command again when that has ended")
    if name:
        return StoreError(f"the store {place} cannot be used", found=said, hint=_begins(OF_SQLITE, name))
    if code is None or error.connection_invalidated:
        hint = next((told for word, told in WHILE_CONNECTING.items() if word in said), UNREACHABLE)
        return StoreError(f"the store {place} cannot be reached", found=said, hint=hint)
    return StoreError(f"the store {place} cannot be used", found=said, hint=_begins(OF_POSTGRESQL, code))


def _begins(hints: Mapping[str, str], name: str) -> str | None:
    return next((hint for begin, hint in hints.items() if name.startswith(begin)), None)
