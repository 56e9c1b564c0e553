"""One loop over stations: a failure is an outcome, and the exit code is that of the worst."""

import logging

import pytest

from wattcast.errors import REJECTED, DataError, UnexpectedError, WattcastError
from wattcast.workflows.many import Outcome, each_station, ending


class Rejected:
    rejected = True


def verb(station_id: str) -> object:
    """What a station's name says: a result, or what is raised."""
    ends = {"bad": DataError("cannot be read", found="ink", expected="digits", hint="scan it again"),
            "ours": KeyError("total"), "weird": WattcastError("no idea"), "memory": MemoryError()}
    if station_id in ends:
        raise ends[station_id]
    return Rejected() if station_id == "no" else f"forecast of {station_id}"


def test_each_station__a_failure_does_not_end_the_loop() -> None:
    outcomes = list(each_station(("bad", "a1", "ours", "no", "weird", "b2", "memory"), verb))
    assert [(outcome.station_id, outcome.state, outcome.exit_code) for outcome in outcomes] == [
        ("bad", "failed", 2), ("a1", "done", 0), ("ours", "failed", 1), ("no", "rejected", 3), ("weird", "failed", 1),
        ("b2", "done", 0), ("memory", "failed", 1)]
    assert [outcome.result for outcome in outcomes if outcome.state == "done"] == ["forecast of a1", "forecast of b2"]
    assert outcomes[0].error is not None
    assert outcomes[0].error.to_dict() == {"what": "cannot be read", "found": "ink", "expected": "digits",
                                           "hint": "scan it again", "exit_code": 2}


def test_each_station__yields_each_before_the_next_begins() -> None:
    begun = []
    loop = each_station(("a1", "b2"), lambda station_id: begun.append(station_id) or station_id)
    assert begun == []
    assert next(loop).result == "a1"
    assert begun == ["a1"]


def test_each_station__an_unexpected_exception_is_told_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "wattcast"):
        error = next(each_station(("ours",), verb)).error
    assert isinstance(error, UnexpectedError)
    assert error.what == "unexpected KeyError: 'total'"
    assert isinstance(error.__cause__, KeyError)
    assert "report it" in str(error)
    assert "Traceback" not in caplog.text
    with caplog.at_level(logging.DEBUG, "wattcast"):
        list(each_station(("ours",), verb))
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, BrokenPipeError, GeneratorExit])
def test_each_station__what_ends_everything_still_does(end: type[BaseException]) -> None:
    seen = []

    def run(station_id: str) -> None:
        seen.append(station_id)
        raise end

    with pytest.raises(end):
        list(each_station(("a1", "b2"), run))
    assert seen == ["a1"]


def test_unexpected_error__without_a_message_is_its_type_alone() -> None:
    assert UnexpectedError(MemoryError()).what == "unexpected MemoryError"
    assert UnexpectedError(OSError("two\n  lines")).what == "unexpected OSError: two lines"


@pytest.mark.parametrize(("codes", "code"), [
    ((), 0), ((0, 0), 0), ((0, 3, 0), 3), ((3, 1, 0), 1), ((0, 1, 3, 2), 2), ((2,), 2),
])
def test_ending__wrong_input_before_our_fault_before_the_gate(codes: tuple[int, ...], code: int) -> None:
    assert ending(codes) == code


def test_outcome__a_result_without_a_gate_is_done() -> None:
    assert (Outcome("a1", "a report").state, Outcome("a1", "a report").exit_code) == ("done", 0)
    assert Outcome("no", Rejected()).exit_code == REJECTED
