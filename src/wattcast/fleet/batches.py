"""Stations in batches, and those of a batch that was lost one by one: a poisoned one fails alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from wattcast.fleet.executors.base import Executor, Limits, Result, Task
from wattcast.workflows.many import Outcome

Outcomes = Sequence[Outcome[Result]]


def in_batches(executor: Executor, function: Callable[[tuple[str, ...]], Outcomes[Result]], stations: Sequence[str],
               size: int, limits: Limits) -> Iterator[Outcome[Result]]:
    """What became of each station, in any order.

    Args:
        executor: where.
        function: of some stations; an outcome each, in their order.
        stations: their names.
        size: of a batch.
        limits: of one station. A batch has no more time, so that one that hangs does not hold up the others for all of
            theirs: what is lost is done again, one by one.
    """
    alone = list(stations) if size == 1 else []
    cut = (tuple(stations[first:first + size]) for first in range(0, 0 if alone else len(stations), size))
    parts = {f"{part[0]} and {len(part) - 1} more": part for part in cut}
    for outcome in _run(executor, function, parts, replace(limits, retries=0)):
        if outcome.result is None:
            alone += parts[str(outcome.station_id)]
        else:
            yield from outcome.result
    for outcome in _run(executor, function, {name: (name,) for name in alone}, limits):
        yield Outcome(outcome.station_id, error=outcome.error) if outcome.result is None else outcome.result[0]


def _run(executor: Executor, function: Callable[[tuple[str, ...]], Outcomes[Result]],
         parts: Mapping[str, tuple[str, ...]], limits: Limits) -> Iterator[Outcome[Outcomes[Result]]]:
    """Nothing is started where there is nothing to do: a cluster takes seconds."""
    if parts:
        yield from executor.run(function, [Task(name, part) for name, part in parts.items()], limits)
