"""Times of day in files whose names tell the date."""

from pathlib import Path

import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.filenames import date_in
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError

HOURLY = DataConfig.model_validate({"time": {"step": "1h"}})


@pytest.mark.parametrize(("name", "date"), [
    ("2025-05-20.csv", "2025-05-20"), ("plant_20250520.csv.gz", "2025-05-20"),
    ("P 20.05.2025 export.xlsx", "2025-05-20"), ("日负荷2025年05月20日.csv", "2025-05-20"),
    ("2025-05.csv", None), ("2025-05-20_2025-05-21.csv", None), ("4711.csv", None), ("05-06-2025.csv", None)])
def test_date_in__a_whole_day_and_one_only(name: str, date: str | None) -> None:
    assert date_in(Path(name)) == date


@pytest.mark.parametrize("ends", [False, True])
def test_folder__of_days_with_times_of_day(tmp_path: Path, ends: bool) -> None:
    for day in (20, 21):
        hours = [(hour + ends) % 24 for hour in range(24)]
        rows = [f"{hour:02}:00,{100 * day + number}" for number, hour in enumerate(hours)]
        (tmp_path / f"p_2025-05-{day}.csv").write_text("\n".join([f"time,{TOTAL}", *rows]) + "\n")
    data, report = open_source(tmp_path, HOURLY).read()
    assert data.frame.index[0] == pd.Timestamp("2025-05-20", tz="Asia/Shanghai")
    assert data.frame[TOTAL].tolist() == [2000 + hour for hour in range(24)] + [2100 + hour for hour in range(24)]
    assert "'time' holds times of day, of the dates in the names of the files" in report.notes


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("name", ["hour", "时段"])
def test_folder__of_days_with_hours_or_numbers(tmp_path: Path, name: str, suffix: str) -> None:
    count = 24 if name == "hour" else 96
    for day in (20, 21):
        numbers = range(24) if name == "hour" else range(1, 97)
        frame = pd.DataFrame({name: numbers, TOTAL: [1000.0 * day + number for number in range(count)]})
        file = tmp_path / f"p_202505{day}{suffix}"
        frame.to_csv(file, index=False) if suffix == ".csv" else frame.to_parquet(file)
    config = DataConfig.model_validate({"time": {"step": f"{1440 // count}min"}})
    data, report = open_source(tmp_path, config).read()
    assert data.frame.index[0] == pd.Timestamp("2025-05-20", tz="Asia/Shanghai")
    assert data.frame[TOTAL].tolist() == [1000 * day + number for day in (20, 21) for number in range(count)]
    assert "the dates are those in the names of the files" in report.notes


def test_file__without_a_date_anywhere_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"time,{TOTAL}\n00:00,1\n01:00,2\n")
    with pytest.raises(DataError, match=r"should hold times(?s:.*)write the date before each time"):
        open_source(tmp_path / "x.csv", HOURLY).read()


@pytest.mark.parametrize("kind", ["date", "time"])
def test_parquet__dates_and_times_of_day_as_they_are_stored(tmp_path: Path, kind: str) -> None:
    times = pd.date_range("2025-05-20", periods=24, freq="1D" if kind == "date" else "1h")
    pd.DataFrame({"time": getattr(times, kind), TOTAL: 200.5 + times.day + times.hour}).to_parquet(
        tmp_path / "2025-05-20.parquet")
    config = DataConfig.model_validate({"time": {"step": "24h" if kind == "date" else "1h"}})
    data, _ = open_source(tmp_path / "2025-05-20.parquet", config).read()
    assert list(data.frame.index.tz_localize(None)) == list(times)
