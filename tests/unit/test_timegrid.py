import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattcast.contracts import Horizon, Station
from wattcast.errors import ConfigError, InputError
from wattcast.timegrid import (
    divides_day,
    horizon_index,
    midnight,
    parse_duration,
    parse_horizon,
    parse_step,
    parse_time,
    regular_index,
    require_on_grid,
    rolling_origins,
    slots_of_day,
    station_horizon,
    step_of_at_least,
    steps_per_day,
)

CHINA, BERLIN = "Asia/Shanghai", "Europe/Berlin"
HOUR = pd.Timedelta(hours=1)


@pytest.mark.parametrize(("text", "minutes", "a_day"), [
    ("15min", 15, 96), ("10min", 10, 144), ("1h", 60, 24), ("30 min", 30, 48), ("1d", 1440, 1), ("45min", 45, 32)])
def test_parse_step(text: str, minutes: int, a_day: int) -> None:
    step = parse_step(text)
    assert step == pd.Timedelta(minutes=minutes)
    assert steps_per_day(step) == a_day


@pytest.mark.parametrize("text", ["", "soon", "7min", "5h", "2d", "0min", "-15min", "NaT", "15", "15.5", " 15 ", "1e3"])
def test_parse_step__refuses_what_does_not_divide_a_day(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_step(text)
    assert repr(text) in str(caught.value)
    assert "15min" in str(caught.value.expected)


@pytest.mark.parametrize(("text", "hours"), [("7d", 168), ("7 d", 168), ("7D", 168), ("12h", 12), ("1d 12h", 36)])
def test_parse_duration(text: str, hours: int) -> None:
    assert parse_duration(text) == hours * HOUR


@pytest.mark.parametrize("text", ["2025-06-01 08:00", "2025-06-01T08:00", "2025-06-01T00:00Z", "2025-06-01 02:00+02"])
def test_parse_time__an_instant_with_or_without_an_offset(text: str) -> None:
    time = parse_time(text, CHINA)
    assert time == pd.Timestamp("2025-06-01 00:00", tz="UTC")
    assert str(time) == "2025-06-01 08:00:00+08:00"


@pytest.mark.parametrize("text", ["now", " Today", "", "NaT", "nan", "next week", "2025-13-01", "2025-02-30", "25:00"])
def test_parse_time__refuses_what_is_no_time(text: str) -> None:
    with pytest.raises(InputError, match="is not a time in Asia/Shanghai"):
        parse_time(text, CHINA)


@pytest.mark.parametrize("text", ["2025-03-30 02:30", "2025-10-26 02:30"])
def test_parse_time__refuses_what_a_dst_change_leaves_out_or_repeats(text: str) -> None:
    with pytest.raises(InputError, match="is not a time in Europe/Berlin"):
        parse_time(text, BERLIN)
    assert parse_time(f"{text}+01:00", BERLIN).tzinfo is not None


@pytest.mark.parametrize(("time", "starts"), [
    ("2025-06-01 15:07:09+08:00", "2025-06-01 00:00+08:00"), ("2025-06-01 00:00+08:00", "2025-06-01 00:00+08:00")])
def test_midnight__the_start_of_the_local_day(time: str, starts: str) -> None:
    assert midnight(pd.Timestamp(time).tz_convert(CHINA)) == pd.Timestamp(starts)


def test_midnight__that_a_dst_change_leaves_out() -> None:
    assert str(midnight(pd.Timestamp("2025-03-30 12:00", tz="Asia/Beirut"))) == "2025-03-30 01:00:00+03:00"


@pytest.mark.parametrize("first", ["2025-06-01 09:15", "2025-03-27 09:15", "2025-10-24 00:00"])
def test_horizon_index__counts_in_absolute_time(first: str) -> None:
    origin = pd.Timestamp(first, tz=BERLIN)
    index = horizon_index(origin, Horizon(672, parse_step("15min")))
    assert (len(index), index[0], index.name) == (672, origin, "time")
    assert index[-1] - origin == pd.Timedelta(days=7) - pd.Timedelta(minutes=15)
    assert str(index.tz) == BERLIN


def test_regular_index__includes_both_ends_over_a_dst_change() -> None:
    first, last = pd.Timestamp("2025-03-30 00:00", tz=BERLIN), pd.Timestamp("2025-03-31 00:00", tz=BERLIN)
    index = regular_index(first, last, HOUR)
    assert (index[0], index[-1], len(index)) == (first, last, 24)


@given(st.datetimes(min_value=pd.Timestamp("2000-01-01"), max_value=pd.Timestamp("2040-01-01")),
       st.sampled_from(["15min", "10min", "1h", "30min"]), st.sampled_from([CHINA, "Asia/Kolkata"]))
def test_require_on_grid__steps_count_from_local_midnight(time, text: str, zone: str) -> None:
    step, local = parse_step(text), pd.Timestamp(time).tz_localize(zone)
    on_grid = local.floor(text)
    assert require_on_grid(on_grid, step) == on_grid
    if local != on_grid:
        with pytest.raises(InputError, match="lies between two steps"):
            require_on_grid(local, step)


@pytest.mark.parametrize(("count", "expected"), [(None, 3), (2, 2), (0, 0), (9, 3)])
def test_rolling_origins__up_to_the_last_and_no_more_than_asked(count: int | None, expected: int) -> None:
    first = pd.Timestamp("2025-06-01", tz=CHINA)
    origins = list(rolling_origins(first, 7 * 24 * HOUR, first + 14 * 24 * HOUR, count))
    assert origins == [first + week * 7 * 24 * HOUR for week in range(expected)]


def test_rolling_origins__none_after_the_last() -> None:
    first = pd.Timestamp("2025-06-01", tz=CHINA)
    assert list(rolling_origins(first, HOUR, first - HOUR)) == []


@pytest.mark.parametrize(("text", "days"), [("7d", 7), ("48h", 2), ("24h", 1), ("1d", 1)])
def test_parse_horizon__whole_days(text: str, days: int) -> None:
    assert parse_horizon(text) == pd.Timedelta(days=days)


@pytest.mark.parametrize("text", ["36h", "8d", "12h", "0d", "soon"])
def test_parse_horizon__refuses_parts_of_days_and_more_than_a_week(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_horizon(text)
    assert repr(text) in str(caught.value)


def test_station_horizon__is_seven_days_unless_described() -> None:
    assert station_horizon(Station(id="s")).steps == 672
    assert station_horizon(Station(id="s", step="1h", horizon="48h")).steps == 48


def test_slots_of_day__count_from_local_midnight() -> None:
    index = pd.date_range("2025-03-01 23:30", periods=3, freq="15min", tz=CHINA)
    assert slots_of_day(index, pd.Timedelta("15min")).tolist() == [94, 95, 0]


@pytest.mark.parametrize(("span", "step"), [("7min", "10min"), ("15min", "15min"), ("35min", "1h"), ("25h", "24h")])
def test_step_of_at_least__is_a_usual_one(span: str, step: str) -> None:
    assert step_of_at_least(pd.Timedelta(span)) == pd.Timedelta(step)


def test_divides_day__only_whole_numbers_of_spans() -> None:
    assert [divides_day(pd.Timedelta(span)) for span in ("7min", "36min", "7h", "24h")] == [False, True, False, True]
