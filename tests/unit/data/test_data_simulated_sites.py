"""Made-up sites to learn from: always the same, whole, and of many kinds."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.simulated_days import HOLIDAY, WORKDAY, day_codes
from wattcast.data.simulated_sites import DAYS, PLACES, simulated_sites


def test_sites__are_the_same_again_however_many_there_are() -> None:
    few, many = simulated_sites("s", 2), simulated_sites("s", 4)
    for one, other in zip(few, many, strict=False):
        assert one.station == other.station
        assert one.frame.equals(other.frame)
    assert [data.station.id for data in many] == ["s/000", "s/001", "s/002", "s/003"]


def test_sites__are_whole_and_vary() -> None:
    sites = simulated_sites("s", 14)
    assert all(len(data.frame) == 24 * DAYS and np.isfinite(data.frame[TOTAL]).all() for data in sites)
    assert all(data.frame[TOTAL].std() > 0 for data in sites)
    level = [data.frame[TOTAL].abs().mean() for data in sites]
    assert max(level) > 100 * min(level)


def test_sites__have_working_days_and_days_off() -> None:
    """Not each of them: there are homes and shops."""
    rested = []
    for data in simulated_sites("s", 14):
        by_day = data.frame[TOTAL].groupby(data.frame.index.day_of_week).mean()
        rested.append(by_day[[5, 6]].mean() < 0.9 * by_day[:5].mean())
    assert 4 <= sum(rested) <= 13


def test_sites__stand_in_all_places() -> None:
    sites = simulated_sites("s", 40)
    assert {(data.station.location.country, data.station.timezone) for data in sites} == {
        (country, zone) for country, zone, _ in PLACES}
    assert sum(share for *_, share in PLACES) == pytest.approx(1)


def test_sites__in_china_work_on_weekends_that_are_worked_and_rest_in_long_holidays() -> None:
    chinese = [data for data in simulated_sites("s", 40) if data.station.location.country == "CN"]
    swapped, long = [], []
    for data in chinese:
        power = data.frame[TOTAL]
        codes = day_codes(pd.DatetimeIndex(power.index.tz_localize(None).normalize()), "CN")
        weekend = power.index.day_of_week > 4
        swapped.append(power[weekend & (codes == WORKDAY)].mean() / power[weekend].mean())
        long.append(power[codes == HOLIDAY].mean() / power[codes == WORKDAY].mean())
    assert np.median(swapped) > 1.1
    assert np.median(long) < 0.9
