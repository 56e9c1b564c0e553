"""Shares and bands that follow the weeks since a model was trained."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Forecast, WeatherUse
from wattcast.data.schema import StationData
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting import recent
from wattcast.forecasting.calibrate import PAIRS
from wattcast.forecasting.postprocess import target_columns
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.forecasting.recent import HALF_DAYS, LARGEST_CHANGE, Mornings, changed, history_rows
from wattcast.timegrid import station_horizon

DAY, WEEK = 96, 672
TARGET = "total_active_power"
LEARNED, ORIGIN = 2000, 2000 + 3 * WEEK + 96
"""As if the model of the tests had learned the first rows only, and were asked more than three weeks later."""

FACTORS = np.tile([1.0, 2.0, 3.0, 4.0], (7, 1))


@pytest.fixture(scope="module")
def model(having_learned: Callable[[int], TrainedModel]) -> TrainedModel:
    return having_learned(LEARNED)


def view(data: StationData, origin: int = ORIGIN, weather: WeatherUse = "given") -> HorizonView:
    return HorizonView(data, data.frame.index[origin], station_horizon(data.station), weather=weather)


def forecast(model: TrainedModel, data: StationData, origin: int = ORIGIN) -> Forecast:
    return NetworkForecaster.of(model).forecast(view(data, origin))


def repeating(data: StationData) -> StationData:
    """Since the model was trained each day has been the same: "same as yesterday" is right, and nothing else is."""
    frame = data.frame.copy()
    frame[list(data.station.targets)] = frame[list(data.station.targets)].interpolate().bfill()
    day = frame.iloc[LEARNED - DAY:LEARNED][list(data.station.targets)].to_numpy()
    rows = len(frame) - LEARNED
    frame.iloc[LEARNED:, [frame.columns.get_loc(name) for name in data.station.targets]] = (
        np.tile(day, (-(-rows // DAY), 1))[:rows])
    return replace(data, frame=frame)


def width(made: Forecast) -> pd.Series:
    names = target_columns(TARGET)
    return made.table[names[-1]] - made.table[names[1]]


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_factors__move_to_what_the_last_weeks_errors_were(size) -> None:
    """Errors of which each pair would hold its share if it were `size` times as wide."""
    sizes = np.interp(np.linspace(0, 1, 3 * WEEK), [0, *PAIRS, 1], [0, 1, 2, 3, 4, 5]).reshape(3, WEEK) * size
    found = changed(FACTORS, sizes, DAY)
    days = 21
    np.testing.assert_allclose(found, FACTORS * size ** (days / (days + HALF_DAYS)), rtol=0.01)


def test_factors__one_measured_day_moves_them_less() -> None:
    sizes = np.full((1, WEEK), np.nan)
    sizes[0, :DAY] = 8.0
    assert (changed(FACTORS, sizes, DAY) / FACTORS)[:, -1] == pytest.approx(2 ** (1 / (1 + HALF_DAYS)))


def test_factors__nothing_measured_changes_nothing_and_anything_little() -> None:
    assert (changed(FACTORS, np.full((3, WEEK), np.nan), DAY) == FACTORS).all()
    far = changed(FACTORS, np.full((3, WEEK), 1e9), DAY)
    assert (far <= LARGEST_CHANGE * FACTORS[:, -1:]).all()
    none = changed(FACTORS, np.zeros((3, WEEK)), DAY)
    assert (none >= FACTORS / LARGEST_CHANGE).all()


def test_factors__no_pair_lies_within_another() -> None:
    """Few errors are tiny and the others large, or the other way round: pairs want to change by different amounts."""
    for few in (0.1, 0.9):
        sizes = np.where(np.linspace(0, 1, WEEK) < few, 0.01, 4.0)[None]
        assert (np.diff(changed(FACTORS, sizes, DAY), axis=1) >= 0).all()


def test_factors__a_pair_without_width_keeps_none_and_the_others_move() -> None:
    found = changed(FACTORS * [0, 1, 1, 1], np.full((3, WEEK), 6.0), DAY)
    assert (found[:, 0] == 0).all()
    assert (found[:, 1:] > FACTORS[:, 1:]).all()


@pytest.mark.parametrize(("behind", "weeks"), [(0, 0), (WEEK - 1, 0), (WEEK, 1), (2 * WEEK + 5, 2), (5 * WEEK, 3)])
def test_only_weeks_that_were_not_learned_count(model, data, behind, weeks) -> None:
    learned = replace(model, span=(model.span[0], data.frame.index[ORIGIN - behind - 1]))
    found = Mornings(learned, view(data)).recent()
    assert (0 if found is None else len(found.actual)) == weeks
    if found is not None:
        for number, actual in enumerate(found.actual):
            first = ORIGIN - (number + 1) * WEEK
            expected = data.frame[list(data.station.targets)].iloc[first:first + WEEK]
            np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.parametrize(("behind", "count"), [(191, 0), (5 * DAY, 2), (WEEK, 3), (3 * WEEK, 10), (5 * WEEK, 10)])
def test_short_horizons__are_forecast_again_one_after_the_other(model, data, behind, count) -> None:
    short = model.station.model_copy(update={"horizon": "48h"})
    learned = replace(model, station=short, span=(model.span[0], data.frame.index[ORIGIN - behind - 1]))
    found = Mornings(learned, view(replace(data, station=short))).recent()
    assert (0 if found is None else len(found.actual)) == count
    if found is not None:
        expected = data.frame[list(data.station.targets)].iloc[ORIGIN - 192 * count:ORIGIN]
        np.testing.assert_allclose(np.concatenate(found.actual[::-1]), expected, rtol=1e-5)


def test_nothing_from_the_origin_on_is_used(model, data) -> None:
    later = data.frame.copy()
    later.iloc[ORIGIN:, :2] *= 50
    made = forecast(model, replace(data, frame=later))
    pd.testing.assert_frame_equal(made.table, forecast(model, data).table)


def test_shares__follow_what_has_been_right_of_late(model, data) -> None:
    same = repeating(data)
    made, before = forecast(model, same), forecast(replace(model, span=(model.span[0], same.frame.index[-1])), same)
    label = made.model.removeprefix("wattcast: ")
    assert made.model != before.model
    assert f"{TARGET}: after the last weeks' errors, used is" in "\n".join(made.facts)
    assert before.notes == before.facts == ()
    assert label.index("naive-day") < label.find("network") or "network" not in label
    actual = same.frame[TARGET].iloc[ORIGIN:ORIGIN + WEEK].to_numpy()
    errors = [np.abs(each.table[TARGET].to_numpy() - actual).mean() for each in (made, before)]
    assert errors[0] < 0.6 * errors[1]


def test_order_in_which_shares_were_stored__does_not_matter(model, data) -> None:
    assert model.selection is not None
    targets = {name: chosen.model_copy(update={"weights": dict(sorted(chosen.weights.items(), reverse=True))})
               for name, chosen in model.selection.targets.items()}
    stored = replace(model, selection=model.selection.model_copy(update={"targets": targets}))
    same = repeating(data)
    pd.testing.assert_frame_equal(forecast(stored, same).table, forecast(model, same).table)


def test_errors_larger_than_in_validation__make_wider_bands(model, data) -> None:
    rough = data.frame.copy()
    rough.iloc[LEARNED:, :2] *= np.random.default_rng(1).uniform(0.2, 3, (len(rough) - LEARNED, 1))
    wild = replace(data, frame=rough)
    made, before = forecast(model, wild), forecast(replace(model, span=(model.span[0], rough.index[-1])), wild)
    assert width(made).mean() > 1.3 * width(before).mean()
    assert "wider than on the validation weeks" in "\n".join(made.facts)


@pytest.fixture
def given(monkeypatch) -> list:
    """The feature tables that the last weeks are forecast from."""
    tables = []
    honest = recent.infer
    monkeypatch.setattr(recent, "infer", lambda model, features, *rest, **named:
                        tables.append(features) or honest(model, features, *rest, **named))
    return tables


def test_issued_weather__is_used_where_there_is_any(model, data, given) -> None:
    assert data.vintages is not None
    for vintages in (data.vintages, None):
        Mornings(model, view(replace(data, vintages=vintages))).recent()
    assert [table.vintages is None for table in given] == [False, True]
    assert given[0].vintages.issued.max() <= len(given[0].index)


def test_no_weather_over_the_horizon__none_over_the_last_weeks(model, data, given) -> None:
    for use in ("none", "given"):
        Mornings(model, view(data, weather=use)).recent()
    columns = list(given[0].weather_columns)
    assert columns
    assert np.isnan(given[0].known[:, columns]).all()
    assert given[0].vintages is None
    assert np.isfinite(given[1].known[:, columns]).any()


@pytest.mark.parametrize("weather", ["issued", "of the table", "given", "none"])
def test_today__asked_with_other_mornings_is_as_asked_alone(model, data, weather) -> None:
    """From a table of its own, whatever is known of its weather."""
    station, start = data.station, data.frame.index[ORIGIN]
    given = data.frame.loc[start:].iloc[:200][list(station.known_future)] if weather == "given" else None
    seen = HorizonView(replace(data, vintages=None) if weather == "of the table" else data, start,
                       station_horizon(station), weather="none" if weather == "none" else "given", future_weather=given)
    rows, mornings = history_rows(model), Mornings(model, seen)
    history = seen.history(rows)
    table = model.pipeline.transform(pd.concat([history, seen.future().reindex(columns=history.columns)]))
    alone = recent.infer(model, table, np.asarray([rows]), model.selection.used)
    features, origin = mornings.features()
    other = mornings.before(np.asarray([origin - 96]), model.selection.used)
    expected = recent.infer(model, features, np.asarray([origin - 96]), model.selection.used)
    for found, wanted in ((mornings.today(model.selection.used), alone), (other, expected)):
        assert found.medians.keys() == wanted.medians.keys()
        for name, said in (*wanted.medians.items(), (None, wanted.quantiles)):
            np.testing.assert_allclose(found.quantiles if name is None else found.medians[name], said,
                                       rtol=0, atol=1e-6 * np.abs(said).max())
    np.testing.assert_array_equal(mornings.ahead.known, table.known)
    assert mornings.ahead.vintages is None


@pytest.mark.parametrize("learned", ["2025-03-23", "2025-03-22 12:00", "2025-03-24"])
def test_last_weeks__begin_at_the_origin_s_time_on_the_wall(model, data, learned) -> None:
    """Clocks went forward on 30 March: seven days of steps before 6 April end an hour earlier on the wall."""
    berlin = replace(data, station=data.station.model_copy(update={"timezone": "Europe/Berlin"}),
                     frame=data.frame.tz_convert("Europe/Berlin"))
    learned, origin = (pd.Timestamp(time, tz="Europe/Berlin") for time in (learned, "2025-04-06"))
    model = replace(model, span=(model.span[0], learned - pd.Timedelta("15min")))
    mornings = Mornings(model, HorizonView(berlin, origin, station_horizon(berlin.station)))
    features, last = mornings.features()
    found = features.index[last - mornings.back]
    assert [f"{time:%m-%d %H:%M}" for time in found] == [
        each for each in ("03-30 00:00", "03-23 00:00") if f"2025-{each}" >= f"{learned:%Y-%m-%d %H:%M}"]
