"""Power or energy: by name, by setting, and what becomes of it when the grid changes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import described, stamps

from wattcast.contracts import PART, TOTAL
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.data.units import nature_of, natures
from wattcast.errors import ConfigError, DataError


@pytest.mark.parametrize(("column", "energy"), [
    ("energy_kwh", True), ("Energy", True), ("consumption (kWh)", True), ("load [MWh]", True), ("activeEnergyWh", True),
    ("电量", True), ("正向有功电量", True), ("用电量(千瓦时)", True), ("load_kw", False), ("P [MW]", False),
    ("用电(kW·h)", True), ("Consumption [kW.h]", True), ("P kW h", True), ("用电(千瓦小时)", True),
    ("用电(千瓦·时)", True), ("電力量（ｋＷｈ）", True), ("電力（ｋＷ）", False), ("load_kW_h_avg", False),
    ("kW hourly mean", False), ("kW H1", False),
    ("power", False), ("gridPower", False), ("有功功率", False), ("load kWh/h", False), ("load", None), ("meter", None),
    ("windSpeed", None), ("total_active_power", None), ("not_use_power", None), ("what", None), ("network", None),
])
def test_nature_of__by_name(column: str, energy: bool | None) -> None:
    assert nature_of(column, None).energy is energy


@pytest.mark.parametrize(("unit", "energy"), [
    ("kWh", True), ("mwh", True), ("度", True), ("kW", False), (" MW ", False)])
def test_nature_of__a_unit_that_is_set_counts(unit: str, energy: bool) -> None:
    assert nature_of("energy_kwh", unit).energy is energy
    assert DataConfig(unit=unit).unit == unit


def test_unit__unknown_ones_are_an_error() -> None:
    with pytest.raises(ConfigError, match=r"'kWj' is not a unit(?s:.*)did you mean kW"):
        DataConfig(unit="kWj")


def test_natures__what_one_target_tells_holds_for_both() -> None:
    found = natures({TOTAL: "energy_kwh", PART: "base"}, None)
    assert found[PART].energy is True
    assert natures({TOTAL: "load", PART: "base"}, None)[TOTAL].energy is None


def rows(column: str, count: int = 36, every: str = "5min") -> pd.DataFrame:
    """Every row one more than the one before, from 200 on."""
    return pd.DataFrame({column: 200.0 + np.arange(count)}, index=stamps("2025-06-01", count, every))


def read(path: Path, frame: pd.DataFrame, **options: object) -> tuple[pd.Series, list[str]]:
    file, config = described(path / "x.csv", frame, targets={TOTAL: frame.columns[0]}, kind="load", **options)
    data, report = open_source(file, config).read()
    return data.frame[TOTAL], [str(each) for each in report.assumed]


def test_energy__is_added_up(tmp_path: Path) -> None:
    energy, assumed = read(tmp_path, rows("energy_kwh"))
    assert energy.iloc[:2].tolist() == [603, 612]
    assert energy.sum() == rows("x")["x"].sum()
    assert "'energy_kwh' is taken for energy per interval" in assumed[0]
    assert "data.unit" in assumed[0]


def test_energy__a_lost_row_counts_as_the_others_of_its_step(tmp_path: Path) -> None:
    energy, _ = read(tmp_path, rows("kwh").drop(rows("kwh").index[[13, 18, 19]]))
    assert energy.iloc[4] == 1.5 * (212 + 214)
    assert np.isnan(energy.iloc[6])


def test_power__is_averaged(tmp_path: Path) -> None:
    power, assumed = read(tmp_path, rows("load_kw"))
    assert power.iloc[:2].tolist() == [201, 204]
    assert "taken for power, averaged" in assumed[0]


def test_unknown__is_a_question_where_rows_are_put_together(tmp_path: Path) -> None:
    for column in ("load", TOTAL):
        with pytest.raises(DataError) as caught:
            read(tmp_path, rows(column))
        assert "a row every 5min has to become steps of 15min" in str(caught.value)
        assert "power [kW] would be averaged, energy [kWh] added up: 3 times as much" in str(caught.value)
        assert "data.unit" in str(caught.value)
        assert caught.value.exit_code == 2
    assert read(tmp_path, rows("load"), unit="kWh")[0].iloc[0] == 603
    assert read(tmp_path, rows("load"), unit="kW")[0].iloc[0] == 201


@pytest.mark.parametrize(("every", "offered"), [("5min", True), ("7min", False)])
def test_unknown__the_hint_offers_no_step_that_cannot_be_set(tmp_path: Path, every: str, offered: bool) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, rows("load", every=every))
    assert (f"data.time.step to {every}" in str(caught.value)) is offered


def test_unknown__at_its_own_step_nothing_is_asked_and_nothing_changes(tmp_path: Path) -> None:
    for column in ("load", "energy_kwh"):
        values, assumed = read(tmp_path, rows(column, every="15min") + 0.1)
        assert values.tolist() == (rows(column)[column] + 0.1).tolist()
        assert bool([each for each in assumed if "data.unit" in each]) == (column == "energy_kwh")


def test_unknown__finer_rows_that_come_later_are_no_question(tmp_path: Path) -> None:
    slow = rows("load", 96 * 8, "15min")
    fast = rows("load", 60).set_axis(stamps("2025-06-09", 60, "5min"))
    assert read(tmp_path, pd.concat([slow, fast]))[0].iloc[-1] == 258


def test_energy__of_slower_rows_is_spread_over_their_steps(tmp_path: Path) -> None:
    """Quarter-hours, then six hours with a row an hour, then quarter-hours again."""
    early, late = (rows("kwh", 40, "15min").set_axis(stamps(first, 40)) for first in ("2025-06-01", "2025-06-01 16:00"))
    hourly = pd.DataFrame({"kwh": 400.0}, index=stamps("2025-06-01 10:00", 6, "1h"))
    whole = pd.concat([early, hourly, late])
    energy, _ = read(tmp_path, whole)
    assert energy.iloc[40:64].tolist() == [100.0] * 24
    assert energy.sum() == whole["kwh"].sum()
    lost = rows("kwh", 60, "15min").drop(stamps("2025-06-01", 60)[[20, 30, 31]])
    assert read(tmp_path, lost)[0].isna().sum() == 3


def pair(count: int = 96) -> pd.DataFrame:
    """Five-minute rows: 2 kWh in each of the total, and 12 kW of the part, half of it."""
    return pd.DataFrame({"total": 2.0, "part": 12.0}, index=stamps("2025-06-01", count, "5min"))


def test_unit__of_each_target(tmp_path: Path) -> None:
    file, config = described(tmp_path / "x.csv", pair(), targets={TOTAL: "total", PART: "part"},
                             unit={TOTAL: "kWh", PART: "kW"}, flat_line=None)
    data, report = open_source(file, config).read()
    assert data.frame[TOTAL].iloc[0] == 6
    assert data.frame[PART].iloc[0] == 12
    told = " ".join(report.notes)
    assert "'total' is taken for energy per interval" in told
    assert "'part' is taken for power, averaged" in told
    assert "adjustable_power, their difference, means nothing" in told


def test_unit__of_one_target_holds_for_the_other_unless_its_name_tells() -> None:
    assert natures({TOTAL: "a", PART: "b"}, {PART: "MWh"})[TOTAL].energy is True
    assert natures({TOTAL: "a_kw", PART: "b"}, {PART: "MWh"})[TOTAL].energy is False


@pytest.mark.parametrize("key", ["unit", "counter"])
def test_by_target__unknown_targets_are_an_error(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"data.{key}(?s:.*)did you mean not_use_power"):
        DataConfig.model_validate({key: {"not_used_power": "kW" if key == "unit" else True}})
    with pytest.raises(ConfigError, match=r"'kWj' is not a unit"):
        DataConfig(unit={TOTAL: "kWj"})


def test_unknown__is_a_question_of_the_target_that_nothing_tells_of(tmp_path: Path) -> None:
    file, config = described(tmp_path / "x.csv", pair(), targets={TOTAL: "total", PART: "part"}, counter={TOTAL: True})
    with pytest.raises(DataError, match="column 'part' is power or energy"):
        open_source(file, config).read()
