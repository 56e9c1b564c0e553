"""From paths and data frames to stations: one file for many, a folder for each, tables in memory."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import described, merged, require_contract, stamps, table

from wattcast.contracts import PART, TOTAL
from wattcast.data.reader import open_frame, open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError

WEATHER = ("holiday", "is_peak", "text", "code", "temperature", "humidity", "windSpeed", "cloud")
HEADER = ",".join(["time", "quarter", *WEATHER, "load", "meter"])


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
    data, report = open_source(tmp_path, DataConfig(overlap="later")).read()
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


@pytest.mark.parametrize("names", [["station_ref_id", "ts"], ["id", "when"], [None, None]])
def test_open_frame__stations_and_times_as_its_index(names: list[str | None]) -> None:
    frame = merged({"north": 200, "south": 300}).astype({"ts": "datetime64[us]"})
    source = open_frame(frame.set_index(["station_ref_id", "ts"]).rename_axis(names), DataConfig())
    assert source.station_ids == ("north", "south")
    expected = open_frame(frame, DataConfig()).read("south")[0].frame
    pd.testing.assert_frame_equal(source.read("south")[0].frame, expected)


def test_open_frame__several_stations_and_none_named_tells_the_setting() -> None:
    frame = merged({"north": 200, "south": 300})
    with pytest.raises(DataError, match="data frame holds 2 stations") as caught:
        open_frame(frame, DataConfig()).read()
    assert "north, south" in str(caught.value)
    assert "data.station" in str(caught.value)
    assert "--station" not in str(caught.value)
    with pytest.raises(DataError, match="has no station 'west'") as caught:
        open_frame(frame[frame["station_ref_id"] == "north"], DataConfig(station="west")).read()
    assert "--station" not in str(caught.value)


def test_open_frame__errors_name_the_row() -> None:
    frame = merged({"s1": 200}).astype({"temp": object})
    frame.loc[3, "temp"] = "warm"
    with pytest.raises(DataError, match="data frame, row 4: the column 'temp'"):
        open_frame(frame, DataConfig()).read()
    with pytest.raises(DataError, match="data frame has no rows"):
        open_frame(frame.iloc[:0], DataConfig())
    with pytest.raises(DataError, match=r"several columns of one name(?s:.*)temp"):
        open_frame(pd.concat([frame, frame[["temp"]]], axis=1), DataConfig())
