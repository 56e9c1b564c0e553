"""Spread over processes or not, fitted once or again: the same forecasts in the same order."""

import pandas as pd
import pytest

from wattcast.contracts import Horizon
from wattcast.errors import WattcastError
from wattcast.evaluation.backtest import backtest
from wattcast.evaluation.baselines import NaiveDay, SeasonalNaive, WeeklyMean
from wattcast.evaluation.rolling import _cut
from wattcast.timegrid import rolling_origins

DAY = pd.Timedelta("1D")
HORIZON = Horizon(168, pd.Timedelta("1h"))


class Failing(NaiveDay):
    def forecast(self, view):
        raise WattcastError("it is broken")


def origins_of(data, every=DAY):
    return list(rolling_origins(data.frame.index[3 * 168], every, data.frame.index[-168]))


@pytest.mark.parametrize("refit_every", [None, 3])
def test_jobs__change_nothing(make_station, refit_every):
    data = make_station(5, known_future=("temperature",))
    told = []
    models = {"weekly-mean": WeeklyMean(cycles=2), "seasonal-naive": SeasonalNaive()}
    results = [backtest(data, models, origins_of(data), HORIZON, refit_every=refit_every, jobs=jobs,
                        progress=lambda *call: told.append(call)) for jobs in (1, 2)]
    pd.testing.assert_frame_equal(results[0].steps, results[1].steps)
    assert results[0].to_dict() == results[1].to_dict()
    assert told[-1][:2] == (16, 16)


def test_jobs__an_error_in_a_process_arrives(make_station):
    data = make_station(5)
    with pytest.raises(WattcastError, match="it is broken"):
        backtest(data, {"failing": Failing()}, origins_of(data), HORIZON, jobs=2)


@pytest.mark.parametrize(("count", "parts", "length", "sizes"), [
    (7, 3, None, [2, 3, 2]), (8, 1, None, [8]), (2, 2, None, [1, 1]), (7, 3, 3, [3, 3, 1]), (6, 2, 3, [3, 3])])
def test_cut__loses_and_repeats_nothing(count, parts, length, sizes):
    origins = {pd.Timestamp(f"2025-01-{day + 1:02d}"): ["t"] for day in range(count)}
    pieces = _cut(origins, parts, length)
    assert sorted(len(piece) for piece in pieces) == sorted(sizes)
    assert [origin for piece in pieces for origin in piece] == list(origins)
