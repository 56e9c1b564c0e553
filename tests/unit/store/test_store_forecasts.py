import logging
from pathlib import Path

import pandas as pd
import pytest

import wattcast.store.forecasts as forecasts
from wattcast.contracts import TOTAL, Forecast
from wattcast.store.forecasts import keep_forecast, kept_forecasts

MORNING = pd.Timestamp("2025-03-20 01:30", tz="Asia/Shanghai")


def made(day: int, value: float | None = None) -> Forecast:
    """Five hours that say their day, or something else."""
    index = pd.date_range(f"2025-03-{day:02d}", periods=5, freq="1h", tz="Asia/Shanghai", name="time")
    table = pd.DataFrame({TOTAL: float(day) if value is None else value, f"{TOTAL}_q10": 0.0}, index=index)
    return Forecast("works", index[0], "wattcast", table)


def keep(folder: Path, forecast: Forecast, version: str = "v0001", issued: pd.Timestamp = MORNING) -> Path:
    return keep_forecast(folder, forecast, version, issued=issued, weather="issued", quality="ok")


def test_forecasts__the_newest_are_kept(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(forecasts, "KEPT", 3)
    for day in (11, 12, 13, 14):
        keep(tmp_path, made(day), "v0002" if day == 14 else "v0001")
    kept = list(kept_forecasts(tmp_path))
    assert [each.table[TOTAL].iloc[0] for each in kept] == [12, 13, 14]
    assert [each.version for each in kept] == ["v0001", "v0001", "v0002"]
    assert kept[-1].origin == pd.Timestamp("2025-03-14", tz="Asia/Shanghai")
    assert list(kept[-1].table.columns) == [TOTAL]
    assert (kept[-1].issued, kept[-1].weather, kept[-1].quality) == (MORNING, "issued", "ok")


def test_forecasts__what_was_issued_is_never_overwritten(tmp_path: Path) -> None:
    paths = [keep(tmp_path, made(14, 501.0)), keep(tmp_path, made(14, 502.0), issued=MORNING + pd.Timedelta("1h")),
             keep(tmp_path, made(14, 503.0), issued=MORNING + pd.Timedelta("1h")),
             keep(tmp_path, made(14, 504.0), issued=MORNING - pd.Timedelta("1h"))]
    assert [pd.read_parquet(path)[TOTAL].iloc[0] for path in paths] == [501, 502, 503, 504]
    assert len(set(paths)) == 4
    # Of one origin the last that was issued counts.
    assert [each.table[TOTAL].iloc[0] for each in kept_forecasts(tmp_path)] == [503]


def test_forecasts__the_number_counts_what_was_issued(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(forecasts, "KEPT", 3)
    for day in (11, 12, 12, 12):
        keep(tmp_path, made(day))
    assert len(list(tmp_path.iterdir())) == 3
    assert [each.origin.day for each in kept_forecasts(tmp_path)] == [12]


def test_forecasts__those_of_earlier_versions_of_the_program(tmp_path: Path) -> None:
    old = made(12).table[[TOTAL]].assign(version="v0007")
    old.to_parquet(tmp_path / "20250311T160000Z.parquet")
    assert [(each.version, each.issued, each.weather, each.quality) for each in kept_forecasts(tmp_path)] == [
        ("v0007", None, None, None)]
    keep(tmp_path, made(12, 600.0))
    keep(tmp_path, made(11))
    assert [each.table[TOTAL].iloc[0] for each in kept_forecasts(tmp_path)] == [11, 600]


@pytest.mark.parametrize("content", [b"", b"PAR1 broken"])
def test_forecasts__a_damaged_file_is_named_and_left_out(tmp_path: Path, caplog, content: bytes) -> None:
    keep(tmp_path, made(11))
    keep(tmp_path, made(12))
    keep(tmp_path, made(12), issued=MORNING + pd.Timedelta("1h")).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert [each.origin.day for each in kept_forecasts(tmp_path)] == [11, 12]
    assert "damaged" in caplog.text


def test_forecasts__files_of_earlier_origins_are_not_opened(tmp_path: Path, monkeypatch) -> None:
    opened, read = [], pd.read_parquet
    monkeypatch.setattr(pd, "read_parquet", lambda path: opened.append(path) or read(path))
    paths = [keep(tmp_path, made(day)) for day in (11, 12, 12, 13)]
    older = made(12).table[[TOTAL]].assign(version="v0007")
    older.to_parquet(tmp_path / "20250310T160000Z.parquet")
    older.to_parquet(tmp_path / "20250311T160000Z.parquet")
    since = pd.Timestamp("2025-03-12", tz="Asia/Shanghai")
    for same in (since, since.tz_convert("UTC"), since.tz_convert("America/New_York")):
        assert [each.origin.day for each in kept_forecasts(tmp_path, same)] == [12, 13]
        assert opened == [tmp_path / "20250311T160000Z.parquet", *paths[1:]]
        opened.clear()
    assert [each.origin.day for each in kept_forecasts(tmp_path, since + pd.Timedelta("15min"))] == [13]
    assert list(kept_forecasts(tmp_path, since + pd.Timedelta("2D"))) == []
    assert opened == paths[3:]


def test_forecasts__none_kept(tmp_path: Path) -> None:
    assert list(kept_forecasts(tmp_path / "forecasts")) == []
    assert list(kept_forecasts(tmp_path / "forecasts", MORNING)) == []
