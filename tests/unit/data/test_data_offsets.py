"""The distance from UTC in a column of its own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.data.offsets import at_offsets, offset_column
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig

BERLIN = pd.date_range("2025-03-20", periods=96 * 20, freq="15min", tz="Europe/Berlin")
"""Clocks change on the eleventh day."""
OFFSETS = BERLIN.strftime("%z")


def _told(name: str, words: list[str | None], timezone: str = "Asia/Shanghai") -> pd.DatetimeIndex:
    told = at_offsets(BERLIN.tz_localize(None), pd.Series(words, name=name), timezone)
    assert name in told.note
    return told.index if told.index.tz is None else told.index.tz_convert("Europe/Berlin")


@pytest.mark.parametrize(("name", "words"), [
    ("utc_offset", list(OFFSETS)),
    ("UTC offset", [f"{each[:3]}:{each[3:]}" for each in OFFSETS]),
    ("tz", ["CET" if each == "+0100" else "CEST" for each in OFFSETS]),
    ("timezone", [f"GMT{each[:3]}:00" for each in OFFSETS]),
    ("时区", [f"UTC+{int(each[:3])}" for each in OFFSETS]),
    ("utc_offset", [str(int(each[:3])) for each in OFFSETS]),
    ("tz_offset", [str(int(each[:3]) * 60) for each in OFFSETS]),
    ("utc_offset", [f"{int(each[:3]) * 3600}.0" for each in OFFSETS]),
])
def test_offsets__place_the_rows(name: str, words: list[str | None]) -> None:
    assert (_told(name, words) == BERLIN).all()


def test_offsets__rows_of_another_file_go_by_the_stations_clock() -> None:
    half = [each if row % 2 else None for row, each in enumerate(OFFSETS)]
    assert (_told("utc_offset", half, "Europe/Berlin") == BERLIN).all()


@pytest.mark.parametrize(("name", "words"), [
    ("tz", ["A"] * len(BERLIN)), ("tz", ["CST"] * len(BERLIN)), ("offset", ["1"] * len(BERLIN)),
    ("utc_offset", ["+19:00"] * len(BERLIN)), ("utc_offset", ["0.1"] * len(BERLIN)), ("tz", [None] * len(BERLIN))])
def test_offsets__what_tells_none_is_said_and_left_alone(name: str, words: list[str | None]) -> None:
    assert _told(name, words).tz is None


def test_offsets__cst_beside_cdt_is_americas() -> None:
    chicago = pd.date_range("2025-10-30", periods=200, freq="1h", tz="America/Chicago")
    told = at_offsets(chicago.tz_localize(None), pd.Series(chicago.strftime("%Z"), name="tz"), "Asia/Shanghai")
    assert (told.index.tz_convert("America/Chicago") == chicago).all()


def test_offset_column__is_none_where_it_is_used_otherwise() -> None:
    assert offset_column(["time", "tz", "power"], ["time", "power"]) == "tz"
    assert offset_column(["time", "tz", "power"], ["time", "tz"]) is None


@pytest.mark.parametrize(("column", "words"), [("utc_offset", OFFSETS), ("timezone", ["Europe/Berlin"] * len(BERLIN))])
def test_read__times_with_an_offset_beside_them(tmp_path: Path, column: str, words: list[str]) -> None:
    power = 100 + np.arange(len(BERLIN)) % 96
    clock = BERLIN.tz_localize(None)
    pd.DataFrame({"date": clock.strftime("%Y-%m-%d"), "time": clock.strftime("%H:%M"), column: words,
                  "active_power": power}).to_csv(tmp_path / "works.csv", index=False)
    data, report = open_source(tmp_path / "works.csv", DataConfig()).read()
    there = data.frame["total_active_power"].dropna()
    assert (there.index == BERLIN).all()
    assert (there == power).all()
    assert any(column in note for note in report.notes)
