"""Year, month, day, hour and minute in columns of their own."""

from pathlib import Path

import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.dateparts import put_together
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError

INDEX = pd.date_range("2025-05-20", periods=192, freq="15min")


def parts(index: pd.DatetimeIndex, *names: str) -> pd.DataFrame:
    values = dict(zip(("year", "month", "day", "hour", "minute"),
                      (index.year, index.month, index.day, index.hour, index.minute), strict=True))
    return pd.DataFrame({name: values[name] for name in names}).assign(total_active_power=range(len(index)))


def read(path: Path, step: str = "15min") -> pd.Series:
    data, report = open_source(path, DataConfig.model_validate({"time": {"step": step}})).read()
    assert report.ignored == ()
    assert data.frame[TOTAL].tolist() == list(range(len(data.frame)))
    return data.frame.index.tz_localize(None)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_read__all_parts(tmp_path: Path, suffix: str) -> None:
    frame, path = parts(INDEX, "year", "month", "day", "hour", "minute"), tmp_path / f"a{suffix}"
    if suffix == ".xlsx":
        pytest.importorskip("openpyxl")
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    assert list(read(path)) == list(INDEX)


def test_read__without_minutes_and_with_a_date(tmp_path: Path) -> None:
    hourly = INDEX[::4]
    parts(hourly, "year", "month", "day", "hour").rename(columns=str.upper).rename(
        columns={"TOTAL_ACTIVE_POWER": TOTAL}).to_csv(tmp_path / "a.csv", index=False)
    assert list(read(tmp_path / "a.csv", "1h")) == list(hourly)
    dated = parts(INDEX, "hour", "minute")
    dated.insert(0, "Date", INDEX.strftime("%d.%m.%Y"))
    dated.to_csv(tmp_path / "b.csv", index=False)
    assert list(read(tmp_path / "b.csv")) == list(INDEX)


def test_read__a_part_that_is_none_names_its_line(tmp_path: Path) -> None:
    frame = parts(INDEX, "year", "month", "day", "hour").astype({"month": "str"})
    frame.loc[3, "month"] = "May"
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError, match=r"line 5: the column 'date' should hold times"):
        read(tmp_path / "a.csv")


def test_put_together__not_where_another_column_tells_the_time() -> None:
    assert put_together(["time", "year", "month", "day", "hour", "minute"]) == {}
    assert put_together(["Date", "hour", "minute"]) == {"time of day": ("hour", "minute")}
    assert put_together(["day", "hour"]) == {}
    assert put_together(["Jahr", "Monat", "Tag", "Stunde"]) == {"date": ("Jahr", "Monat", "Tag")}
