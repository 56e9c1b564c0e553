import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattcast.contracts import Horizon, Kind, Station
from wattcast.errors import ConfigError, InputError
from wattcast.timegrid import (
    DAY,
    WallGrid,
    days_later,
    divides_day,
    followed_clock,
    horizon_index,
    hours_and_weekdays,
    lead_days,
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


@pytest.mark.parametrize("text", ["now", " Today", "", "NaT", "nan", "next week", "2025-13-01", "2025-02-30", "25:00",
                                  "02/03/2025", "1.2.2025 00:00", "06:00", "3-4-2025"])
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


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo")
CHANGES = ["2024-03-31", "2024-10-27", "2024-03-10", "2024-11-03", "2024-04-07", "2024-10-06", "2024-04-14",
           "2018-11-04", "2018-02-18"]


def grid_of(start: str, zone: str, days: float, step: str) -> tuple[pd.DatetimeIndex, WallGrid]:
    step = pd.Timedelta(step)
    index = pd.date_range(pd.Timestamp(start, tz=zone), periods=int(pd.Timedelta(days=days) / step), freq=step)
    return index, WallGrid.of(index, step)


@pytest.mark.parametrize("zone", [CHINA, "UTC", "Asia/Kolkata"])
@pytest.mark.parametrize("step", ["15min", "1h", "24h"])
def test_wall_grid__without_changes_a_slot_is_its_row(zone: str, step: str) -> None:
    index, grid = grid_of("2024-02-28 05:30", zone, 400, step)
    rows = np.arange(len(index))
    assert np.array_equal(grid.slots, rows)
    assert np.array_equal(grid.first, rows)
    assert grid.rows(np.asarray([-1, 0, len(index)])).tolist() == [-1, 0, -1]


def test_wall_grid__in_spring_slots_are_left_out() -> None:
    _, grid = grid_of("2024-03-31", "Europe/Berlin", 1, "1h")
    assert grid.slots[:5].tolist() == [0, 1, 3, 4, 5]
    assert grid.rows(np.asarray([1, 2, 3])).tolist() == [1, -1, 2]
    assert np.array_equal(grid.by_slot(np.arange(24.0))[:4], [0, 1, np.nan, 2], equal_nan=True)


def test_wall_grid__in_autumn_the_first_of_two_rows_stands_for_their_slot() -> None:
    _, grid = grid_of("2024-10-27", "Europe/Berlin", 1, "30min")
    assert grid.slots[:9].tolist() == [0, 1, 2, 3, 4, 5, 4, 5, 6]
    assert grid.rows(np.asarray([3, 4, 5, 6])).tolist() == [3, 4, 5, 8]
    # Seen from the second of them the first is known, and from the first itself it is not.
    assert grid.rows_before(np.asarray([4, 4]), np.asarray([6, 4])).tolist() == [4, -1]


def test_wall_grid__from_within_the_repeated_hour() -> None:
    index, grid = grid_of("2024-10-27 00:00+00:00", "UTC", 1, "30min")
    grid = WallGrid.of(index.tz_convert("Europe/Berlin") + pd.Timedelta("30min"), pd.Timedelta("30min"))
    assert grid.slots[:4].tolist() == [0, -1, 0, 1]
    assert grid.rows(np.asarray([-2, -1, 0, 1])).tolist() == [-1, 1, 0, 3]


@pytest.mark.parametrize(("step", "expected"), [("30min", [2, 3, 3, 4]), ("15min", [5, 6, 7, 6])])
def test_wall_grid__half_an_hour_goes_back(step: str, expected: list[int]) -> None:
    """On Lord Howe Island 02:00 is followed by 01:30."""
    _, grid = grid_of("2024-04-07", "Australia/Lord_Howe", 1, step)
    assert grid.slots[expected[0]:expected[0] + 4].tolist() == expected


@pytest.mark.parametrize("start", ["2024-04-01", "2024-04-20"])
def test_wall_grid__full_hours_at_half_past_have_the_slot_that_they_began_in(start: str) -> None:
    index, grid = grid_of(start, "Australia/Lord_Howe", 300, "1h")
    assert np.array_equal(grid.slots % 24, index.hour)
    assert np.unique(index.minute).tolist() == [0, 30]


@pytest.mark.parametrize("step", ["3h", "6h", "12h", "24h"])
def test_wall_grid__an_hour_is_nothing_to_long_steps(step: str) -> None:
    index, grid = grid_of("2024-01-01", "Europe/Berlin", 360, step)
    assert np.array_equal(grid.slots, np.arange(len(index)))


@given(st.sampled_from(ZONES), st.sampled_from(CHANGES), st.integers(-80, 80),
       st.sampled_from(["15min", "30min", "1h"]))
def test_wall_grid__a_row_of_an_earlier_slot_is_an_earlier_row(zone: str, day: str, hours: int, step: str) -> None:
    """What stands for a slot before the origin's is known at the origin, and lies at the same time on the wall."""
    start = pd.Timestamp(day, tz="UTC").tz_convert(zone) - pd.Timedelta(hours=72 + hours)
    index = pd.date_range(start, periods=6 * DAY // pd.Timedelta(step), freq=step)
    grid = WallGrid.of(index, pd.Timedelta(step))
    # A grid that begins within the repeated hour has its earlier half in the second pass alone.
    for origin in range(8, len(index), 3):
        assert grid.rows(np.arange(grid.lowest, grid.slots[origin])).max() < origin
    known = grid.rows(grid.slots)
    assert (known >= 0).all()
    assert (known <= np.arange(len(index))).all()
    assert ((index.hour + index.minute / 60) - (index[known].hour + index[known].minute / 60) < 1).all()


@pytest.mark.parametrize(("time", "days", "expected"), [
    ("2024-03-30", 1, "2024-03-31 00:00+01:00"), ("2024-03-31", 1, "2024-04-01 00:00+02:00"),
    ("2024-10-27", 1, "2024-10-28 00:00+01:00"), ("2024-10-28", -7, "2024-10-21 00:00+02:00"),
    ("2024-03-30 02:30", 1, "2024-03-31 03:00+02:00"), ("2024-10-26 02:30", 1, "2024-10-27 02:30+02:00"),
])
def test_days_later__the_same_time_on_the_wall(time: str, days: int, expected: str) -> None:
    assert days_later(pd.Timestamp(time, tz="Europe/Berlin"), days) == pd.Timestamp(expected)


def test_days_later__stays_on_the_grid() -> None:
    time = pd.Timestamp("2024-10-05", tz="Australia/Lord_Howe")
    assert days_later(time, 2).minute == 0
    found = days_later(time, 2, HOUR)
    assert (found.hour, found.minute) == (0, 30)
    assert days_later(found, -2, HOUR) == time


@pytest.mark.parametrize("every", ["1D", "7D"])
@pytest.mark.parametrize("first", ["2024-03-24", "2024-10-20"])
def test_rolling_origins__whole_days_stay_at_midnight(first: str, every: str) -> None:
    first = pd.Timestamp(first, tz="Europe/Berlin")
    origins = list(rolling_origins(first, pd.Timedelta(every), first + 15 * DAY + HOUR))
    assert len(origins) == 1 + 15 * DAY // pd.Timedelta(every)
    assert {(origin.hour, origin.minute) for origin in origins} == {(0, 0)}


def test_rolling_origins__other_durations_are_absolute() -> None:
    first = pd.Timestamp("2024-10-26", tz="Europe/Berlin")
    origins = list(rolling_origins(first, 12 * HOUR, first + 3 * DAY))
    assert np.unique(np.diff(origins)).tolist() == [12 * HOUR]
    assert origins[-1].hour == 23


def test_rolling_origins__from_either_half_of_the_repeated_hour_the_first_is_the_one_given() -> None:
    first = pd.Timestamp("2024-10-27 02:30+01:00").tz_convert("Europe/Berlin")
    assert next(rolling_origins(first, DAY, first)) == first


@pytest.mark.parametrize(("origin", "hours"), [
    ("2024-03-30", [24, 23, 24, 24, 24, 24, 25]), ("2024-10-26", [24, 25, 24, 24, 24, 24, 23]),
    ("2024-03-31 12:00", [24] * 7), ("2024-06-01", [24] * 7), ("2024-10-26 12:00", [25, 24, 24, 24, 24, 24, 23]),
])
def test_lead_days__by_the_clock_on_the_wall(origin: str, hours: list[int]) -> None:
    index = horizon_index(pd.Timestamp(origin, tz="Europe/Berlin"), Horizon(168, HOUR))
    assert np.bincount(lead_days(index)).tolist() == hours
    quarters = horizon_index(index[0], Horizon(672, HOUR / 4))
    assert np.array_equal(lead_days(quarters)[::4], lead_days(index))


@pytest.mark.parametrize(("kind", "daylight_saving", "last"), [
    (Kind.LOAD, True, 24), (Kind.LOAD, False, 23), (Kind.PV, True, 23), (Kind.WIND, True, 23),
])
def test_followed_clock__only_loads_go_by_that_on_the_wall(kind, daylight_saving, last) -> None:
    index = pd.date_range("2024-03-31", periods=24, freq="1h", tz="Europe/Berlin")
    station = Station(id="s", kind=kind, daylight_saving=daylight_saving)
    assert WallGrid.of(followed_clock(index, station.by_wall_clock), HOUR).slots[-1] == last


def test_hours_and_weekdays__are_those_of_the_clock_on_the_wall() -> None:
    """On Sunday 30 March 2025 there is no hour from two to three in Berlin."""
    first = pd.Timestamp("2025-03-29 23:30", tz="Europe/Berlin")
    hours, weekdays = hours_and_weekdays(first, pd.Timedelta("30min"), 8)
    assert hours.tolist() == [23.5, 0, 0.5, 1, 1.5, 3, 3.5, 4]
    assert weekdays.tolist() == [5] + 7 * [6]
