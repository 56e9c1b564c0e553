"""A batch that is lost is taken apart."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from wattcast.errors import DataError, LostTaskError
from wattcast.fleet.batches import in_batches
from wattcast.fleet.executors.base import Argument, Limits, Result, Task
from wattcast.fleet.executors.inline import Inline
from wattcast.workflows.many import Outcome, each_station


class Fragile:
    """Loses every task with the station `poison`, and notes the limits that it was given."""

    name, isolated = "fragile", True

    def __init__(self) -> None:
        self.given: list[tuple[int, Limits]] = []
        self.runs = 0

    def run(self, function: Callable[[Argument], Result], tasks: Iterable[Task[Argument]],
            limits: Limits) -> Iterator[Outcome[Result]]:
        self.runs += 1
        for task in tasks:
            self.given.append((len(task.argument), limits))                            # type: ignore[arg-type]
            if "poison" in task.argument:                                              # type: ignore[operator]
                yield Outcome(task.name, error=LostTaskError("it died"))
            else:
                yield from Inline().run(function, [task], limits)


def lengths(stations: tuple[str, ...]) -> tuple[Outcome[int], ...]:
    def length(name: str) -> int:
        if name == "wrong":
            raise DataError("no rows")
        return len(name)
    return tuple(each_station(stations, length))


def test_in_batches__a_poisoned_station_fails_alone() -> None:
    names = ["a", "bb", "poison", "wrong", "ccc", "dddd", "eeeee"]
    executor = Fragile()
    found = {outcome.station_id: outcome for outcome in in_batches(executor, lengths, names, 3, Limits(seconds=2.0))}
    assert found.keys() == set(names)
    assert {name: outcome.result for name, outcome in found.items() if outcome.error is None} == {
        "a": 1, "bb": 2, "ccc": 3, "dddd": 4, "eeeee": 5}
    assert isinstance(found["poison"].error, LostTaskError)
    assert isinstance(found["wrong"].error, DataError)


def test_in_batches__limits_are_a_station_s() -> None:
    """One that hangs in a batch holds it up no longer."""
    executor = Fragile()
    list(in_batches(executor, lengths, ["a", "poison", "bb"], 3, Limits(seconds=2.0)))
    assert executor.given[0] == (3, Limits(seconds=2.0, retries=0))
    assert executor.given[1:] == [(1, Limits(seconds=2.0))] * 3


def test_in_batches__of_one_station_each_is_tried_as_often_as_it_may_be() -> None:
    executor = Fragile()
    assert len(list(in_batches(executor, lengths, ["a", "poison"], 1, Limits(retries=5)))) == 2
    assert executor.given == [(1, Limits(retries=5))] * 2


@pytest.mark.parametrize(("names", "runs"), [([], 0), (["a", "bb"], 1), (["a", "poison"], 2)])
def test_in_batches__nothing_is_started_for_nothing(names: list[str], runs: int) -> None:
    executor = Fragile()
    assert len(list(in_batches(executor, lengths, names, 3, Limits()))) == len(names)
    assert executor.runs == runs
