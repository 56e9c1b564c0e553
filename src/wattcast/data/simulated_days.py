"""Which days made-up stations work on, by the public holidays of a country."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WORKDAY, SATURDAY, SUNDAY, HOLIDAY = 1, 2, 3, 4
"""The predecessor's codes in the column `holiday`. [code]"""


def day_codes(days: pd.DatetimeIndex, country: str) -> NDArray[np.int64]:
    """Workday, Saturday, Sunday or public holiday `[D]`; weekends within a holiday belong to it, and a weekend that is
    worked, as China's notices order some, is a workday."""
    import holidays

    calendar = holidays.country_holidays(country)
    codes = [WORKDAY if calendar.is_working_day(day) else HOLIDAY if day in calendar else day.weekday() - 3
             for day in days.date]
    for position in range(len(codes)):
        if _nearest_other(codes[position:]) == HOLIDAY and _nearest_other(codes[position::-1]) == HOLIDAY:
            codes[position] = HOLIDAY
    return np.asarray(codes, np.int64)


def _nearest_other(codes: list[int]) -> int | None:
    """The first code that is not a weekend's."""
    return next((code for code in codes if code in (WORKDAY, HOLIDAY)), None)
