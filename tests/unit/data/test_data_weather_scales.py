"""Humidity, pressure and wind speed in two units."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.merging import merge
from wattcast.data.schema import StationData
from wattcast.data.weather_scales import convert_other_units, in_units_of
from wattcast.data.weather_units import like_history, require_like_history

TIMES = pd.date_range("2025-03-01", periods=24 * 120, freq="1h", tz="Asia/Shanghai", name="time")
STATION = Station(id="s", known_future=("rh", "pressure", "ws", "temp"), step="1h")
LATE = slice(24 * 61 + 7, None)


def history() -> pd.DataFrame:
    random = np.random.default_rng(2)
    gusts = np.convolve(random.gamma(2, 1.8, len(TIMES) + 23), np.full(24, 1 / 24), "valid")
    return pd.DataFrame({TOTAL: 400.0, "rh": random.uniform(25, 99, len(TIMES)).round(),
                         "pressure": random.normal(1013, 8, len(TIMES)).round(1),
                         "ws": (gusts + random.uniform(0.1, 1.5, len(TIMES))).round(1),
                         "temp": random.normal(15, 4, len(TIMES)).round(1)}, index=TIMES)


FACTORS = [("rh", 0.01), ("rh", 100.0), ("pressure", 0.1), ("pressure", 100.0), ("pressure", 10.0), ("ws", 3.6),
           ("ws", 1 / 3.6)]


@pytest.mark.parametrize(("column", "factor"), FACTORS)
@pytest.mark.parametrize("rows", [LATE, slice(24 * 40, 24 * 80)])
def test_convert__what_follows_in_another_unit(column: str, factor: float, rows: slice) -> None:
    """100 and 10 are of fractions and of kPa in the rows before."""
    true = history()[column].to_numpy() * (0.01 if (column, factor) == ("rh", 100.0) else 0.1 if factor == 10 else 1)
    written = true.copy()
    written[rows] *= factor
    made, findings = convert_other_units(history().assign(**{column: written}), STATION)
    (found,) = findings
    assert (found.kind, found.column) == ("unit", column)
    right = np.isclose(made[column], true, rtol=1e-9)
    at_the_edges = 24 if column == "ws" else 0
    assert (~right).sum() <= at_the_edges
    assert abs(found.count - (written != true).sum()) <= at_the_edges
    assert abs((found.first - TIMES[rows][0]) / pd.Timedelta("1h")) <= at_the_edges
    assert abs((found.last - TIMES[rows][-1]) / pd.Timedelta("1h")) <= at_the_edges
    assert "in another unit than the rows before; converted to" in found.action


@pytest.mark.parametrize(("column", "change"), [
    ("rh", lambda x: x), ("rh", lambda x: x / 100), ("rh", lambda x: np.where(np.arange(len(x)) % 500 < 30, 0.0, x)),
    ("rh", lambda x: np.where(np.arange(len(x)) % 97 == 0, 1.0, x)),
    ("pressure", lambda x: np.where(np.arange(len(x)) % 97 == 0, 0.0, x)), ("pressure", lambda x: x - 180),
    ("ws", lambda x: x * (1 + (np.arange(len(x)) > 1500))), ("ws", lambda x: x * np.exp(np.arange(len(x)) / 1500)),
    ("ws", lambda x: np.where(np.arange(len(x)) // 336 % 2, x * 3.6, x)), ("ws", lambda x: x * np.nan),
    ("ws", lambda x: np.where(np.arange(len(x)) > 1500, x + 12, x))])
def test_convert__nothing_of_what_weather_and_sensors_do(column: str, change) -> None:
    frame = history().assign(**{column: lambda table: change(table[column].to_numpy())})
    cleaned, findings = convert_other_units(frame, STATION)
    assert findings == []
    assert cleaned is frame


@pytest.mark.parametrize(("column", "change", "words"), [
    ("rh", lambda x: x / 100, "0.25 … 0.99"), ("pressure", lambda x: x * 100, "98"),
    ("temp", lambda x: x + 273.15, "27"), ("temp", lambda x: x + 293.15, "29")])
def test_merge__rows_in_another_unit_than_the_history(column: str, change, words: str) -> None:
    """The season may be another one, as in the last row."""
    old, came_in = history().iloc[:2000], history().iloc[2000:]
    new = came_in.assign(**{column: change(came_in[column])})
    merged = merge(StationData(STATION, old[list(STATION.columns)]), StationData(STATION, new[list(STATION.columns)]))
    (note,) = [note for note in merged.notes() if "another unit" in note]
    assert note.startswith(f"{column}: unit, 880 times, 2025-05-23 08:00 to 2025-06-28 23:00: {words}")
    off = 20.0 if words == "29" else 0.0
    np.testing.assert_allclose(merged.data.frame[column].iloc[2000:], came_in[column] + off, atol=1e-9)
    same, findings = in_units_of(old, came_in, STATION)
    assert (same is came_in, findings) == (True, [])


def test_like_history__wind_in_kilometres_an_hour() -> None:
    week = history().iloc[-168:][["ws"]]
    converted, (note,) = like_history(week * 3.6, history(), STATION)
    np.testing.assert_allclose(converted["ws"], week["ws"])
    assert "(168 values, 2025-06-22 00:00 to 2025-06-28 23:00) where the history has" in note
    assert note.endswith("converted from km/h to m/s")
    back, (note,) = like_history(week, history() * 3.6, STATION)
    np.testing.assert_allclose(back["ws"], week["ws"] * 3.6)
    assert note.endswith("converted from m/s to km/h")


def test_like_history__knots_and_storms_are_no_kilometres_an_hour() -> None:
    week = history().iloc[-168:][["ws"]]
    kept, (note,) = like_history(week * 1.944, history(), STATION)
    assert note.endswith("used as it is: check its unit")
    pd.testing.assert_frame_equal(kept, week * 1.944)
    assert like_history(week * 1.3, history(), STATION)[1] == []
    require_like_history(week * 3.6, history(), STATION, "x.csv")
