"""Weather that comes less often than the power beside it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import described, require_contract, stamps, table

from wattcast.contracts import TOTAL
from wattcast.data.quality import QualityReport
from wattcast.data.reader import open_source
from wattcast.data.schema import StationData


def read(path: Path, frame: pd.DataFrame) -> tuple[StationData, QualityReport]:
    source, config = described(path / "x.csv", frame, known_future=["temp", "code"], categorical=["code"])
    return open_source(source, config).read()


def hourly(frame: pd.DataFrame) -> pd.DataFrame:
    """Temperatures of 15.5 and up at the full hours only, and a code for each of them."""
    full = np.asarray(frame.index.minute == 0)
    hours = np.arange(len(frame)) // 4
    codes = "c" + pd.Series(hours).astype(str)
    return frame.assign(temp=np.where(full, 15.5 + hours, np.nan), code=np.where(full, codes, ""))


def test_fill_coarse__hourly_weather_holds_for_its_hour(tmp_path: Path) -> None:
    data, report = read(tmp_path, hourly(table(96)))
    require_contract(data)
    assert data.frame["temp"].iloc[4:].tolist() == [15.5 + number // 4 for number in range(4, 96)]
    assert data.frame["code"].iloc[-1] == "c23"
    assert {(found.kind, found.column) for found in report.findings} == {
        ("resampled", "temp"), ("resampled", "code"), ("missing", "temp"), ("missing", "code")}
    assert {found.count for found in report.findings if found.kind == "missing"} == {3}


def test_fill_coarse__rows_of_the_horizon_may_come_less_often(tmp_path: Path) -> None:
    frame = table(96).assign(temp=15.5 + np.arange(96) % 7, code="c")
    ahead = pd.DataFrame({"temp": [30.0, 31, 32], "code": "d"}, index=pd.date_range("2025-06-02", periods=3, freq="1h"))
    data, _ = read(tmp_path, pd.concat([frame, ahead.rename_axis("time")]))
    require_contract(data)
    assert data.frame["temp"].iloc[96:].tolist() == [30.0] * 4 + [31.0] * 4 + [32.0] * 4
    assert data.frame[TOTAL].iloc[96:].isna().all()
    assert data.end == pd.Timestamp("2025-06-02", tz="Asia/Shanghai")


def test_fill_coarse__single_cells_that_are_missing_stay_missing(tmp_path: Path) -> None:
    frame = table(96).assign(temp=15.5 + np.arange(96) % 7, code="c")
    frame.iloc[[30, 32, 34, 50, 51], 1] = np.nan
    data, _ = read(tmp_path, frame)
    assert np.flatnonzero(data.frame["temp"].isna()).tolist() == [30, 32, 34, 50, 51]


def test_fill_coarse__a_gap_of_hourly_weather_stays_a_gap(tmp_path: Path) -> None:
    frame = hourly(table(96))
    frame.iloc[40:60, 1] = np.nan
    assert read(tmp_path, frame)[0].frame["temp"].iloc[40:60].isna().all()


@pytest.mark.parametrize("cut", [41, 42, 60, 63])
def test_fill_coarse__rows_before_a_cut_do_not_depend_on_later_ones(tmp_path: Path, cut: int) -> None:
    frame = hourly(table(96))
    changed = frame.copy()
    changed.iloc[cut:, 1] = np.nan
    results = [read(tmp_path, version)[0].frame["temp"].iloc[:cut] for version in (frame, changed, frame.iloc[:cut])]
    for other in results[1:]:
        pd.testing.assert_series_equal(other, results[0], check_freq=False)


def test_fill_coarse__what_is_known_up_to_the_origin_only_is_spread_too(tmp_path: Path) -> None:
    frame = hourly(table(96))
    ahead = pd.DataFrame({"temp": [30.0, 31]}, index=stamps("2025-06-02", 2, "1h"))
    source, config = described(tmp_path / "x.csv", pd.concat([frame, ahead]), past_only=["temp"])
    data, report = open_source(source, config).read()
    assert data.frame["temp"].iloc[4:96].tolist() == [15.5 + number // 4 for number in range(4, 96)]
    assert data.frame["temp"].iloc[96:].notna().sum() == 2
    assert ("resampled", "temp") in {(found.kind, found.column) for found in report.findings}
