"""One loop over stations: a verb for each of them, and what became of it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from wattcast.errors import DOUBTFUL, REJECTED, InputError, UnexpectedError, WattcastError

log = logging.getLogger("wattcast")

Result = TypeVar("Result")
Name = TypeVar("Name", bound="str | None")
DONE, REJECTED_BY_GATE, FAILED = "done", "rejected", "failed"
PRECEDENCE = (InputError.exit_code, WattcastError.exit_code, REJECTED, DOUBTFUL)
"""Which exit code several stations end with: the first of these that one of them has."""


@dataclass(frozen=True, eq=False)
class Outcome(Generic[Result]):
    """What became of one station: the `result` of its verb, or the `error` that ended it.

    `station_id` is None where the only station there is was meant and not named.
    """

    station_id: str | None
    result: Result | None = None
    error: WattcastError | None = None

    @property
    def state(self) -> str:
        """`done`, `rejected` by the gate, or `failed`."""
        if self.error is not None:
            return FAILED
        return REJECTED_BY_GATE if getattr(self.result, "rejected", False) else DONE

    @property
    def exit_code(self) -> int:
        """The exit code if this were the only station."""
        if self.error is not None:
            return self.error.exit_code
        return REJECTED if self.state == REJECTED_BY_GATE else 0


def each_station(station_ids: Iterable[Name], run: Callable[[Name], Result]) -> Iterator[Outcome[Result]]:
    """Run a verb for one station after the other and yield what became of each as soon as it is known.

    A station that fails does not end the loop; an interruption (Ctrl-C) and a reader that went away do. Nothing is
    kept: with thirty stations one model is in memory at a time.

    Args:
        station_ids: the stations, in the order to work on them.
        run: the verb for one of them.
    """
    for station_id in station_ids:
        yield outcome_of(station_id, run)


def outcome_of(station_id: Name, run: Callable[[Name], Result]) -> Outcome[Result]:
    """What becomes of one station."""
    try:
        return Outcome(station_id, run(station_id))
    except BrokenPipeError:
        raise
    except WattcastError as error:
        return Outcome(station_id, error=error)
    except Exception as error:
        log.debug("station %s", station_id, exc_info=True)
        return Outcome(station_id, error=UnexpectedError(error))


def ending(codes: Iterable[int]) -> int:
    """The exit code of several stations: 2 if an input was wrong, else 1 if anything failed, else the gate's no, else 4
    if a forecast does not stand on what it should."""
    found = set(codes)
    return next((code for code in PRECEDENCE if code in found), 0)
