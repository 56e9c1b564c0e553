"""Rows of several tags between each other."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import stamps

from wattcast.contracts import TOTAL
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.data.tags import is_tag, marked
from wattcast.errors import DataError

TIMES = stamps("2025-06-01", 24 * 10, "1h")
LOAD = 200 + np.arange(240) % 24


def read(folder: Path, frame: pd.DataFrame, **options: object) -> pd.Series:
    frame.to_csv(folder / "x.csv", index=False)
    config = DataConfig.model_validate({"targets": {TOTAL: "kW"}, "time": {"step": "1h"}, **options})
    return open_source(folder / "x.csv", config).read()[0].frame[TOTAL]


@pytest.mark.parametrize("column", ["tag", "TagName", "entity_id", "测点名称", "Meter No"])
def test_rows_of_two_tags__whose_times_differ_are_not_averaged(tmp_path: Path, column: str) -> None:
    power = pd.DataFrame({"time": TIMES + pd.Timedelta("3s"), column: "P", "kW": LOAD})
    heat = pd.DataFrame({"time": TIMES + pd.Timedelta("12s"), column: "T", "kW": 15.5})
    both = pd.concat([power, heat]).sort_values("time")
    with pytest.raises(DataError, match=rf"several series(?s:.*){column!r} says(?s:.*)P, T(?s:.*)data.station_column"):
        read(tmp_path, both)
    assert read(tmp_path, both, station_column=column, station="P").tolist() == LOAD.tolist()
    assert read(tmp_path, power).tolist() == LOAD.tolist()


def test_meter__that_was_replaced_is_one_series(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": TIMES, "meter_no": np.where(np.arange(240) < 100, "1", "2"), "kW": LOAD})
    assert read(tmp_path, frame).tolist() == LOAD.tolist()


def test_is_tag__and_what_tells_something_else() -> None:
    assert is_tag("Tag_Name")
    assert not any(map(is_tag, ("type", "quality", "season", "tariff", "weekday", "name", "unit")))


@pytest.mark.parametrize(("usual", "rare"), [("A", "E"), ("192", "0"), ("正常", "估算")])
def test_rows__marked_otherwise_than_most_are_told(tmp_path: Path, usual: str, rare: str) -> None:
    frame = pd.DataFrame({"time": TIMES, "kW": LOAD, "quality": np.where(np.arange(240) // 24 == 3, rare, usual)})
    frame.to_csv(tmp_path / "x.csv", index=False)
    _, report = open_source(tmp_path / "x.csv", DataConfig.model_validate({"time": {"step": "1h"}})).read()
    assert f"the column 'quality' says {usual!r} of most rows, {rare!r} of 24" in " ".join(report.notes)


def test_rows__whose_marks_count_something_are_not_told() -> None:
    assert marked(pd.DataFrame({"status": [str(number % 50) for number in range(200)]})) == []
    assert marked(pd.DataFrame({"status": ["A", "B"] * 100})) == []


@pytest.mark.parametrize(("column", "word"), [("quality", "Bad"), ("Status", "invalid"), ("质量码", "无效")])
def test_rows__that_their_source_does_not_believe_are_told(tmp_path: Path, column: str, word: str) -> None:
    marks = np.where(np.arange(240) // 24 == 3, word, "A")
    pd.DataFrame({"time": TIMES, "kW": LOAD, column: marks}).to_csv(tmp_path / "x.csv", index=False)
    data, report = open_source(tmp_path / "x.csv", DataConfig.model_validate({"time": {"step": "1h"}})).read()
    assert data.frame[TOTAL].tolist() == LOAD.tolist()
    assert f"the column {column!r} says {word!r} of 24 rows: they are used as they are" in " ".join(report.notes)
    assert report.ignored == (column,)
