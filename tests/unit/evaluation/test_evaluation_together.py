"""Parts of several forecasters are fitted and asked once; nothing that was given changes."""

import pickle
from dataclasses import dataclass, field

import pandas as pd
import pytest

from wattcast.contracts import Composite, Horizon
from wattcast.evaluation.baselines import NaiveDay, SeasonalNaive
from wattcast.evaluation.combination import Combination
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.together import fit_all, forecast_all


@dataclass(frozen=True, eq=False)
class Counting(SeasonalNaive):
    """Counts for all that it becomes by a fit."""

    fits: list = field(default_factory=list)
    forecasts: list = field(default_factory=list)

    def fit(self, view):
        self.fits.append(view.origin)
        return super().fit(view)

    def forecast(self, view):
        self.forecasts.append(view.origin)
        return super().forecast(view)


@pytest.fixture
def views(make_station):
    data = make_station(6, two_targets=True)
    horizon = Horizon(168, pd.Timedelta("1h"))
    return [HorizonView(data, data.frame.index[week * 168], horizon) for week in (3, 4)]


def sums(counting):
    """One forecaster alone, twice in a sum, and in a sum of sums."""
    twice = Combination((counting, NaiveDay(), counting))
    return {"alone": counting, "twice": twice, "nested": Combination((twice, counting))}


def test_all__a_part_of_several_is_fitted_and_asked_once(views):
    counting = Counting()
    given = sums(counting)
    fitted = fit_all(given, views[0])
    assert counting.fits == [views[0].origin]
    assert [name for name, made in forecast_all(fitted, views[1]) if made.origin == views[1].origin] == list(given)
    assert counting.forecasts == [views[1].origin]
    assert fitted["twice"].parts[0] is fitted["twice"].parts[2] is fitted["alone"]
    assert counting.learned is None
    assert given["twice"].parts[0] is counting


def test_all__one_by_one_it_is_the_same(views):
    together = dict(forecast_all(fit_all(sums(Counting()), views[0]), views[1]))
    for name, forecaster in sums(SeasonalNaive()).items():
        pd.testing.assert_frame_equal(forecaster.fit(views[0]).forecast(views[1]).table, together[name].table)


def test_combination__by_itself_fits_and_asks_a_part_once(views):
    counting = Counting()
    sums(counting)["nested"].fit(views[0]).forecast(views[1])
    assert (len(counting.fits), len(counting.forecasts)) == (1, 1)


def test_all__two_forecasters_of_one_name_stay_two(views):
    one, other = Counting(), Counting()
    fit_all({"a": one, "b": other}, views[0])
    assert (len(one.fits), len(other.fits)) == (1, 1)


def test_all__fitted_forecasters_leave_the_stations_data_behind(views):
    fitted = fit_all({"sum": Combination((SeasonalNaive(), NaiveDay()))}, views[0])
    (_, made), = forecast_all(fitted, views[1])
    packed = pickle.dumps(fitted)
    assert len(packed) < 5_000
    pd.testing.assert_frame_equal(pickle.loads(packed)["sum"].forecast(views[1]).table, made.table)


def test_composite__is_told_from_a_simple_forecaster():
    assert isinstance(Combination((NaiveDay(),)), Composite)
    assert not isinstance(NaiveDay(), Composite)
