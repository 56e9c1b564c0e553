"""A real PostgreSQL server for tests: Debian's, in a folder and on a port of its own, gone when the tests end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

PASSWORD = "gr8-Geheim"
"""Of the user that tests connect as: it may be in no message and in no log."""
REQUIRED = "WATTCAST_TEST_POSTGRES"
"""Environment: set to `required`, a server that is not there is a failure and no reason to skip."""

SETTINGS = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=40",
            "listen_addresses=127.0.0.1", "unix_socket_directories=", "autovacuum=off", "lc_messages=C")


END_WITH_US = """
read -r _ && exit
kill -QUIT "$0"
for _ in 1 2 3 4 5 6 7 8 9; do kill -0 "$0" 2>/dev/null || break; sleep 0.2; done
kill -KILL "$0" 2>/dev/null
rm -rf "$1"
"""
"""Shell: its input ends with whoever holds the other end, also when that is killed; the program ends then, and its
folder is removed; QUIT may be ignored by what was started in the background. A line of input is a farewell instead."""


class Server:
    """One cluster. PostgreSQL refuses to run as root, so it runs as the user that its package makes."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.port = _free_port()
        self._names = (f"test{number}" for number in count())
        self._shared: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        (folder / "password").write_text(PASSWORD)
        self._run("initdb", "-D", folder / "data", "-U", "wattcast", "-A", "scram-sha-256", "--pwfile",
                  folder / "password", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        import psycopg

        settings = [word for each in (*SETTINGS, f"port={self.port}") for word in ("-c", each)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self.programs / "postgres", "-D", self.folder / "data", *settings],
                                             stdout=log, stderr=log, user=self._user, group=self._user, cwd="/",
                                             extra_groups=[] if self._user else None)
        self._watch = ending_with_us(self._process, self.folder)
        for _ in range(300):
            with suppress(psycopg.OperationalError):
                return psycopg.connect(self.url("postgres")).close()
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        """At once: what is under way is cut off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None
        if self._watch is not None:
            self._watch.communicate(b"\n", timeout=30)
            self._watch = None

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://wattcast:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = next(self._names)
        self.query(f"CREATE DATABASE {name}")
        return self.url(name)

    def blank_database(self) -> str:
        """The URL of an empty database; the same one each time, which takes less time and room."""
        return self._again("blank", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")

    def emptied_database(self) -> str:
        """The URL of a database that has a store's tables, if it had them before, and nothing in them; the same one
        each time."""
        tables = self._shared.get("emptied") and self.query("SELECT to_regclass('station')::text", "emptied")
        return self._again("emptied", *(["TRUNCATE station, run RESTART IDENTITY CASCADE"]
                                        if tables == [("station",)] else []))

    def _again(self, name: str, *statements: str) -> str:
        if name not in self._shared:
            self.query(f"CREATE DATABASE {name}")
            self._shared[name] = self.url(name)
        else:
            self.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            for statement in statements:
                self.query(statement, name)
        return self._shared[name]

    def query(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """What a person at the server would see; not within a transaction."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def _run(self, program: str, *words: object) -> None:
        done = subprocess.run([self.programs / program, *map(str, words)], capture_output=True, user=self._user,
                              group=self._user, extra_groups=[] if self._user else None, cwd="/", check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())


def ending_with_us(process: "subprocess.Popen[bytes]", folder: Path) -> "subprocess.Popen[bytes]":
    """Watches over a program that has a folder: neither outlives this process, however it ends. Let go by a line."""
    return subprocess.Popen(["/bin/sh", "-c", END_WITH_US, str(process.pid), str(folder)], stdin=subprocess.PIPE,
                            start_new_session=True)


@contextmanager
def running() -> Iterator[Server]:
    """A server over the block; the test is skipped where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        (pytest.fail if os.environ.get(REQUIRED) == "required" else pytest.skip)(
            "no PostgreSQL server is installed: apt-get install postgresql")
    pytest.importorskip("psycopg")
    # Not in pytest's own folder, into which only its user may look.
    folder = Path(tempfile.mkdtemp(prefix="wattcast-postgres-"))
    try:
        server = Server(programs, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """The folder of the newest server's programs: Debian's, which are on no search path, or those that are on it."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    elsewhere = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    return next((path for path in (*debian, *elsewhere) if (path / "postgres").exists()), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
