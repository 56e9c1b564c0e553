"""Everything wattcast raises on purpose.

    WattcastError            exit code 1
    ├── InputError           exit code 2: something the user gave is wrong
    │   ├── DataError        a file, a column, a value
    │   │   ├── NoRowsError        a source without rows
    │   │   ├── EmptyColumnError   a column without a usable value
    │   │   └── TooFewRowsError    less than what is needed
    │   ├── ConfigError      a key, a flag, a setting
    │   ├── BundleError      a model on disk: missing, damaged, another station's
    │   ├── StoreError       where stations are kept: no such kind of place, not there, of a newer version
    │   ├── MissingExtraError  an optional package is not installed
    │   └── MemoryLimitError   the work does not fit into memory
    ├── BusyError            another process is at work on the same thing
    ├── LostTaskError        a task's process died, or broke its limits of time or memory
    ├── LeakageError         a forecaster asked for something after its origin: a bug, never the user's fault
    └── UnexpectedError      any other exception, where one station's end is not to be that of all

A message says what was wrong, what was found, what was expected and what to do next.
"""

import errno
from collections.abc import Iterable
from difflib import get_close_matches

REJECTED = 3
"""The exit code where nothing went wrong, but the gate said no. [exit code]"""

DOUBTFUL = 4
"""The exit code where a forecast was made and what it stands on is not as it should be, if that was asked for.
[exit code]"""


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no room for a file: a full disk, a quota, a limit of its size."""


class WattcastError(Exception):
    """Base of all errors; `str()` is the whole message for the user.

    Args:
        what: one sentence that names the file, column or key that is wrong.
        found: what is there.
        expected: what should be there.
        hint: the next step.
    """

    exit_code = 1

    def __init__(self, what: str, *, found: object = None, expected: object = None, hint: str | None = None) -> None:
        self.what, self.found, self.expected, self.hint = what, found, expected, hint
        super().__init__(what)

    def __str__(self) -> str:
        parts = (("found", self.found), ("expected", self.expected), ("what to do", self.hint))
        return "\n".join([self.what, *(f"  {label}: {value}" for label, value in parts if value is not None)])

    @property
    def in_a_line(self) -> str:
        """The whole message where there is one line for it."""
        return str(self).replace("\n  ", "; ")

    def __reduce__(self) -> tuple[object, ...]:
        """For another process: the message, whatever arguments it was made from."""
        kept = {name: value if isinstance(value, str | int | None) else str(value)
                for name, value in self.__dict__.items()}
        return _as_it_was, (type(self), kept)

    def to_dict(self) -> dict[str, str | int | None]:
        """Plain values for JSON."""
        told = {"what": self.what, "found": self.found, "expected": self.expected, "hint": self.hint}
        return {**{name: None if value is None else str(value) for name, value in told.items()},
                "exit_code": self.exit_code}


class InputError(WattcastError):
    """Something the user gave is wrong."""

    exit_code = 2


class DataError(InputError):
    """A file, a column or a value is wrong."""


class NoRowsError(DataError):
    """A file has no rows."""


class EmptyColumnError(DataError):
    """A column that is needed has no usable value."""


class TooFewRowsError(DataError):
    """There is less data than is needed."""


class ConfigError(InputError):
    """A configuration key, flag or value is wrong."""


class BundleError(InputError):
    """A stored model is missing, damaged or made for another station."""


class StoreError(InputError):
    """What stations are to be kept in is no store, is not there, or was made by a newer version."""


class MissingExtraError(InputError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package}, which is not installed",
                         hint=f"pip install 'wattcast[{extra}]'")


class MemoryLimitError(InputError):
    """The work does not fit into memory."""


class BusyError(WattcastError):
    """Another process is at work on the same thing, and waiting for it has an end."""


class LostTaskError(WattcastError):
    """A task's process died, or it took more time or memory than it may; `again` if another try may help."""

    def __init__(self, what: str, *, again: bool = True, hint: str | None = None) -> None:
        super().__init__(what, hint=hint)
        self.again = again


class LeakageError(WattcastError):
    """A forecaster asked for something at or after its origin."""


class UnexpectedError(WattcastError):
    """An exception that nobody foresaw, in words; it is the `__cause__`."""

    def __init__(self, cause: Exception) -> None:
        said = " ".join(str(cause).split())
        super().__init__(f"unexpected {type(cause).__name__}{f': {said}' if said else ''}",
                         hint="please report it, with what is printed where this station is worked on alone")
        self.__cause__ = cause


def _as_it_was(kind: type[WattcastError], kept: dict[str, object]) -> WattcastError:
    error = kind.__new__(kind)
    Exception.__init__(error, kept["what"])
    error.__dict__.update(kept)
    return error


def nearest(word: str, known: Iterable[str], likeness: float = 0.5) -> str | None:
    """The known word most like `word`, or None if none is as like it as that (1: the same)."""
    matches = get_close_matches(word, list(known), n=1, cutoff=likeness)
    return matches[0] if matches else None


def listing(items: Iterable[object], limit: int = 12) -> str:
    """`a, b, c … (N in all)`: a list short enough for a message."""
    words = [str(item) for item in items]
    shown = ", ".join(words[:limit]) or "none"
    return shown if len(words) <= limit else f"{shown} … ({len(words)} in all)"
