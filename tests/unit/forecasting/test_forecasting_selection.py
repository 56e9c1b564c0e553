import copy
from dataclasses import replace
from pathlib import Path

import holidays
import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import Forecast, Kind
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig, StationData
from wattcast.evaluation.baselines import USUAL, baseline
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.experts.fit import fit_model
from wattcast.experts.sunlight import SameSun
from wattcast.experts.trained import TrainedModel
from wattcast.experts.trees import TreesExpert
from wattcast.forecasting.inference import infer
from wattcast.forecasting.postprocess import target_columns
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.forecasting.selection import calibrate_and_choose, follow_recent, selected
from wattcast.timegrid import parse_step, station_horizon
from wattcast.training import boosting as trees_module
from wattcast.training.boosting import StepTrees
from wattcast.training.shapes import history_split

SIMPLE = (*USUAL, "weather-adjusted", "base", "usual-day-14", "usual-day-28", "weather-adjusted-28")


@pytest.fixture(scope="module")
def history(plant: Path, model: TrainedModel) -> StationData:
    """What `model` was fitted on."""
    data, _ = open_source(plant, DataConfig()).read("plant")
    return data.until(model.span[1] + parse_step(data.station.step))


def view_at(history: StationData, origin: int) -> HorizonView:
    return HorizonView(history, history.frame.index[origin], station_horizon(history.station))


def unlike_lags(view: HorizonView) -> np.ndarray:
    """`[H]`, where China works on a day of the horizon and did not on the same day of a week before, or vice versa."""
    works, step = holidays.country_holidays("CN").is_working_day, pd.Timedelta(days=7)
    return np.asarray([any(works(time) != works(time - week * step) for week in (1, 2, 3, 4))
                       for time in view.future().index])


def using(model: TrainedModel, off: str | None = None, **weights: float) -> TrainedModel:
    """The model with other weights for each target; `_` stands for `-`. Where days off repeat worked ones `off` alone
    is used; None is as in a version that did not choose."""
    assert model.selection is not None
    shares = {name.replace("_", "-"): share for name, share in weights.items()}
    targets = {name: chosen.model_copy(update={"weights": {each: shares.get(each, 0.0) for each in chosen.weights},
                                               "off_weights": None if off is None else {off: 1.0}})
               for name, chosen in model.selection.targets.items()}
    return replace(model, selection=model.selection.model_copy(update={"targets": targets}))


def forecast(model: TrainedModel, history: StationData, origin: int) -> Forecast:
    return NetworkForecaster.of(model).forecast(view_at(history, origin))


def small_trees(model: TrainedModel, history: StationData) -> TreesExpert:
    recipe = model.recipe.model_copy(update={"training": model.recipe.training.model_copy(update={"boosted_trees": True,
                                                                                                  "epochs": 1})})
    expert = fit_model(history, recipe).experts["trees"]
    assert isinstance(expert, TreesExpert)
    return expert


def medians(made: Forecast, history: StationData) -> np.ndarray:
    return made.table[list(history.station.targets)].to_numpy()


@pytest.mark.parametrize("chosen", [True, False])
def test_one_pass_over_all_origins__is_what_the_forecaster_says_at_each(model, history, chosen) -> None:
    asked = model if chosen else replace(model, selection=None)
    origins = history_split(history, model.recipe).validation_origins
    features = model.pipeline.transform(history.frame, history.vintages)
    at_once = selected(asked, infer(asked, features, origins))
    assert len(origins) == 4
    for number, origin in enumerate(origins):
        table = forecast(asked, history, origin).table
        for place, target in enumerate(history.station.targets):
            single, many = table[target_columns(target)[1:]].to_numpy(), at_once[number, :, place]
            free = (single > 0).all(1)                      # where no limit changed the forecast
            if place:
                free &= (single < table[target_columns("total_active_power")[1:]].to_numpy()).all(1)
            assert free.mean() > 0.5
            np.testing.assert_allclose(single[free], many[free], rtol=1e-4, atol=0.05)


@pytest.mark.parametrize("name", ["usual-day-28", "weather-adjusted-28"])
def test_rule_that_reads_weeks__reads_them_all_when_a_forecast_is_asked(model, history, name) -> None:
    """The forecaster asks for as many rows as its experts read; one that got fewer days would say something else."""
    features = model.pipeline.transform(history.frame, history.vintages)
    wanted = infer(model, features, np.asarray([4000]), {name}).medians[name][0]
    view = view_at(history, 4000)
    made = medians(forecast(using(model, **{name.replace("-", "_"): 1.0}), history, 4000), history)
    free = ~unlike_lags(view)
    np.testing.assert_allclose(made[free, 0], wanted[free, 0], rtol=1e-5)


def test_model__reads_as_far_back_as_the_one_of_its_experts_that_reads_furthest(model) -> None:
    day = model.shape.day
    further = model.with_experts(SameSun("same-sun", "", 45))
    assert model.reach == max(model.shape.reach, 29 * day)
    assert further.reach == 46 * day


@pytest.mark.parametrize("name", USUAL)
def test_all_weight_on_a_simple_forecast__is_that_forecast(model, history, name) -> None:
    origin = int(history_split(history, model.recipe).validation_origins[1])
    view = view_at(history, origin)
    reference = baseline(name).fit(view).forecast(view)
    made = forecast(using(model, **{name.replace("-", "_"): 1.0}), history, origin)
    # Where something was not measured, the two take different replacements.
    past = history.frame[list(history.station.targets)].iloc[:origin].to_numpy()
    weeks = np.stack([past[-672 * week:][:672] for week in (1, 2, 3, 4)])
    measured = np.isfinite(weeks).all(0) & np.isfinite(np.tile(past[-96:], (7, 1)))
    assert measured.mean() > 0.7
    usual = measured & ~unlike_lags(view)[:, None]
    assert usual.mean() > 0.6
    np.testing.assert_allclose(medians(made, history)[usual], medians(reference, history)[usual], rtol=1e-4, atol=0.01)
    assert made.model == f"wattcast: {name}"


def test_day_that_its_lags_are_not_like__is_the_networks_in_a_version_that_did_not_choose(model, history) -> None:
    view = view_at(history, int(history_split(history, model.recipe).validation_origins[1]))
    unlike = unlike_lags(view)
    assert 0 < unlike.mean() < 0.5
    ours = medians(NetworkForecaster.of(using(model, weekly_mean=1.0)).forecast(view), history)
    alone = medians(NetworkForecaster.of(model).forecast_alone(view), history)
    np.testing.assert_allclose(ours[unlike], alone[unlike], rtol=1e-6)
    assert (ours[~unlike] != alone[~unlike]).mean() > 0.9


def test_day_that_its_lags_are_not_like__has_shares_of_its_own(model, history) -> None:
    view = view_at(history, int(history_split(history, model.recipe).validation_origins[1]))
    unlike = unlike_lags(view)
    ours, other = (medians(NetworkForecaster.of(using(model, off, weekly_mean=1.0)).forecast(view), history)
                   for off in ("usual-day-28", "base"))
    assert (ours[unlike] != other[unlike]).mean() > 0.9
    np.testing.assert_array_equal(ours[~unlike], other[~unlike])
    features, split = model.pipeline.transform(history.frame, history.vintages), history_split(history, model.recipe)
    wanted = infer(model, features, split.validation_origins[1:2], {"usual-day-28"}).medians["usual-day-28"]
    np.testing.assert_allclose(ours[unlike, 0], wanted[0, unlike, 0], rtol=1e-5)


def test_shares_of_days_that_their_lags_are_not_like__are_of_those_that_do_not_repeat_days(model, history) -> None:
    """Half the network's and half the blend's before anything is known; a holiday or two change little."""
    split = history_split(history, model.recipe)
    features = model.pipeline.transform(history.frame, history.vintages)
    assert infer(model, features, split.validation_origins).unlike.any()
    selection = calibrate_and_choose(model, history).selection
    assert selection is not None
    for chosen in selection.targets.values():
        off = chosen.off_weights
        assert off is not None
        assert sum(off.values()) == pytest.approx(1)
        assert sum(off[name] for name in USUAL) == 0
        assert 0.2 < off["network"] < 1


def test_plant__knows_no_days_that_are_unlike_their_lags(model, history) -> None:
    origins = history_split(history, model.recipe).validation_origins
    features = model.pipeline.transform(history.frame, history.vintages)
    works, photovoltaic = (infer(replace(model, station=model.station.model_copy(update={"kind": kind})), features,
                                 origins).unlike for kind in (Kind.LOAD, Kind.PV))
    assert works.any()
    assert not photovoltaic.any()


def test_blend__is_the_weighted_sum_and_is_named(model, history) -> None:
    parts = [medians(forecast(using(model, **{name: 1.0}), history, 4000), history)
             for name in ("network", "weekly_mean")]
    made = forecast(using(model, network=0.3, weekly_mean=0.7), history, 4000)
    np.testing.assert_allclose(medians(made, history), 0.3 * parts[0] + 0.7 * parts[1], rtol=1e-6)
    assert made.model == "wattcast: 0.7 weekly-mean + 0.3 network"


def test_trees__are_what_they_say_and_are_asked_only_if_they_have_a_share(model, history, monkeypatch) -> None:
    monkeypatch.setattr(trees_module, "ROUNDS", 20)
    trees = small_trees(model, history)
    owner = model.with_experts(trees)
    chosen = calibrate_and_choose(owner, history).selection
    assert chosen is not None
    assert all(set(each.errors) == {"network", "trees", *SIMPLE} for each in chosen.targets.values())
    asked = []
    honest = StepTrees.forecast
    monkeypatch.setattr(StepTrees, "forecast", lambda self, *inputs: asked.append(self) or honest(self, *inputs))
    owner = replace(owner, selection=chosen)
    made = forecast(using(owner, trees=1.0), history, 4000)
    assert (asked, made.model) == ([trees.trees.newest], "wattcast: trees")
    half = forecast(using(owner, trees=0.5, network=0.5), history, 4000)
    network = forecast(using(owner, network=1.0), history, 4000)
    NetworkForecaster.of(using(owner, trees=1.0)).forecast_alone(view_at(history, 4000))
    assert asked == [trees.trees.newest] * 2
    unlike = unlike_lags(view_at(history, 4000))
    both = (medians(made, history) + medians(network, history)) / 2
    # A part of the power that would exceed the whole is cut, before or after the blending.
    assert np.isclose(medians(half, history), both, rtol=1e-5, atol=0.01)[~unlike].mean() > 0.98
    assert np.abs(medians(made, history) - medians(network, history)).max() > 1


def test_level__is_that_of_the_weeks_before_the_origin_and_of_nothing_later(model, history) -> None:
    assert model.selection is not None
    targets = {name: chosen.model_copy(update={"level": 1.0}) for name, chosen in model.selection.targets.items()}
    follower = using(replace(model, selection=model.selection.model_copy(update={"targets": targets})), network=1.0)
    alone = medians(forecast(using(model, network=1.0), history, 4000), history)
    features = model.pipeline.transform(history.frame, history.vintages)
    ratio = infer(model, features, np.asarray([4000]), ratio=True).ratio
    assert ratio is not None
    assert (np.abs(ratio - 1) > 0.01).all()
    made = medians(forecast(follower, history, 4000), history)
    assert np.isclose(made, alone * ratio, rtol=1e-3, atol=0.01).mean() > 0.95
    later = history.frame.copy()
    later.iloc[4000:, :2] *= 5
    np.testing.assert_array_equal(medians(forecast(follower, replace(history, frame=later), 4000), history), made)


def test_forecast_alone__is_the_network_whatever_was_chosen(model, history) -> None:
    alone = NetworkForecaster.of(using(model, naive_day=1.0)).forecast_alone(view_at(history, 4000))
    plain = forecast(replace(model, selection=None), history, 4000)
    np.testing.assert_allclose(medians(alone, history), medians(plain, history))
    assert (alone.model, plain.model) == ("network", "wattcast: network")


def test_selection__says_how_it_was_made(model, history) -> None:
    selection = calibrate_and_choose(model, history).selection
    assert selection == model.selection
    assert selection is not None
    assert selection.origins == 4
    split = history_split(history, model.recipe)
    assert pd.Timestamp(selection.first) == history.frame.index[split.train_limit]
    assert pd.Timestamp(selection.last) == history.frame.index[len(history.frame) - 672]
    for chosen in selection.targets.values():
        assert set(chosen.weights) == set(chosen.errors) == {"network", *SIMPLE}
        assert sum(chosen.weights.values()) == pytest.approx(1)
        assert chosen.error is not None
        assert 0 < chosen.error < 3 * min(chosen.errors.values())
        for factors in (chosen.factors, chosen.network_factors):
            assert np.shape(factors) == (7, 4)
            assert (np.diff(factors, axis=1) > 0).all()


def test_selection__sees_nothing_but_the_validation_weeks(model, history) -> None:
    """Other measurements after the model's history change nothing; other ones within the validation weeks do."""
    split, first = history_split(history, model.recipe), model.station.targets[0]
    index = history.frame.index.append(pd.date_range(history.end, periods=300, freq="15min", name="time"))
    later = history.frame.reindex(index)
    later.loc[history.end:, "temperature"] = 77.0
    assert calibrate_and_choose(model, replace(history, frame=later)).selection == model.selection
    changed = history.frame.copy()
    changed.iloc[split.train_limit:, changed.columns.get_loc(first)] *= 3
    selection = calibrate_and_choose(model, replace(history, frame=changed)).selection
    assert selection is not None
    assert model.selection is not None
    assert selection.targets[first] != model.selection.targets[first]


def test_selection__of_a_target_without_measurements_is_the_network(model, history) -> None:
    split, second = history_split(history, model.recipe), model.station.targets[1]
    gone = history.frame.copy()
    gone.iloc[split.train_limit:, gone.columns.get_loc(second)] = np.nan
    selection = calibrate_and_choose(model, replace(history, frame=gone)).selection
    assert selection is not None
    assert selection.targets[second].weights["network"] == 1
    assert selection.targets[second].error is None
    assert selection.targets[second].factors == ((1.0,) * 4,) * 7


@pytest.fixture(scope="module")
def simple(model: TrainedModel, history: StationData) -> TrainedModel:
    """The model with simple forecasts alone for the total."""
    return calibrate_and_choose(model, history, simple_only=["total_active_power"])


def test_simple_only__what_has_learned_has_no_share_even_on_days_unlike_their_lags(model, simple, history) -> None:
    view = view_at(history, int(history_split(history, model.recipe).validation_origins[1]))
    assert unlike_lags(view).any()
    assert simple.selection is not None
    assert simple.selection.simple_only == ("total_active_power",)
    weights = simple.selection.targets["total_active_power"].weights
    assert sum(weights[name] for name in (*USUAL, "usual-day-14", "usual-day-28")) == pytest.approx(1.0)
    broken = simple.with_experts(replace(simple.learner, network=copy.deepcopy(simple.network)))
    with torch.no_grad():
        for parameter in broken.network.parameters():
            parameter.mul_(3.0)
    ours, other = (NetworkForecaster.of(each, follows=False).forecast(view).table for each in (simple, broken))
    columns = target_columns("total_active_power")
    np.testing.assert_array_equal(ours[columns], other[columns])
    assert (ours["not_use_power"] != other["not_use_power"]).mean() > 0.5


def test_simple_only__other_targets_are_as_before(simple, model, history) -> None:
    before, after = (calibrate_and_choose(model, history).selection, simple.selection)
    assert before is not None
    assert after is not None
    assert after.targets["not_use_power"] == before.targets["not_use_power"]
    assert after.targets["total_active_power"].errors == before.targets["total_active_power"].errors
    assert after.targets["total_active_power"].network_factors == before.targets["total_active_power"].network_factors


def test_simple_only__bands_hold_what_they_promise_on_the_validation_origins(simple, history) -> None:
    origins = history_split(history, simple.recipe).validation_origins
    found = infer(simple, simple.pipeline.transform(history.frame, history.vintages), origins)
    low, high = (selected(simple, found)[:, :, 0, level] for level in (0, -1))
    actual = found.actual[:, :, 0]
    inside = ((actual >= low) & (actual <= high))[np.isfinite(actual)].mean()
    assert 0.75 < inside < 0.95


def test_simple_only__the_last_weeks_do_not_bring_back_what_has_learned(simple, history) -> None:
    features = simple.pipeline.transform(history.frame, history.vintages)
    recent = infer(simple, features, history_split(history, simple.recipe).validation_origins)
    followed = follow_recent(simple, replace(recent, actual=recent.quantiles[..., 4])).selection
    assert followed is not None
    total, part = (followed.targets[name] for name in ("total_active_power", "not_use_power"))
    assert (total.weights["network"], total.simple_only) == (0.0, True)
    assert part.weights["network"] > 0.8
