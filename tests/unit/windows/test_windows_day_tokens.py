"""A window by hours in tokens of a day: whatever a station's step, what is told is the same."""

import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import TOTAL, Kind, Station
from wattcast.data.schema import StationData
from wattcast.timegrid import parse_step, steps_per_day
from wattcast.training.samples import station_windows
from wattcast.windows.day_tokens import (
    SIZES,
    DayTokens,
    anchors_of,
    clock_of,
    day_tokens,
    moderate,
    shares_of_hours,
)
from wattcast.windows.window_units import INPUTS, lately_in_units, window_units

DAYS = 45
HOURLY = np.random.default_rng(0).normal(50, 10, DAYS * 24)


def tokens(step: str = "1h", power: np.ndarray | None = None, **more: object) -> DayTokens:
    """Of hours that are the same whatever the step."""
    every = parse_step(step)
    day = steps_per_day(every)
    index = pd.date_range("2025-03-03", periods=DAYS * day, freq=every, tz="Asia/Shanghai", name="time")
    if power is None:
        power = HOURLY.repeat(day // 24) if day >= 24 else HOURLY.reshape(-1, 24 // day).mean(1)
    station = Station(id="s", step=step, **more)
    windows = station_windows(StationData(station, pd.DataFrame({TOTAL: power}, index=index)))
    origins = np.asarray([(40 * 24 + 9) * day // 24])
    lately = lately_in_units(windows, origins)
    return day_tokens(lately, window_units(windows, origins, lately))


@pytest.mark.parametrize("day", [1, 4, 8, 24, 45, 90, 96, 288])
def test_shares__of_every_hour_sum_to_one_and_of_every_step_to_its_length(day) -> None:
    shares = shares_of_hours(day)
    np.testing.assert_allclose(shares.sum(1), 1)
    np.testing.assert_allclose(shares.sum(0), 24 / day)


@pytest.mark.parametrize(("horizon", "days"), [("1d", 1), ("3d", 3)])
def test_tokens__of_a_shorter_horizon_are_as_many_days(horizon, days) -> None:
    short, whole = tokens(horizon=horizon), tokens()
    assert short.ahead.shape == (1, days, 24, len(SIZES.prior))
    assert all(each.isfinite().all() for each in short.told().values())
    steps = short.inputs.shape[1]
    np.testing.assert_allclose(short.ahead.flatten(1, 2)[:, :steps], whole.ahead.flatten(1, 2)[:, :steps], atol=1e-6)


@pytest.mark.parametrize("step", ["5min", "15min", "20min", "30min"])
def test_tokens__of_finer_steps_are_those_of_their_hours(step) -> None:
    fine, hourly = tokens(step), tokens()
    np.testing.assert_allclose(fine.past, hourly.past, atol=1e-5)
    np.testing.assert_allclose(fine.ahead, hourly.ahead, atol=1e-4)
    assert fine.inputs.shape[1] == fine.hours.shape[1] == 7 * steps_per_day(parse_step(step))
    assert (fine.hours == torch.arange(7 * 24).repeat_interleave(fine.hours.shape[1] // (7 * 24))).all()


def test_tokens__end_at_the_origin_whatever_the_hour() -> None:
    told, hour = tokens(), 40 * 24 + 9
    past = HOURLY[hour - 28 * 24:hour]
    np.testing.assert_allclose(told.past[0, ..., 0].flatten(), (past - past.mean()) / past.std(), atol=1e-5)
    assert (told.past[..., 1] == 1).all()
    assert told.first.tolist() == [[9.0, 5.0]]      # the 41st day after a Monday is a Saturday


def test_tokens__say_what_was_not_measured() -> None:
    power = HOURLY.copy()
    power[30 * 24:31 * 24] = np.nan
    told = tokens(power=power)
    missing = (told.past[0, ..., 1].flatten() == 0).nonzero()[:, 0] + 40 * 24 + 9 - 28 * 24
    assert missing.tolist() == list(range(30 * 24, 31 * 24))
    assert told.past.isfinite().all()


@pytest.mark.parametrize("step", ["15min", "1h", "3h", "1d"])
@pytest.mark.parametrize("power", ["usual", "zero", "missing"])
@pytest.mark.parametrize("kind", list(Kind))
def test_told__is_finite_and_of_the_network_sizes(step, power, kind) -> None:
    day = steps_per_day(parse_step(step))
    series = {"usual": None, "zero": np.zeros(DAYS * day), "missing": np.full(DAYS * day, np.nan)}[power]
    told = tokens(step, series, kind=kind).told()
    assert all(each.isfinite().all() for each in told.values())
    assert told["past"].shape == (1, 28, SIZES.past)
    assert told["ahead"].shape == (1, 7, SIZES.ahead)
    assert told["covariates"].shape == (1, 7 * day, SIZES.covariates)
    assert told["anchors"].shape == (1, 7 * day, len(SIZES.prior))


def test_anchors__that_are_not_known_are_the_adjusted_usual_day() -> None:
    inputs = torch.full((1, 2, len(INPUTS)), torch.nan)
    inputs[..., INPUTS.index("adjusted")] = torch.tensor([3.0, 4.0])
    inputs[0, 0, INPUTS.index("lag_2w")] = 7.0
    assert anchors_of(inputs)[0, :, :3].tolist() == [[3.0, 7.0, 3.0], [4.0, 4.0, 4.0]]


def test_prior__is_a_share_of_one() -> None:
    assert sum(SIZES.prior) == pytest.approx(1)


def test_clock__tells_hours_and_weekdays_apart() -> None:
    every = torch.cartesian_prod(torch.arange(0, 24, 0.25), torch.arange(7.0))
    assert len(clock_of(every).unique(dim=0)) == len(every)


def test_moderate__keeps_small_values_their_order_and_their_sign() -> None:
    values = torch.tensor([-1e6, -1.0, -0.01, 0.01, 1.0, 1e6])
    made = moderate(values)
    assert (made.diff() > 0).all()
    assert made.abs().max() < 20
    assert moderate(torch.tensor([torch.nan])).item() == 0
