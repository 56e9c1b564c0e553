import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import QUANTILES, TOTAL, quantile_column
from wattcast.store.base import IssuedForecast
from wattcast.store.forecasts import (
    keep_forecast,
    kept_forecasts,
    kept_issues,
    packed,
    remove_forecasts,
    unpacked,
)

ZONE = "Asia/Shanghai"
MORNING = pd.Timestamp("2025-03-20 01:30", tz=ZONE)


def made(day: int, value: float | None = None, issued: pd.Timestamp | None = MORNING,
         version: str = "v0001") -> IssuedForecast:
    """Five hours that say their day, or something else."""
    index = pd.date_range(f"2025-03-{day:02d}", periods=5, freq="1h", tz=ZONE, name="time")
    table = pd.DataFrame({TOTAL: float(day) if value is None else value, f"{TOTAL}_q10": 0.1}, index=index)
    return IssuedForecast(index[0], version, table, issued, "issued", quality="ok")


def early(folder: Path, day: int, name: str) -> Path:
    """A file as an early version of the program wrote it."""
    made(day).table[[TOTAL]].assign(version="v0007").to_parquet(folder / name)
    return folder / name


def test_forecast__comes_back_whole() -> None:
    index = pd.date_range("2025-03-20", periods=672, freq="15min", tz=ZONE, name="time")
    power = np.random.default_rng(0).normal(500, 80, len(index))
    table = pd.DataFrame({TOTAL: power, **{quantile_column(TOTAL, level): power + 100 * (level - 0.5)
                                           for level in QUANTILES}}, index=index)
    whole = IssuedForecast(index[0], "v0003", table, MORNING, "issued", MORNING - pd.Timedelta("6h"), "degraded",
                           "previous", ("the newest row is old", "天气缺失"))
    content = packed(whole)
    back = unpacked(content)
    told = ("origin", "version", "issued", "weather", "weather_issued", "quality", "fallback", "notes")
    assert [getattr(back, name) for name in told] == [getattr(whole, name) for name in told]
    assert str(back.issued.tz) == ZONE
    pd.testing.assert_series_equal(back.table[TOTAL], table[TOTAL], check_freq=False)
    pd.testing.assert_frame_equal(back.table, table, check_freq=False, rtol=1e-6)
    assert len(content) < 40_000


@pytest.mark.parametrize(("unit", "zone"), [("ns", ZONE), ("s", "UTC")])
def test_forecast__pandas_reads_it_as_if_it_had_written_it(tmp_path: Path, unit: str, zone: str) -> None:
    forecast = made(14)
    forecast.table.iloc[2] = np.nan
    forecast = replace(forecast, table=forecast.table.set_index(forecast.table.index.as_unit(unit).tz_convert(zone)))
    (tmp_path / "ours.parquet").write_bytes(packed(forecast))
    forecast.table.astype({f"{TOTAL}_q10": np.float32}).to_parquet(tmp_path / "pandas.parquet")
    ours, theirs = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("ours", "pandas"))
    pd.testing.assert_frame_equal(ours, theirs)
    assert ours.index.dtype == theirs.index.dtype


def test_forecasts__what_was_issued_is_never_overwritten(tmp_path: Path) -> None:
    hour = pd.Timedelta("1h")
    paths = [keep_forecast(tmp_path, made(14, value, issued)) for value, issued in (
        (501.0, MORNING), (502.0, MORNING + hour), (503.0, MORNING + hour), (504.0, MORNING - hour), (505.0, None))]
    assert len(set(paths)) == 5
    assert [each.table[TOTAL].iloc[0] for each in kept_forecasts(tmp_path)] == [505, 504, 501, 502, 503]
    assert list(kept_issues(tmp_path)) == [(each.origin, each.issued) for each in kept_forecasts(tmp_path)]


def test_forecasts__those_of_early_versions_of_the_program(tmp_path: Path) -> None:
    early(tmp_path, 12, "20250311T160000Z.parquet")
    assert [(each.version, each.issued, each.weather, each.quality, each.notes, list(each.table))
            for each in kept_forecasts(tmp_path)] == [("v0007", None, None, None, (), [TOTAL])]
    told = {"version": "v0008", "issued": MORNING, "weather": "issued", "quality": "ok"}
    made(12).table[[TOTAL]].assign(**told).to_parquet(tmp_path / "20250311T160000Z_20250319T173000000000Z.parquet")
    _, newer = kept_forecasts(tmp_path)
    assert (newer.version, newer.issued, newer.weather, newer.quality) == ("v0008", MORNING, "issued", "ok")
    keep_forecast(tmp_path, made(12, 600.0, MORNING + pd.Timedelta("1h")))
    keep_forecast(tmp_path, made(11))
    assert [each.table[TOTAL].iloc[0] for each in kept_forecasts(tmp_path)][::3] == [11, 600]
    assert [issued for _, issued in kept_issues(tmp_path, newer.origin)] == [
        None, MORNING, MORNING + pd.Timedelta("1h")]


@pytest.mark.parametrize("content", [b"", b"PAR1 broken", b"PAR1PAR1"])
def test_forecasts__a_damaged_file_is_named_and_left_out(tmp_path: Path, caplog, content: bytes) -> None:
    keep_forecast(tmp_path, made(11))
    keep_forecast(tmp_path, made(12))
    keep_forecast(tmp_path, made(12, issued=MORNING + pd.Timedelta("1h"))).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert [each.origin.day for each in kept_forecasts(tmp_path)] == [11, 12]
    assert "damaged" in caplog.text


def test_forecasts__files_of_earlier_origins_are_not_opened(tmp_path: Path, monkeypatch) -> None:
    opened, read = [], Path.read_bytes
    paths = [keep_forecast(tmp_path, made(day)) for day in (11, 12, 12, 13)]
    early(tmp_path, 12, "20250310T160000Z.parquet")
    first = early(tmp_path, 12, "20250311T160000Z.parquet")
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path) or read(path))
    since = pd.Timestamp("2025-03-12", tz=ZONE)
    for same in (since, since.tz_convert("UTC"), since.tz_convert("America/New_York")):
        assert [each.origin.day for each in kept_forecasts(tmp_path, same)] == [12, 12, 12, 13]
        assert opened == [first, *paths[1:]]
        opened.clear()
    assert [each.origin.day for each in kept_forecasts(tmp_path, since + pd.Timedelta("15min"))] == [13]
    assert list(kept_forecasts(tmp_path, since + pd.Timedelta("2D"))) == []
    assert opened == paths[3:]


def test_remove_forecasts__of_earlier_origins(tmp_path: Path) -> None:
    for day in (11, 12, 12, 13):
        keep_forecast(tmp_path, made(day))
    assert remove_forecasts(tmp_path, pd.Timestamp("2025-03-12", tz=ZONE)) == 1
    assert remove_forecasts(tmp_path, pd.Timestamp("2025-03-12 00:15", tz=ZONE)) == 2
    assert [each.origin.day for each in kept_forecasts(tmp_path)] == [13]


def test_forecasts__none_kept(tmp_path: Path) -> None:
    assert list(kept_forecasts(tmp_path / "forecasts")) == []
    assert list(kept_forecasts(tmp_path / "forecasts", MORNING)) == []
    assert remove_forecasts(tmp_path / "forecasts", MORNING) == 0
