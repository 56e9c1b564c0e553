"""Plants that write no rows at night."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import described

from wattcast.contracts import TOTAL, Kind, Station
from wattcast.data.reader import open_source
from wattcast.data.schema import StationData
from wattcast.data.silent_nights import fill_silent_nights, with_nights_since

TIMES = pd.date_range("2025-03-01", periods=24 * 60, freq="1h", tz="Asia/Shanghai", name="time")
HOUR = TIMES.hour.to_numpy()
SKY = np.repeat(np.random.default_rng(4).uniform(0.2, 1, 60), 24)
SUN = (400 * np.sin((HOUR - 5) / 14 * np.pi).clip(0) * SKY * ((HOUR > 5) & (HOUR < 19))).round(1)


def filled(values: np.ndarray, kind: Kind = Kind.PV) -> np.ndarray:
    frame = pd.DataFrame({TOTAL: values}, index=TIMES[:len(values)])
    return fill_silent_nights(frame, Station(id="s", kind=kind, step="1h"))[0][TOTAL].to_numpy()


def test_nights_without_rows__are_no_power(tmp_path: Path) -> None:
    """The plant is known by its days, and its nights are zeros, told as assumed."""
    frame = pd.DataFrame({"kw": SUN}, index=TIMES.tz_localize(None))[SUN > 0]
    path, config = described(tmp_path / "x.csv", frame, time={"step": "1h"})
    data, report = open_source(path, config).read()
    assert data.station.kind is Kind.PV
    np.testing.assert_array_equal(data.frame[TOTAL], SUN[6:-5])
    told = " ".join(map(str, report.assumed))
    assert "its nights are not measured" in told
    assert f"taken for zero at times of day at which it is never measured, in {(SUN[6:-5] == 0).sum()} steps" in told


def test_outage__stays_a_gap_by_day() -> None:
    values = np.where(SUN > 0, SUN, np.nan)
    values[24 * 40:24 * 42] = np.nan
    result = filled(values)
    assert np.isnan(result[24 * 40:24 * 42]).sum() == 2 * 13
    assert np.isnan(filled(values, Kind.LOAD)).sum() == np.isnan(values).sum()


def test_rows_before__do_not_depend_on_later_ones_after_four_weeks() -> None:
    values = np.where(SUN > 0, SUN, np.nan)
    later = values.copy()
    later[24 * 45:] = 5.0
    np.testing.assert_array_equal(filled(values)[:24 * 44], filled(later)[:24 * 44])


def test_measured_nights__and_a_short_history_stay_as_they_are() -> None:
    gap = SUN.copy()
    gap[100:110] = np.nan
    assert np.isnan(filled(gap)).sum() == 10
    short = np.where(SUN > 0, SUN, np.nan)[:24 * 10]
    assert np.isnan(filled(short)).sum() == np.isnan(short).sum()


def data(values: np.ndarray, first: int, kind: Kind = Kind.PV) -> StationData:
    station = Station(id="s", kind=kind, step="1h", targets=(TOTAL,))
    return StationData(station, pd.DataFrame({TOTAL: values}, index=TIMES[first:first + len(values)]))


@pytest.mark.parametrize("pause", [0, 3])
def test_new_days__come_in_with_the_nights_since_those_that_are_kept(pause: int) -> None:
    """Also where the days between them are missing, which stay a gap."""
    kept, first = data(SUN[:24 * 40 - 5], 0), 24 * (40 + pause)
    came = np.where(SUN > 0, SUN, np.nan)[first + 6:first + 24 + 19]
    new, told = with_nights_since(kept, data(came, first + 6))
    values = new.frame[TOTAL].reindex(TIMES[24 * 40 - 5:first + 43]).to_numpy()
    true = SUN[24 * 40 - 5:first + 43].copy()
    lit = (true > 0) & (np.arange(len(true)) < 5 + 24 * pause)
    np.testing.assert_array_equal(values, np.where(lit, np.nan, true))
    assert f"{(true == 0).sum()} steps without rows" in told[0]


def test_new_days__of_other_stations_stay_as_they_are() -> None:
    came = np.where(SUN > 0, SUN, np.nan)[24 * 40 + 6:24 * 41 + 19]
    for kept, new in ((data(SUN[:24 * 40], 0, Kind.LOAD), data(came, 24 * 40 + 6, Kind.LOAD)),
                      (data(SUN[:24 * 10], 0), data(came, 24 * 40 + 6)),
                      (data(SUN[:24 * 40], 0), data(SUN[24 * 40:24 * 41], 24 * 40))):
        assert with_nights_since(kept, new) == (new, [])
