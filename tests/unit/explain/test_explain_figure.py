"""The axis of a day, however many steps it has; a legend that fits, however long its names are."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from wattcast.explain.figure import _legend, _name_hours


@pytest.mark.parametrize("steps", [1, 2, 24, 96])
def test_hours__are_those_of_one_day(steps) -> None:
    index = pd.date_range("2025-04-10", periods=steps, freq=pd.Timedelta("1D") / steps, tz="Asia/Shanghai")
    axis = Figure().subplots()
    axis.plot(index, range(steps))
    _name_hours(axis, index)
    assert 8 <= len(axis.get_xticks()) <= 9


@pytest.mark.parametrize("length", [3, 30, 90])
def test_legend__lies_within_the_picture(length) -> None:
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    axis = figure.subplots()
    for name in "abcdefgh":
        axis.plot([0, 1], [0, 1], label=name * length)
    _legend(figure, [axis])
    (legend,) = figure.legends
    assert legend.get_window_extent().width <= figure.bbox.width
    assert len(legend.get_texts()) == 8
