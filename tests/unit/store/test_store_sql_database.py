"""Transactions, locks and schemas of both databases; what is wrong with one is told in words."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text

from postgres import PASSWORD
from wattcast import locks
from wattcast.errors import BusyError, StoreError
from wattcast.store.sql import advisory, connecting, upgrading
from wattcast.store.sql.database import Database, opened
from wattcast.store.sql.relations import SCHEMA, SCHEMA_TABLE, make_known, metadata, station


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(opened(database_url)) as database:
        yield database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "wattcast.db"


def ids(database: Database) -> list[str]:
    with database.reading() as connection:
        return sorted(connection.scalars(station.select().with_only_columns(station.c.id)))


def keep(database: Database, *names: str, then: Callable[[Connection], object] = lambda _: None) -> None:
    """In one transaction; `then` comes after the first."""
    with database.writing() as connection:
        for number, name in enumerate(names):
            make_known(connection, name)
            if number == 0:
                then(connection)


LARGE = [f"{name:10000}" for name in range(100)]


def broken(_: object) -> None:
    raise ZeroDivisionError


def test_opened__the_schema_is_what_the_tables_say(database) -> None:
    keep(database, "7")
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": SCHEMA_TABLE})
        assert context.get_current_revision() == SCHEMA
        assert compare_metadata(context, metadata) == []


def test_schema__is_the_newest_of_the_migrations() -> None:
    assert ScriptDirectory(str(upgrading.MIGRATIONS)).get_current_head() == SCHEMA == upgrading.known()[-1]


def test_writing__counts_as_a_whole_or_not_at_all(database) -> None:
    keep(database, "7")
    with pytest.raises(ZeroDivisionError):
        keep(database, "8", then=broken)
    assert ids(database) == ["7"]


def test_reading__sees_one_state_and_holds_nobody_up(database) -> None:
    keep(database, "7")
    with database.reading() as connection:
        asked = station.select().with_only_columns(station.c.id)
        assert connection.scalars(asked).all() == ["7"]
        keep(database, "8")
        assert connection.scalars(asked).all() == ["7"]
    assert ids(database) == ["7", "8"]


def test_opened__again_by_many_at_once_makes_one_schema(database_url) -> None:
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with closing(opened(database_url)) as database:
                keep(database, name)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with closing(opened(database_url)) as database:
        assert ids(database) == ["0", "1", "2", "3"]


def test_locked__by_the_same_thread_again_and_by_nobody_else(database, database_url, monkeypatch) -> None:
    for module in (locks, advisory):
        monkeypatch.setattr(module, "LIMIT", 0.05)
    for held in (locks.held, advisory.AdvisoryLocks.held):
        monkeypatch.setitem(held.__wrapped__.__kwdefaults__, "limit", 0.05)
    found: list[object] = []

    def other() -> None:
        with closing(opened(database_url)) as another:
            try:
                with another.locked("station 7", "station 7 is being changed"):
                    found.append("held")
            except BusyError as error:
                found.append(str(error))

    def asked() -> object:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return found.pop()

    with database.locked("station 7", "a"), database.locked("station 7", "b"), database.locked("station 8", "c"):
        keep(database, "7")
        assert ids(database) == ["7"]
        busy = asked()
        assert "station 7 is being changed by another process" in busy
        assert str(os.getpid()) in busy
    assert asked() == "held"
    assert ids(database) == ["7"]


def test_locked__an_error_in_the_block_gives_it_back(database) -> None:
    with pytest.raises(ZeroDivisionError), database.locked("station 7", "a"):
        raise ZeroDivisionError
    with database.locked("station 7", "a"):
        keep(database, "7")


def test_newer_schema__is_refused_and_left_as_it_is(database, database_url) -> None:
    keep(database, "7")
    with database.writing() as connection:
        connection.execute(text(f"UPDATE {SCHEMA_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreError, match="was written by a newer wattcast") as error:
        opened(database_url)
    assert "schema 9999" in str(error.value)
    assert "pip install -U wattcast" in str(error.value)
    assert ids(database) == ["7"]


def test_older_schema__is_brought_up_once(database_url, monkeypatch) -> None:
    with closing(opened(database_url)) as database:
        keep(database, "7")
        calls = []
        monkeypatch.setattr(upgrading, "SCHEMA", "0002")
        monkeypatch.setattr("wattcast.store.sql.database.upgrade", lambda connection: (
            calls.append(connection.scalar(text("SELECT count(*) FROM station"))),
            connection.execute(text(f"UPDATE {SCHEMA_TABLE} SET version_num = '0002'"))))
    for _ in range(2):
        opened(database_url).close()
    assert calls == [1]


def test_upgrade__that_fails_leaves_the_schema_that_was_there(database_url, monkeypatch) -> None:
    honest = upgrading.upgrade

    def failing(connection) -> None:
        honest(connection)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("wattcast.store.sql.database.upgrade", failing)
        with pytest.raises(ZeroDivisionError):
            keep(opened(database_url), "7")
    with closing(opened(database_url)) as database:
        keep(database, "7")
        assert ids(database) == ["7"]


@pytest.mark.parametrize(("url", "said"), [
    ("sqlite://", "names no file"),
    ("sqlite:///:memory:", "names no file"),
    ("mysql://user:Geheim@host/stations", "cannot hold one"),
    ("postgresql://user:Geheim@host:port/stations", "cannot be read"),
    ("postgresql://user:Ge@heim@host/stations", "more than one @"),
    ("postgresql://user:Geheim@host", "names no database"),
    ("Geheim", "cannot be read"),
])
def test_url__of_something_else(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as error:
        opened(url)
    assert not {"Geheim", "heim"} & set(str(error.value).replace("@", " ").split())
    assert "Geheim" not in str(error.value)
    assert "sqlite:///FILE.db" in str(error.value)


def test_place__hides_the_password_and_what_else_may_be_one() -> None:
    url = connecting.parsed_url("postgresql://user:Geheim@host:5433/stations?sslpassword=Geheim")
    assert connecting.place_of(url) == "postgresql://user@host:5433/stations"


# SQLite ------------------------------------------------------------------------------------------------------------


def test_sqlite__rules_of_every_connection(file) -> None:
    with closing(opened(f"sqlite:///{file}")) as database:
        begun: list[str] = []
        event.listen(database._engine, "before_cursor_execute", lambda *told: begun.append(told[2]))
        with database.writing() as connection:
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert connection.scalar(text("PRAGMA synchronous")) == 1
            assert connection.scalar(text("PRAGMA busy_timeout")) == 10_000
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert begun[-5] == "BEGIN IMMEDIATE"
        with database.reading():
            assert begun[-1] == "BEGIN"


def test_sqlite__no_file_is_made_by_reading(file) -> None:
    with closing(opened(f"sqlite:///{file.parent / 'deep' / 'wattcast.db'}")) as database:
        assert ids(database) == []
        assert list(file.parent.iterdir()) == []
        keep(database, "7")
        assert ids(database) == ["7"]


def test_sqlite__another_program_s_file_is_left_as_it_is(file) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE studies (id)")
    before = file.read_bytes()
    with pytest.raises(StoreError, match="another program's") as error:
        opened(f"sqlite:///{file}")
    assert "studies" in str(error.value)
    file.write_text("time,power\n" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        opened(f"sqlite:///{file}")
    file.write_bytes(before)
    with pytest.raises(StoreError, match="unable to open database file"):
        opened(f"sqlite:///{file.parent}")
    assert file.read_bytes() == before


def test_sqlite__waits_for_another_writer_and_then_says_so(file, monkeypatch) -> None:
    monkeypatch.setattr(connecting, "BUSY", 0.1)
    with closing(opened(f"sqlite:///{file}")) as database:
        keep(database, "7")
        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert ids(database) == ["7"]
            with pytest.raises(BusyError, match="another process is changing the store") as error:
                keep(database, "8")
            assert "database is locked" in str(error.value)
            ended = threading.Timer(0.02, lambda: other.execute("COMMIT"))
            ended.start()
            keep(database, "8")
            ended.join()
        assert ids(database) == ["7", "8"]


def test_sqlite__full_disk(file) -> None:
    with closing(opened(f"sqlite:///{file}")) as database:
        keep(database, "7")
        with pytest.raises(StoreError, match="database or disk is full") as error:
            keep(database, *LARGE, then=lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=60"))
        assert "make room" in str(error.value)
        assert ids(database) == ["7"]


def test_sqlite__a_file_that_cannot_grow(file, files_of_at_most) -> None:
    with closing(opened(f"sqlite:///{file}")) as database:
        keep(database, "7")
        with files_of_at_most(200_000), pytest.raises(StoreError, match="cannot be used") as error:
            keep(database, *LARGE)
        assert "make room" in str(error.value)
        assert ids(database) == ["7"]


def test_sqlite__a_file_that_only_may_be_read(file) -> None:
    with closing(opened(f"sqlite:///{file}")) as database:
        keep(database, "7")
    # Tests may run as root, whom permissions do not stop.
    with closing(opened(f"sqlite:///{file}")) as database:
        event.listen(database._engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
        database.close()
        with pytest.raises(StoreError, match="attempt to write a readonly database") as error:
            keep(database, "8")
        assert "that you may write to" in str(error.value)
        assert ids(database) == ["7"]


def test_sqlite__a_file_that_is_gone_or_another_one(file) -> None:
    with closing(opened(f"sqlite:///{file}")) as database:
        keep(database, "7")
        with closing(sqlite3.connect(file)) as copied:
            copied.execute(f"VACUUM INTO '{file}.copy'")
        keep(database, "8")
        for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            path.unlink(missing_ok=True)
        for use in (ids, lambda found: keep(found, "9")):
            with pytest.raises(StoreError, match="is gone"):
                use(database)
        os.replace(f"{file}.copy", file)
        keep(database, "9")
        assert ids(database) == ["7", "9"]


# PostgreSQL --------------------------------------------------------------------------------------------------------


def test_postgresql__out_of_reach_or_refused(postgresql) -> None:
    wrong = {postgresql.url("nowhere"): ("database \"nowhere\" does not exist", "createdb"),
             postgresql.url("postgres", "Geheimer"): ("password authentication failed", "PGPASSWORD"),
             postgresql.url("postgres").replace(str(postgresql.port), "1"): ("refused", "start the server")}
    for url, facts in wrong.items():
        with pytest.raises(StoreError, match="cannot be reached") as error:
            opened(url)
        for fact in facts:
            assert fact in str(error.value)
        assert PASSWORD not in repr(error.getrepr(chain=True, showlocals=False))
        assert "Geheimer" not in str(error.value)


def test_postgresql__a_user_who_may_make_no_tables(postgresql) -> None:
    url = postgresql.new_database()
    postgresql.query("CREATE ROLE guest LOGIN PASSWORD 'Gast'")
    with pytest.raises(StoreError, match="permission denied for schema public") as error:
        opened(url.replace(f"wattcast:{PASSWORD}", "guest:Gast"))
    assert "GRANT CREATE ON SCHEMA public" in str(error.value)


def test_postgresql__other_programs_tables_may_be_there_and_ours_not(postgresql) -> None:
    import psycopg

    for table, refused in (("alembic_version", False), ("run", True)):
        url = postgresql.new_database()
        with psycopg.connect(url) as connection:
            connection.execute(f"CREATE TABLE {table} (version_num text)")
        if refused:
            with pytest.raises(StoreError, match="another program's"):
                opened(url)
        else:
            with closing(opened(url)) as database:
                keep(database, "7")


def test_postgresql__lost_and_back(postgresql) -> None:
    with closing(opened(postgresql.new_database())) as database:
        keep(database, "7")
        postgresql.stop()
        try:
            for use in (ids, lambda found: keep(found, "8")):
                with pytest.raises(StoreError, match="cannot be reached") as error:
                    use(database)
                assert "start the server" in str(error.value)
        finally:
            postgresql.start()
        assert ids(database) == ["7"]
        keep(database, "8")
        assert ids(database) == ["7", "8"]


def test_postgresql__lost_within_a_transaction_and_under_a_lock(postgresql) -> None:
    with closing(opened(postgresql.new_database())) as database:
        keep(database, "7")

        def cut(_: object = None) -> None:
            postgresql.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

        with pytest.raises(StoreError, match="cannot be reached"):
            keep(database, "8", "9", then=cut)
        assert ids(database) == ["7"]
        with database.locked("station 7", "a"):
            keep(database, "8")
            cut()
            with pytest.raises(StoreError, match="cannot be reached"):
                keep(database, "9")
            with pytest.raises(StoreError, match="was lost"):
                keep(database, "9")
        assert ids(database) == ["7", "8"]
        with database.locked("station 7", "a"):
            keep(database, "9")
        assert ids(database) == ["7", "8", "9"]
