"""What a night has done so far, a line of JSON each: what goes on after a kill.

Lines are only ever appended. The last one of a kill may be torn: it is left out when the ledger is read, and ended
before the next line is written.
"""

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from wattcast.store.files import cannot_write

log = logging.getLogger("wattcast")

TRIES = 3
"""How many times a piece of work is begun without an end before it is left out: it seems to end the program.
[number]"""

BEGUN, DONE = "begun", "done"


@dataclass
class Ledger:
    """The lines of one night.

    Attributes:
        path: of the file; None to keep them in memory alone.
    """

    path: Path | None
    _done: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _begun: Counter[tuple[str, str, str]] = field(default_factory=Counter)

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
            raise cannot_write(path, error, "nightly.filed") from None
        for line in text.splitlines():
            try:
                ledger._take(*json.loads(line))
            except (ValueError, TypeError):     # torn by a kill
                continue
        return ledger

    def _take(self, state: str, step: str, of: str, told: dict[str, Any]) -> None:
        if state == BEGUN:
            self._begun[step, of, told["what"]] += 1
            return
        self._done[step, of] = dict(told)
        for key in [key for key, count in self._begun.items() if key[:2] == (step, of) and count < TRIES]:
            del self._begun[key]

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
        line = json.dumps([state, step, of, told], ensure_ascii=False).encode() + b"\n"
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
        """Whether it was begun some times and never came to an end."""
        return self._begun[step, of, what] >= TRIES
