"""Where the sun stands: known days and places."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Kind, Location, Station
from wattcast.data.schema import StationData
from wattcast.features.pipeline import FeaturePipeline, FeaturesConfig
from wattcast.features.solar import SOLAR_NAMES, clear_sky, is_night, solar_features

WUXI = Location(latitude=31.0, longitude=120.0)
STEP, HOUR = pd.Timedelta("15min"), pd.Timedelta("1h")


def day(date: str, timezone: str = "Asia/Shanghai", step: pd.Timedelta = STEP) -> pd.DatetimeIndex:
    start = pd.Timestamp(date, tz=timezone)
    return pd.date_range(start, start + pd.DateOffset(days=1), freq=step, inclusive="left")


def test_columns__float32_and_in_their_ranges() -> None:
    table = solar_features(day("2025-06-21"), WUXI, STEP)
    assert tuple(table.columns) == SOLAR_NAMES
    assert (table.dtypes == np.float32).all()
    assert table["solar_elevation_sine"].between(0, 1).all()
    assert table["clear_sky_irradiance"].between(0, 1.2).all()
    assert set(table["daylight"]) == {0.0, 1.0}


def test_solstice__sun_stands_as_high_as_geometry_says() -> None:
    summer, winter = (solar_features(day(date), WUXI, STEP) for date in ("2025-06-21", "2025-12-21"))
    assert np.rad2deg(np.arcsin(summer["solar_elevation_sine"].max())) == pytest.approx(90 - 31 + 23.44, abs=0.3)
    assert np.rad2deg(np.arcsin(winter["solar_elevation_sine"].max())) == pytest.approx(90 - 31 - 23.44, abs=0.3)
    assert 0.75 < summer["clear_sky_irradiance"].max() < 1.1
    assert summer["daylight"].sum() * 0.25 == pytest.approx(14.1, abs=0.3)       # hours


def test_highest_sun__in_the_interval_whose_centre_is_nearest_to_noon() -> None:
    table = solar_features(day("2025-04-16", step=HOUR), WUXI, pd.Timedelta("1h"))
    morning, afternoon = table["solar_elevation_sine"].iloc[[11, 12]]       # centres 11:30 and 12:30, noon 12:00
    assert morning == pytest.approx(afternoon, abs=0.005)


def test_time_zones__the_same_instants_have_the_same_sun() -> None:
    index = day("2025-03-30", "Europe/Amsterdam")                                # a day of 23 hours
    place = Location(latitude=52.0, longitude=5.0)
    local, universal = solar_features(index, place, STEP), solar_features(index.tz_convert("UTC"), place, STEP)
    np.testing.assert_array_equal(local, universal)
    assert len(local) == 92


def test_is_night__only_where_the_sun_is_down_from_start_to_end() -> None:
    index = day("2025-04-16", step=HOUR)
    night = is_night(index, WUXI, HOUR)
    assert night.dtype == bool
    assert night[:5].all()
    assert night[19:].all()
    assert not night[5:19].any()                            # the sun rises at 5:31 and sets at 18:26


def test_is_night__never_where_a_clear_sky_gives_power() -> None:
    index = pd.date_range("2025-01-01", "2026-01-01", freq="1h", tz="Asia/Shanghai", inclusive="left")
    centre = solar_features(index, WUXI, HOUR)
    assert not (is_night(index, WUXI, HOUR) & (centre["clear_sky_irradiance"].to_numpy() > 0)).any()


def test_is_night__polar_day_and_night() -> None:
    place = Location(latitude=78.0, longitude=16.0)
    assert not is_night(day("2025-06-21"), place, STEP).any()
    assert is_night(day("2025-12-21"), place, STEP).all()


def test_is_night__of_a_single_interval() -> None:
    times = [pd.Timestamp(f"2025-04-16 {hour}", tz="Asia/Shanghai") for hour in ("00:00", "12:00")]
    assert [bool(is_night(pd.DatetimeIndex([time]), WUXI, STEP)[0]) for time in times] == [True, False]


@pytest.mark.parametrize(("step", "dark"), [("1D", []), ("12h", []), ("8h", []), ("6h", [0, 18]), ("4h", [0, 20])])
def test_is_night__not_where_a_day_lies_between_two_dark_ends(step: str, dark: list[int]) -> None:
    index = day("2025-12-21", step=pd.Timedelta(step))
    night = is_night(index, WUXI, pd.Timedelta(step))         # the sun rises at 6:58 and sets at 16:57
    assert index.hour[night].tolist() == dark


def test_clear_sky__is_none_at_night_and_highest_at_noon() -> None:
    index = pd.date_range("2025-06-21", periods=24, freq="1h", tz="Asia/Shanghai")
    sky = clear_sky(index, Location(latitude=31.2, longitude=121.5), pd.Timedelta(hours=1))
    assert (sky[[0, 3, 22, 23]] == 0).all()
    assert sky.argmax() in (11, 12)
    assert 950 < sky.max() < 1100


@pytest.mark.parametrize(("told", "there"), [
    ({}, True), ({"solar": False}, False), ({"known_future": ("ghi",)}, False), ({"kind": Kind.LOAD}, False),
    ({"timezone": "Etc/GMT-8"}, False)])
def test_table__has_the_open_sky_where_the_rule_reads_it(told: dict[str, object], there: bool) -> None:
    config = FeaturesConfig(solar=bool(told.pop("solar", True)))
    station = Station(id="s", **{"kind": Kind.PV, "timezone": "Asia/Shanghai", "step": "1h", **told})
    index = pd.date_range("2025-06-01", periods=48, freq="1h", tz=station.timezone)
    frame = pd.DataFrame(1.0, index=index, columns=list(station.columns))
    table = FeaturePipeline(config, station).fit(StationData(station, frame)).transform_plain(frame)
    assert (table.clear_sky is not None) == there
