"""A load whose level steps, as its forecasts see it, and as those see it that never had to follow.

The model learned 16 weeks of a works; then a third is added to all it takes, a line is added or closed, or a day or a
week goes wrong. What could be done at best is the forecast of the works without the change, plus the change.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Forecast, Kind, Station
from wattcast.data.schema import StationData
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.forecasting import predictor
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.settings import build_settings
from wattcast.timegrid import station_horizon

TARGET, DAY, WEEK = "total_active_power", 24, 168
LEARNED, DAYS = 16 * 7, 24 * 7
STATION = Station(id="works", kind=Kind.LOAD, timezone="Asia/Shanghai", step="1h")
INDEX = pd.date_range("2025-01-06", periods=DAYS * DAY, freq="1h", tz=STATION.timezone, name="time")
RECIPE = build_settings({
    "model": {"d_model": 16, "n_layers": 1, "patch_len": 24, "drop_rate": 0.0},
    "training": {"epochs": 2, "batches_per_epoch": 6, "batch_size": 8, "members": 1,
                 "boosted_trees": False, "base_windows": 0},
    "windows": {"validation_origins": 8},
}).recipe()

HOUR, WORKED = np.arange(len(INDEX)) % DAY, INDEX.day_of_week.to_numpy() < 5
ON = (HOUR >= 7) & (HOUR < 18) & WORKED
Change = Callable[[np.ndarray], np.ndarray]
"""What is added to each hour's power."""

CHANGES: dict[str, Change] = {
    "a third more": lambda power: 0.35 * power,
    "a line added": lambda power: 0 * power + 180.0 * ON,
    "a line closed": lambda power: -0.4 * power * WORKED,
}


def works() -> np.ndarray:
    rng = np.random.default_rng(5)
    orders = np.repeat(rng.normal(1, 0.04, DAYS).clip(0.9, 1.1), DAY)
    noise = np.convolve(rng.normal(0, 8, len(INDEX) + 3), np.ones(4) / 2, "valid")
    return 250 + 450 * ON * orders + noise


POWER = works()


def measured(power: np.ndarray) -> StationData:
    return StationData(STATION, pd.DataFrame({TARGET: power}, index=INDEX))


@pytest.fixture(scope="module")
def forecaster() -> NetworkForecaster:
    fitted = NetworkForecaster(RECIPE).fit(HorizonView(measured(POWER), INDEX[LEARNED * DAY], station_horizon(STATION)))
    assert fitted.model is not None
    return NetworkForecaster.of(fitted.model)


@pytest.fixture
def unfollowed(forecaster, monkeypatch) -> Callable[[np.ndarray, int], Forecast]:
    """The forecast that does not look for steps."""
    def made(power: np.ndarray, day: int) -> Forecast:
        with monkeypatch.context() as patch:
            patch.setattr(predictor, "without_steps", lambda *_: None)
            return forecast(forecaster, power, day)
    return made


def forecast(forecaster: NetworkForecaster, power: np.ndarray, day: int) -> Forecast:
    return forecaster.forecast(HorizonView(measured(power), INDEX[day * DAY], station_horizon(STATION)))


def changed(change: Change, start: int, end: int = DAYS) -> np.ndarray:
    """The works' power with the change from one day to another."""
    day = np.arange(len(INDEX)) // DAY
    return POWER + change(POWER) * ((day >= start) & (day < end))


def error(made: Forecast | np.ndarray, power: np.ndarray, day: int) -> float:
    values = made.table[TARGET].to_numpy() if isinstance(made, Forecast) else made
    return float(np.abs(values - power[day * DAY:][:WEEK]).mean())


@pytest.fixture(scope="module")
def plain(forecaster) -> Callable[[int], np.ndarray]:
    """By the day, the forecast of the works as it was."""
    return cache(lambda day: forecast(forecaster, POWER, day).table[TARGET].to_numpy())


def at_best(plain: np.ndarray, change: Change, power: np.ndarray, day: int) -> float:
    """The error of the forecast of the works as it was, and the change that came."""
    whole = np.zeros(len(INDEX))
    whole[day * DAY:][:WEEK] = plain
    return error(plain + change(whole)[day * DAY:][:WEEK], power, day)


@pytest.mark.parametrize("start", [LEARNED + 14, LEARNED + 18])
@pytest.mark.parametrize("name", CHANGES)
def test_step__is_followed_within_three_days_that_show_it(forecaster, unfollowed, plain, name, start) -> None:
    """It begins on a Monday or a Friday."""
    change = CHANGES[name]
    power = changed(change, start)
    shows = np.abs(power - POWER).reshape(DAYS, DAY).mean(1) > 1
    third = int(np.flatnonzero(shows)[2])
    assert forecast(forecaster, power, start).steps == ()
    for day in (third + 1, third + 4, third + 8, third + 14):
        made = forecast(forecaster, power, day)
        ours, last_week = error(made, power, day), error(power[day * DAY - WEEK:][:WEEK], power, day)
        (step,) = made.steps
        assert step.followed
        assert (step.share > 0) == (name != "a line closed")
        assert ours <= 1.25 * at_best(plain(day), change, power, day)
        assert ours < last_week
        # Some weeks later the forecasts follow by themselves.
        assert ours < (0.5 if day <= third + 4 else 1.15) * error(unfollowed(power, day), power, day)


def test_third_more__is_said_with_the_day_it_began(forecaster) -> None:
    start = LEARNED + 14
    made = forecast(forecaster, changed(CHANGES["a third more"], start), start + 8)
    (step,) = made.steps
    assert step.since == INDEX[start * DAY]
    assert step.share == pytest.approx(0.35, abs=0.03)
    assert not step.worked_only
    (said,) = [note for note in made.notes if "since" in note]
    assert said.startswith(f"{TARGET}: since 2025-05-12 it runs 3")
    assert said.endswith(" % above what was forecast; the forecast follows")
    assert step.to_dict() == {"target": TARGET, "since": INDEX[start * DAY].isoformat(),
                              "share": pytest.approx(step.share, abs=1e-4), "worked_only": False, "followed": True}


def test_closed_line__is_said_of_working_days_once_days_off_were_seen(forecaster) -> None:
    start = LEARNED + 14
    power = changed(CHANGES["a line closed"], start)
    said = ["\n".join(forecast(forecaster, power, start + days).notes) for days in (4, 8)]
    assert "since 2025-05-12 it runs" in said[0]
    assert "since 2025-05-12 on working days it runs 4" in said[1]
    assert "below what was forecast" in said[1]


@pytest.mark.parametrize("share", [0.35, -0.8])
@pytest.mark.parametrize("start", [LEARNED + 14, LEARNED + 18, LEARNED + 19])
def test_fluke_of_one_day__changes_nothing(forecaster, unfollowed, share, start) -> None:
    power = changed(lambda power: share * power, start, start + 1)
    made = [forecast(forecaster, power, start + days) for days in (1, 2, 3, 4, 8)]
    assert [each.steps for each in made] == 5 * [()]
    pd.testing.assert_frame_equal(made[1].table, unfollowed(power, start + 2).table)


def test_week_of_standstill__is_followed_while_it_lasts_and_forgotten_after_its_end(forecaster, unfollowed,
                                                                                   plain) -> None:
    start, end = LEARNED + 14, LEARNED + 21
    power = changed(lambda power: -0.7 * power, start, end)
    while_it_lasts = forecast(forecaster, power, start + 3)
    ours, theirs = (np.abs(made.table[TARGET].to_numpy() - power[(start + 3) * DAY:][:WEEK])[:2 * DAY].mean()
                    for made in (while_it_lasts, unfollowed(power, start + 3)))     # what is left of its working days
    assert ours < 0.2 * theirs
    assert while_it_lasts.steps[0].followed
    after = forecast(forecaster, power, end + 1)
    assert [step.followed for step in after.steps] == [False]
    assert "ran 70 % below what was forecast; the last day no longer, and the forecast does not follow" in (
        "\n".join(after.notes))
    for day in (end + 1, end + 2, end + 4, end + 8, end + 14):
        ours = error(forecast(forecaster, power, day), power, day)
        assert ours <= 1.25 * error(plain(day), power, day)
        assert ours <= error(unfollowed(power, day), power, day)
    assert forecast(forecaster, power, end + 4).steps == ()


def test_nothing_changed__no_step_is_seen_on_any_morning(forecaster) -> None:
    for day in range(LEARNED + 3, LEARNED + 40, 3):
        assert forecast(forecaster, POWER, day).steps == ()


def test_plant__has_no_steps(forecaster) -> None:
    start = LEARNED + 14
    plant = STATION.model_copy(update={"kind": Kind.PV})
    data = replace(measured(changed(CHANGES["a third more"], start)), station=plant)
    made = NetworkForecaster.of(replace(forecaster.model, station=plant)).forecast(
        HorizonView(data, INDEX[(start + 8) * DAY], station_horizon(plant)))
    assert made.steps == ()


def test_what_the_model_has_learned__is_a_step_only_where_its_forecasts_lag_behind(forecaster, monkeypatch) -> None:
    """The base, and usual days, read the last weeks, be they learned or not."""
    start = LEARNED + 14
    power = changed(CHANGES["a third more"], start)
    later = NetworkForecaster.of(replace(forecaster.model, span=(INDEX[0], INDEX[(start + 7) * DAY - 1])))
    for day in range(start + 8, start + 16, 2):
        made = forecast(later, power, day)
        assert all(step.since >= INDEX[(start + 7) * DAY] for step in made.steps)
        with monkeypatch.context() as patch:
            patch.setattr(predictor, "without_steps", lambda *_: None)
            lagging = forecast(later, power, day)
        assert error(made, power, day) <= error(lagging, power, day)


def test_nothing_from_the_origin_on_is_used(forecaster) -> None:
    start = LEARNED + 14
    power = changed(CHANGES["a line added"], start)
    later, earlier = power.copy(), power.copy()
    later[(start + 5) * DAY:] *= -7
    earlier[(start + 4) * DAY:(start + 5) * DAY] *= 1.2
    made, same, other = (forecast(forecaster, each, start + 5) for each in (power, later, earlier))
    assert made.steps
    pd.testing.assert_frame_equal(made.table, same.table)
    assert made.steps == same.steps
    assert not made.table.equals(other.table)


def test_history_that_begins_late_or_has_gaps__makes_a_whole_forecast(forecaster) -> None:
    start = LEARNED + 14
    power = changed(CHANGES["a third more"], start)
    gaps, young = power.copy(), power.copy()
    gaps[(start - 10) * DAY:(start - 4) * DAY] = np.nan
    gaps[(start + 1) * DAY + 5:(start + 1) * DAY + 9] = np.nan
    young[:(start - 35) * DAY] = np.nan
    for each in (gaps, young):
        made = forecast(forecaster, each, start + 5)
        assert np.isfinite(made.table.to_numpy()).all()
        assert [step.followed for step in made.steps] == [True]
        assert error(made, power, start + 5) < 0.5 * error(power[(start + 5) * DAY - WEEK:][:WEEK], power, start + 5)
