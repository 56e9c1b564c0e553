"""Rows at any instants to a regular grid."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattcast.data.gridding import mean_of_repeated, short, step_starts, to_grid
from wattcast.data.quality import Finding
from wattcast.errors import DataError

STEP = pd.Timedelta("15min")


def at(text: str, timezone: str = "Asia/Shanghai") -> pd.Timestamp:
    return pd.Timestamp(f"2025-06-{text}", tz=timezone).as_unit("us")


def rows(times: list[pd.Timestamp], values: list[float], **texts: list[str | None]) -> pd.DataFrame:
    index = pd.DatetimeIndex(times, name="time").as_unit("us")
    return pd.DataFrame({"load": values}, index=index, dtype=float).assign(
        **{name: pd.array(cells, dtype="str") for name, cells in texts.items()})


def kinds(findings: list[Finding]) -> dict[str, int]:
    return {found.kind: found.count for found in findings}


def test_to_grid__leaves_a_regular_table_alone() -> None:
    times = pd.date_range(at("01 00:15"), periods=5, freq=STEP)
    frame = rows(list(times), [200, 201, 202, 203, 204], text=list("abcde"))
    gridded, findings = to_grid(frame, STEP, "a.csv")
    pd.testing.assert_frame_equal(gridded, frame, check_freq=False)
    assert findings == []


def test_to_grid__gaps_stay_empty_and_are_counted() -> None:
    times = list(pd.date_range(at("01 00:00"), periods=12, freq=STEP))
    kept = [time for number, time in enumerate(times) if number not in (2, 5, 6, 7)]
    gridded, findings = to_grid(rows(kept, [200.0] * 8, text=["x"] * 8), STEP, "a.csv")
    assert gridded.index.tolist() == times
    assert np.flatnonzero(gridded["load"].isna()).tolist() == [2, 5, 6, 7]
    assert np.flatnonzero(gridded["text"].isna()).tolist() == [2, 5, 6, 7]
    (gap,) = findings
    assert (gap.kind, gap.column, gap.count, gap.first, gap.last) == ("gap", None, 4, times[2], times[7])
    assert "2 gaps of up to 45min" in gap.action


def test_to_grid__says_how_long_a_single_gap_is() -> None:
    times = [at("01 00:00"), at("01 00:15"), at("01 01:00")]
    _, (gap,) = to_grid(rows(times, [200, 201, 204], text=list("abc")), STEP, "a.csv")
    assert gap.action == "steps without a row, in 1 gap of 30min: stay empty"


def test_to_grid__sorts_and_later_rows_win_cell_by_cell() -> None:
    times = [at("01 00:30"), at("01 00:00"), at("01 00:15"), at("01 00:15"), at("01 00:30")]
    frame = rows(times, [202, 200, 201, 301, np.nan], text=["c", "a", "b", None, "d"])
    gridded, findings = to_grid(frame, STEP, "a.csv")
    assert gridded["load"].tolist() == [200, 301, 202]
    assert gridded["text"].tolist() == ["a", "b", "d"]
    assert kinds(findings) == {"disorder": 1, "duplicate": 2, "corrected": 2}


def test_to_grid__the_last_of_many_versions_wins() -> None:
    times = pd.date_range(at("01 00:00"), periods=50, freq=STEP)
    order = np.random.default_rng(5).permutation(np.repeat(np.arange(50), 20))
    frame = rows(list(times[order]), list(np.arange(1000.0)))
    gridded, _ = to_grid(frame, STEP, "a.csv")
    assert gridded["load"].tolist() == [float(np.flatnonzero(order == step)[-1]) for step in range(50)]


def test_to_grid__equal_duplicates_are_taken_once() -> None:
    frame = rows([at("01 00:00"), at("01 00:15"), at("01 00:15"), at("01 00:30")], [200, 201, 201, 202])
    gridded, findings = to_grid(frame, STEP, "a.csv")
    assert gridded["load"].tolist() == [200, 201, 202]
    assert kinds(findings) == {"repeated": 1}


def test_to_grid__rows_that_complete_each_other_are_none_that_differ() -> None:
    times = [at("01 00:00"), at("01 00:15"), at("01 00:30")]
    frame = rows([*times, *times], [1, 2, 3, np.nan, np.nan, 4])
    frame = frame.assign(warm=[np.nan, np.nan, np.nan, 20, 21, 22])
    gridded, findings = to_grid(frame, STEP, "a.csv")
    assert (gridded["load"].tolist(), gridded["warm"].tolist()) == ([1, 2, 4], [20, 21, 22])
    assert kinds(findings) == {"disorder": 1, "repeated": 2, "duplicate": 1, "corrected": 1}


def test_to_grid__five_minutes_are_averaged() -> None:
    times = list(pd.date_range(at("01 00:00"), periods=9, freq="5min"))
    frame = rows(times, [200, 201, 202, 300, 301, 302, 400, 401, 402], text=list("abcdefghi"))
    gridded, findings = to_grid(frame, STEP, "a.csv")
    assert gridded["load"].tolist() == [201, 301, 401]
    assert gridded["text"].tolist() == ["a", "d", "g"]
    assert kinds(findings) == {"resampled": 8}  # how often the source writes is known from the second row on


def test_to_grid__a_step_needs_half_of_its_rows() -> None:
    times = pd.date_range(at("01 00:00"), periods=60, freq="5min")
    values = np.arange(60.0)
    values[30:32] = np.nan  # one of three left
    values[36] = np.nan  # two of three left
    kept = np.delete(np.arange(60), [45, 46])
    gridded, _ = to_grid(rows(list(times[kept]), list(values[kept])), STEP, "a.csv")
    assert np.flatnonzero(gridded["load"].isna()).tolist() == [10, 15]
    assert gridded["load"].iloc[12] == 37.5


def test_to_grid__follows_a_source_that_slows_down() -> None:
    fast = pd.date_range(at("01 00:00"), periods=36, freq="5min")
    slow = pd.date_range(at("01 03:00"), periods=20, freq=STEP)
    times = [*fast, *slow]
    gridded, findings = to_grid(rows(times, [200.0] * 56), STEP, "a.csv")
    assert gridded["load"].iloc[:12].notna().all()
    assert gridded["load"].iloc[-14:].notna().all()
    assert "gap" not in kinds(findings)


def test_to_grid__stamps_off_the_grid_are_counted_to_their_step() -> None:
    times = [at("01 00:00"), at("01 00:14:58"), at("01 00:37"), at("01 00:45:03")]
    gridded, findings = to_grid(rows(times, [200, 201, 202, 203]), STEP, "a.csv")
    assert gridded["load"].tolist() == [200, 201, 202, 203]
    assert kinds(findings) == {"off_grid": 3}


@pytest.mark.parametrize("timezone", ["Asia/Kolkata", "Asia/Kathmandu", "UTC", "America/St_Johns"])
def test_to_grid__hours_are_local_hours(timezone: str) -> None:
    times = pd.date_range(pd.Timestamp("2025-06-01", tz=timezone), periods=30, freq="20min")
    gridded, _ = to_grid(rows(list(times), [200.0] * 30), pd.Timedelta("1h"), "a.csv")
    assert gridded.index[0] == times[0]
    assert set(gridded.index.minute) == {0}


def test_to_grid__crosses_dst_in_absolute_time() -> None:
    times = list(pd.date_range("2025-03-29", "2025-04-01", freq="1h", tz="Europe/Amsterdam"))
    gridded, findings = to_grid(rows(times, [200.0] * len(times)), pd.Timedelta("1h"), "a.csv")
    assert len(gridded) == len(times) == 72
    assert findings == []


@pytest.mark.parametrize(("every", "message"), [
    ("1h", r"every 1h, which is less often than every 15min(?s:.*)set data.time.step to 1h"),
    ("7min", r"every 7min, which does not divide the step of 15min(?s:.*)set data.time.step to 1h: the rows are"),
    ("25min", r"every 25min, which is less often than every 15min(?s:.*)set data.time.step to 3h"),
    ("10min", r"every 10min, which does not divide the step of 15min(?s:.*)set data.time.step to 10min"),
])
def test_to_grid__other_spacing_is_an_error(every: str, message: str) -> None:
    times = list(pd.date_range(at("01 00:00"), periods=30, freq=every))
    with pytest.raises(DataError, match=message):
        to_grid(rows(times, [200.0] * 30), STEP, "a.csv")


def test_to_grid__one_stamp_decades_away_is_an_error() -> None:
    times = [pd.Timestamp("1970-01-01", tz="UTC"), *pd.date_range(at("01 00:00", "UTC"), periods=30, freq=STEP)]
    with pytest.raises(DataError, match="no row between 1970-01-01"):
        to_grid(rows(times, [200.0] * 31), STEP, "a.csv")


def test_to_grid__a_single_row() -> None:
    gridded, findings = to_grid(rows([at("01 00:00")], [200]), STEP, "a.csv")
    assert gridded["load"].tolist() == [200]
    assert findings == []


@settings(max_examples=30)
@given(st.lists(st.sampled_from([1, 5, 5, 5, 15, 60]), min_size=25, max_size=60), st.integers(2, 20),
       st.integers(0, 10_000))
def test_to_grid__a_step_depends_on_no_later_row(minutes: list[int], cut: int, seed: int) -> None:
    minutes = [5] * len(minutes) + minutes  # the usual spacing divides the step
    times = at("01 00:00") + pd.to_timedelta(np.cumsum(minutes), unit="min")
    values = np.random.default_rng(seed).normal(size=len(times))
    frame = rows(list(times), list(values))
    whole, _ = to_grid(frame, STEP, "a.csv")
    origin = whole.index[min(cut + len(whole) // 2, len(whole) - 1)]
    past, _ = to_grid(frame[frame.index < origin], STEP, "a.csv")
    past = past[past.index < origin]  # a row just before the origin may be meant for its step
    pd.testing.assert_frame_equal(past, whole.loc[past.index], check_freq=False)


def test_step_starts__early_by_less_than_a_tenth_is_on_time() -> None:
    times = pd.DatetimeIndex([at("01 00:13:31"), at("01 00:13:29"), at("01 00:15:00"), at("01 00:29:59")])
    assert step_starts(times, STEP, 1.0).minute.tolist() == [15, 0, 15, 30]
    assert step_starts(times, STEP).minute.tolist() == [0, 0, 15, 15]


def test_mean_of_repeated__keeps_columns_and_levels() -> None:
    index = pd.MultiIndex.from_tuples([(2, 1), (1, 1), (1, 1)], names=["issued", "time"])
    frame = pd.DataFrame({"text": pd.array(["c", None, "b"], dtype="str"), "load": [300.0, 200.0, 202.0]}, index=index)
    result = mean_of_repeated(frame)
    assert result.columns.tolist() == ["text", "load"]
    assert result.index.names == ["issued", "time"]
    assert result["load"].tolist() == [201.0, 300.0]
    assert result["text"].tolist() == ["b", "c"]


def test_short__durations() -> None:
    spans = [pd.Timedelta(text) for text in ("15min", "2D", "90min", "30s")]
    assert [short(span) for span in spans] == ["15min", "48h", "90min", "0.5min"]
