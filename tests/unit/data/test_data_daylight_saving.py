"""Whether a load's days move with the clock, where nobody says it."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Kind
from wattcast.data.daylight_saving import infer_daylight_saving
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig

ZONES = ["Europe/London", "America/Chicago", "Australia/Sydney", "America/Santiago"]


def load(zone: str, days: int = 420, *, by_wall: bool, opens: float = 6, step: str = "1h", first: str = "2023-01-02",
         noise: float = 4.0) -> pd.Series:
    """Two shifts on working days and one on Saturdays, by the clock on the wall or by one that is never changed."""
    times = pd.date_range(first, periods=days * 24, freq=step, tz=zone)
    clock = times.tz_localize(None) if by_wall else times.tz_convert("UTC").tz_localize(None) + times[0].utcoffset()
    hour = np.asarray(clock.hour + clock.minute / 60)
    works = np.select([clock.day_of_week < 5, clock.day_of_week == 5],
                      [(hour >= opens) & (hour < opens + 16), (hour >= opens) & (hour < opens + 6)], False)
    season = 20 * np.cos(2 * np.pi * np.asarray(times.day_of_year) / 365)
    return pd.Series(50 + 40 * works + season + np.random.default_rng(1).normal(0, noise, len(times)), times)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("by_wall", [True, False])
def test_clock_that_the_days_go_by__is_found(zone, by_wall) -> None:
    moves, assumed = infer_daylight_saving(load(zone, by_wall=by_wall), Kind.LOAD)
    assert moves is by_wall
    assert len(assumed) == (0 if by_wall else 1)
    if not by_wall:
        assert "2 changes" in str(assumed[0])
        assert "data.time.daylight_saving says otherwise" in str(assumed[0])


@pytest.mark.parametrize("series", [
    pytest.param(load("Europe/London", 200, by_wall=False), id="one change"),
    pytest.param(load("Europe/London", 13, by_wall=False), id="no change"),
    pytest.param(load("Asia/Shanghai", by_wall=False), id="a zone without changes"),
    pytest.param(load("Europe/London", by_wall=False) * 0 + 7, id="always the same"),
    pytest.param(load("Europe/London", by_wall=False) * np.nan, id="nothing measured"),
    pytest.param(load("Europe/London", by_wall=False, noise=400), id="nothing but noise"),
])
def test_days_that_do_not_tell__move_with_the_clock_as_most_do(series) -> None:
    assert infer_daylight_saving(series, Kind.LOAD) == (True, [])


def test_plants__are_not_asked() -> None:
    series = load("Europe/London", by_wall=False)
    assert infer_daylight_saving(series, Kind.PV) == infer_daylight_saving(series, Kind.WIND) == (True, [])


def test_gap_about_a_change__leaves_that_change_out() -> None:
    series = load("Europe/London", by_wall=False)
    series["2023-03-20":"2023-04-10"] = np.nan
    assert infer_daylight_saving(series, Kind.LOAD)[0] is True
    longer = load("Europe/London", 600, by_wall=False)
    longer["2023-03-20":"2023-04-10"] = np.nan
    assert infer_daylight_saving(longer, Kind.LOAD)[0] is False


def test_rows_after_the_third_change__change_nothing() -> None:
    """What a forecast of the past stands on does not depend on what came years later."""
    absolute, wall = (load("Europe/London", 1500, by_wall=by_wall) for by_wall in (False, True))
    mixed = absolute.where(absolute.index < "2024-05-01", wall)
    assert infer_daylight_saving(mixed, Kind.LOAD) == infer_daylight_saving(absolute[:"2024-05-01"], Kind.LOAD)
    assert infer_daylight_saving(mixed, Kind.LOAD)[0] is False


def test_change_that_speaks_against_it__is_enough() -> None:
    absolute, wall = (load("Europe/London", by_wall=by_wall) for by_wall in (False, True))
    assert infer_daylight_saving(absolute.where(absolute.index < "2023-08-01", wall), Kind.LOAD)[0] is True


@pytest.mark.parametrize("given", [True, False, None])
def test_setting__wins_over_what_the_rows_show(tmp_path, given) -> None:
    series = load("Europe/London", by_wall=False)
    frame = pd.DataFrame({"time": series.index.strftime("%Y-%m-%dT%H:%M:%S%z"), "total_active_power": series})
    frame.to_csv(tmp_path / "timer.csv", index=False)
    config = DataConfig.model_validate({"kind": "load", "time": {"timezone": "Europe/London", "step": "1h",
                                                                 "daylight_saving": given}})
    data, report = open_source(tmp_path / "timer.csv", config).read()
    assert data.station.daylight_saving is bool(given)
    assert [each.what for each in report.assumed].count("daylight_saving") == (given is None)
