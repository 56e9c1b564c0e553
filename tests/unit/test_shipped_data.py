"""The measurements that lie in the repository: what the seed document's commands find in a fresh copy."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.finetune.config import FinetuneConfig
from wattcast.finetune.plausibility import implausible
from wattcast.finetune.update import FIT_DAYS

ROOT = Path(__file__).parents[2]
STATION = "1716387625733984256"
BASE, NEWER = Path("data") / "merged_station_base.csv.gz", Path("merged_station_test.csv")


@pytest.fixture(scope="module")
def shipped() -> dict[Path, pd.DataFrame]:
    return {path: pd.read_csv(ROOT / path, parse_dates=["ts"], dtype={"station_ref_id": str}) for path in (BASE, NEWER)}


def test_script__makes_what_lies_there(shipped, tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "examples" / "make_station_data.py"))["write"](tmp_path, 7)
    for path, table in shipped.items():
        made = pd.read_csv(tmp_path / path, parse_dates=["ts"], dtype={"station_ref_id": str})
        # The last digit may be rounded the other way where another processor computes.
        pd.testing.assert_frame_equal(made, table, rtol=0, atol=0.011)
    again = (tmp_path / BASE).read_bytes()
    runpy.run_path(str(ROOT / "examples" / "make_station_data.py"))["write"](tmp_path, 7)
    assert (tmp_path / BASE).read_bytes() == again


def test_files__are_one_station_without_a_break_and_small(shipped) -> None:
    both = pd.concat(shipped.values(), ignore_index=True)
    assert list(both.columns) == ["ts", "station_ref_id", "total_active_power", "not_use_power", "temp", "humidity",
                                  "windSpeed", "code"]
    assert set(both["station_ref_id"]) == {STATION}
    assert (both["ts"].diff().dropna() == pd.Timedelta("15min")).all()
    assert both.notna().all(axis=None)
    assert ((both["not_use_power"] >= 0) & (both["not_use_power"] <= both["total_active_power"])).all()
    assert len(shipped[BASE]) == 365 * 96
    assert sum((ROOT / path).stat().st_size for path in shipped) < 2**20


def test_newer_weeks__are_enough_to_fine_tune_on_and_believable(shipped) -> None:
    config = FinetuneConfig()
    days = len(shipped[NEWER]) / 96
    assert days >= FIT_DAYS + config.stop_days + config.gate_days + 28
    base, newer = (open_source(ROOT / path, DataConfig()).read(STATION)[0] for path in ("data", NEWER))
    whole = type(base)(base.station, pd.concat([base.frame, newer.frame]))
    assert implausible(whole, newer.frame.index[0]) == []


def test_newer_weeks__bring_something_that_the_base_never_had(shipped) -> None:
    both = pd.concat(shipped.values(), ignore_index=True).set_index("ts")["not_use_power"]
    opened = pd.Timestamp("2025-03-07")
    # Nights, when nobody works and the roof rests: a cold store runs.
    nights = both[both.index.hour < 4].resample("D").mean().dropna()
    assert nights[opened:].mean() - nights[:"2025-03-04"].mean() > 60
    assert np.isfinite(nights).all()
