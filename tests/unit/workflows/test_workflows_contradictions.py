"""New rows beside those that are kept."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.schema import DataConfig, StationData, WeatherVintages
from wattcast.errors import DataError
from wattcast.workflows.contradictions import believed, require_same_unit

HOURS = Station(id="works", step="1h", timezone="UTC", daylight_saving=False)
CONFIG = DataConfig()


def rows(first: int, days: int, station: Station = HOURS, times: float = 1.0) -> StationData:
    """Hours from a day on: 200 at night, 300 by day, and a little that tells days apart."""
    index = pd.date_range("2025-03-03", periods=24 * days, freq="1h", tz="UTC", name="time") + pd.Timedelta(days=first)
    power = 200 + 100 * ((index.hour >= 7) & (index.hour < 19)) + index.day_of_year % 7
    return StationData(station, pd.DataFrame({TOTAL: times * power.to_numpy(np.float64)}, index=index))


def test_rows_that_follow__are_as_they_came() -> None:
    found, told = believed(rows(0, 40), rows(40, 3), CONFIG, accept=False)
    pd.testing.assert_frame_equal(found.frame, rows(40, 3).frame)
    assert told == []


@pytest.mark.parametrize("times", [1000.0, 1e-3, 60.0, 0.25])
def test_other_unit__of_a_day_is_refused_or_accepted(times: float) -> None:
    new = rows(40, 2, times=times)
    with pytest.raises(DataError, match="as if in another unit") as error:
        believed(rows(0, 40), new, CONFIG, accept=False)
    assert "--accept" in str(error.value)
    assert "2025-04-12 to 2025-04-13" in str(error.value)
    assert (error.value.expected, "left empty" in error.value.found) == ("306 at most", False)
    assert believed(rows(0, 40), new, CONFIG, accept=True)[0].frame.equals(new.frame)


@pytest.mark.parametrize("factor", [1.0, 0.01])
def test_weather_forecasts__are_compared_with_what_is_kept(factor: float) -> None:
    """A clear day after cloudy weeks is one, and a share of one is no percentage."""
    cloudy = HOURS.model_copy(update={"known_future": ("cloud",)})
    kept, new = rows(0, 40, cloudy), rows(40, 1, cloudy)
    cover = np.random.default_rng(0).uniform(0, 100, 24 * 48)
    kept.frame["cloud"], new.frame["cloud"] = cover[:24 * 40], np.resize([0.0, 4.0], 24)
    ahead = rows(41, 7).frame.index
    table = pd.DataFrame({"cloud": factor * cover[24 * 41:]}, pd.MultiIndex.from_product(
        [ahead[:1], ahead], names=["issued", "time"]))
    new = StationData(cloudy, new.frame, WeatherVintages(table))
    if factor == 1:
        assert believed(kept, new, CONFIG, accept=False)[0].vintages is new.vintages
        return
    with pytest.raises(DataError, match="forecasts of station works are in another unit than the measured 'cloud'"):
        believed(kept, new, CONFIG, accept=False)
    assert believed(kept, new, CONFIG, accept=True)[0].vintages is new.vintages


def test_other_size__of_a_month_is_refused() -> None:
    with pytest.raises(DataError, match="of another size"):
        believed(rows(0, 40), rows(40, 30, times=5.0), CONFIG, accept=False)


def test_other_meter__moves_most_of_what_is_there_and_corrections_do_not() -> None:
    kept = rows(0, 60)
    corrections = rows(30, 2, times=1.2)
    assert believed(kept, corrections, CONFIG, accept=False)[0].frame.equals(corrections.frame)
    with pytest.raises(DataError, match="as if from another meter"):
        believed(kept, rows(30, 20, times=1.2), CONFIG, accept=False)


def test_single_value__far_beyond_all_before_is_left_empty_and_told() -> None:
    new = rows(40, 2)
    new.frame.iloc[30, 0] = 9e6
    found, told = believed(rows(0, 40), new, CONFIG, accept=False)
    assert np.flatnonzero(found.frame[TOTAL].isna()).tolist() == [30]
    assert "spike" in told[0]


def test_what_only_a_long_history_tells__stays() -> None:
    new = rows(40, 2, HOURS.model_copy(update={"daylight_saving": True, "capacity": 900.0}))
    station = believed(rows(0, 40), new, CONFIG, accept=False)[0].station
    assert (station.daylight_saving, station.capacity) == (False, 900.0)
    said = DataConfig.model_validate({"time": {"daylight_saving": True}})
    assert believed(rows(0, 40), new, said, accept=False)[0].station.daylight_saving


def test_require_same_unit__compares_what_names_tell() -> None:
    require_same_unit({TOTAL: "kW"}, {"unit": "kw"}, "works")
    require_same_unit({TOTAL: "kW"}, {}, "works")
    require_same_unit({}, {"unit": "kW"}, "works")
    with pytest.raises(DataError, match="in another unit") as error:
        require_same_unit({TOTAL: "kW", PART: "MW"}, {"unit": {TOTAL: "kW", PART: "kW"}}, "works")
    assert "not_use_power in MW" in str(error.value)
