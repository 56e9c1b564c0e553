"""A view without the steps of its station, and a forecast that gets them added again."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import LevelStep
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting import recent
from wattcast.forecasting.levelled import Levelled, LevelledView, without_steps
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.forecasting.steps import Change, Shape
from wattcast.timegrid import station_horizon

DAY, WEEK = 96, 672
TOTAL, PART = "total_active_power", "not_use_power"
LEARNED = 2000
ORIGIN = LEARNED + 4 * WEEK
STEP = ORIGIN - 4 * DAY


@pytest.fixture(scope="module")
def model(having_learned: Callable[[int], TrainedModel]) -> TrainedModel:
    return having_learned(LEARNED)


def risen(data: StationData, *targets: str, since: int = STEP, by: float = 1.35) -> StationData:
    frame = data.frame.copy()
    frame.loc[frame.index[since:], list(targets)] *= by
    return replace(data, frame=frame)


def view(data: StationData, origin: int = ORIGIN) -> HorizonView:
    return HorizonView(data, data.frame.index[origin], station_horizon(data.station))


def step(target: str, *, followed: bool = True) -> LevelStep:
    return LevelStep(target, pd.Timestamp("2025-05-12", tz="Asia/Shanghai"), 0.35, False, followed)


def test_levelled_view__has_other_targets_in_its_last_rows_and_all_else_of_the_other(data) -> None:
    plain = view(data)
    levelled = LevelledView(plain, np.full((50, 2), [7.0, 5.0]))
    history, before = levelled.history(80), plain.history(80)
    assert (history[[TOTAL, PART]].iloc[30:] == [7.0, 5.0]).all(axis=None)
    pd.testing.assert_frame_equal(history.iloc[:30], before.iloc[:30])
    pd.testing.assert_frame_equal(history.drop(columns=[TOTAL, PART]), before.drop(columns=[TOTAL, PART]))
    assert (levelled.history(20)[TOTAL] == 7.0).all()
    assert (levelled.origin, levelled.horizon, levelled.station) == (plain.origin, plain.horizon, plain.station)
    pd.testing.assert_frame_equal(levelled.future(), plain.future())
    pd.testing.assert_frame_equal(levelled.training_data().frame, plain.training_data().frame)


def test_forecast_with_steps__moves_all_quantiles_by_what_the_median_gets_added(data) -> None:
    shape = Shape(Change(np.zeros(DAY), slope=0.35), Change(np.full(DAY, 20.0)))
    quantiles = np.linspace(200, 280, WEEK * 2 * 9).reshape(WEEK, 2, 9)
    off = np.arange(WEEK) >= 5 * DAY
    levelled = Levelled(view(data), (step(PART), step(TOTAL, followed=False)), {PART: shape, TOTAL: shape})
    raised = levelled.with_steps(quantiles, off)
    np.testing.assert_array_equal(raised[:, 0], quantiles[:, 0])
    added = np.where(off, 20.0, 0.35 * quantiles[:, 1, 4])
    np.testing.assert_allclose(raised[:, 1], quantiles[:, 1] + added[:, None])


@pytest.mark.parametrize("targets", [(TOTAL, PART), (TOTAL,)])
def test_target_that_rose__is_followed_and_the_other_one_is_not(model, data, targets) -> None:
    changed = risen(data, *targets)
    made, plain = (NetworkForecaster.of(model).forecast(view(each)) for each in (changed, data))
    assert [(each.target, each.since) for each in made.steps] == [(name, data.frame.index[STEP]) for name in targets]
    for target in targets:
        ratio = made.table[target].mean() / plain.table[target].mean()
        assert 1.25 < ratio < 1.45
    if targets == (TOTAL,):
        assert made.table[PART].mean() == pytest.approx(plain.table[PART].mean(), rel=0.02)
    assert (made.table[TOTAL] >= made.table[PART] - 1e-6).all()
    assert plain.steps == ()


def test_origin_within_a_day__is_followed_from_the_third_whole_day_on(model, data) -> None:
    for steps, seen in ((2 * DAY + 40, 0), (3 * DAY + 40, 1)):
        found = without_steps(model, view(risen(data, TOTAL, since=ORIGIN + 40 - steps), ORIGIN + 40))
        assert (0 if found is None else len(found.steps)) == seen


def test_short_horizon__follows_too(model, data) -> None:
    short = model.station.model_copy(update={"horizon": "48h"})
    changed = replace(risen(data, TOTAL), station=short)
    found = without_steps(replace(model, station=short), view(changed))
    assert found is not None
    assert [each.target for each in found.steps] == [TOTAL]


def test_no_weather__is_followed_without_any(model, data) -> None:
    changed = risen(data, TOTAL)
    blind = HorizonView(changed, changed.frame.index[ORIGIN], station_horizon(data.station), weather="none")
    found = without_steps(model, blind)
    assert found is not None
    assert [each.target for each in found.steps] == [TOTAL]


@pytest.mark.parametrize("by", [1000.0, 1 / 0.24, -1.0])
def test_another_unit__is_not_followed(model, data, by) -> None:
    assert without_steps(model, view(risen(data, TOTAL, by=by))) is None


def test_step__yesterday_is_asked_without_it_no_more(model, data, monkeypatch) -> None:
    """Nor are today and the last weeks, which are asked once, without the step."""
    asked, plainly = [], recent.infer

    def counted(model, features, origins, *rest, **named):
        asked.append(len(origins))
        return plainly(model, features, origins, *rest, **named)

    monkeypatch.setattr(recent, "infer", counted)
    assert NetworkForecaster.of(model).forecast(view(risen(data, TOTAL))).steps
    assert asked == [28 + 21 - 1, 1, 3 + 1]


@pytest.mark.parametrize("by", [1000.0, -1000.0, 1e6, -1e9])
def test_another_unit__is_forecast_still(model, data, by) -> None:
    made = NetworkForecaster.of(model).forecast(view(risen(data, TOTAL, by=by)))
    assert np.isfinite(made.table.to_numpy()).all()


def test_values_beyond_all_numbers__are_an_error_and_no_empty_forecast(model, data) -> None:
    beyond = view(risen(data, TOTAL, by=1e30))
    with pytest.raises(DataError, match="values beyond all numbers") as error:
        NetworkForecaster.of(model).forecast(beyond)
    with pytest.raises(DataError, match="values beyond all numbers"):       # what an explanation takes apart
        NetworkForecaster.of(model).basis(beyond)
    assert TOTAL in error.value.what
    assert error.value.hint is not None


def test_model_without_a_choice_or_that_has_learned_all__looks_for_none(model, data) -> None:
    changed = risen(data, TOTAL)
    assert without_steps(replace(model, selection=None), view(changed)) is None
    newest = replace(model, span=(model.span[0], data.frame.index[ORIGIN - 2 * DAY]))
    assert without_steps(newest, view(changed)) is None


def test_step__is_said_in_words() -> None:
    since = pd.Timestamp("2025-05-12 06:00", tz="Asia/Shanghai")
    assert str(LevelStep(TOTAL, since, 0.351, False, True)) == (
        "total_active_power: since 2025-05-12 it runs 35 % above what was forecast; the forecast follows")
    assert str(LevelStep(TOTAL, since, -0.4, True, False)) == (
        "total_active_power: since 2025-05-12 on working days it ran 40 % below what was forecast; the last day no "
        "longer, and the forecast does not follow")
