"""Rows that say their own time on the wall, day and hour: 2025-10-26 05:00 is 102605."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wattcast.forecasting.wall_days import WallDays, day_slots, whole_days

HOUR = pd.Timedelta("1h")
H = 168


def said(index: pd.DatetimeIndex) -> np.ndarray:
    """`[T, 1]`"""
    return ((index.month * 100 + index.day) * 100 + index.hour).to_numpy(np.float64)[:, None]


def before(origin: str, zone: str, count: int = 10) -> tuple[WallDays, pd.DatetimeIndex]:
    end = pd.Timestamp(origin, tz=zone)
    index = pd.date_range(end=end, periods=(count + 8) * 24 + 1, freq=HOUR, inclusive="left")
    return WallDays.before(index, count, HOUR, H), index


CHANGES = [("Europe/Berlin", "2025-03-30"), ("Europe/Berlin", "2025-10-26"), ("Australia/Sydney", "2025-04-06"),
           ("Africa/Cairo", "2025-04-25"), ("Asia/Shanghai", "2025-10-26")]


@given(st.sampled_from(CHANGES), st.integers(0, 9), st.integers(0, 23))
def test_days__every_slot_is_at_its_time_on_the_wall(where, later, hour) -> None:
    zone, change = where
    origin = pd.Timestamp(change) + pd.Timedelta(days=later, hours=hour)
    assume(origin.tz_localize(zone, ambiguous="NaT", nonexistent="NaT") is not pd.NaT)
    days, index = before(str(origin), zone)
    wall = pd.date_range(origin - pd.Timedelta(days=10), origin, freq=HOUR, inclusive="left")
    found, wanted = days.laid(said(index)).reshape(-1), said(wall)[:, 0]
    known = np.isfinite(found)
    assert (~known).sum() <= 1
    assert np.array_equal(found[known], wanted[known])
    begins = index[days.begins.ravel()].tz_localize(None)
    assert ((begins - wall) <= HOUR).all()
    week = index[days.week_before.ravel()].tz_localize(None) + pd.Timedelta(days=7)
    assert ((week - wall) <= HOUR).all()


def test_hour_that_is_left_out__has_no_row_and_begins_with_the_next_one() -> None:
    days, index = before("2025-03-31", "Europe/Berlin")
    assert days.rows[-1, 2] == -1
    assert index[days.begins[-1, 2]] == pd.Timestamp("2025-03-30 03:00", tz="Europe/Berlin")
    midnight, index = before("2025-04-26", "Africa/Cairo")
    assert index[midnight.begins[-1, 0]] == pd.Timestamp("2025-04-25 01:00", tz="Africa/Cairo")


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_changed_slots__change_their_rows_and_the_repeated_hour_as_its_first(zone, change) -> None:
    days, index = before(str(pd.Timestamp(change) + pd.Timedelta(days=4)), zone)
    values = np.random.default_rng(0).normal(9, 1, (len(index), 2))
    values[-30] = np.nan
    assert np.array_equal(days.as_laid(days.laid(values), values), values, equal_nan=True)
    added = np.arange(days.rows.size, dtype=float).reshape(days.rows.shape)[..., None] + 1
    changed = days.as_laid(days.laid(values) + added, values) - values
    first = days.begins[0, 0]
    assert not changed[:first].any()
    known = np.isfinite(changed[:, 0])
    place = days.grid.slots[:len(index)] - days.slots[0, 0]
    np.testing.assert_allclose(changed[first:][known[first:]], np.repeat(place[first:][known[first:], None] + 1, 2, 1))


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_horizon__lies_in_the_slots_of_its_days(zone, change) -> None:
    days, index = before(str(pd.Timestamp(change) + pd.Timedelta(days=4)), zone)
    for day in range(10):
        first = days.begins[day, 0]
        horizon = index[first] + HOUR * np.arange(H)
        laid = days.ahead(day, said(pd.DatetimeIndex(horizon)))[..., 0]
        assert laid.shape == (7, 24)
        start = (pd.Timestamp(change) + pd.Timedelta(days=4 - 10 + day)).normalize()
        wanted = said(pd.date_range(start, periods=H, freq=HOUR))[:, 0].reshape(7, 24)
        assert (laid != wanted).sum() <= 1
        assert (laid <= wanted + 1).all()


@pytest.mark.parametrize(("origin", "count"), [("2025-03-27", 8), ("2025-10-23", 7), ("2025-06-01", 7)])
def test_day_slots__each_row_has_a_place_and_each_place_a_row(origin, count) -> None:
    """Over a change in spring the last hour belongs to an eighth day."""
    index = pd.date_range(origin, periods=H, freq=HOUR, tz="Europe/Berlin")
    rows, places = day_slots(index, HOUR)
    assert rows.shape == (count, 24)
    assert np.array_equal(places % 24, index.hour)
    standing = index[rows.ravel()[places]]
    assert (standing.tz_localize(None) == index.tz_localize(None)).all()


@pytest.mark.parametrize(("first", "end", "count"), [
    ("2025-03-28", "2025-03-31", 3), ("2025-10-25", "2025-10-27", 2), ("2025-10-25 01:00", "2025-10-27", 1),
    ("2025-06-01", "2025-06-04 12:00", 3), ("2025-06-04", "2025-06-01", 0)])
def test_whole_days__on_the_wall(first, end, count) -> None:
    assert whole_days(pd.Timestamp(first, tz="Europe/Berlin"), pd.Timestamp(end, tz="Europe/Berlin"), HOUR) == count
