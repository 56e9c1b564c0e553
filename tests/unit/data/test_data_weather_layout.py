"""Which columns of a weather file are what, and how the file is read."""

from pathlib import Path

import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.given_weather import read_weather, weather_from_frame
from wattcast.data.reader import open_frame
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError

STATION = Station(id="s1", known_future=("temperature", "humidity"), step="1h")
OF_ONE = STATION.model_copy(update={"known_future": ("temperature",)})
HOURS = [f"{hour:02}:00" for hour in range(24)]


def wide(**columns: float) -> pd.DataFrame:
    """Two days; each column's hours count up from the number given, by a tenth."""
    frame = pd.DataFrame({"date": ["2025-06-01", "2025-06-02"]})
    for name, first in columns.items():
        hours = pd.DataFrame([[first + (24 * day + hour) / 10 for hour in range(24)] for day in range(2)],
                             columns=[f"{name}{hour + 1}" for hour in range(24)])
        frame = pd.concat([frame, hours], axis=1)
    return frame


def read(path: Path, station: Station = STATION, **config: object) -> pd.DataFrame:
    weather = read_weather(path, station, DataConfig.model_validate(config))
    assert isinstance(weather, pd.DataFrame)
    return weather


@pytest.mark.parametrize("form", ["numbers", "clocks", "named", "half hours"])
def test_wide__of_the_only_column(tmp_path: Path, form: str) -> None:
    frame = wide(**{"": 20.0, "temp_": 20.0}) if form == "named" else wide(**{"": 20.0})
    if form == "clocks":
        frame.columns = pd.Index(["date", *HOURS])
    if form == "half hours":
        frame = frame.loc[:, ["date", *(str(1 + number // 2) for number in range(48))]]
        frame.columns = pd.Index(["date", *map(str, range(1, 49))])
    frame.to_csv(tmp_path / "w.csv", index=False)
    made = read(tmp_path / "w.csv", OF_ONE)["temperature"]
    assert len(made) == 48
    assert made.iloc[[0, -1]].tolist() == [20.0, 24.7]
    assert made.index[0] == pd.Timestamp("2025-06-01", tz="Asia/Shanghai")


def test_wide__several_columns_by_what_stands_before_the_numbers(tmp_path: Path) -> None:
    wide(temp_=20.0, rh_=50.0).to_csv(tmp_path / "w.csv", index=False)
    made = read(tmp_path / "w.csv")
    assert made.iloc[1].tolist() == [20.1, 50.1]
    assert made.iloc[-1].tolist() == [24.7, 54.7]
    issued = wide(temp_=20.0).assign(issued="2025-05-31 18:00")
    issued.to_csv(tmp_path / "w.csv", index=False)
    vintages = read_weather(tmp_path / "w.csv", STATION, DataConfig())
    assert vintages.table["temperature"].iloc[-1] == 24.7
    assert vintages.table.index[0][0] == pd.Timestamp("2025-05-31 18:00", tz="Asia/Shanghai")


def test_wide__that_may_be_any_column_is_a_question(tmp_path: Path) -> None:
    wide(**{"": 20.0}).to_csv(tmp_path / "w.csv", index=False)
    with pytest.raises(DataError, match=r"nothing tells what its columns '1' to '24' are(?s:.*)temperature_1"):
        read(tmp_path / "w.csv")


@pytest.mark.parametrize("lines", [0, 2])
def test_skip_rows__count_where_the_names_stand_there_too(tmp_path: Path, lines: int) -> None:
    """The lines before the names look like names themselves."""
    before = ["time,station,temp", "x,y,z"][:lines]
    rows = ["time,temp,rh", "2025-06-01 00:00,20.5,50", "2025-06-01 01:00,21.5,51"]
    (tmp_path / "w.csv").write_text("\n".join([*before, *rows]) + "\n")
    assert read(tmp_path / "w.csv", skip_rows=2)["temperature"].tolist() == [20.5, 21.5]


@pytest.mark.parametrize(("chosen", "first"), [("Wx", 20.5), ("Power", 30.5), (None, 30.5)])
def test_sheet__is_the_one_that_is_said_if_it_holds_weather(tmp_path: Path, chosen: str | None, first: float) -> None:
    pytest.importorskip("openpyxl")
    times = pd.date_range("2025-06-01", periods=3, freq="1h")
    with pd.ExcelWriter(tmp_path / "w.xlsx") as book:
        pd.DataFrame({"time": times, "kw": 1.0}).to_excel(book, sheet_name="Power", index=False)
        pd.DataFrame({"time": times, "temp": 30.5}).to_excel(book, sheet_name="Old", index=False)
        pd.DataFrame({"time": times, "temp": 20.5}).to_excel(book, sheet_name="Wx", index=False)
    assert read(tmp_path / "w.xlsx", sheet=chosen)["temperature"].iloc[0] == first


def test_frames__a_row_a_day_and_parts_of_a_date() -> None:
    power = open_frame(wide(**{"": 200.0}), DataConfig.model_validate({"time": {"step": "1h"}})).read()[0]
    assert power.frame[TOTAL].iloc[[0, -1]].tolist() == [200.0, 204.7]
    times = pd.date_range("2025-06-01", periods=8, freq="15min")
    parts = pd.DataFrame({"year": times.year, "month": times.month, "day": times.day, "hour": times.hour,
                          "minute": times.minute})
    read = open_frame(parts.assign(total_active_power=200.0 + times.minute), DataConfig()).read()
    assert read[0].frame[TOTAL].iloc[:5].tolist() == [200, 215, 230, 245, 200]
    assert read[0].frame.index[1] == pd.Timestamp("2025-06-01 00:15", tz="Asia/Shanghai")
    assert read[1].ignored == ()
    weather = weather_from_frame(parts.assign(temp=20.5), STATION.model_copy(update={"step": "15min"}), DataConfig())
    assert weather.index[1] == pd.Timestamp("2025-06-01 00:15", tz="Asia/Shanghai")


def test_frames__hours_of_a_day_of_25() -> None:
    days = {"2025-10-25": 24, "2025-10-26": 25, "2025-10-27": 24}
    rows = pd.DataFrame([(pd.Timestamp(day), hour + 1, hour + 0.5) for day, hours in days.items()
                         for hour in range(hours)], columns=["date", "hour", TOTAL])
    parts = pd.DataFrame({"year": rows["date"].dt.year, "month": rows["date"].dt.month, "day": rows["date"].dt.day,
                          "hour": rows["hour"], TOTAL: rows[TOTAL]})
    config = DataConfig.model_validate({"time": {"step": "1h", "timezone": "Europe/Berlin"}})
    for frame in (rows, parts):
        total = open_frame(frame, config).read()[0].frame[TOTAL]
        assert len(total) == 73
        assert total[pd.Timestamp("2025-10-26 23:00", tz="Europe/Berlin")] == 24.5
