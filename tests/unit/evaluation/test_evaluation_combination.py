import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Horizon, quantile_column
from wattcast.evaluation.baselines import NaiveDay, SeasonalNaive, WeeklyMean
from wattcast.evaluation.combination import Combination
from wattcast.evaluation.horizon_view import HorizonView


@pytest.fixture
def views(make_station):
    data = make_station(6, two_targets=True)
    horizon = Horizon(168, pd.Timedelta("1h"))
    return [HorizonView(data, data.frame.index[week * 168], horizon) for week in (3, 4)]


def test_combination__is_the_mean_of_medians_and_quantiles(views):
    parts = (SeasonalNaive(), NaiveDay(), WeeklyMean(cycles=3))
    made = Combination(parts).fit(views[0]).forecast(views[1])
    tables = [part.fit(views[0]).forecast(views[1]).table for part in parts]
    assert made.model == "seasonal-naive+naive-day+weekly-mean"
    pd.testing.assert_frame_equal(made.table, (tables[0] + tables[1] + tables[2]) / 3)
    for column in (TOTAL, quantile_column(TOTAL, 0.9)):
        assert made.table[column].iloc[5] == pytest.approx(sum(table[column].iloc[5] for table in tables) / 3)


def test_combination__tells_each_note_once(make_station):
    data = make_station(6)
    data.frame.iloc[3 * 168 + 5, 0] = float("nan")
    view = HorizonView(data, data.frame.index[4 * 168], Horizon(168, pd.Timedelta("1h")))
    made = Combination((SeasonalNaive(), SeasonalNaive())).fit(view).forecast(view)
    assert made.notes == ("total_active_power: 1 of 168 reference values were not measured and were replaced",)
