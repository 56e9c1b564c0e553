"""Which days made-up stations work on."""

import pandas as pd

from wattcast.data.simulated_days import day_codes


def test_day_codes__weekends_within_a_holiday_belong_to_it() -> None:
    days = pd.date_range("2025-01-25", "2025-02-09", freq="D")
    assert day_codes(days, "CN").tolist() == [2, 1, 1, 4, 4, 4, 4, 4, 4, 4, 4, 1, 1, 1, 1, 3]


def test_day_codes__are_those_of_the_country() -> None:
    easter = pd.date_range("2025-04-17", "2025-04-22", freq="D")
    assert day_codes(easter, "GB").tolist() == [1, 4, 2, 3, 1, 1]                  # Easter Monday is none in Scotland
    assert day_codes(easter, "DE").tolist() == [1, 4, 4, 4, 4, 1]
