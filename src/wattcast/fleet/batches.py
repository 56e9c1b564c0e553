"""Stations in batches, and those of a batch that was lost one by one: a poisoned one fails alone."""

from collections.abc import Callable, Iterator, Sequence
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
        limits: of one station; a batch has as much time as its stations together.
    """
    cut = (tuple(stations[first:first + size]) for first in range(0, len(stations), size))
    parts = {f"{part[0]} and {len(part) - 1} more": part for part in cut}
    together = replace(limits, seconds=None if limits.seconds is None else limits.seconds * size, retries=0)
    alone: list[str] = []
    for outcome in executor.run(function, [Task(name, part) for name, part in parts.items()], together):
        if outcome.result is None:
            alone += parts[str(outcome.station_id)]
        else:
            yield from outcome.result
    for outcome in executor.run(function, [Task(name, (name,)) for name in alone], limits):
        yield Outcome(outcome.station_id, error=outcome.error) if outcome.result is None else outcome.result[0]
