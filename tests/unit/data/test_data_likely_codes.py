"""Nines and minus ones that loggers write for no value."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Kind, Station
from wattcast.data.likely_codes import mask_likely_codes
from wattcast.data.schema import DataConfig

DAY = 96
STATION = Station(id="works", targets=(TOTAL,), timezone="Asia/Shanghai", step="15min")
PLANT = Station(id="roof", targets=(TOTAL,), timezone="Asia/Shanghai", step="15min", kind=Kind.PV)


def _load(days: int = 10) -> np.ndarray:
    quarter = np.arange(days * DAY)
    return (300 + 80 * np.sin(quarter / DAY * 2 * np.pi) + np.random.default_rng(1).normal(0, 5, len(quarter))).round(2)


def _sun(days: int = 10) -> np.ndarray:
    return np.maximum(0, 50 * np.sin((np.arange(days * DAY) % DAY / DAY - 0.25) * 2 * np.pi)).round(3)


def _left_out(values: np.ndarray, station: Station = STATION, **config: object) -> list[int]:
    index = pd.date_range("2025-03-01", periods=len(values), freq="15min", tz="Asia/Shanghai", name="time")
    frame, findings = mask_likely_codes(pd.DataFrame({TOTAL: values}, index), station, DataConfig(**config))
    empty = np.flatnonzero(frame[TOTAL].isna() & np.isfinite(values)).tolist()
    assert sum(found.count for found in findings) == len(empty)
    return empty


@pytest.mark.parametrize("code", [999.9, 9999.0, 9999.9, 9999.99, 99999.0, float(np.float32(9999.9)), -9999.9, 1e6 - 1])
@pytest.mark.parametrize("rows", [slice(400, 412), slice(0, 8), slice(900, 960), slice(500, 501)])
def test_nines__far_above_all_are_no_readings(code: float, rows: slice) -> None:
    values = _load()
    values[rows] = code
    assert _left_out(values) == list(range(*rows.indices(len(values))))
    assert _left_out(values, scale_faults=False) == []


@pytest.mark.parametrize("code", [999.0, 999.9, 9999.0])
def test_nines__of_a_station_that_comes_near_are_readings(code: float) -> None:
    values = _load() * code / 500
    values[400:412] = code
    assert _left_out(values) == []


@pytest.mark.parametrize("rows", [slice(400, 412), slice(0, 8), slice(500, 501)])
def test_minus_one__where_nothing_is_negative_is_no_reading(rows: slice) -> None:
    values = _load()
    values[rows] = -1.0
    assert _left_out(values) == list(range(*rows.indices(len(values))))


def test_minus_one__of_a_site_that_feeds_in_is_a_reading() -> None:
    values = _load() - 300
    values[400:412] = -1.0
    assert _left_out(values) == []


def test_minus_one__in_whole_numbers_may_follow_zero() -> None:
    values = np.r_[_load(4).round(), 5, 3, 1, 0, -1, -1, -2, -1, 0, 4]
    assert _left_out(values) == []
    assert _left_out(np.r_[_load(4).round(), -1, -1, 300]) == [4 * DAY, 4 * DAY + 1]


def test_minus_one__of_a_plant_is_its_own_use_at_night_alone() -> None:
    values = _sun()
    values[values == 0] = -1.0
    assert _left_out(values, PLANT) == []
    values = _sun()
    values[4 * DAY + 44:4 * DAY + 52] = -1.0
    assert _left_out(values, PLANT) == list(range(4 * DAY + 44, 4 * DAY + 52))


def test_codes__are_told_from_what_came_before() -> None:
    values = _load()
    values[300:310], values[500:505] = 9999.0, -1.0
    values[700:] *= 100          # what comes later changes nothing
    assert _left_out(values) == [*range(300, 310), *range(500, 505)]
    assert _left_out(values[:600]) == [*range(300, 310), *range(500, 505)]


def test_codes__in_rows_of_any_order() -> None:
    values = _load()
    values[400:412] = 9999.0
    index = pd.date_range("2025-03-01", periods=len(values), freq="15min", tz="Asia/Shanghai", name="time")
    shuffled = pd.DataFrame({TOTAL: values}, index).sample(frac=1, random_state=0)
    frame, _ = mask_likely_codes(shuffled, STATION, DataConfig())
    assert (frame[TOTAL].isna() == (shuffled[TOTAL] == 9999.0)).all()


def test_codes__of_too_few_readings_tell_nothing() -> None:
    assert _left_out(np.r_[np.full(10, 3.5), 9999.0, -1.0]) == []
