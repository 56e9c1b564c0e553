"""Single values far outside, stretches in another unit, and what must not be taken for either."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Kind, Station
from wattcast.data.quality import Finding
from wattcast.data.scale_faults import mask_scale_faults
from wattcast.data.schema import DataConfig

DAYS = 70
TIMES = pd.date_range("2025-01-01", periods=24 * DAYS, freq="1h", tz="Asia/Shanghai", name="time")
HOUR = TIMES.hour.to_numpy()
RANDOM = np.random.default_rng(5)


def load() -> np.ndarray:
    """A works with a base load, busier by day and on workdays."""
    day = np.sin((HOUR - 6) / 12 * np.pi).clip(0)
    return np.asarray(400 + 150 * day * (0.4 + 0.6 * (TIMES.day_of_week < 5))
                      + np.random.default_rng(1).normal(0, 8, len(TIMES)))


def plant() -> np.ndarray:
    sky = np.repeat(np.random.default_rng(2).uniform(0.02, 1, DAYS), 24)
    return 50 * np.sin((HOUR - 6) / 12 * np.pi).clip(0) * sky


def clean(values: np.ndarray, kind: Kind = Kind.LOAD, **options: object) -> tuple[list[int], list[Finding]]:
    """Which rows become empty, and the findings."""
    frame = pd.DataFrame({TOTAL: values}, index=TIMES[:len(values)])
    station = Station(id="s", kind=kind, step="1h")
    cleaned, findings = mask_scale_faults(frame, station, DataConfig.model_validate(options))
    return np.flatnonzero(cleaned[TOTAL].isna()).tolist(), findings


def changed(values: np.ndarray, rows: slice, factor: float) -> np.ndarray:
    values = values.copy()
    values[rows] *= factor
    return values


def test_single_values__far_outside_in_either_direction() -> None:
    values = load()
    values[[60, 1000, 1200, 1300]] = [9e5, 1.2e7, -5e6, 12_000]
    rows, (found,) = clean(values)
    assert rows == [60, 1000, 1200, 1300]
    assert (found.kind, found.count, found.first, found.last) == ("spike", 4, TIMES[60], TIMES[1300])
    assert found.action.startswith("-5e+06 … 1.2e+07: alone")


def test_single_values__a_few_hours_of_the_impossible() -> None:
    values = load()
    values[1000:1010] = 8e6
    assert clean(values)[0] == list(range(1000, 1010))


def test_single_values__can_be_kept() -> None:
    values = load()
    values[1000] = 1.2e7
    assert clean(values, scale_faults=False) == ([], [])


@pytest.mark.parametrize("factor", [1000, 1 / 1000, 60, 1 / 60, 4, 1 / 4])
@pytest.mark.parametrize("rows", [slice(1000, None), slice(1000, 1024), slice(900, 1300), slice(1640, None)])
def test_another_unit__from_a_row_on_or_for_a_day(factor: float, rows: slice) -> None:
    emptied, (found,) = clean(changed(load(), rows, factor))
    assert emptied == list(range(*rows.indices(len(TIMES))))
    assert (found.kind, found.count, found.first) == ("scale", len(emptied), TIMES[rows.start])
    assert f"about {f'{factor:g} times' if factor > 1 else f'1/{1 / factor:g} of'} what is usual" in found.action
    assert "data.scale_faults" in found.action


@pytest.mark.parametrize("factor", [1000, 1 / 1000])
@pytest.mark.parametrize("hours", [(6, 15), (6, 22), (20, 29)])
@pytest.mark.parametrize("days", [1, 2, 40])
def test_another_unit__a_works_that_draws_the_same_all_day_or_nothing(factor: float, hours: tuple[int, int],
                                                                      days: int) -> None:
    """Its days are no curve that a stretch could follow: they are known by the hours at which it is on."""
    begin, end = hours
    on = ((begin <= HOUR) & (end > HOUR)) | (end > HOUR + 24)
    true = np.where(on & (TIMES.day_of_week < 5), 200 + np.random.default_rng(3).normal(0, 6, len(TIMES)), 0.0)
    rows = slice(960, 960 + 24 * days)                    # from a Monday's midnight on
    emptied, findings = clean(changed(true, rows, factor))
    wild = np.flatnonzero(true[rows]) + 960
    assert "scale" in {found.kind for found in findings}
    # What is left of it lies on its first or last day, next to rows that tell nothing.
    assert len(np.setdiff1d(wild, emptied)) <= 5
    assert not [row for row in emptied if not 960 <= row < 960 + 24 * days]


def test_true_power__a_works_that_is_closed_and_hardly_draws_stays() -> None:
    on = (HOUR >= 6) & (HOUR < 15) & (TIMES.day_of_week < 5)
    values = np.where(on, 200 + np.random.default_rng(3).normal(0, 6, len(TIMES)), 0.0)
    values[960:960 + 14 * 24] = 0.2 + np.random.default_rng(4).normal(0, 0.01, 14 * 24)
    assert clean(values) == ([], [])


def test_another_unit__a_plant_a_thousand_times_too_large() -> None:
    wild = changed(plant(), slice(960, None), 1000)
    rows, findings = clean(wild, Kind.PV)
    assert findings[0].kind == "scale"
    assert not [row for row in rows if row < 960]
    assert np.delete(wild, rows).max() < 100


def works_that_grow() -> np.ndarray:
    return changed(load(), slice(1000, None), 1.35)


def works_with_a_second_line() -> np.ndarray:
    values = load()
    values[1000:] += 900 * ((TIMES.hour >= 6) & (TIMES.hour < 22))[1000:]
    return values


def works_that_stand_still() -> np.ndarray:
    values = load()
    values[800:1300] = 60 + RANDOM.normal(0, 3, 500)
    return values


def one_shift() -> np.ndarray:
    on = (TIMES.hour >= 6) & (TIMES.hour < 15) & (TIMES.day_of_week < 5)
    return np.where(on, 200 + RANDOM.normal(0, 8, len(TIMES)), 0.2)


def pump_that_is_tested_each_month() -> np.ndarray:
    values = np.full(len(TIMES), 0.35) + RANDOM.normal(0, 0.01, len(TIMES))
    for start in range(700, len(TIMES), 24):
        values[start:start + 8] = 90 + RANDOM.normal(0, 1, len(values[start:start + 8]))
    return values


def plant_that_goes_into_service() -> np.ndarray:
    return np.r_[np.full(24 * 30, 0.01), plant()[24 * 30:]]


@pytest.mark.parametrize(("values", "kind"), [
    (load(), Kind.LOAD), (plant(), Kind.PV), (works_that_grow(), Kind.LOAD), (works_with_a_second_line(), Kind.LOAD),
    (works_that_stand_still(), Kind.LOAD), (one_shift(), Kind.LOAD), (np.zeros(len(TIMES)), Kind.LOAD),
    (np.full(len(TIMES), np.nan), Kind.WIND), (load()[:100], Kind.LOAD),
    (RANDOM.gamma(0.4, 30, len(TIMES)), Kind.WIND)])
def test_true_power__stays(values: np.ndarray, kind: Kind) -> None:
    frame = pd.DataFrame({TOTAL: values}, index=TIMES[:len(values)])
    assert mask_scale_faults(frame, Station(id="s", kind=kind, step="1h"), DataConfig()) == (frame, [])


@pytest.mark.parametrize(("values", "kind"), [
    (pump_that_is_tested_each_month(), Kind.LOAD), (plant_that_goes_into_service(), Kind.PV)])
def test_true_power__what_goes_on_and_on_is_believed(values: np.ndarray, kind: Kind) -> None:
    rows, _ = clean(values, kind)
    assert len(rows) < 30


def test_later_rows__change_nothing_more_than_a_day_before() -> None:
    values = changed(load(), slice(1000, None), 1 / 1000)
    values[[700, 950]] = 1e7
    whole, _ = clean(values)
    for end in (720, 960, 1030, 1100, 1400):
        part, _ = clean(values[:end])
        assert part == [row for row in whole if row < end]
    assert clean(values[:1010])[0] == [700, 950]


@pytest.mark.parametrize("code", [99_999.0, -20_000.0])
def test_single_values__a_number_that_comes_again_far_outside_is_a_code(code: float) -> None:
    """For half a day, and once more."""
    values = load()
    rows = [*range(900, 912), 950]
    values[rows] = code
    assert clean(values)[0] == rows
    # Power that is as far outside varies.
    varied = load()
    varied[900:912] = 99_999.0 + np.arange(12)
    assert len(clean(varied)[0]) < 12
