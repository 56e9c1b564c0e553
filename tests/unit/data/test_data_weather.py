"""Weather forecasts for the horizon: plain, issued, daily files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Station
from wattcast.data.given_weather import known_weather, read_weather, weather_from_frame
from wattcast.data.schema import DataConfig, WeatherForecastsConfig, WeatherVintages
from wattcast.data.weather import daily_files
from wattcast.data.weather_layout import match_columns
from wattcast.errors import DataError

STATION = Station(id="s1", known_future=("temperature", "windSpeed", "code"), categorical=("code",))


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def at(text: str, timezone: str = "Asia/Shanghai") -> pd.Timestamp:
    return pd.Timestamp(f"2025-06-{text}", tz=timezone)


def plain(path: Path, station: Station = STATION, config: DataConfig | None = None) -> pd.DataFrame:
    weather = read_weather(path, station, config or DataConfig())
    assert isinstance(weather, pd.DataFrame)
    return weather


def issued(path: Path, station: Station = STATION, config: DataConfig | None = None) -> WeatherVintages:
    weather = read_weather(path, station, config or DataConfig())
    assert isinstance(weather, WeatherVintages)
    return weather


def test_match_columns__exact_before_case_before_meaning() -> None:
    header = ["temp", "TEMPERATURE", "Code", "wind"]
    assert match_columns(header, ("temperature", "windSpeed", "code")) == {
        "TEMPERATURE": "temperature", "wind": "windSpeed", "Code": "code"}
    assert match_columns(["u10"], ("v10",)) == {}


def test_read_weather__plain_file_with_other_spellings(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "时间,温度,Code,unknown", "2025-06-01 00:15,20.5,007,x",
                 "2025-06-01 00:00,20.0,008,y")
    frame = plain(path)
    assert frame.index.tolist() == [at("01 00:00"), at("01 00:15")]
    assert frame.index.name == "time"
    assert frame.columns.tolist() == ["temperature", "code"]
    assert frame["temperature"].tolist() == [20.0, 20.5]
    assert frame["code"].tolist() == ["008", "007"]


def test_read_weather__no_value_stays_empty(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "w.csv", "time,temperature", "2025-06-01 00:00,6553.5", "2025-06-01 00:15,")
    assert plain(path)["temperature"].isna().all()
    assert "temperature, 1 times: 6553.5" in caplog.text


def test_read_weather__an_hourly_value_holds_for_its_hour_but_no_gap_is_filled(tmp_path: Path) -> None:
    hours = (0, 1, 2, 4, 5)
    path = write(tmp_path / "w.csv", "time,temperature,code", *(f"2025-06-01 {h:02}:00,{h},{h}" for h in hours))
    frame = plain(path)
    assert frame["temperature"].tolist() == [float(h) for h in hours for _ in range(4)]
    assert frame["code"].tolist() == [str(h) for h in hours for _ in range(4)]
    assert frame.index[8:13].tolist() == [*pd.date_range(at("01 02:00"), periods=4, freq="15min"), at("01 04:00")]


def test_read_weather__three_hourly_after_hourly(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "time,temperature", *(f"2025-06-01 {h:02}:00,{h}" for h in (0, 1, 2, 5, 8)))
    hourly = plain(path, STATION.model_copy(update={"step": "1h"}))
    assert hourly["temperature"].tolist() == [0, 1, 2, 5, 5, 5, 8, 8, 8]


def test_read_weather__faster_values_are_averaged(tmp_path: Path) -> None:
    lines = (f"2025-06-01 00:{minute:02},{minute},{minute}" for minute in range(0, 30, 5))
    path = write(tmp_path / "w.csv", "time,temperature,code", *lines)
    frame = plain(path)
    assert frame["temperature"].tolist() == [5.0, 20.0]
    assert frame["code"].tolist() == ["0", "15"]


def test_read_weather__with_issue_times(tmp_path: Path) -> None:
    lines = [f"2025-06-0{day} 12:00,2025-06-0{day} {hour}:00,{day}00" for day in (2, 1) for hour in (13, 14)]
    vintages = issued(write(tmp_path / "w.csv", "issued,time,temp", *lines), STATION.model_copy(update={"step": "1h"}))
    assert vintages.table.index.names == ["issued", "time"]
    assert vintages.table.index.is_monotonic_increasing
    newest = vintages.as_of(at("02 11:59"))
    assert newest is not None
    assert newest["temperature"].tolist() == [100.0, 100.0]
    assert newest.index.tolist() == [at("01 13:00"), at("01 14:00")]


def test_read_weather__configured_names_and_offsets(tmp_path: Path) -> None:
    config = DataConfig(weather_forecasts=WeatherForecastsConfig(path="w.csv", issued="run", time="valid"))
    path = write(tmp_path / "w.csv", "run,valid,time,temp", "2025-05-31T16:00Z,2025-05-31T16:15Z,x,200")
    table = issued(path, config=config).table
    assert table.index[0] == (at("01 00:00"), at("01 00:15"))


def test_read_weather__later_rows_win(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "time,temp", "2025-06-01 00:00,200", "2025-06-01 00:00,300")
    assert plain(path)["temperature"].tolist() == [300.0]


def test_read_weather__rows_of_several_places_are_an_error(tmp_path: Path) -> None:
    lines = [f"2025-06-01 {hour:02}:00,{city},{20 + hour + more}"
             for city, more in (("A", 0), ("B", 9)) for hour in range(24)]
    path = write(tmp_path / "w.csv", "time,city,temperature", *lines)
    with pytest.raises(DataError, match="24 of 24 times") as raised:
        plain(path)
    assert "(by city)" in str(raised.value)
    assert plain(path, config=DataConfig(overlap="later")).loc[at("01 00:00"), "temperature"] == 29
    day = [f"2025-06-01 {hour:02}:00,{hour}" for hour in range(24)]
    same = write(tmp_path / "same.csv", "time,temperature", *day, *day)
    assert plain(same)["temperature"].iloc[-1] == 23


def test_read_weather__only_this_station(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "station_id,time,temp", "s1,2025-06-01 00:00,200", "s2,2025-06-01 00:00,300")
    assert plain(path)["temperature"].tolist() == [200.0]
    with pytest.raises(DataError, match=r"no rows for the station s3(?s:.*)s1, s2"):
        plain(path, STATION.model_copy(update={"id": "s3"}))


def test_read_weather__folder_of_daily_files(tmp_path: Path) -> None:
    folder = tmp_path / "s1" / "forcaster"
    for day in (2, 1):
        write(folder / f"forcaster-s1-2025-06-0{day}.csv", "time,code,temperature",
              *(f"2025-06-0{day} 00:{m:02}:00,10{day},{day}0.{m}" for m in (0, 15, 30)))
    write(folder / "forcaster-s2-2025-06-01.csv", "time,temperature", "2025-06-01 00:00:00,999")
    (folder / "forcaster-s1-2025-06-03.csv").write_text("")
    for path in (folder, folder.parent):
        vintages = issued(path)
        newest = vintages.as_of(at("02 00:00"))
        assert newest is not None
        assert newest["temperature"].tolist() == [20.0, 20.15, 20.3]
        assert newest["code"].tolist() == ["102"] * 3
        assert vintages.table.index.get_level_values("issued").unique().tolist() == [at("01 00:00"), at("02 00:00")]


def test_read_weather__folder_of_another_station(tmp_path: Path) -> None:
    write(tmp_path / "forcaster-s2-2025-06-01.csv", "time,temperature", "2025-06-01 00:00:00,999")
    with pytest.raises(DataError, match=r"no forecasts for the station s1(?s:.*)s2"):
        read_weather(tmp_path, STATION, DataConfig())
    assert list(daily_files(tmp_path, "s2").values()) == ["2025-06-01"]


@pytest.mark.parametrize(("files", "message"), [
    ({}, "there is no weather forecast"),
    ({"forcaster-s1-2025-06-01.csv": ""}, "all 1 forecast files"),
    ({"forcaster-s1-2025-06-31.csv": "time,temp\n2025-06-01 00:00,1\n"}, "2025-06-31 is not a date"),
    ({"forcaster-s1-2025-06-01.csv": "time,temp\nnoon,1\n"}, r"forcaster-s1-2025-06-01\.csv, line 2"),
])
def test_read_weather__unusable_folder(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_weather(tmp_path, STATION, DataConfig())


@pytest.mark.parametrize(("lines", "message"), [
    (["time,APX", "2025-06-01 00:00,1"], r"none of the station's known-future columns(?s:.*)time, APX"),
    (["when,temp", "2025-06-01 00:00,1"], "known to be the time"),
    (["time,temp", "2025-06-01 00:00,warm"], "line 2: the column 'temp' should hold numbers"),
    (["time,temp"], "no rows"),
])
def test_read_weather__unusable_file(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_weather(write(tmp_path / "w.csv", *lines), STATION, DataConfig())


def test_read_weather__missing_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_weather(tmp_path / "w.csv", STATION, DataConfig())


def test_read_weather__hours_after_the_issue_instead_of_a_time(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "farm,issued,lead_hours,temperature", "s1,2025-06-01 00:00,1,11",
                 "s2,2025-06-01 00:00,1,99", "s1,2025-06-01 00:00,25,12", "s1,2025-06-01 12:00,1,13")
    forecasts = WeatherForecastsConfig(path="w.csv", lead="lead_hours", station="farm")
    station = STATION.model_copy(update={"step": "1h", "known_future": ("temperature",), "categorical": ()})
    table = issued(path, station, DataConfig(weather_forecasts=forecasts)).table["temperature"].dropna()
    assert table.loc[(at("01 00:00"), at("01 01:00"))] == 11
    assert table.loc[(at("01 00:00"), at("02 01:00"))] == 12
    assert table.loc[(at("01 12:00"), at("01 13:00"))] == 13
    assert 99 not in table.tolist()


# data frames

TIMES = pd.date_range("2025-06-01", periods=6, freq="30min", name="time")
WEATHER = pd.DataFrame({"temp": [20.5, 6553.5, 900.0, 21.5, np.nan, 22.5], "Code": [7, 7, 8, 8, 9, 9], "x": "y"}, TIMES)
"""With a code for no value, what cannot be, half hours where the step is a quarter, and other spellings."""


@pytest.mark.parametrize("change", [
    lambda frame: frame,
    lambda frame: frame.rename_axis(None),
    lambda frame: frame.reset_index(),
    lambda frame: frame.tz_localize("Asia/Shanghai").tz_convert("UTC"),
    lambda frame: frame.iloc[::-1],
    lambda frame: frame.set_axis(frame.index + pd.Timedelta("7min")),
    lambda frame: frame.resample("5min").ffill(),
    lambda frame: pd.concat([frame, frame.iloc[:2].assign(temp=19.5)]),
    lambda frame: frame.astype({"temp": object}),
    lambda frame: frame.assign(station_id=["s1", "s2"] * 3),
    lambda frame: frame.assign(issued=pd.Timestamp("2025-05-31 20:00")),
])
def test_weather_from_frame__is_read_like_the_file_it_would_make(tmp_path: Path, change) -> None:
    frame = change(WEATHER)
    frame.to_csv(tmp_path / "w.csv")
    expected = read_weather(tmp_path / "w.csv", STATION, DataConfig())
    found = weather_from_frame(frame, STATION, DataConfig())
    assert type(found) is type(expected)
    tables = [each.table if isinstance(each, WeatherVintages) else each for each in (found, expected)]
    assert len(tables[0]) >= 3
    pd.testing.assert_frame_equal(*tables)


def test_weather_from_frame__issues_may_be_a_level_of_the_index() -> None:
    frames = {pd.Timestamp(f"2025-05-{day}"): WEATHER.assign(temp=float(day)) for day in (30, 31)}
    vintages = weather_from_frame(pd.concat(frames, names=["issued"]), STATION, DataConfig())
    assert isinstance(vintages, WeatherVintages)
    late, early = at("01 00:00"), pd.Timestamp("2025-05-30 12:00", tz="Asia/Shanghai")
    assert known_weather(vintages, late, "it")["temperature"].iloc[0] == 31
    assert known_weather(vintages, early, "it")["temperature"].iloc[0] == 30
    with pytest.raises(DataError, match="no weather forecast in it was issued before 2025-05-29"):
        known_weather(vintages, early - pd.Timedelta("1D"), "it")


@pytest.mark.parametrize(("frame", "message"), [
    (WEATHER[["x"]], "has none of the station's known-future columns"),
    (WEATHER.reset_index(drop=True), "has no column that is known to be the time"),
    (WEATHER.iloc[:0], "has no rows"),
    (WEATHER.assign(temp="warm"), "frame of the weather, row 1: the column 'temp' should hold numbers"),
    (WEATHER.assign(station_id="s2"), "has no rows for the station s1"),
    (pd.concat({"a": WEATHER}, axis=1), "the frame of the weather has columns in 2 levels"),
    (WEATHER.reset_index().assign(time="soon"), "the column 'time' should hold times"),
])
def test_weather_from_frame__what_it_cannot_be(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        weather_from_frame(frame, STATION, DataConfig())


def test_read_weather__an_older_run_that_reaches_further_is_not_hidden(tmp_path: Path) -> None:
    """The first run knows hours 1 to 5 (10 …), the second 2 to 3 (20 …), of these the windSpeed of one only."""
    rows = [f"2025-06-01 00:00,2025-06-01 0{hour}:00,{10 + hour},1" for hour in range(1, 6)]
    rows += ["2025-06-01 01:00,2025-06-01 02:00,22,2", "2025-06-01 01:00,2025-06-01 03:00,23,"]
    station = STATION.model_copy(update={"step": "1h"})
    known = issued(write(tmp_path / "w.csv", "issued,time,temperature,windSpeed", *rows), station).as_of(at("01 01:00"))
    assert known is not None
    assert known["temperature"].tolist() == [22, 23, 14, 15]
    assert known["windSpeed"].tolist() == [2, 1, 1, 1]
    assert known.index[0] == at("01 02:00")


def test_as_of__nothing_was_issued_yet(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "issued,time,temp", "2025-06-01 12:00,2025-06-01 13:00,1")
    assert issued(path).as_of(at("01 11:59")) is None


@pytest.mark.parametrize("lines", [
    ["Zeitstempel;Temp", "01.06.2025 00:00;20,5", "01.06.2025 00:15;21,5"],
    ["Weather service", "Date,Time,temp", "2025-06-01,00:00,20.5", "2025-06-01,00:15,21.5"],
    ["date,period,temp,station_id", "2025-06-01,1,20.5,s1", "2025-06-01,2,21.5,s1", "2025-06-01,96,9,s1"],
    ["timestamp\ttemp", "1748707200\t20.5", "1748708100\t21.5"],
])
def test_read_weather__forms_of_files_and_times(tmp_path: Path, lines: list[str]) -> None:
    frame = plain(write(tmp_path / "w.txt", *lines))
    assert frame["temperature"].iloc[:2].tolist() == [20.5, 21.5]
    assert frame.index[:2].tolist() == [at("01 00:00"), at("01 00:15")]
