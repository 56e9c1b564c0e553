"""What a run over stations has done so far: a line of JSON a station, from which a run that was killed goes on.

The first line says which run it is. A line is there when what it tells of has been written, and whole or not at all: a
last line that a kill has cut off is left out when the ledger is read, and overwritten when it goes on. One run at a
time has it.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self

from filelock import FileLock

from wattcast.errors import ConfigError, DataError
from wattcast.locks import held
from wattcast.store.files import cannot_write, json_text

RUN, STATION, STATE = "run", "station", "state"
FLAG = "--ledger"
LOST_AT_MOST = 1.0
"""What was done within such a time may have to be done again after a power failure: to wait for the disk at each line
takes as long as some stations do. [seconds]"""


class Ledger:
    """Lines of one run, open to be added to; no other run has it until the block ends.

    Attributes:
        run: what the run is, as its first line says it.
        lines: those of the stations, by their names; of several the last.
    """

    def __init__(self, file: BinaryIO, run: Mapping[str, Any], lines: dict[str, dict[str, Any]]) -> None:
        self._file, self.run, self.lines = file, run, lines
        self._held = ExitStack()
        self._synced = -LOST_AT_MOST

    @classmethod
    def begin(cls, path: Path, run: Mapping[str, Any]) -> Self:
        """A new one in place of any that is there.

        Raises:
            BusyError: another run has it.
            DataError: the place cannot be written to.
        """
        with _alone(path) as held:
            return cls._begun(path, run, held)

    @classmethod
    def _begun(cls, path: Path, run: Mapping[str, Any], held: ExitStack) -> Self:
        ledger = cls(_opened(path, "wb", held), run, {})
        ledger._write({RUN: dict(run)})
        ledger._held = held.pop_all()
        return ledger

    @classmethod
    def resume(cls, path: Path, run: Mapping[str, Any]) -> Self:
        """The one that is there, of the same run; a new one where there is none.

        Args:
            path: the file.
            run: what the run is; its keys must be those of the run that is resumed, but for `started`.

        Raises:
            BusyError: another run has it.
            ConfigError: the ledger is of another run.
            DataError: it cannot be read, or written to.
        """
        with _alone(path) as held:
            whole = _whole_lines(path)
            first, lines = _parsed(path, whole)
            if first is None:
                return cls._begun(path, run, held)
            _require_same(path, first, run)
            file = _opened(path, "r+b", held)
            file.truncate(len(whole))
            file.seek(len(whole))
            ledger = cls(file, first, lines)
            ledger._held = held.pop_all()
            return ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._held.close()

    def done(self, station_id: str) -> bool:
        """Whether a station needs no other try: it came to an end that was not a failure."""
        return station_id in self.lines and self.lines[station_id].get(STATE) != "failed"

    def add(self, station_id: str, state: str, **told: Any) -> None:
        """A line that no kill of this process can take back when this returns; the power failing can, for
        `LOST_AT_MOST`: the station is then done again.

        Raises:
            DataError: the disk is full.
        """
        line = {STATION: station_id, STATE: state, **told}
        self._write(line)
        self.lines[station_id] = line

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            self._file.write(json_text(line, indent=None).encode() + b"\n")
            self._file.flush()
            if time.monotonic() - self._synced >= LOST_AT_MOST:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise cannot_write(Path(self._file.name), error, FLAG) from None


@contextmanager
def _alone(path: Path) -> Iterator[ExitStack]:
    """Held by this run alone; what is taken out of the stack is held on."""
    with ExitStack() as held_on:
        lock = FileLock(f"{path}.lock")
        held_on.enter_context(held(lock, f"the ledger {path} is being written", limit=0, flag=FLAG))
        yield held_on


def _opened(path: Path, mode: Literal["wb", "r+b"], held_on: ExitStack) -> BinaryIO:
    try:
        return held_on.enter_context(path.open(mode))
    except OSError as error:
        raise cannot_write(path, error, FLAG) from None


def _whole_lines(path: Path) -> bytes:
    """Of what is there; nothing where there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise DataError(f"the ledger {path} cannot be read", found=error.strerror) from None
    return content[:content.rfind(b"\n") + 1]


def _require_same(path: Path, first: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    differing = [key for key in run if key != "started" and first.get(key) != run[key]]
    if differing:
        key = differing[0]
        raise ConfigError(f"the ledger {path} is of another run", found=f"{key}: {first.get(key)}",
                          expected=f"{key}: {run[key]}",
                          hint="give the same flags to resume it, or leave out --resume to begin anew")


def _parsed(path: Path, whole: bytes) -> tuple[dict[str, Any] | None, dict[str, dict[str, Any]]]:
    """The first line's run, and the stations' lines."""
    lines: dict[str, dict[str, Any]] = {}
    run = None
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            told = json.loads(line)
            if number == 1:
                run = dict(told[RUN])
            else:
                lines[str(told[STATION])] = told
        except (ValueError, KeyError, TypeError):
            raise DataError(f"line {number} of the ledger {path} is damaged",
                            hint="leave out --resume to begin anew") from None
    return run, lines
