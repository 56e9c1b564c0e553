"""What goes by the clock on the wall: exact over a change, to the last bit that of absolute time without one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from wattcast.contracts import Kind
from wattcast.evaluation.lagged_inputs import Past
from wattcast.features.lags import seasonal_lags
from wattcast.features.table import FeatureTable
from wattcast.timegrid import WallGrid
from wattcast.training.boosting import step_inputs
from wattcast.windows.anchors import anchor_names, build_anchors
from wattcast.windows.dataset import Scalers, WindowDataset, WindowShape
from wattcast.windows.lately import Lately
from wattcast.windows.scaling import Scaler

STEP = pd.Timedelta("30min")
DAY, WEEK = 48, 7 * 48
LAGS = (1, 2, 3, 4)
SHAPE = WindowShape(14 * DAY, WEEK, DAY, LAGS)
KNOWN = ("is_day_off", "minute", "temperature")


def windows(table: FeatureTable, kind: Kind = Kind.LOAD) -> WindowDataset:
    scalers = [Scaler(np.zeros(part.shape[1], np.float32), np.ones(part.shape[1], np.float32))
               for part in (table.targets, table.known, table.past)]
    return WindowDataset(table, Scalers(*scalers), replace(SHAPE, kind=kind, by_wall_clock=kind is Kind.LOAD))


def table_of(index: pd.DatetimeIndex, targets: NDArray[np.float64], temperature: NDArray[np.float64]) -> FeatureTable:
    """Targets `[T, C]` beside a calendar by the clock and a weather."""
    known = np.stack([index.day_of_week >= 5, index.hour * 60 + index.minute, temperature], 1)
    return FeatureTable(index, targets.astype(np.float32), known.astype(np.float32),
                        np.empty((len(index), 0), np.float32), KNOWN, (), (2,))


def random_table(zone: str, first: str, days: int = 60) -> FeatureTable:
    """Two targets with gaps, days off and a weather; nothing repeats."""
    index, random = pd.date_range(first, periods=days * DAY, freq=STEP, tz=zone), np.random.default_rng(3)
    targets = random.normal(50, 10, (len(index), 2))
    targets[random.random(targets.shape) < 0.05] = np.nan
    targets[700:760] = np.nan
    return table_of(index, targets, random.normal(0, 1, len(index)))


def anchors_by_absolute_time(found: WindowDataset, origins: NDArray[np.int64]) -> torch.Tensor:
    start = torch.from_numpy(origins)[:, None] + found.front
    lagged = torch.stack([start + torch.arange(-DAY, WEEK) - weeks * WEEK for weeks in LAGS], -1)
    lags, lag_mask = (of[lagged].transpose(2, 3) for of in (found.targets, found.target_mask.float()))
    past, whole = start + torch.arange(-SHAPE.lookback, 0), start + torch.arange(-SHAPE.lookback, WEEK)
    assert found.day_off is not None
    slots = (torch.arange(WEEK) % DAY).expand(len(origins), -1)
    return build_anchors(lags, lag_mask, Lately(
        found.targets[past], found.target_mask[past].float(), found.day_off[whole], found.known[whole][..., [2]],
        found.known_mask[whole][..., [2]].float(), slots, DAY))


@pytest.mark.parametrize(("zone", "first"), [("Asia/Shanghai", "2024-03-01"), ("UTC", "2024-09-20"),
                                             ("Asia/Kathmandu", "2024-10-01"), ("Europe/Amsterdam", "2024-05-20")])
def test_zone_without_a_change__has_the_anchors_and_lags_of_absolute_time_to_the_last_bit(zone, first) -> None:
    table = random_table(zone, first)
    found, origins = windows(table), np.arange(0, 50 * DAY, 37)
    assert torch.equal(found.batch(origins)["anchors"], anchors_by_absolute_time(found, origins))

    off, ahead = table.known[:, 0], origins[origins >= 4 * WEEK, None] + np.arange(WEEK)
    expected = np.any([off[ahead] != off[ahead - week * WEEK] for week in LAGS], axis=0)
    assert np.array_equal(found.unlike_lags(ahead[:, 0]).numpy(), expected)

    grid = WallGrid.of(table.index, STEP)
    lags = seasonal_lags(table.targets, LAGS, WEEK, grid)
    for place, week in enumerate(LAGS):
        assert np.isnan(lags[:week * WEEK, :, place]).all()
        np.testing.assert_array_equal(lags[week * WEEK:, :, place], table.targets[:-week * WEEK])

    values, leads = table.targets[:, 0].astype(np.float64), np.arange(1, WEEK + 1)
    for origin in origins[(origins >= 5 * WEEK) & (origins <= len(values) - WEEK)]:
        inputs = Past.of(values, grid, STEP).inputs(np.full(WEEK, origin), leads)
        rows = origin + leads - 1
        np.testing.assert_array_equal(inputs[:, 1:5], np.stack([values[rows - week * WEEK] for week in LAGS], 1))
        newest = rows - ((leads - 1) // DAY + 1) * DAY
        np.testing.assert_array_equal(inputs[:, 6:9], np.stack([values[newest - back * DAY] for back in range(3)], 1))


CHANGES = [("Europe/Amsterdam", "2020-10-25"), ("Europe/Amsterdam", "2020-03-29"), ("Australia/Sydney", "2020-04-05"),
           ("Australia/Sydney", "2020-10-04"), ("Australia/Lord_Howe", "2020-04-05"),
           ("Africa/Cairo", "2024-04-26"), ("Asia/Shanghai", "2020-10-25")]
"""In Cairo the hour after midnight is left out."""


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_windows_before_over_and_after_a_change__are_exact_for_a_load_of_the_clock(by_the_clock, zone, change) -> None:
    """Working days and days off differ, and the weather is a function of the clock, too: nothing is left to adjust."""
    first = f"{pd.Timestamp(change) - pd.Timedelta(weeks=6):%Y-%m-%d}"
    weather = by_the_clock(zone, first, 12 * 7, "30min", "1D")
    index = pd.DatetimeIndex(weather.index)
    load = weather.to_numpy() + np.where(index.day_of_week >= 5, 30.0, 0.0)
    found = windows(table_of(index, load[:, None], weather.to_numpy()))
    names = anchor_names(LAGS)
    for origins in np.array_split(np.arange(5 * WEEK, 11 * WEEK - DAY, 41), 8):
        batch = found.batch(origins)
        assert batch["target_mask"].all()
        anchors = dict(zip(names, batch["anchors"][:, :, 0].movedim(-1, 0), strict=True))
        for name in ("lag_1w", "lag_2w", "lag_3w", "lag_4w", "lag_mean", "lag_mean_shifted", "day_type_profile",
                     "weather_adjusted"):
            torch.testing.assert_close(anchors[name], batch["target"][..., 0], msg=f"{name} from {origins[0]} on")
        columns = step_inputs(batch, 0).reshape(len(origins), WEEK, -1)
        rows = origins[:, None] + np.arange(WEEK)
        np.testing.assert_array_equal(columns[..., 2], (index.hour * 60 + index.minute).to_numpy()[rows])
        np.testing.assert_array_equal(columns[..., 3], weather.to_numpy().astype(np.float32)[rows])


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_windows_that_reach_over_no_change__are_those_of_absolute_time(zone, change) -> None:
    """Where training windows differ from a plant's, which go by absolute time: about the change, and nowhere else."""
    first = f"{pd.Timestamp(change) - pd.Timedelta(weeks=6):%Y-%m-%d}"
    table, origins = random_table(zone, first, 12 * 7), np.arange(0, 11 * WEEK, 31)
    weather = anchor_names(LAGS).index("weather_adjusted")
    load, plant = (windows(table, kind).batch(origins)["anchors"][..., :weather] for kind in (Kind.LOAD, Kind.WIND))
    differ = origins[(load != plant).flatten(1).any(1).numpy()]
    offsets = np.asarray([time.utcoffset() for time in table.index])
    changes = np.flatnonzero(offsets[1:] != offsets[:-1]) + 1
    assert len(differ) > 0 if len(changes) else len(differ) == 0
    hours = 2 * pd.Timedelta("1h") // STEP
    for row in changes:
        assert row - WEEK - hours < differ.min() < differ.max() <= row + 4 * WEEK + DAY + hours
