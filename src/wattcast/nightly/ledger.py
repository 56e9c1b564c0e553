"""What a night has done so far, a line of JSON each: what goes on after a kill.

Lines are only ever appended. The last one of a kill may be torn: it is left out when the ledger is read, and ended
before the next line is written.
"""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from wattcast.errors import DataError
from wattcast.store.files import cannot_write, json_text

log = logging.getLogger("wattcast")

TRIES = 3
"""How many times in a row a piece of work may be the last that the program did before it ended: then it is left out.
[number]"""

START, BEGUN, DONE = "start", "begun", "done"
Key = tuple[str, str, str]
"""A step, of which station, and in which way."""


@dataclass
class Ledger:
    """The lines of one night.

    Attributes:
        path: of the file; None to keep them in memory alone.
    """

    path: Path | None
    _done: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _open: Key | None = None
    _ended: tuple[Key | None, int] = (None, 0)
    _deadly: set[Key] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> Self:
        """What the file holds; nothing where there is none.

        Raises:
            DataError: it cannot be read.
        """
        ledger = cls(path)
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return ledger
        except OSError as error:
            raise DataError(f"the night's ledger {path} cannot be read", found=error.strerror or str(error),
                            hint="let this user read it, or choose another folder with nightly.filed") from None
        for line in text.splitlines():
            try:
                ledger._take(*json.loads(line))
            except (ValueError, TypeError):     # torn by a kill
                continue
        return ledger

    def _take(self, state: str, step: str, of: str, told: dict[str, Any]) -> None:
        if state == START:
            last, times = self._ended
            self._ended = (self._open, times + 1 if self._open == last else 1)
            if self._open is not None and self._ended[1] >= TRIES:
                self._deadly.add(self._open)
            self._open = None
        elif state == BEGUN:
            self._open = (step, of, str(told["what"]))
        else:
            self._done[step, of] = dict(told)
            self._open = None
            if self._ended[0] is not None and self._ended[0][:2] == (step, of):
                self._ended = (None, 0)

    def start(self) -> None:
        """Note that the program goes on, if it ended in the middle of something."""
        if self._open is not None:
            self._write(START, "", "", {})

    def begin(self, step: str, of: str, what: str = "") -> None:
        """Note that a piece of work begins, or a way to do it."""
        self._write(BEGUN, step, of, {"what": what})

    def done(self, step: str, of: str, told: dict[str, Any]) -> None:
        """Note what became of it, well or not."""
        self._write(DONE, step, of, told)

    def _write(self, state: str, step: str, of: str, told: dict[str, Any]) -> None:
        self._take(state, step, of, told)
        if self.path is None:
            return
        line = json_text([state, step, of, told], indent=None).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "ab+") as file:
                if file.tell():
                    file.seek(-1, 2)
                    line = line if file.read(1) == b"\n" else b"\n" + line
                file.write(line)
        except OSError as error:     # the files matter more
            log.warning("%s: a night that is killed begins anew", cannot_write(self.path, error, "nightly.filed").what)
            self.path = None

    def told(self, step: str, of: str) -> dict[str, Any] | None:
        """What became of a piece of work; None where it has not come to an end."""
        return self._done.get((step, of))

    def deadly(self, step: str, of: str, what: str = "") -> bool:
        """Whether the program has always ended with it."""
        return (step, of, what) in self._deadly
