"""A verb for one station or all of them: each result shown as it comes, then a table or JSON, and one exit code."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from wattcast.errors import UnexpectedError, WattcastError

if TYPE_CHECKING:
    from wattcast.workflows.many import Outcome

Result = TypeVar("Result")
Name = TypeVar("Name", bound="str | None")


class Told(Protocol):
    """What a verb is told, such as a `workflows.job.Job`."""

    @property
    def all_stations(self) -> bool:
        """Whether every station is meant, also where there is only one."""
        ...


@dataclass(frozen=True)
class Line:
    """The little that is kept of a station until all are done; `told` is its JSON, None where none is asked for."""

    station: str | None
    state: str
    words: str
    exit_code: int
    told: dict[str, Any] | None


@dataclass(frozen=True)
class Stations:
    """What became of the stations; `several` is true for `all`, also where that is one."""

    lines: tuple[Line, ...]
    several: bool
    as_json: bool

    def end(self, *codes: int) -> None:
        """Print the table or the JSON.

        Args:
            codes: exit codes besides those of the stations.

        Raises:
            Exit: with the exit code of all stations, unless it is 0.
        """
        if self.as_json:
            told = [line.told for line in self.lines]
            print_json(told if self.several else told[0])
        elif self.several:
            self.print_table()
        exit_with((*(line.exit_code for line in self.lines), *codes))

    def print_table(self) -> None:
        """A row for each station."""
        from wattcast import render

        render.stations([{"station": str(line.station), "outcome": line.state, "what": line.words}
                         for line in self.lines])


def each(job: Told, station_ids: Sequence[Name], run: Callable[[Name], Result], *, words: Callable[[Result], str],
         show: Callable[[Result], None], tell: Callable[[Result], dict[str, Any]], as_json: bool,
         slow: bool = False) -> Stations:
    """Run a verb for the stations of a job.

    Args:
        job: what the verb is told.
        station_ids: the stations that are meant.
        run: the verb for one of them.
        words: what was done, as short as a table wants it.
        show: prints what was done; not called for JSON.
        tell: the same for JSON.
        as_json: whether JSON is asked for.
        slow: whether each of several stations is announced.

    Raises:
        Exception: what ended the work on the only station, where no JSON is asked for.
    """
    from wattcast import render
    from wattcast.workflows.many import each_station

    several = job.all_stations or len(station_ids) > 1

    def announced(station_id: Name) -> Result:
        if several and slow and not as_json:
            render.announce(f"station {station_id}, {station_ids.index(station_id) + 1} of {len(station_ids)}")
        return run(station_id)

    lines = []
    for outcome in each_station(station_ids, announced):
        if outcome.result is not None:
            if not as_json:
                show(outcome.result)
        elif outcome.error is not None:
            if not several and not as_json:
                fault = outcome.error.__cause__ if isinstance(outcome.error, UnexpectedError) else None
                raise fault or outcome.error
            print_error(outcome.error, outcome.station_id if several else None)
        lines.append(_line(outcome, words, tell if as_json else None))
    return Stations(tuple(lines), several, as_json)


def _line(outcome: "Outcome[Result]", words: Callable[[Result], str],
          tell: Callable[[Result], dict[str, Any]] | None) -> Line:
    said, told = "", None
    if outcome.error is not None:
        error = outcome.error
        said = error.what if error.hint is None else f"{error.what}; what to do: {error.hint}"
        told = _failed(outcome.station_id, error)
    elif outcome.result is not None:
        said, told = words(outcome.result), None if tell is None else tell(outcome.result)
    return Line(outcome.station_id, outcome.state, said, outcome.exit_code, told)


def told_of(outcome: "Outcome[Result]", tell: Callable[[Result], dict[str, Any]]) -> dict[str, Any]:
    """What became of a station, for JSON: as `tell` says, or its error."""
    if outcome.error is not None:
        return _failed(outcome.station_id, outcome.error)
    assert outcome.result is not None
    return tell(outcome.result)


def _failed(station_id: str | None, error: WattcastError) -> dict[str, Any]:
    return {"station": station_id, "error": error.to_dict()}


def print_errors(outcomes: "Iterable[Outcome[Any]]") -> None:
    """What ended stations, on standard error."""
    for outcome in outcomes:
        if outcome.error is not None:
            print_error(outcome.error, outcome.station_id)


def exit_with(codes: Iterable[int]) -> None:
    """End with the exit code of several stations.

    Raises:
        Exit: unless it is 0.
    """
    from wattcast.workflows.many import ending

    if code := ending(codes):
        raise typer.Exit(code)


def print_json(value: Any) -> None:
    """On standard output, indented, with letters of all languages as they are."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_error(error: WattcastError, station_id: str | None = None) -> None:
    """An error in words, on standard error; the station is named once."""
    whose = "" if station_id is None else f"station {station_id}: "
    print(f"error: {whose}{str(error).removeprefix(whose)}", file=sys.stderr)
