"""The axis of a day, however many steps it has."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from wattcast.explain.figure import _name_hours


@pytest.mark.parametrize("steps", [1, 2, 24, 96])
def test_hours__are_those_of_one_day(steps) -> None:
    index = pd.date_range("2025-04-10", periods=steps, freq=pd.Timedelta("1D") / steps, tz="Asia/Shanghai")
    axis = Figure().subplots()
    axis.plot(index, range(steps))
    _name_hours(axis, index)
    assert 8 <= len(axis.get_xticks()) <= 9
