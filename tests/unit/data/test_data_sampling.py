"""Logs with a row when something changes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_tables import described

from wattcast.contracts import TOTAL
from wattcast.data.reader import open_source
from wattcast.data.sampling import hold_values, sampling_of
from wattcast.errors import DataError

STEP = pd.Timedelta("15min")


def power(days: int = 20) -> pd.Series:
    """Minute by minute: off at night, in steps of 10 by day."""
    index = pd.date_range("2025-06-01", periods=days * 1440, freq="1min", tz="Asia/Shanghai", name="time")
    random = np.random.default_rng(4)
    levels = np.repeat(random.integers(10, 20, 1000 * days) * 10.0, random.integers(1, 40, 1000 * days))[:len(index)]
    return pd.Series(np.where((index.hour >= 7) & (index.hour < 18), levels, 0.0), index, name="kw")


def changes(series: pd.Series) -> pd.Series:
    return series[series.diff() != 0]


def read(path: Path, series: pd.Series, **options: object) -> tuple[pd.DataFrame, object]:
    frame = series.tz_localize(None).to_frame()
    data, report = open_source(*described(path / "x.csv", frame, **options)).read()
    return data.frame, report


def test_on_change__plain_patterns_are_weighted_by_time(tmp_path: Path) -> None:
    frame, report = read(tmp_path, changes(power()))
    expected = power().resample("15min").mean().iloc[:len(frame)]
    np.testing.assert_allclose(frame[TOTAL], expected, atol=1e-9)
    assert report.findings == ()
    assert any("each value holds until the next row (data.time.sampling" in str(each) for each in report.assumed)


def test_on_change__uneven_rows_that_may_be_either_are_a_question(tmp_path: Path) -> None:
    """Values that are never the same: rows may be lost, or hold."""
    noisy = power() + np.random.default_rng(0).normal(0, 1, 20 * 1440).round(4)
    sparse = noisy[changes(power()).index]
    with pytest.raises(DataError, match=r"unevenly far apart(?s:.*)% of the steps of 15min(?s:.*)on_change"):
        read(tmp_path, sparse)
    held, report = read(tmp_path, sparse, time={"sampling": "on_change"})
    assert held[TOTAL].notna().all()
    assert not [each for each in report.assumed if each.what == "sampling"]
    sampled, _ = read(tmp_path, sparse, time={"sampling": "regular"})
    assert sampled[TOTAL].isna().mean() > 0.2


def test_on_change__energy_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot hold energy per interval"):
        read(tmp_path, changes(power()), unit="kWh", time={"sampling": "on_change"})


@pytest.mark.parametrize("step", ["1min", "5min", "15min"])
def test_regular__even_rows_with_gaps_and_repeats(step: str) -> None:
    series = power().resample(step).mean()
    lost = series.drop(series.index[200:900]).sample(frac=0.8, random_state=1)
    for rows in (series, lost):
        assert sampling_of(rows.to_frame(), STEP, "x", None) == ("regular", [])


def test_regular__a_logger_that_loses_most_rows_is_not_taken_for_changes() -> None:
    series = power().resample("5min").mean().sample(frac=0.3, random_state=2)
    assert sampling_of(series.to_frame(), pd.Timedelta("1h"), "x", None)[0] == "regular"


def test_hold_values__the_first_step_needs_half_and_the_last_holds_to_its_end() -> None:
    index = pd.DatetimeIndex(["2025-06-01 00:10", "2025-06-01 00:20", "2025-06-01 00:50"], tz="UTC", name="time")
    frame = pd.DataFrame({"kw": [200.0, 230.0, 260.0], "text": ["a", "b", "c"]}, index=index)
    held = hold_values(frame, STEP)
    assert held.index.minute.tolist() == [0, 15, 30, 45]
    assert held["kw"].fillna(-1).tolist() == pytest.approx([-1, 220, 230, 250])
    assert held["text"].iloc[1:].tolist() == ["a", "b", "b"]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 4000), min_size=3, max_size=40), st.integers(1, 40))
def test_hold_values__a_step_depends_on_no_later_row(seconds: list[int], cut: int) -> None:
    times = pd.Timestamp("2025-06-01", tz="UTC") + pd.to_timedelta(np.cumsum(seconds), unit="s")
    frame = pd.DataFrame({"kw": np.arange(len(seconds)) * 1.0}, index=pd.DatetimeIndex(times, name="time"))
    whole = hold_values(frame, STEP)
    origin = whole.index[min(cut, len(whole) - 1)]
    known = frame[frame.index < origin]
    if len(known):
        past = hold_values(known, STEP)
        pd.testing.assert_frame_equal(past, whole.loc[past.index], check_freq=False)
