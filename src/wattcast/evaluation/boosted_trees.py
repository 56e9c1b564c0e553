"""Gradient-boosted trees on lagged inputs: the strongest of the usual rivals, one direct model over all leads.

LightGBM (Ke et al., NeurIPS 2017) is imported when a model is fitted.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Forecast, View
from wattcast.errors import DataError
from wattcast.evaluation.lagged_inputs import Calendar, Past, Weather, history_steps
from wattcast.evaluation.measured import measured_targets, once_fitted
from wattcast.experts.bands import Band, FloatArray, IntArray, with_band
from wattcast.features.weather import ColumnEncoder
from wattcast.timegrid import WallGrid, followed_clock, horizon_index, steps_per_day
from wattcast.training.boosting import stopped_early

if TYPE_CHECKING:
    import lightgbm

ENOUGH = 50_000
"""Pairs of an origin and a lead below which more than one origin a day is learned from. [pairs]"""

STOPPING_SHARE = 0.15
"""The newest of them, which decide how many trees there are, and how wide the band is. [share]"""

ROUNDS, PATIENCE = 2000, 50
"""At most, and so many without a better error before it stops. [trees]"""


@dataclass(frozen=True)
class _Learned:
    """One model and its band a target; `encoder` is None where the weather is no input."""

    encoder: ColumnEncoder | None
    models: tuple["lightgbm.Booster", ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """LightGBM on the absolute error, stopped early on the newest training samples.

    Weather is an input if it is known over the horizon of the view it is fitted on: as it was issued before each
    origin, or else as it was measured. The quantiles are the median plus a `Band` of the errors on those samples that
    stopped the training and whose steps were not learned from.
    """

    learned: _Learned | None = None
    name = "lightgbm"

    def fit(self, view: View) -> Self:
        """With one model a target.

        Raises:
            ConfigError: LightGBM cannot be loaded.
            DataError: too little was measured.
        """
        values, station = measured_targets(view), view.station
        data, step = view.training_data(), view.horizon.step
        frame = data.frame
        encoder = None
        if view.future().notna().any(axis=None):
            tables = [frame] if data.vintages is None else [frame, data.vintages.table]
            encoder = ColumnEncoder.fit(station.known_future, station.categorical, tables)
        index, day = pd.DatetimeIndex(frame.index), steps_per_day(step)
        grid = WallGrid.of(followed_clock(index, station.by_wall_clock), step, after=view.horizon.steps)
        origins, leads = _samples(grid, len(values), view.horizon.steps, day)
        rows = origins + leads - 1
        shared: list[NDArray[np.floating]] = [Calendar.of(index).columns[rows]]
        if encoder is not None:
            shared.append(Weather.of(view, encoder).at(origins, rows))
        days, hours = grid.lead_days(origins, rows, day, view.horizon.steps), np.asarray(index.hour, np.int64)[rows]
        models: list[lightgbm.Booster] = []
        bands: list[Band] = []
        for target, measured in zip(station.targets, values.T, strict=True):
            inputs = np.concatenate([Past.of(measured, grid, step).inputs(origins, leads), *shared], 1)
            learn, stop, judge = _parts(measured, origins, leads, f"station {station.id}: {target}")
            actual = measured[rows]
            model = stopped_early((inputs[learn], actual[learn]), (inputs[stop], actual[stop]), rounds=ROUNDS,
                                  patience=PATIENCE, seed=0)
            errors = np.subtract(actual[judge], model.predict(inputs[judge]), dtype=np.float64)
            models.append(model)
            bands.append(Band.of(errors, days[judge], hours[judge], int(days.max()) + 1))
        return replace(self, learned=_Learned(encoder, tuple(models), tuple(bands)))

    def forecast(self, view: View) -> Forecast:
        """All steps of the horizon with their band."""
        learned, horizon, station = once_fitted(self.learned, self.name), view.horizon, view.station
        index = horizon_index(view.origin, horizon)
        rows = history_steps(horizon.step)
        history = view.history(rows)[list(station.targets)]
        measured = history.to_numpy(np.float64).T
        grid = WallGrid.of(followed_clock(pd.DatetimeIndex(history.index), station.by_wall_clock), horizon.step,
                           after=horizon.steps)
        leads = np.arange(1, horizon.steps + 1)
        origins = np.full(horizon.steps, rows)
        shared: list[NDArray[np.floating]] = [Calendar.of(index).columns]
        if learned.encoder is not None:
            shared.append(learned.encoder.encode(view.future()))
        days = grid.lead_days(origins, origins + leads - 1, steps_per_day(horizon.step), horizon.steps)
        columns: dict[str, FloatArray] = {}
        for target, past, model, band in zip(station.targets, measured, learned.models, learned.bands, strict=True):
            inputs = np.concatenate([Past.of(past, grid, horizon.step).inputs(origins, leads), *shared], 1)
            offsets = band.offsets(days, np.asarray(index.hour, np.int64))
            columns |= with_band(target, np.asarray(model.predict(inputs), np.float64), offsets)
        return Forecast(station.id, view.origin, self.name, pd.DataFrame(columns, index=index))


def _samples(grid: WallGrid, rows: int, horizon: int, day: int) -> tuple[IntArray, IntArray]:
    """Origins, ascending, and all their leads `[N]` whose steps lie in the `rows` of the training data.

    There is an origin each day at the time of day at which the data ends, by the clock that the station follows, as it
    is forecast in use; twice, four times … a day where that is too little to learn from.
    """
    apart = day
    while apart % 2 == 0 and rows // apart * horizon < ENOUGH:
        apart //= 2
    first = grid.rows(np.arange(grid.slots[rows] - apart, grid.lowest - 1, -apart)[::-1])
    first = first[first >= 7 * day]
    origins, leads = np.repeat(first, horizon), np.tile(np.arange(1, horizon + 1), len(first))
    inside = origins + leads - 1 < rows
    return origins[inside], leads[inside]


def _parts(measured: FloatArray, origins: IntArray, leads: IntArray,
           what: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Which samples are learned from, which stop the training, and which of the latter have steps of their own.

    The horizons of the newest learned origins reach into the steps of those that stop the training. The errors there
    are too small to make a band of; where there are no others, they have to do.

    Raises:
        DataError: a part is empty.
    """
    rows = origins + leads - 1
    known = np.isfinite(measured[rows])
    newest = np.flatnonzero(known)[int((1 - STOPPING_SHARE) * known.sum()):]
    first = origins[newest[0]] if len(newest) else 0
    learn, stop = known & (origins < first), known & (origins >= first)
    if learn.any() and stop.any():
        judge = stop & (rows > rows[learn].max())
        return learn, stop, judge if judge.any() else stop
    raise DataError(f"{what} was measured too rarely to fit LightGBM on", found=f"{known.sum()} samples",
                    expected="some weeks", hint="leave lightgbm out of --models, or give older data")
