"""Descriptions of a source, spellings of columns, and the two tables that come out."""

import pandas as pd
import pytest
from pydantic import ValidationError

from wattcast.contracts import PART, TOTAL, Kind, Station
from wattcast.data.schema import DataConfig, StationData, WeatherVintages, quantity_of, recognise
from wattcast.errors import ConfigError


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(2025, 6, number, tz="Asia/Shanghai")


def vintages() -> WeatherVintages:
    """Issued on 1, 2 and 3 June, each for three hours; the values tell the day (100s, 200s, 300s)."""
    issued = [day(number) for number in (1, 2, 3) for _ in range(3)]
    times = [start + pd.Timedelta(hours=hour) for start, hour in zip(issued, [0, 1, 2] * 3, strict=True)]
    index = pd.MultiIndex.from_arrays([issued, times], names=["issued", "time"])
    values = [float(100 * number + hour) for number in (1, 2, 3) for hour in range(3)]
    return WeatherVintages(pd.DataFrame({"temperature": values}, index=index))


def station_data() -> StationData:
    index = pd.date_range(day(1), periods=72, freq="1h", name="time")
    total = pd.Series(range(72), index=index, dtype=float)
    total.iloc[50:] = float("nan")
    frame = pd.DataFrame({TOTAL: total, "temperature": 20.0})
    return StationData(Station(id="s", known_future=("temperature",), step="1h"), frame, vintages())


@pytest.mark.parametrize(("spelling", "meaning"), [
    ("windSpeed", "wind_speed"), ("wind_speed", "wind_speed"), ("WIND-SPEED", "wind_speed"), ("Temp", "temperature"),
    ("温度(℃)", "temperature"), ("temperature [°C]", "temperature"), ("总有功功率", TOTAL), ("不可用功率", PART),
    ("时间", "time"), ("TS", "time"), ("station_ref_id", "station"), ("Humidity（%）", "humidity"),
])
def test_recognise__ignores_case_separators_and_units(spelling: str, meaning: str) -> None:
    assert recognise(spelling) == meaning


@pytest.mark.parametrize("spelling", ["load", "APX", "windspeed_100m", "", "(kW)", "temperature_2"])
def test_recognise__leaves_other_columns_alone(spelling: str) -> None:
    assert recognise(spelling) is None
    assert not quantity_of(spelling).varies


def test_data_config__reads_the_documented_description() -> None:
    config = DataConfig.model_validate({
        "station": "steel", "time": {"column": "time", "timezone": "Asia/Seoul", "step": "15min"},
        "targets": {TOTAL: "energy_kwh"}, "known_future": ["temperature"], "past_only": ["lagging_reactive_kvarh"],
        "kind": "load", "capacity": 600, "location": {"latitude": 34.9, "longitude": 127.7, "country": "KR"},
    })
    assert config.known_future == ("temperature",)
    assert config.kind is Kind.LOAD
    assert config.location.country == "KR"


@pytest.mark.parametrize(("section", "message"), [
    ({"targets": {"total_activ_power": "x"}}, "did you mean total_active_power"),
    ({"targets": {PART: "x"}}, "lacks total_active_power"),
    ({"targets": {TOTAL: "x"}, "known_future": ["x"]}, "'x' more than once"),
    ({"targets": {TOTAL: "x"}, "known_future": ["y"], "past_only": ["y"]}, "'y' more than once"),
    ({"targets": {TOTAL: "x"}, "past_only": [PART]}, "role other than target"),
    ({"targets": {TOTAL: "x"}, "categorical": ["y"]}, "'y', which has no role"),
    ({"time": {"timezone": "Asia/Shanghia"}}, "did you mean Asia/Shanghai"),
    ({"time": {"timezone": ""}}, "not a time zone"),
    ({"time": {"step": "7min"}}, "does not divide a day"),
    ({"time": {"step": "7min"}}, "data.time.step"),
    ({"time": {"step": "2d"}}, "data.time.step"),
    ({"horizon": "36h"}, "data.horizon: a horizon of '36h' is not possible"),
    ({"horizon": "8d"}, "whole days, 1d to 7d"),
    *(({"flat_line": text}, f"data.flat_line: {text!r} is not a duration above zero")
      for text in ("soon", "-6h", "6", "6.5", " 6 ", "0h", "0", "", "-0h", "1e3")),
    ({"flat_line": "-6h"}, "for example 15min"),
    ({"time": {"column": "t"}, "known_future": ["t"]}, "'t' more than once"),
    ({"station_column": "s", "past_only": ["s"]}, "'s' more than once"),
    ({"station_column": "t", "time": {"column": "t"}}, "'t' more than once"),
    ({"known_future": ["y", "y"]}, "'y' more than once"),
    ({"past_only": ["y", "x", "y"]}, "'y' more than once"),
    ({"valid_range": {"y": [5, 1]}}, "leaves nothing"),
])
def test_data_config__contradiction_is_a_config_error(section: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        DataConfig.model_validate(section)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["6h", "6 h", "1d", "1D", "90min", "1d 12h", "06:00:00", None])
def test_data_config__flat_line_is_a_duration_or_nothing(text: str | None) -> None:
    assert DataConfig.model_validate({"flat_line": text}).flat_line == text


def test_data_config__unknown_key_is_an_error() -> None:
    with pytest.raises(ValidationError, match="know_future"):
        DataConfig.model_validate({"know_future": []})


def test_as_of__newest_issued_at_or_before_the_origin() -> None:
    assert vintages().as_of(day(1) - pd.Timedelta("1min")) is None
    at_issue = vintages().as_of(day(2))
    later = vintages().as_of(day(3) - pd.Timedelta("1min"))
    assert at_issue is not None
    assert later is not None
    assert at_issue["temperature"].tolist() == later["temperature"].tolist() == [200.0, 201.0, 202.0]
    assert at_issue.index[0] == day(2)


def test_as_of__after_until_does_not_look_for_what_was_cut_off() -> None:
    kept = vintages().until(day(2)).as_of(day(3))
    assert kept is not None
    assert kept["temperature"].tolist() == [200.0, 201.0, 202.0]


def test_end__is_where_the_last_measured_interval_ends() -> None:
    assert station_data().end == day(3) + pd.Timedelta(hours=2)


def test_until__drops_rows_and_forecasts_from_the_origin_on() -> None:
    cut = station_data().until(day(2))
    assert cut.frame.index[-1] == day(2) - pd.Timedelta(hours=1)
    assert cut.end == day(2)
    assert cut.vintages is not None
    assert cut.vintages.table.index.get_level_values("issued").max() == day(2)
