"""What every executor keeps to: each task has one outcome, and a poisoned one fails alone, with its name."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import fleet_tasks
import pytest

from wattcast.errors import DataError, LostTaskError, MissingExtraError, UnexpectedError
from wattcast.fleet.executors.base import Executor, Limits, Task
from wattcast.fleet.executors.inline import Inline
from wattcast.fleet.executors.processes import Processes
from wattcast.fleet.executors.ray import Ray

NO_RAY = pytest.mark.skipif(find_spec("ray") is None, reason="the extra fleet is not installed")
MB = 2**20
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning",
                                        "ignore::FutureWarning")


@pytest.fixture(scope="module")
def local_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cluster of this machine for all tests that want one; it keeps its token in a home of its own."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)]))
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield
        ray.shutdown()


@pytest.fixture(params=["inline", "processes", pytest.param("ray", marks=[NO_RAY, pytest.mark.slow])])
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param == "ray":
        request.getfixturevalue("local_ray")
        return Ray(2)
    return Inline() if request.param == "inline" else Processes(2).begin()


@pytest.fixture
def isolated(executor: Executor) -> Executor:
    if not executor.isolated:
        pytest.skip("tasks have no process of their own")
    return executor


def tasks(*arguments: object) -> list[Task[object]]:
    return [Task(f"station {number}", argument) for number, argument in enumerate(arguments)]


def test_run__an_outcome_each(executor: Executor) -> None:
    found = list(executor.run(fleet_tasks.squared, tasks(*range(23)), Limits()))
    assert not [outcome.error for outcome in found if outcome.error]
    assert {(outcome.station_id, outcome.result) for outcome in found} == {
        (f"station {number}", number * number) for number in range(23)}
    assert len(found) == 23
    assert list(executor.run(fleet_tasks.squared, [], Limits())) == []


def test_run__works_on_while_the_caller_is_at_an_outcome(isolated: Executor, tmp_path: Path) -> None:
    one = type(isolated)(1)                                                                 # type: ignore[call-arg]
    marks = [str(tmp_path / name) for name in "ab"]
    with closing(one.run(fleet_tasks.marked, tasks(*marks), Limits())) as outcomes:
        next(iter(outcomes))
        until = time.monotonic() + 60
        while not all(map(os.path.exists, marks)):
            assert time.monotonic() < until, "the second task waits for the caller"
            time.sleep(0.01)


def test_run__a_task_s_own_error_is_handed_back_whole(executor: Executor) -> None:
    found = {outcome.station_id: outcome for outcome in executor.run(
        fleet_tasks.mixed, tasks("raises", "raises_of_another_kind", "faults", 3), Limits())}
    wrong = found["station 0"].error
    assert isinstance(wrong, DataError)
    assert str(wrong) == "the meter is wrong\n  found: -1\n  expected: 0 or more\n  what to do: ask the meter"
    assert isinstance(found["station 1"].error, MissingExtraError)
    fault = found["station 2"].error
    assert isinstance(fault, UnexpectedError)
    assert fault.what == "unexpected ZeroDivisionError: by zero"
    assert found["station 3"].result == 9


def test_run__takes_no_more_than_it_can_work_on(executor: Executor) -> None:
    taken: list[int] = []

    def counted() -> Iterator[Task[int]]:
        for number in range(40):
            taken.append(number)
            yield Task(str(number), number)

    with closing(executor.run(fleet_tasks.squared, counted(), Limits())) as outcomes:   # type: ignore[type-var]
        next(outcomes)
        time.sleep(0.2)
        assert len(taken) <= 3


def test_run__a_poisoned_task_fails_alone(isolated: Executor) -> None:
    poison = ("segfaults", "exits", "loops", "hogs", "unpicklable", "unreadable", "leaves")
    found = {outcome.station_id: outcome for outcome in isolated.run(
        fleet_tasks.mixed, tasks(*poison, *range(4)), Limits(seconds=1.5, memory=300 * MB, retries=0))}
    assert len(found) == len(poison) + 4
    said = {word: found[f"station {number}"].error for number, word in enumerate(poison)}
    assert all(said.values())
    assert {outcome.result for outcome in found.values() if outcome.error is None} == {0, 1, 4, 9}
    for word in ("segfaults", "exits", "loops", "hogs"):
        assert isinstance(said[word], LostTaskError), word
    assert "longer than its 1.5 s" in said["loops"].what
    assert "more memory than its 300 MB" in said["hogs"].what
    assert "cannot be handed back" in said["unpicklable"].what
    assert "cannot be read" in said["unreadable"].what


def test_run__a_crash_is_tried_again(isolated: Executor, tmp_path: Path) -> None:
    dying, second = tmp_path / "dying", tmp_path / "second"
    dying.mkdir()
    second.mkdir()
    (died,) = isolated.run(fleet_tasks.counted, [Task("one", str(dying))], Limits())
    assert isinstance(died.error, LostTaskError)
    assert len(list(dying.iterdir())) == 3
    (made,) = isolated.run(fleet_tasks.second_time, [Task("one", str(second))], Limits())
    assert made.result == "done"


def test_run__one_thread_each(isolated: Executor) -> None:
    (found,) = isolated.run(fleet_tasks.threads, [Task("one", None)], Limits())
    assert found.result is not None
    assert found.result[0] == "1"


def test_processes__workers_end_when_no_one_takes_their_results() -> None:
    outcomes = Processes(2).run(fleet_tasks.slept, tasks(0.0, 60.0, 60.0), Limits())
    with closing(outcomes):                                            # type: ignore[type-var]
        assert next(outcomes).result == 0.0
        started = time.monotonic()
    assert time.monotonic() - started < 5


def test_processes__one_that_cannot_be_handed_over_fails_alone() -> None:
    found = {outcome.station_id: outcome for outcome in Processes(1).run(
        fleet_tasks.mixed, [Task("one", lambda: None), Task("two", 2)], Limits())}
    assert found["one"].error is not None
    assert found["two"].result == 4


def test_ray__is_asked_for_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match="ray"):
        list(Ray(1).run(fleet_tasks.squared, tasks(1), Limits()))


@NO_RAY
@pytest.mark.slow
def test_ray__a_machine_that_dies_in_the_middle_of_a_task(tmp_path: Path) -> None:
    """Three machines; the one that is at a task is killed: the task is done on another."""
    pytest.importorskip("ray")
    assert os.spawnlp(os.P_WAIT, "python", "python", str(Path(__file__).with_name("ray_cluster.py")),
                      str(tmp_path)) == 0
