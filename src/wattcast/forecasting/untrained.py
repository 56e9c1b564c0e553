"""A forecast without any training: what the rules that read the last weeks say, blended by how they did in them.

From the first day on. The shorter the history, the fewer rules have something to go by and the wider the bands.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import QUANTILES, Forecast, Kind, View, quantile_column
from wattcast.data.limits import chosen_limits, kept_limits
from wattcast.errors import DataError, listing
from wattcast.experts.bands import Band, FloatArray, with_band
from wattcast.experts.base import Asked, Expert, Lesson
from wattcast.experts.shares import by_target, mixture
from wattcast.experts.table import EXPERTS
from wattcast.experts.trained import by_name
from wattcast.features.pipeline import FeaturePipeline
from wattcast.features.solar import solar_features
from wattcast.forecasting.blend import choose_weights
from wattcast.forecasting.postprocess import Limits, usual
from wattcast.timegrid import days_later, followed_clock, lead_days
from wattcast.training.config import Recipe
from wattcast.training.prepared import Prepared
from wattcast.training.shapes import window_shape
from wattcast.windows.dataset import Scalers, WindowDataset
from wattcast.windows.splits import Split

NAME = "untrained"

READ_DAYS = 70
"""Of history at most: what the rule that reads furthest needs, and a week before that. [days]"""

JUDGED_DAYS = 21
"""Before the origin, from each of which the rules are asked what they would have said. [days]"""

READS_WEATHER = 0.6
"""What the rules that read the weather have of the forecast, in equal parts, before anything is known. [share]"""

WIDER = 2.0
"""Days of errors at which a band is twice as wide as they say; with more, it comes to what they say."""


@dataclass(frozen=True, eq=False)
class UntrainedForecaster:
    """Implements `contracts.Forecaster`.

    Attributes:
        recipe: says which features there are.
        alone: the one expert that is asked; None for all that learn nothing.
    """

    recipe: Recipe
    alone: str | None = None

    @property
    def name(self) -> str:
        return self.alone or NAME

    def fit(self, view: View) -> Self:
        """Itself: there is nothing to learn."""
        return self

    def forecast(self, view: View) -> Forecast:
        """The horizon from whatever was measured before it; from kind and capacity alone where nothing was.

        Raises:
            DataError: a target was never measured, and the station has no capacity either; or the expert that is asked
                alone is not for such a station.
        """
        data = view.training_data()
        targets = view.station.targets
        unmeasured = [target for target in targets if not data.frame[target].notna().any()]
        if unmeasured and view.station.capacity is None:
            raise DataError(f"station {view.station.id}: {unmeasured[0]} has no measured value before {view.origin}",
                            hint="with data.capacity and data.kind a forecast is made without any history")
        said = None if len(unmeasured) == len(targets) else _Said.of(view, self.recipe, self.alone)
        index = pd.DatetimeIndex(view.future().index)
        columns: dict[str, FloatArray] = {}
        names: dict[str, str] = {}
        for position, target in enumerate(targets):
            if said is None or target in unmeasured:
                columns |= _by_capacity(view, target, index)
                names[target] = "kind and capacity alone"
            else:
                median, band, weights = said.blended(position)
                columns |= with_band(target, median, band)
                names[target] = mixture(weights)
        kept = chosen_limits(view.station, kept_limits(data.frame, view.station))
        table, notes = Limits.of(view.station, kept).apply(pd.DataFrame(columns, index=index))
        return Forecast(view.station.id, view.origin, self.alone or f"{NAME}: {by_target(names)}", table,
                        tuple(note for note in notes if not usual(note)), tuple(filter(usual, notes)))


@dataclass(frozen=True, eq=False)
class _Said:
    """What M experts say from an origin `[1, H, C]`, and what they would have said from N earlier ones `[N, H, C]`.

    `actual` `[N, H, C]` and `measured` `[T, C]` are NaN where not measured before the origin; `days` `[H]` are lead
    days, `hours` `[N + 1, H]` those of the clock, the last row of the horizon from now.
    """

    experts: dict[str, Expert]
    now: dict[str, FloatArray]
    before: dict[str, FloatArray]
    actual: FloatArray
    measured: FloatArray
    days: NDArray[np.int64]
    hours: NDArray[np.int64]

    @classmethod
    def of(cls, view: View, recipe: Recipe, alone: str | None) -> Self:
        station, shape = view.station, window_shape(view.station, recipe)
        data = view.training_data()
        measured = data.frame[list(station.targets)].notna().any(axis=1).to_numpy()
        rows = min(READ_DAYS * shape.day, len(measured) - int(measured.argmax()))
        history, future = view.history(rows), view.future()
        pipeline = FeaturePipeline(recipe.features, station).fit(data)
        hidden = bool(station.known_future) and future[list(station.known_future)].isna().all(axis=None)
        table = pipeline.transform(pd.concat([history, future.reindex(columns=history.columns)]))
        scalers = Scalers.fit(table, station.kind, slice(0, rows))
        nothing = Split(np.zeros(0, np.int64), rows, np.zeros(0, np.int64), rows)
        lesson = Lesson(Prepared(pipeline, table, scalers, shape, nothing), recipe)
        experts = by_name(expert.fit(lesson) for expert in EXPERTS
                          if not expert.learned and alone in (None, expert.name))
        if not experts:
            raise DataError(f"{alone} has nothing to say of station {station.id}",
                            found=f"a {station.kind} with {listing(station.known_future) or 'no weather'}",
                            hint="it is for stations of another kind, or reads a column that is not there")
        past = pipeline.transform(history.assign(**dict.fromkeys(station.known_future, np.nan)) if hidden else history,
                                  None if hidden else data.vintages)
        step = view.horizon.step
        back = [int((view.origin - days_later(view.origin, -day, step)) // step) for day in range(1, JUDGED_DAYS + 1)]
        origins = np.asarray([rows - steps for steps in back if rows - steps >= shape.day], np.int64)
        index = pd.DatetimeIndex(table.index)
        ahead = origins[:, None] + np.arange(shape.horizon)
        padded = np.concatenate([table.targets[:rows], np.full_like(table.targets[:shape.horizon], np.nan)])
        clock = np.asarray(followed_clock(index, station.by_wall_clock).hour, np.int64)
        return cls(experts, _ask(experts, WindowDataset(table, scalers, shape), np.asarray([rows])),
                   _ask(experts, WindowDataset(past, scalers, shape), origins) if len(origins) else {},
                   padded[ahead].astype(np.float64), table.targets[:rows].astype(np.float64),
                   lead_days(index[rows:]), np.concatenate([clock[ahead], clock[None, rows:]]))

    @cached_property
    def prior(self) -> FloatArray:
        """`[M]`."""
        weather = np.asarray([expert.weather for expert in self.experts.values()])
        if weather.all() or not weather.any():
            return np.full(len(weather), 1 / len(weather))
        shares: FloatArray = np.where(weather, READS_WEATHER / weather.sum(), (1 - READS_WEATHER) / (~weather).sum())
        return shares

    def blended(self, position: int) -> tuple[FloatArray, FloatArray, dict[str, float]]:
        """Of a target the median `[H]`, the quantiles' distances from it `[Q, H]`, and the experts' shares."""
        now = np.stack([said[0, :, position] for said in self.now.values()], -1)                      # [H, M]
        count, leads = int(self.days[-1]) + 1, np.broadcast_to(self.days, self.hours.shape)
        actual = self.actual[..., position]
        known = np.isfinite(actual)
        if known.any():
            before = np.stack([said[..., position] for said in self.before.values()], -1)             # [N, H, M]
            judged = len(self.actual)
            weights = choose_weights(before, actual, max(judged, 1) / 7, self.prior)
            band = Band.of((actual - before @ weights).ravel(), leads[:-1].ravel(), self.hours[:-1].ravel(), count)
        else:
            values, judged, weights = self.measured[:, position], 1, self.prior
            spread = values - np.nanmean(values)
            zeros = np.zeros(len(spread), np.int64)
            band = Band.of(spread, zeros, zeros, 1)
            band = Band(band.shape, np.full(count, band.by_day[0]), np.ones(24))
        offsets = band.offsets(self.days, self.hours[-1]) * (1 + WIDER / judged)
        return now @ weights, offsets, dict(zip(self.now, np.round(weights, 2).tolist(), strict=True))


def _ask(experts: dict[str, Expert], windows: WindowDataset, origins: NDArray[np.int64]) -> dict[str, FloatArray]:
    asked = Asked(windows, origins)
    return {name: asked.said(expert) for name, expert in experts.items()}


def _by_capacity(view: View, target: str, index: pd.DatetimeIndex) -> dict[str, FloatArray]:
    """What a station of its kind and size might do: for want of anything better, and with bands that say so."""
    capacity, station = view.station.capacity or 0.0, view.station
    if station.kind is Kind.LOAD:
        shares = {level: np.full(len(index), 0.1 + 0.7 * level) for level in QUANTILES}
    elif station.kind is Kind.WIND:
        shares = {level: np.full(len(index), level ** 1.7) for level in QUANTILES}
    else:
        sun = _sun(view, index)
        shares = {level: level * sun for level in QUANTILES}
    return {target: capacity * shares[0.5]} | {quantile_column(target, level): capacity * share
                                               for level, share in shares.items()}


def _sun(view: View, index: pd.DatetimeIndex) -> FloatArray:
    """A clear day's sun, 1 at its highest; from six to six where the place is not known."""
    if view.station.location.has_coordinates:
        clear = solar_features(index, view.station.location, view.horizon.step)["clear_sky_irradiance"]
        sun: FloatArray = clear.to_numpy(np.float64).clip(0, 1)
        return sun
    hours = index.hour.to_numpy() + index.minute.to_numpy() / 60
    from_six: FloatArray = np.maximum(np.sin((hours - 6) * np.pi / 12), 0.0)
    return from_six
