"""Temperatures in two units, and weather in another unit than the history."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.weather_units import like_history, mask_other_temperatures, require_like_history
from wattcast.errors import DataError

TIMES = pd.date_range("2025-03-01", periods=24 * 40, freq="1h", tz="Asia/Shanghai", name="time")
STATION = Station(id="s", known_future=("temp", "rh", "pressure", "cloud", "code"), categorical=("code",), step="1h")


def celsius() -> np.ndarray:
    hour = TIMES.hour.to_numpy()
    return 12 + 6 * np.sin((hour - 9) / 12 * np.pi) + np.random.default_rng(1).normal(0, 1, len(TIMES)).round(2)


def history() -> pd.DataFrame:
    random = np.random.default_rng(2)
    return pd.DataFrame({TOTAL: 400.0, "temp": celsius(), "rh": random.uniform(35, 98, len(TIMES)),
                         "pressure": random.normal(1013, 8, len(TIMES)), "cloud": random.uniform(0, 100, len(TIMES)),
                         "code": "100"}, index=TIMES)


def masked(temperature: np.ndarray) -> list[int]:
    frame = history().assign(temp=temperature)
    cleaned, findings = mask_other_temperatures(frame, STATION)
    rows = np.flatnonzero(cleaned["temp"].isna())
    assert [(found.kind, found.column, found.count) for found in findings] == (
        [("unit", "temp", len(rows))] if len(rows) else [])
    return rows.tolist()


@pytest.mark.parametrize("rows", [slice(500, None), slice(300, 400), slice(700, 701)])
def test_temperature__kelvin_beside_celsius(rows: slice) -> None:
    values = celsius()
    values[rows] += 273.15
    assert masked(values) == list(range(*rows.indices(len(TIMES))))
    other = celsius() + 273.15
    other[rows] -= 273.15
    assert masked(other) == list(range(*rows.indices(len(TIMES))))


@pytest.mark.parametrize("rows", [slice(500, None), slice(300, 400)])
def test_temperature__fahrenheit_beside_celsius(rows: slice) -> None:
    values = celsius()
    values[rows] = values[rows] * 1.8 + 32
    assert masked(values) == list(range(*rows.indices(len(TIMES))))
    other = celsius() * 1.8 + 32
    other[rows] = (other[rows] - 32) / 1.8
    assert masked(other) == list(range(*rows.indices(len(TIMES))))


@pytest.mark.parametrize("values", [
    celsius(), celsius() + 273.15, celsius() * 1.8 + 32, celsius() - 22 * (np.arange(len(TIMES)) > 500),
    np.where(np.arange(len(TIMES)) % 50 == 0, np.nan, celsius()), np.full(len(TIMES), np.nan)])
def test_temperature__one_unit_and_cold_fronts_stay(values: np.ndarray) -> None:
    frame = history().assign(temp=values)
    cleaned, findings = mask_other_temperatures(frame, STATION)
    assert cleaned is frame
    assert findings == []


@pytest.mark.parametrize(("column", "other", "words"), [
    ("temp", lambda x: x + 273.15, "K to °C"), ("temp", lambda x: x * 1.8 + 32, "°F to °C"),
    ("rh", lambda x: x / 100, "a fraction to %"), ("pressure", lambda x: x * 100, "Pa to hPa"),
    ("pressure", lambda x: x / 10, "kPa to hPa"), ("cloud", lambda x: x / 100, "a fraction to %")])
def test_like_history__converts_what_only_one_unit_explains(column: str, other, words: str) -> None:
    week = history().iloc[:168].assign(**{column: lambda table: other(table[column])})
    converted, (note,) = like_history(week[list(STATION.known_future)], history(), STATION)
    np.testing.assert_allclose(converted[column], history()[column].iloc[:168], atol=1e-6)
    assert note.startswith(f"{column}: ")
    assert note.endswith(f"converted from {words}")
    with pytest.raises(DataError, match=rf"another unit than the measured '{column}'(?s:.*)convert them from {words}"):
        require_like_history(week, history(), STATION, "x.csv")


def test_like_history__a_warm_week_and_clear_skies_are_no_unit() -> None:
    week = history().iloc[:168]
    for other in (week, week.assign(temp=week["temp"] + 4, cloud=0.0), week.iloc[:10].assign(temp=500.0)):
        known = other[list(STATION.known_future)]
        assert like_history(known, history(), STATION) == (known, [])


def test_like_history__a_clear_and_mild_day_tells_no_unit() -> None:
    day = history().iloc[:24].assign(cloud=np.resize([0.0, 0.0, 0.0, 13.0], 24), temp=np.resize([-5.0, 0.0], 24))
    week = history().iloc[:168].assign(temp=np.resize([2.0, 24.0], 168))
    assert any("converted from" in note for note in like_history(week, day, STATION)[1])
    require_like_history(week, day, STATION, "x.csv")


def test_like_history__what_nothing_explains_is_said() -> None:
    week = history().iloc[:168].assign(temp=lambda table: table["temp"] * 13 + 900)
    kept, (note,) = like_history(week, history(), STATION)
    assert kept is week
    assert "used as it is: check its unit" in note


@pytest.mark.parametrize(("cloud", "hours"), [(100.0, 24), (100.0, 400), (np.linspace(97, 100, 24), 24)])
def test_like_history__a_short_or_constant_history_tells_no_unit(cloud: float | np.ndarray, hours: int) -> None:
    week, before = history().iloc[400:568], history().iloc[:hours].assign(cloud=cloud)
    assert like_history(week[["cloud"]], before, STATION)[1] == []


def test_like_history__a_day_still_tells_a_fraction() -> None:
    week = history().iloc[400:568].assign(cloud=lambda table: table["cloud"] / 100)
    _, (note,) = like_history(week[["cloud"]], history().iloc[:24], STATION)
    assert note.endswith("converted from a fraction to %")
