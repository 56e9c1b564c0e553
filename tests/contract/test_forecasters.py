"""What every forecaster that can be named keeps to: `fit` returns a new one, and nothing fitted changes in place."""

import pickle
from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Forecaster, Station
from wattcast.data.schema import StationData
from wattcast.errors import WattcastError
from wattcast.evaluation.backtest import backtest
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.together import fit_all, forecast_all
from wattcast.settings import build_settings
from wattcast.timegrid import station_horizon
from wattcast.workflows.models import MODEL_NAMES, RULES, named_forecasters

pytestmark = pytest.mark.usefixtures("few_trees")

DAY = 24
FOR_LOADS = ("base", "usual-day-14", "usual-day-28", "weather-adjusted-28")
LEARNS_NOTHING = ("untrained", *FOR_LOADS)
NAMES = (*(name for name in MODEL_NAMES if name not in RULES or name in FOR_LOADS),
         "climatology+weekly-mean", "network+persistence", "wattcast+lightgbm+naive-day")
TRAINED = [name for name in NAMES if "wattcast" in name or "network" in name]
EARLY, LATE, ASKED = 35, 49, 63
Tables = Mapping[str, pd.DataFrame]


@pytest.fixture(scope="module")
def data() -> StationData:
    """A load that rises from week to week, so that each fit learns something else."""
    index = pd.date_range("2025-01-06", periods=70 * DAY, freq="1h", tz="UTC", name="time")
    day = np.sin(2 * np.pi * index.hour.to_numpy() / 24)
    total = 400 + 0.4 * np.arange(len(index)) + 90 * day + np.random.default_rng(5).normal(0, 9, len(index))
    station = Station(id="rising", known_future=("temperature",), timezone="UTC", step="1h", horizon="2d")
    return StationData(station, pd.DataFrame({TOTAL: total, "temperature": 9 + 5 * day}, index=index))


def view_at(data: StationData, day: int) -> HorizonView:
    return HorizonView(data, data.frame.index[day * DAY], station_horizon(data.station))


def named(*names: str) -> dict[str, Forecaster]:
    tiny = {"model": {"d_model": 16, "n_layers": 1, "patch_len": 24}, "windows": {"validation_origins": 2},
            "training": {"epochs": 1, "batches_per_epoch": 2, "batch_size": 4, "members": 1}}
    return named_forecasters(names, build_settings(tiny).recipe())


@pytest.fixture(scope="module")
def stages(data: StationData) -> dict[str, Tables]:
    """All forecasters fitted early and, from there, late; what each forecasts, before the others and after."""
    asked, unfitted = view_at(data, ASKED), named(*NAMES)

    def tables(fitted: Mapping[str, Forecaster]) -> Tables:
        return {name: made.table for name, made in forecast_all(fitted, asked)}

    first = fit_all(unfitted, view_at(data, EARLY))
    stages, packed = {"early": tables(first)}, pickle.dumps(first)
    second = fit_all(first, view_at(data, LATE))
    stages["late"] = tables(second)
    stages["early, again"] = tables(first)
    stages["early, packed before"] = tables(pickle.loads(packed))
    stages["early, packed after"] = tables(pickle.loads(pickle.dumps(first)))
    stages["late, from the unfitted"] = tables(fit_all(unfitted, view_at(data, LATE)))
    return stages


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """To the last bit."""
    return one.index.equals(other.index) and one.equals(other)


@pytest.mark.parametrize("name", NAMES)
def test_a_later_fit__changes_no_forecast_of_what_was_fitted_before(stages: dict[str, Tables], name: str) -> None:
    early, late = stages["early"][name], stages["late"][name]
    assert same(early, late) == (name in LEARNS_NOTHING)
    for stage in ("early, again", "early, packed before", "early, packed after"):
        assert same(stages[stage][name], early), stage
    assert same(stages["late, from the unfitted"][name], late)


@pytest.mark.parametrize("name", [*(name for name in NAMES if name not in (*TRAINED, *LEARNS_NOTHING)),
                                  "network+persistence"])
def test_fit__leaves_the_one_it_is_asked_of_unfitted(data: StationData, stages: dict[str, Tables], name: str) -> None:
    unfitted, asked = named(name)[name], view_at(data, ASKED)
    fitted = unfitted.fit(view_at(data, EARLY))
    assert same(fitted.forecast(asked).table, stages["early"][name])
    with pytest.raises(WattcastError, match="was not fitted"):
        unfitted.forecast(asked)


def test_backtest__any_number_of_jobs_and_any_order_of_the_origins(data: StationData) -> None:
    origins = [data.frame.index[day * DAY] for day in (35, 41, 52, 66)]
    one, other = (backtest(data, named(*NAMES), [origins[at] for at in order], station_horizon(data.station),
                           refit_every=2, jobs=jobs) for order, jobs in (((0, 1, 2, 3), 1), ((2, 0, 3, 2, 1), 2)))
    assert other.origins == one.origins == tuple(origins)
    pd.testing.assert_frame_equal(other.steps, one.steps, check_exact=True)
    assert other.to_dict() == one.to_dict()


@pytest.mark.parametrize("jobs", [1, 2])
def test_backtest__no_origin_is_forecast_with_what_was_fitted_later(data: StationData, jobs: int) -> None:
    names, days = ("climatology", "climatology+weekly-mean"), (21, 28, 35, 42, 49, 56)
    origins = [data.frame.index[day * DAY] for day in days]
    result = backtest(data, named(*names), origins, station_horizon(data.station), refit_every=2, jobs=jobs)
    for name, (position, day) in product(names, enumerate(days)):
        alone = named(name)[name].fit(view_at(data, days[position // 2 * 2])).forecast(view_at(data, day)).table
        assert result.forecast(name, origins[position]).table[TOTAL].tolist() == alone[TOTAL].tolist()
