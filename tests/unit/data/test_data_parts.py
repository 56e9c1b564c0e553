"""A night's rows that belong to a longer history: power may be missing from them, or they may be missing altogether."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import described, merged, require_contract, table

from wattcast.contracts import PART, TOTAL
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import EmptyColumnError, NoRowsError


@pytest.mark.parametrize("column", ["total_active_power", "not_use_power"])
def test_part__power_may_be_missing_and_its_column_stays(tmp_path: Path, column: str) -> None:
    path = tmp_path / "night.csv"
    merged({"north": 200}).assign(**{column: np.nan}).to_csv(path, index=False)
    data, report = open_source(path, DataConfig()).read("north", whole=False)
    require_contract(data)
    assert data.station.targets == (TOTAL, PART)
    assert data.measured
    assert data.frame[column].isna().all()
    assert data.frame["temp"].iloc[0] == 20.5
    assert report.rows == 8


def test_part__without_any_power(tmp_path: Path) -> None:
    path = tmp_path / "night.csv"
    merged({"north": 200}).assign(total_active_power=np.nan, not_use_power=-9999).to_csv(path, index=False)
    source = open_source(path, DataConfig())
    with pytest.raises(EmptyColumnError):
        source.read("north")
    data, report = source.read("north", whole=False)
    require_contract(data)
    assert not data.measured
    assert report.measured_days == 0
    assert "future_known" not in [found.kind for found in report.findings]


def test_part__a_described_second_target_without_a_value_is_an_empty_column(tmp_path: Path) -> None:
    targets = {TOTAL: "kw", PART: "fixed"}
    path, config = described(tmp_path / "night.csv", table().assign(fixed=np.nan), targets=targets)
    with pytest.raises(EmptyColumnError, match=PART):
        open_source(path, config).read()
    assert open_source(path, config).read(whole=False)[0].station.targets == (TOTAL, PART)


@pytest.mark.parametrize("content", ["", "ts,station_ref_id,total_active_power\n"])
def test_no_rows__are_an_error_of_their_own(tmp_path: Path, content: str) -> None:
    (tmp_path / "night.csv").write_text(content)
    with pytest.raises(NoRowsError):
        open_source(tmp_path / "night.csv", DataConfig())


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_files__one_without_content_among_others_is_left_out(content: str, tmp_path: Path,
                                                             caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "works").mkdir()
    frame = pd.DataFrame(table())
    frame.iloc[:48].to_csv(tmp_path / "works" / "1.csv")
    (tmp_path / "works" / "2.csv").write_text(content)
    frame.iloc[48:].to_csv(tmp_path / "works" / "3.csv")
    config = DataConfig(targets={TOTAL: "kw"})
    with caplog.at_level(logging.WARNING):
        data, _ = open_source(tmp_path / "works", config).read()
    assert data.frame[TOTAL].tolist() == frame["kw"].tolist()
    assert "works: 1 of 3 files have no content and are left out" in caplog.text
    for name in ("1.csv", "3.csv"):
        (tmp_path / "works" / name).write_text("")
    with pytest.raises(NoRowsError):
        open_source(tmp_path / "works", config)
