"""From paths to stations: the three forms of data, and everything that can be wrong with them."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Kind
from wattcast.data.quality import KINDS
from wattcast.data.reader import open_frame, open_source
from wattcast.data.schema import DataConfig, StationData
from wattcast.errors import ConfigError, DataError

WEATHER = ("holiday", "is_peak", "text", "code", "temperature", "humidity", "windSpeed", "cloud")
HEADER = ",".join(["time", "quarter", *WEATHER, "load", "meter"])


def stamps(first: str, count: int, every: str = "15min") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq=every, name="time")


def merged(stations: dict[str, int], count: int = 8) -> pd.DataFrame:
    """The seed's file: the total of each station counts up from its number, the part from its tenth."""
    number = np.arange(count)
    frames = [pd.DataFrame({
        "ts": stamps("2025-06-01", count), "station_ref_id": name, "total_active_power": start + number,
        "not_use_power": start / 10 + number, "temp": 20.5 + number / 10, "code": 100, "secret": "x",
    }) for name, start in stations.items()]
    return pd.concat(frames, ignore_index=True)


def write_folder(root: Path, station: str = "s1", months: int = 2, forecasts: int = 2) -> Path:
    """The predecessor's folder: week-like blocks of 200s (May), 300s (June) for `meter`, a tenth for `load`."""
    (root / station / "data").mkdir(parents=True)
    (root / station / "forcaster").mkdir()
    for month, base in zip(("2025-05", "2025-06")[:months], (200, 300), strict=False):
        first = "2025-05-31 23:00" if month == "2025-05" else "2025-06-01 00:00"
        rows = [f"{time},{n},4,{n % 2},多云,0{n},{20 + n},{50 + n},3.5,100,{base / 10 + n},{base + n}"
                for n, time in enumerate(stamps(first, 4))]
        path = root / station / "data" / f"data-{station}-{month}.csv"
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    for day in range(1, forecasts + 1):
        rows = [f"{time},{n},1,0,晴,100,{day}00.5,50,3.5,10" for n, time in enumerate(stamps(f"2025-06-0{day}", 672))]
        (root / station / "forcaster" / f"forcaster-{station}-2025-06-0{day}.csv").write_text(
            "\n".join([HEADER.removesuffix(",load,meter"), *rows]) + "\n", encoding="utf-8")
    return root


def described(path: Path, frame: pd.DataFrame, **options: object) -> tuple[Path, DataConfig]:
    frame.to_csv(path)
    return path, DataConfig.model_validate({"targets": {TOTAL: "kw"}, **options})


def table(count: int = 96, first: str = "2025-06-01", every: str = "15min") -> pd.DataFrame:
    return pd.DataFrame({"kw": 200.5 + np.arange(count)}, index=stamps(first, count, every))


def require_contract(data: StationData) -> None:
    """What every part downstream relies on."""
    frame, station = data.frame, data.station
    assert tuple(frame.columns) == station.columns
    assert frame.index.name == "time"
    assert str(frame.index.tz) == station.timezone
    assert set(frame.index[1:] - frame.index[:-1]) <= {pd.Timedelta(station.step)}
    for column in frame:
        assert frame[column].dtype == ("str" if column in station.categorical else np.float64)


# form (a): one file for many stations

@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_merged_file__every_station_for_itself(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"merged_station_test.{kind}"
    frame = merged({"1716387625733984256": 200, "007": 300}).sample(frac=1, random_state=1)
    frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
    source = open_source(path, DataConfig())
    assert source.station_ids == ("007", "1716387625733984256")
    data, report = source.read("1716387625733984256")
    require_contract(data)
    assert data.frame[TOTAL].tolist() == list(range(200, 208))
    assert data.frame[PART].tolist() == list(range(20, 28))
    assert data.station.known_future == ("temp", "code")
    assert data.station.categorical == ("code",)
    assert data.frame["code"].unique().tolist() == ["100"]
    assert report.ignored == ("secret",)
    assert data.station.location.country == "CN"
    assert data.station.naive_time
    assert source.read("007")[0].frame[TOTAL].iloc[0] == 300


def test_merged_file__station_must_be_chosen_and_known(tmp_path: Path) -> None:
    path = tmp_path / "merged.csv"
    merged({"north": 200, "south": 300}).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"2 stations(?s:.*)north, south(?s:.*)--station"):
        open_source(path, DataConfig()).read()
    with pytest.raises(DataError, match=r"no station 'nort'(?s:.*)north, south(?s:.*)did you mean north"):
        open_source(path, DataConfig()).read("nort")
    assert open_source(path, DataConfig(station="south")).read()[0].station.id == "south"


def test_merged_file__ignored_columns_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "merged.csv"
    merged({"s1": 200}).to_csv(path, index=False)
    with caplog.at_level(logging.INFO, logger="wattcast"):
        open_source(path, DataConfig()).read()
    assert "secret" in caplog.text


def test_merged_file__one_station_without_a_second_target(tmp_path: Path) -> None:
    frame = merged({"with": 200, "without": 300})
    frame.loc[frame["station_ref_id"] == "without", "not_use_power"] = np.nan
    frame.to_csv(tmp_path / "merged.csv", index=False)
    source = open_source(tmp_path / "merged.csv", DataConfig())
    assert source.read("with")[0].station.targets == (TOTAL, PART)
    assert source.read("without")[0].station.targets == (TOTAL,)


def test_merged_file__row_without_a_station(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("ts,station_id,total_active_power\n2025-06-01,a,1\n\n2025-06-01 00:15,,2\n")
    with pytest.raises(DataError, match=r"m\.csv, line 4(?s:.*)1 rows without a station"):
        open_source(tmp_path / "m.csv", DataConfig())


@pytest.mark.parametrize("station", ["../escape", "a/b", "a\\b", "..", "c:"])
def test_merged_file__an_id_cannot_leave_the_folder(tmp_path: Path, station: str) -> None:
    merged({station: 200}).to_csv(tmp_path / "merged.csv", index=False)
    with pytest.raises(DataError, match="cannot be the name of a folder"):
        open_source(tmp_path / "merged.csv", DataConfig()).read()


def test_folder_of_files__is_one_table_in_the_order_of_names(tmp_path: Path) -> None:
    frame = merged({"s1": 200}, count=12)
    late = frame.iloc[6:8].assign(total_active_power=999)
    frame.iloc[:8].to_csv(tmp_path / "2025-1.csv", index=False)
    frame.iloc[8:].drop(columns="temp").to_parquet(tmp_path / "2025-2.parquet")
    late.to_csv(tmp_path / "2025-3.csv", index=False)
    (tmp_path / "notes.txt").write_text("not a table")
    data, report = open_source(tmp_path, DataConfig()).read()
    assert data.frame[TOTAL].tolist() == [200, 201, 202, 203, 204, 205, 999, 999, 208, 209, 210, 211]
    assert data.frame["temp"].isna().sum() == 4
    assert {found.kind: found.count for found in report.findings if found.column is None} == {
        "disorder": 1, "duplicate": 2, "corrected": 2}


# form (b): a folder for each station

def test_station_folders__months_and_forecasts(tmp_path: Path) -> None:
    source = open_source(write_folder(write_folder(tmp_path, "s1"), "s2", forecasts=0), DataConfig())
    assert source.station_ids == ("s1", "s2")
    data, report = source.read("s1")
    require_contract(data)
    assert data.frame[TOTAL].tolist() == [200, 201, 202, 203, 300, 301, 302, 303]
    assert data.frame[PART].tolist() == [20, 21, 22, 23, 30, 31, 32, 33]
    assert data.station.known_future == WEATHER
    assert data.station.categorical == ("holiday", "text", "code")
    assert data.frame["code"].tolist() == ["00", "01", "02", "03"] * 2
    assert report.ignored == ()
    assert data.vintages is not None
    newest = data.vintages.as_of(data.end)
    assert newest is not None
    assert newest.shape == (672, 8)
    assert newest["temperature"].unique().tolist() == [100.5]
    assert newest["text"].unique().tolist() == ["晴"]
    assert source.read("s2")[0].vintages is None


def test_station_folders__one_of_them_can_be_the_path(tmp_path: Path) -> None:
    write_folder(write_folder(tmp_path, "s1"), "s2")
    assert open_source(tmp_path / "s2", DataConfig()).station_ids == ("s2",)


def test_station_folders__a_station_is_never_looked_up_outside(tmp_path: Path) -> None:
    write_folder(tmp_path / "root", "s1")
    write_folder(tmp_path, "outside")
    source = open_source(tmp_path / "root", DataConfig())
    for station in ("../outside", "..", str(tmp_path / "outside")):
        with pytest.raises(DataError, match="has no station"):
            source.read(station)


def test_station_folders__a_month_without_meter(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "s1" / "data" / "data-s1-2025-06.csv").write_text("time,load\n2025-06-01 00:00,1\n")
    with pytest.raises(DataError, match=r"data-s1-2025-06\.csv has no column that is known to be the total"):
        open_source(tmp_path, DataConfig()).read()


def test_station_folders__files_of_other_names_are_not_read(tmp_path: Path) -> None:
    write_folder(tmp_path, months=1)
    (tmp_path / "s1" / "data" / "data-s1-all.csv").write_text("broken")
    (tmp_path / "s1" / "data" / "data-s10-2025-05.csv").write_text("broken")
    assert open_source(tmp_path, DataConfig()).read()[1].rows == 4


def test_station_folders__an_id_is_no_pattern(tmp_path: Path) -> None:
    write_folder(write_folder(tmp_path, "s+1"), "s.2")
    (tmp_path / "s.2" / "data" / "data-sx2-2025-05.csv").write_text("broken")
    source = open_source(tmp_path, DataConfig())
    assert [source.read(station)[1].rows for station in ("s+1", "s.2")] == [8, 8]


def test_recognised__is_taken_for_chinese_in_a_chinese_time_zone_only(tmp_path: Path) -> None:
    merged({"s1": 200}).to_csv(tmp_path / "m.csv", index=False)
    config = DataConfig.model_validate({"time": {"timezone": "Europe/Berlin"}})
    assert open_source(tmp_path / "m.csv", config).read()[0].station.location.country is None
    config = DataConfig.model_validate({"location": {"country": "HK", "latitude": 22.3}})
    location = open_source(tmp_path / "m.csv", config).read()[0].station.location
    assert (location.country, location.latitude) == ("HK", 22.3)


def test_recognised__a_part_larger_than_the_whole_is_reported(tmp_path: Path) -> None:
    frame = merged({"s1": 200})
    frame.loc[3, "not_use_power"] = 999.5
    frame.to_csv(tmp_path / "m.csv", index=False)
    data, report = open_source(tmp_path / "m.csv", DataConfig()).read()
    (found,) = [found for found in report.findings if found.kind == "inconsistent"]
    assert (found.column, found.count, found.first) == (PART, 1, data.frame.index[3])
    assert data.frame[PART].iloc[3] == 999.5


def test_station_folders__forecast_values_are_cleaned_and_reported(tmp_path: Path) -> None:
    path = write_folder(tmp_path, forecasts=1) / "s1" / "forcaster" / "forcaster-s1-2025-06-01.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("100.5", "6553.5", 3), encoding="utf-8")
    data, report = open_source(tmp_path, DataConfig()).read()
    assert data.vintages is not None
    assert data.vintages.table["temperature"].isna().sum() == 3
    (found,) = [found for found in report.findings if found.action.startswith("weather forecasts")]
    assert (found.kind, found.column, found.count) == ("out_of_range", "temperature", 3)


# form (c): described

def test_described__roles_units_and_place(tmp_path: Path) -> None:
    frame = table().assign(part=20.5, temp=15.25 + np.arange(96) % 7, reactive=1.0, mode="night", APX=3.0)
    path, config = described(tmp_path / "plant.csv", frame, targets={PART: "part", TOTAL: "kw"}, known_future=["temp"],
                             past_only=["reactive", "mode"], categorical=["mode"], kind="pv", capacity=400,
                             time={"timezone": "Asia/Seoul"}, location={"latitude": 34.9, "country": "KR"})
    source = open_source(path, config)
    assert source.station_ids == ("plant",)
    data, report = source.read()
    require_contract(data)
    station = data.station
    assert station.columns == (TOTAL, PART, "temp", "reactive", "mode")
    assert (station.kind, station.capacity) == (Kind.PV, 400)
    assert (station.timezone, station.location.country) == ("Asia/Seoul", "KR")
    assert report.ignored == ("APX",)
    assert {(found.kind, found.column) for found in report.findings} == {
        ("constant", PART), ("constant", "reactive"), ("constant", "mode"), ("flat_line", PART)}


def test_described__station_column_and_given_id(tmp_path: Path) -> None:
    frame = table().assign(site=["a", "b"] * 48)
    path, config = described(tmp_path / "x.csv", frame, station_column="site", station="b", time={"step": "30min"})
    source = open_source(path, config)
    assert source.station_ids == ("a", "b")
    assert source.read()[0].frame[TOTAL].iloc[0] == 201.5
    path, config = described(tmp_path / "x.csv", table(), station="steel")
    assert open_source(path, config).read()[0].station.id == "steel"


def test_described__utc_offsets_and_rows_after_the_last_measurement(tmp_path: Path) -> None:
    frame = table().assign(temp=15.25 + np.arange(96) % 7, past=1.5 + np.arange(96))
    frame.index = frame.index.tz_localize("UTC")
    frame.loc[frame.index[80:], ["kw", "past"]] = np.nan
    frame.loc[frame.index[3], "kw"] = np.nan
    path, config = described(tmp_path / "x.csv", frame, known_future=["temp"], past_only=["past"],
                             time={"timezone": "Europe/Amsterdam"})
    data, report = open_source(path, config).read()
    require_contract(data)
    assert not data.station.naive_time
    assert data.frame.index[0] == pd.Timestamp("2025-06-01 02:00", tz="Europe/Amsterdam")
    assert data.end == pd.Timestamp("2025-06-01 20:00", tz="UTC")
    counts = {(found.kind, found.column): found.count for found in report.findings}
    assert counts == {("missing", TOTAL): 1, ("missing", "past"): 16, ("future_known", None): 16}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_described__time_as_the_nameless_index_of_a_data_frame(tmp_path: Path, kind: str) -> None:
    frame = table().rename_axis(None)
    frame.to_parquet(tmp_path / "x.parquet") if kind == "parquet" else frame.to_csv(tmp_path / "x.csv")
    data, report = open_source(tmp_path / f"x.{kind}", DataConfig(targets={TOTAL: "kw"})).read()
    assert len(data.frame) == 96
    assert report.ignored == ()


def test_described__other_steps(tmp_path: Path) -> None:
    for step, count in (("10min", 144), ("1h", 24)):
        path, config = described(tmp_path / "x.csv", table(count, every=step), time={"step": step})
        data, report = open_source(path, config).read()
        require_contract(data)
        assert len(data.frame) == count
        assert report.measured_days == 1.0


def test_described__everything_wrong_at_once_is_reported(tmp_path: Path) -> None:
    frame = table(400, "2025-03-29 00:00").assign(temp=15.25 + np.arange(400) % 7, pressure=1000.5)
    frame.iloc[10, 0], frame.iloc[20, 0], frame.iloc[30, 1] = -99.0, -3.0, 6553.5
    frame.iloc[40, 0] = np.nan
    frame = frame.drop(frame.index[60:70])
    frame = pd.concat([frame, frame.iloc[[5, 6]] + 1])
    path, config = described(tmp_path / "x.csv", frame, known_future=["temp", "pressure"], kind="pv",
                             time={"timezone": "Europe/Amsterdam"})
    data, report = open_source(path, config).read()
    require_contract(data)
    kinds = {found.kind for found in report.findings}
    assert kinds == {"dst", "disorder", "duplicate", "corrected", "gap", "missing", "out_of_range", "flat_line",
                     "negative_night"}
    assert kinds <= set(KINDS)
    assert len(report.lines()) == len(report.findings) + 2
    assert data.frame[TOTAL].iloc[20] == 0.0


def test_described__issued_forecasts_in_their_own_table(tmp_path: Path) -> None:
    """Forecasts every 12 hours, for 3 hours before to 24 after; the value tells the issue (100s, 200s, …).

    `u` is in the forecasts only.
    """
    rows = [{"issued": run, "time": run + pd.Timedelta(hours=lead), "u": 100.0 * number + lead, "temp": -5.0}
            for number, run in enumerate(stamps("2025-06-01", 3, "12h"), start=1) for lead in range(-3, 25)]
    pd.DataFrame(rows).to_csv(tmp_path / "w.csv", index=False)
    path, config = described(tmp_path / "x.csv", table(30, every="1h").assign(temp=15.25 + np.arange(30)),
                             time={"step": "1h"}, known_future=["temp", "u"], weather_forecasts={"path": "w.csv"})
    data, _ = open_source(path, config).read()
    require_contract(data)
    assert data.frame["temp"].iloc[0] == 15.25
    assert data.frame["u"].iloc[[0, 1, 11, 12, 13, 23, 24]].tolist() == [100, 101, 111, 200, 201, 211, 300]
    assert data.vintages is not None
    newest = data.vintages.as_of(data.end)
    assert newest is not None
    assert newest.columns.tolist() == ["temp", "u"]
    assert newest["u"].iloc[-1] == 324.0
    folder = open_source(tmp_path, config)
    assert folder.read()[0].frame.equals(data.frame)


def test_described__forecast_column_that_is_nowhere(tmp_path: Path) -> None:
    pd.DataFrame({"issued": ["2025-06-01"], "time": ["2025-06-01"], "u": [1.0]}).to_csv(tmp_path / "w.csv", index=False)
    path, config = described(tmp_path / "x.csv", table(), known_future=["u", "v"], weather_forecasts={"path": "w.csv"})
    with pytest.raises(DataError, match=r"'v' is neither in .*x\.csv nor in its weather forecasts"):
        open_source(path, config).read()


def test_described__valid_range_of_an_unknown_column(tmp_path: Path) -> None:
    path, config = described(tmp_path / "x.csv", table(), known_future=[], valid_range={"kv": [0, 1]})
    with pytest.raises(ConfigError, match=r"'kv'(?s:.*)did you mean 'kw'"):
        open_source(path, config).read()


# data frames

def test_open_frame__is_read_like_the_file_it_would_make(tmp_path: Path) -> None:
    frame = table().assign(temp=15.25 + np.arange(96) % 7, code=100)
    path, config = described(tmp_path / "plant.csv", frame, known_future=["temp", "code"], categorical=["code"])
    expected = open_source(path, config).read()[0].frame
    twice = frame.reset_index().set_axis(frame.index.rename(None))
    for version in (frame, frame.rename_axis(None), frame.reset_index(), twice, frame.tz_localize("Asia/Shanghai")):
        data, _ = open_frame(version, config).read()
        require_contract(data)
        pd.testing.assert_frame_equal(data.frame, expected)
    assert frame.columns.tolist() == ["kw", "temp", "code"]


def test_open_frame__several_stations() -> None:
    source = open_frame(merged({"north": 200, "south": 300}), DataConfig())
    assert source.station_ids == ("north", "south")
    assert source.read("south")[0].frame[TOTAL].iloc[0] == 300


def test_open_frame__errors_name_the_row() -> None:
    frame = merged({"s1": 200}).astype({"temp": object})
    frame.loc[3, "temp"] = "warm"
    with pytest.raises(DataError, match="data frame, row 4: the column 'temp'"):
        open_frame(frame, DataConfig()).read()
    with pytest.raises(DataError, match="data frame has no rows"):
        open_frame(frame.iloc[:0], DataConfig())
    with pytest.raises(DataError, match=r"several columns of one name(?s:.*)temp"):
        open_frame(pd.concat([frame, frame[["temp"]]], axis=1), DataConfig())


# what can be wrong

@pytest.mark.parametrize(("content", "message"), [
    ("time,kw\nnoon,1\n2025-06-01 00:15,1\n", r"x\.csv, line 2: the column 'time' should hold times(?s:.*)'noon'"),
    ("time,kw\n2025-06-01,1\n2025-06-01 00:15,off\n", r"x\.csv, line 3: the column 'kw' should hold numbers"),
    ("time,kw\n2025-06-01,1\n,2\n", r"x\.csv, line 3: the column 'time' should hold times"),
    ("time,kw\n2025-06-01,\n2025-06-01 00:15,NA\n", r"'kw' \(total_active_power\) has no usable value(?s:.*)2 rows"),
    ("time,kw\n2025-06-01,-99\n2025-06-01 00:15,-99\n", "no usable value(?s:.*)out_of_range, 2 values"),
    ("time,kWh\n2025-06-01,1\n", r"has no column 'kw'(?s:.*)time, kWh"),
    ("time,kw\n", "no rows"),
    ("", "is empty"),
])
def test_open_source__unusable_content(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        open_source(tmp_path / "x.csv", DataConfig(targets={TOTAL: "kw"})).read()


def test_open_source__listed_second_target_without_a_value(tmp_path: Path) -> None:
    path, config = described(tmp_path / "x.csv", table().assign(part=np.nan), targets={TOTAL: "kw", PART: "part"})
    with pytest.raises(DataError, match=r"'part' \(not_use_power\) has no value"):
        open_source(path, config).read()


def test_open_source__nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        open_source(tmp_path / "nowhere", DataConfig())
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DataError, match=r"no station in the folder(?s:.*)notes\.txt(?s:.*)data-<id>-YYYY-MM\.csv"):
        open_source(tmp_path, DataConfig())


def test_open_source__single_station_of_another_name(tmp_path: Path) -> None:
    path, config = described(tmp_path / "x.csv", table(), station="steel")
    with pytest.raises(DataError, match=r"no station 'stel'(?s:.*)did you mean steel"):
        open_source(path, config).read("stel")
    with pytest.raises(DataError, match=r"no station 'other'(?s:.*)data\.station"):
        open_source(path, config).read("other")


def test_read__rows_before_an_instant_do_not_depend_on_later_rows(tmp_path: Path) -> None:
    """Whatever is done to rows from the cut on, the cleaned rows before it stay the same."""
    cut, count = 500, 700
    values = np.random.default_rng(3).normal(50, 20, size=count).round(1)
    values[100:140], values[300:420] = 33.3, 0.0
    values[::97] = -99.0
    frame = table(count).assign(kw=values, temp=np.r_[np.full(60, 18.5), np.arange(count - 60) % 11], code="100")
    changed = frame.copy()
    changed.iloc[cut:, 0], changed.iloc[cut:, 1], changed.iloc[cut:, 2] = 33.3, np.nan, "999"
    results = []
    for version in (frame, changed, frame.iloc[:cut]):
        path, config = described(tmp_path / "x.csv", version, known_future=["temp", "code"], categorical=["code"],
                                 kind="wind")
        results.append(open_source(path, config).read()[0].frame.iloc[:cut])
    pd.testing.assert_frame_equal(results[1], results[0])
    pd.testing.assert_frame_equal(results[2], results[0], check_freq=False)
    assert 0 < results[0].isna().to_numpy().sum() < 200
