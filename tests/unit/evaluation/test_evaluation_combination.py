import pickle

import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Horizon, quantile_column
from wattcast.evaluation.baselines import NaiveDay, SeasonalNaive, WeeklyMean
from wattcast.evaluation.combination import Combination, Shared
from wattcast.evaluation.horizon_view import HorizonView


class Counting(SeasonalNaive):
    def __init__(self) -> None:
        super().__init__()
        self.fits, self.forecasts = 0, 0

    def fit(self, view):
        self.fits += 1
        return super().fit(view)

    def forecast(self, view):
        self.forecasts += 1
        return super().forecast(view)


@pytest.fixture
def views(make_station):
    data = make_station(6, two_targets=True)
    horizon = Horizon(168, pd.Timedelta("1h"))
    return [HorizonView(data, data.frame.index[week * 168], horizon) for week in (3, 4)]


def test_combination__is_the_mean_of_medians_and_quantiles(views):
    parts = [SeasonalNaive(), NaiveDay(), WeeklyMean(3)]
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
    made = Combination([SeasonalNaive(), SeasonalNaive()]).fit(view).forecast(view)
    assert made.notes == ("total_active_power: 1 of 168 reference values were not measured and were replaced",)


def test_shared__is_fitted_and_asked_once_for_a_view(views):
    counting = Counting()
    shared = Shared(counting)
    alone, mixed = shared, Combination([shared, NaiveDay()])
    for view in views:
        for forecaster in (alone, mixed):
            forecaster.fit(view)
    assert counting.fits == 2
    for view in (views[0], views[0], views[1]):
        for forecaster in (alone, mixed):
            assert forecaster.forecast(view).origin == view.origin
    assert counting.forecasts == 2


def test_shared__forgets_its_answer_when_it_is_fitted_anew(views):
    shared = Shared(Counting()).fit(views[0])
    before = shared.forecast(views[1])
    shared.fit(views[1])
    assert shared.forecast(views[1]) is not before


def test_shared__leaves_the_station_s_data_behind(views):
    shared = Shared(SeasonalNaive()).fit(views[0])
    made = shared.forecast(views[1])
    packed = pickle.dumps(shared)
    assert len(packed) < 5_000
    pd.testing.assert_frame_equal(pickle.loads(packed).forecast(views[1]).table, made.table)
