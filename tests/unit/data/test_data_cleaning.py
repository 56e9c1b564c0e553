"""Impossible values, stuck sensors, generation below zero."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wattcast.contracts import PART, TOTAL, Kind, Station
from wattcast.data.cleaning import lift_negative_generation, limits, mask_impossible, require_possible
from wattcast.data.flat_lines import equal_before, mask_flat_lines
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError


def station(*known: str, kind: Kind = Kind.LOAD, capacity: float | None = None, part: bool = False,
            step: str = "1h") -> Station:
    targets = (TOTAL, PART) if part else (TOTAL,)
    return Station(id="s", targets=targets, known_future=known, kind=kind, capacity=capacity, step=step)


def table(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    return frame.set_axis(pd.date_range("2025-06-01", periods=len(frame), freq="1h", tz="Asia/Shanghai", name="time"))


def empty(frame: pd.DataFrame, column: str) -> list[int]:
    return np.flatnonzero(frame[column].isna()).tolist()


@pytest.mark.parametrize("code", [-99.0, 6553.5, -3276.7, float(np.float32(-3276.7)), -9999.0])
def test_mask_impossible__codes_for_no_value(code: float) -> None:
    frame = table(**{TOTAL: [200.0, code, 202.0], "APX": [code, 5.0, 6.0]})
    cleaned, findings = mask_impossible(frame, station("APX"), DataConfig())
    assert empty(cleaned, TOTAL) == [1]
    assert empty(cleaned, "APX") == [0]
    assert [(f.kind, f.column, f.count, f.first) for f in findings] == [
        ("out_of_range", TOTAL, 1, frame.index[1]), ("out_of_range", "APX", 1, frame.index[0])]
    assert frame[TOTAL].iloc[1] == code


def test_mask_impossible__codes_can_be_values() -> None:
    frame = table(**{TOTAL: [200.0, -99.0, 65535.0]})
    cleaned, _ = mask_impossible(frame, station(), DataConfig(missing_values=(65535,)))
    assert empty(cleaned, TOTAL) == [2]


@pytest.mark.parametrize(("column", "possible", "impossible"), [
    ("temp", [-60.0, 45.0, 300.0], [-273.0, 400.0]), ("humidity", [0.0, 0.5, 100.0], [-1.0, 150.0]),
    ("clouds", [0.0, 100.0001], [414.2]), ("ghi", [-3.0, 1400.0], [3000.0]), ("radiation", [-275.0, 1.6e6], [1e7]),
    ("winddeg", [0.0, 360.0], [720.0]), ("APX", [-500.0, 1e9], []),
])
def test_mask_impossible__physical_limits(column: str, possible: list[float], impossible: list[float]) -> None:
    frame = table(**{column: possible + impossible})
    cleaned, findings = mask_impossible(frame, station(column), DataConfig())
    assert empty(cleaned, column) == list(range(len(possible), len(frame)))
    assert sum(found.count for found in findings) == len(impossible)


def test_mask_impossible__leaves_texts_alone() -> None:
    frame = table(code=["-99", "100"])
    codes = Station(id="s", known_future=("code",), categorical=("code",))
    assert mask_impossible(frame, codes, DataConfig())[0] is frame


def test_limits__the_users_range_wins_under_either_name() -> None:
    config = DataConfig(targets={TOTAL: "kw"}, known_future=("temp",), valid_range={"kw": (0, 500), "temp": (None, 50)})
    assert limits(TOTAL, station("temp", capacity=100), config) == (0, 500)
    assert limits("temp", station("temp"), config) == (None, 50)
    ours = DataConfig(targets={TOTAL: "kw"}, valid_range={TOTAL: (None, None)})
    assert limits(TOTAL, station(capacity=100), ours) == (None, None)


def test_limits__power_by_kind_and_capacity() -> None:
    assert limits(TOTAL, station(), DataConfig()) == (None, None)
    assert limits(TOTAL, station(capacity=100), DataConfig()) == (-150, 150)
    assert limits(TOTAL, station(kind=Kind.PV, capacity=100), DataConfig()) == (-10, 150)


def stuck(values: list[float], **options: object) -> list[int]:
    """Where a load is emptied with a patience of three steps of one hour."""
    frame = table(**{TOTAL: values})
    return empty(mask_flat_lines(frame, station(**options), DataConfig(flat_line="3h"))[0], TOTAL)


@pytest.mark.parametrize("kind", [Kind.PV, Kind.LOAD])
def test_require_possible__a_capacity_in_another_unit(kind: Kind) -> None:
    by_day = 90_000 * np.maximum(np.sin(np.arange(240) / 24 * 2 * np.pi), 0) - 3
    frame = table(**{TOTAL: np.where(np.arange(240) == 30, np.nan, by_day)})
    with pytest.raises(DataError) as caught:
        require_possible(frame, station(kind=kind, capacity=100), DataConfig(), "x.csv")
    message = str(caught.value)
    assert "x.csv: most of total_active_power is beyond what it can be" in message
    assert "109 of 109 values are 23290.7 … 89997" in message
    assert "data.capacity is 100: it has to be in the target's unit" in message
    with pytest.raises(DataError, match=r"data.valid_range says so"):
        require_possible(frame, station(kind=kind), DataConfig(valid_range={TOTAL: (0, 100)}), "x.csv")


@pytest.mark.parametrize("faulty", [0, 1, 80])
def test_require_possible__a_faulty_logger_is_none(faulty: int) -> None:
    power = np.where(np.arange(240) < faulty, 1e9, 60 + 40 * np.sin(np.arange(240)))
    require_possible(table(**{TOTAL: power}), station(capacity=100), DataConfig(), "x.csv")


def test_mask_flat_lines__only_what_comes_after_the_patience() -> None:
    assert stuck([1.5, 2.5, 2.5, 2.5, 2.5, 2.5, 3.5, 2.5]) == [4, 5]
    assert stuck([1.5, 2.5, 2.5, 2.5, 3.5]) == []


@pytest.mark.parametrize("patience", ["1h", "30min", "1d", "06:00:00"])
def test_mask_flat_lines__a_long_step_still_leaves_three_readings(patience: str) -> None:
    days = pd.date_range("2025-01-06", periods=12, freq="1D", tz="UTC", name="time")
    plant = Station(id="s", timezone="UTC", step="1d")
    frame = pd.DataFrame({TOTAL: [5.5, 7.25, 7.25, 7.25, 8.5, 6.5, *[9.75] * 5, 3.5]}, index=days)
    assert empty(mask_flat_lines(frame, plant, DataConfig(flat_line=patience))[0], TOTAL) == [9, 10]


def test_mask_flat_lines__whole_numbers_have_more_patience() -> None:
    assert stuck([200.0] * 12) == []
    assert stuck([200.0] * 14) == [12, 13]


def moving(hours: int) -> list[float]:
    """A load that is never the same twice running."""
    return [200.5 + number % 7 for number in range(hours)]


def test_mask_flat_lines__a_load_that_never_rested_is_out_of_order_at_zero_but_generation_may_rest() -> None:
    before = moving(15 * 24)
    assert stuck([*before, 0, 0, 0, 0, 0, 6.5]) == [363, 364]
    assert stuck([5.5, 0, 0, 0, 0, 0, 6.5], kind=Kind.WIND) == []
    assert stuck([5.5, 0, 0, 0, 0, 0, 6.5], kind=Kind.PV) == []


def test_mask_flat_lines__zero_is_a_value_where_a_load_rests_there() -> None:
    """One shift, weekends off, and a standstill of three weeks that ends."""
    week = [value for day in range(7) for value in [*[0.0] * 6, *(moving(9) if day < 5 else [0.0] * 9), *[0.0] * 9]]
    assert stuck(week * 3) == []
    assert stuck([*week * 3, *[0.0] * 24 * 21, *week]) == []


def test_mask_flat_lines__zero_has_the_benefit_of_the_doubt_in_the_first_weeks_for_three_days() -> None:
    assert stuck([*moving(100), *[0.0] * 60, *moving(5)]) == []
    assert stuck([*[0.0] * 100, *moving(5)]) == list(range(72, 100))


def test_mask_flat_lines__rest_needs_to_have_ended_twice() -> None:
    """A sensor that sticks at zero once or twice has not shown that it rests there; the third time it has."""
    outage, work = [0.0] * 6, moving(15 * 24)
    assert len(stuck([*work, *outage, *work])) == 3
    assert len(stuck([*work, *outage, *work, *outage, *work, *outage, *work])) == 6


def test_mask_flat_lines__a_load_may_rest_at_its_standby_power() -> None:
    day = [*moving(12), *[0.35] * 12]
    assert len(stuck(day * 10)) == 2 * 9
    assert len(stuck([*day * 10, *moving(3), *[41.5] * 6])) == 2 * 9 + 3


def test_mask_flat_lines__generation_near_none_and_full_may_rest() -> None:
    low, full, between = [0.15] * 6, [9.95] * 6, [5.05] * 6
    assert stuck(low + full, kind=Kind.PV, capacity=10) == []
    assert stuck(between, kind=Kind.PV, capacity=10) == [3, 4, 5]
    assert stuck(low, kind=Kind.PV) == [3, 4, 5]


def test_mask_flat_lines__gaps_neither_end_nor_lengthen_a_run() -> None:
    gap = [float("nan")] * 20
    assert stuck([2.5, *gap, 2.5, 2.5, 3.5]) == list(range(1, 21))
    assert stuck([2.5, 2.5, *gap, 2.5, 2.5]) == [*range(2, 22), 23]


def test_mask_flat_lines__the_part_is_reported_and_kept() -> None:
    frame = table(**{TOTAL: np.arange(10) + 0.5, PART: [3.5] * 10})
    cleaned, findings = mask_flat_lines(frame, station(part=True), DataConfig(flat_line="3h"))
    pd.testing.assert_frame_equal(cleaned, frame)
    assert [(found.kind, found.column, found.count) for found in findings] == [("flat_line", PART, 7)]
    assert "kept" in findings[0].action


def test_mask_flat_lines__which_weather_is_checked() -> None:
    columns = {"temperature": 20.25, "clouds": 100.0, "rain": 0.5, "humidity": 100.0, "ghi": 40.0, "dni": 0.0,
               "APX": 30.5}
    frame = table(**{TOTAL: np.arange(8.0), **{name: [value] * 8 for name, value in columns.items()}})
    cleaned, _ = mask_flat_lines(frame, station(*columns), DataConfig(flat_line="3h"))
    assert [name for name in columns if empty(cleaned, name)] == ["temperature", "ghi"]


def test_mask_flat_lines__can_be_turned_off() -> None:
    frame = table(**{TOTAL: [2.5] * 100})
    assert mask_flat_lines(frame, station(), DataConfig(flat_line=None)) == (frame, [])


def test_mask_flat_lines__patience_is_time_not_steps() -> None:
    frame = table(**{TOTAL: [2.5] * 30})
    cleaned, _ = mask_flat_lines(frame, station(step="15min"), DataConfig(flat_line="6h"))
    assert empty(cleaned, TOTAL) == list(range(24, 30))
    cleaned, _ = mask_flat_lines(frame, station(step="1h"), DataConfig(flat_line="150min"))
    assert empty(cleaned, TOTAL) == list(range(3, 30))


@settings(max_examples=40)
@given(hnp.arrays(float, st.integers(2, 40), elements=st.sampled_from([0.0, 2.5, 3.0, float("nan")])),
       st.integers(1, 39))
def test_cleaning__a_value_depends_on_no_later_one(values: np.ndarray, cut: int) -> None:
    frame = table(**{TOTAL: values, "temp": values[::-1] * 40})

    def clean(part: pd.DataFrame) -> pd.DataFrame:
        here = station("temp", kind=Kind.PV, capacity=3)
        config = DataConfig(flat_line="2h")
        part = mask_flat_lines(mask_impossible(part, here, config)[0], here, config)[0]
        return lift_negative_generation(part, here)[0]

    pd.testing.assert_frame_equal(clean(frame.iloc[:cut]), clean(frame).iloc[:cut])


@settings(max_examples=40)
@given(hnp.arrays(float, st.integers(0, 30), elements=st.sampled_from([1.0, 2.0, float("nan")])))
def test_equal_before__agrees_with_a_loop(values: np.ndarray) -> None:
    expected, last, count = [], None, 0
    for value in values:
        if np.isnan(value):
            expected.append(0)
            continue
        count = count + 1 if value == last else 0
        last = value
        expected.append(count)
    assert equal_before(values).tolist() == expected


def test_lift_negative_generation__pv_only() -> None:
    frame = table(**{TOTAL: [-0.2, 5.0, float("nan"), -0.1]})
    lifted, findings = lift_negative_generation(frame, station(kind=Kind.PV))
    assert lifted[TOTAL].fillna(-1).tolist() == [0, 5, -1, 0]
    assert [(found.kind, found.count, found.first, found.last) for found in findings] == [
        ("negative_night", 2, frame.index[0], frame.index[3])]
    for kind in (Kind.LOAD, Kind.WIND):
        assert lift_negative_generation(frame, station(kind=kind)) == (frame, [])
