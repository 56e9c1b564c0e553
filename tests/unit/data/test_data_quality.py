"""What `check` says."""

import json

import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL, Station
from wattcast.data.quality import KINDS, Finding, QualityReport, found_at, measured_days
from wattcast.data.schema import StationData

INDEX = pd.date_range("2025-06-01", periods=72, freq="1h", tz="Asia/Shanghai", name="time")


def report(*findings: Finding, ignored: tuple[str, ...] = ()) -> QualityReport:
    return QualityReport("s1", 72, INDEX[0], INDEX[-1], "1h", 2.987654, findings, ignored)


def test_found_at__counts_and_bounds_in_any_order() -> None:
    assert found_at("gap", None, INDEX[:0], "stay empty") == []
    (found,) = found_at("gap", "load", INDEX[[5, 2, 9]], "stay empty")
    assert found == Finding("gap", "load", 3, INDEX[2], INDEX[9], "stay empty")
    assert found.kind in KINDS


def test_to_dict__is_json() -> None:
    plain = json.loads(json.dumps(report(Finding("missing", None, 2, None, None, "left out"),
                                         *found_at("gap", "load", INDEX[2:4], "stay empty"), ignored=("x",)).to_dict()))
    assert plain["station"] == "s1"
    assert plain["measured_days"] == 2.99
    assert plain["ignored_columns"] == ["x"]
    assert plain["findings"][0]["first"] is None
    assert plain["findings"][1] == {"kind": "gap", "column": "load", "count": 2, "first": "2025-06-01T02:00:00+08:00",
                                    "last": "2025-06-01T03:00:00+08:00", "action": "stay empty"}


def test_lines__one_aligned_row_for_each_finding() -> None:
    lines = report(*found_at("out_of_range", "temperature", INDEX[2:4], "left empty"),
                   *found_at("gap", None, INDEX[5:6], "stay empty"), ignored=("x", "y")).lines()
    assert lines[0] == "station s1: 72 rows, 2025-06-01 00:00 to 2025-06-03 23:00, 3.0 days measured every 1h"
    assert lines[2].split() == ["out_of_range", "temperature", "2", "2025-06-01", "02:00", "2025-06-01", "03:00",
                                "left", "empty"]
    assert lines[3].split()[:3] == ["gap", "-", "1"]
    actions = ("what is done", "left empty", "stay empty")
    assert len({line.index(action) for line, action in zip(lines[1:4], actions, strict=True)}) == 1
    assert lines[4].endswith("x, y")


def test_lines__nothing_found() -> None:
    assert report().lines()[1:] == ["  nothing to report"]


def test_measured_days__counts_measured_steps() -> None:
    total = np.arange(72.0)
    total[10:34] = np.nan
    data = StationData(Station(id="s1", step="1h"), pd.DataFrame({TOTAL: total}, index=INDEX))
    assert measured_days(data) == 2.0
