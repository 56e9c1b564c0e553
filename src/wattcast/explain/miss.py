"""Why the forecast of a day that has passed was wrong: made again with what came instead of what was expected.

The weather that came takes the place of the one that was forecast, the level at which the station ran around the day
that of the last days before the origin, and, if it ran like a day of another type, that type the calendar's. What each
of them changes is its Shapley value over all combinations (`contributions.shapley`); what is left between the forecast
that knows all three and what was measured is the rest. Together they are the error, to the last digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from wattcast.contracts import QUANTILES, Forecast, Kind, View, quantile_column
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.explain.contributions import Explainable, Explanation, Subset, days_of, explained, shapley, subsets_of
from wattcast.explain.groups import DAY_TYPE, LEVEL, Scene
from wattcast.explain.replay import BoolArray, FloatArray, blended, replay
from wattcast.explain.usual import AROUND, Days, Levels
from wattcast.features.calendar import DAY_TYPE_NAMES
from wattcast.features.table import FeatureTable
from wattcast.forecasting.predictor import Basis
from wattcast.forecasting.selection import selected
from wattcast.timegrid import horizon_index

WEATHER_FORECAST, REST = "weather_forecast", "rest"

OTHER_TYPE = 0.5
"""A day ran like one of another type if its forecast as such has at most that part of the error. [share]"""

BAND = (QUANTILES.index(0.1), QUANTILES.index(0.9))


@dataclass(frozen=True, eq=False)
class Miss:
    """The error of a day of a forecast, taken apart.

    Attributes:
        explanation: of the forecast.
        steps: of the day within the horizon.
        actual: `[D, C]`, what was measured, NaN where nothing was.
        parts: `[D, C]` by `WEATHER_FORECAST`, `LEVEL`, `DAY_TYPE` and `REST`; together they are what was measured less
            what was forecast.
        inside: `[D, C]`, where it lies in the band from 10 % to 90 %.
        lately: by target, in which share of the last weeks' steps it did; None where the model has learned all of them.
        off: whether the day ran like a day off, where it counts as one of another type than the calendar's.
    """

    explanation: Explanation
    steps: slice
    actual: FloatArray
    parts: Mapping[str, FloatArray]
    inside: BoolArray
    lately: tuple[float | None, ...]
    off: bool | None

    @property
    def forecast(self) -> Forecast:
        return self.explanation.forecast

    @property
    def median(self) -> FloatArray:
        """`[D, C]`, what was forecast."""
        return self.explanation.median[self.steps]


def miss(forecaster: Explainable, view: View, data: StationData, day: int) -> Miss:
    """Take the error of the forecast from `view.origin` on its `day`, from 1, apart.

    Args:
        forecaster: that makes it.
        view: what was known.
        data: with what came after that.
        day: of the horizon.

    Raises:
        DataError: nothing was measured on that day.
        WattcastError: as the forecaster's `made`.
    """
    index = horizon_index(view.origin, view.horizon)
    steps = days_of(index)[day - 1]
    if not data.frame.reindex(index[steps])[list(data.station.targets)].notna().any(axis=None):
        raise DataError(f"nothing was measured on {index[steps][0]:%Y-%m-%d}, so the forecast of that day cannot have "
                        "been wrong", found=f"measurements until {data.end}", hint="choose a day that has passed")
    basis, forecast = forecaster.made(view)
    scene = Scene.of(basis, forecast)
    explanation, came = explained(scene), _Came(scene, data, day)
    actual = came.actual
    worth, off = _worth(came, explanation.median, steps)
    players = sorted(frozenset().union(*worth))
    values = shapley(worth, players)
    nothing = np.zeros_like(actual[steps])
    rest = actual[steps] - worth[frozenset(players)][steps]
    parts = {key: values[key][steps] if key in values else nothing for key in (WEATHER_FORECAST, LEVEL, DAY_TYPE)}
    table = explanation.forecast.table
    low, high = (np.stack([table[quantile_column(name, QUANTILES[place])].to_numpy()
                           for name in data.station.targets], 1)[steps] for place in BAND)
    inside = (actual[steps] >= low) & (actual[steps] <= high)
    return Miss(explanation, steps, actual[steps], {**parts, REST: rest}, inside, _lately(forecaster, basis), off)


def _lately(forecaster: Explainable, basis: Basis) -> tuple[float | None, ...]:
    """How often the last weeks were inside the band as it was then, by target."""
    if basis.recent is None or forecaster.model is None:
        return tuple(None for _ in basis.model.station.targets)
    quantiles, actual = selected(forecaster.model, basis.recent), basis.recent.actual               # [N, H, C, …]
    inside = (actual >= quantiles[..., BAND[0]]) & (actual <= quantiles[..., BAND[1]])
    known = np.isfinite(actual)
    return tuple(float(inside[..., place][known[..., place]].mean()) if known[..., place].any() else None
                 for place in range(actual.shape[-1]))


def _worth(came: "_Came", filed: FloatArray, steps: slice) -> tuple[dict[Subset, FloatArray], bool | None]:
    """The medians `[H, C]` within limits with each subset of what came; and whether the day ran like a day off, where
    the day type is part of it."""
    players = [key for key, differs in ((WEATHER_FORECAST, came.weather_differs), (LEVEL, came.level_differs))
               if differs]
    subsets = subsets_of([*players, DAY_TYPE] if came.other_type is not None else players)
    made = came.forecasts(subsets)
    worth = {**dict(zip(subsets, made, strict=True)), frozenset(): filed}
    if came.other_type is None:
        return worth, None
    as_it_is, as_other = (float(np.nanmean(np.abs(came.actual[steps] - worth[subset][steps])))
                          for subset in (frozenset(players), frozenset([*players, DAY_TYPE])))
    if as_other <= OTHER_TYPE * as_it_is:
        return worth, came.other_type
    return {subset: values for subset, values in worth.items() if DAY_TYPE not in subset}, None


@dataclass(frozen=True, eq=False)
class _Came:
    """What came after the origin of a scene's forecast, up to some days after the one that is asked for."""

    scene: Scene
    data: StationData
    day: int

    @cached_property
    def _later(self) -> pd.DataFrame:
        index = self.scene.features.index[self._rows:]
        later: pd.DataFrame = self.data.frame.reindex(index)
        return later

    @property
    def _rows(self) -> int:
        return self.scene.basis.rows

    @cached_property
    def actual(self) -> FloatArray:
        """`[H, C]`, NaN where not measured."""
        later = self._later[list(self.data.station.targets)]
        actual: FloatArray = later.to_numpy(np.float64, na_value=np.nan)
        return actual

    @cached_property
    def known(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        """The known columns `[T + H, K]` with the weather that came, where it was measured."""
        features, rows = self.scene.features, self._rows
        columns = list(self.scene.basis.model.station.columns)
        measured = self.scene.basis.model.pipeline.transform(self._later[columns]).known
        weather = list(features.weather_columns)
        known = features.known.copy()
        known[rows:, weather] = np.where(np.isfinite(measured[:, weather]), measured[:, weather], known[rows:, weather])
        return known

    @property
    def weather_differs(self) -> bool:
        rows = self._rows
        return not np.array_equal(self.known[rows:], self.scene.features.known[rows:], equal_nan=True)

    @cached_property
    def _level(self) -> tuple[FloatArray, FloatArray]:
        """The level `[C]` that was known at the origin, and the one around the day."""
        scene, per_day = self.scene, self.scene.clock.day
        number = min(self.day + AROUND, len(self.actual) // per_day)
        end, weather = self._rows + number * per_day, list(scene.features.weather_columns)
        power = np.concatenate([scene.measured, self.actual])[:end]
        unusual = (self.known - scene.usual_known)[:end, weather]
        came = Levels.of(Days.of(power, scene.typical[:end], unusual, scene.ordinary[:end], per_day))
        known, around = scene.levels.by_day[-1], came.by_day[self.day - 1 - number]
        same = scene.levels.days.proportional == came.days.proportional
        return known, np.where(same, around, known)

    @property
    def level_differs(self) -> bool:
        return not np.array_equal(*self._level)

    @cached_property
    def other_type(self) -> bool | None:
        """Whether the day would be off, were it of the other type; None where no day of that type is known."""
        return None if self._other_type is None else bool(self._other_type[1])

    @cached_property
    def _other_type(self) -> tuple[int, bool] | None:
        """The newest row of the history on a day of the other type, and whether that is off."""
        features = self.scene.features
        if "is_day_off" not in features.known_names or self.scene.basis.model.station.kind is not Kind.LOAD:
            return None
        off = features.known[:, features.known_names.index("is_day_off")] > 0
        row = self._rows + (self.day - 1) * self.scene.clock.day
        others = np.flatnonzero(off[:self._rows] != off[row])
        return (int(others[-1]), bool(not off[row])) if len(others) else None

    def table(self, subset: Subset) -> FeatureTable:
        """The rows with what came in the place of what was expected."""
        features, rows = self.scene.features, self._rows
        known = (self.known if WEATHER_FORECAST in subset else features.known).copy()
        targets = features.targets
        if LEVEL in subset:
            moved = self.scene.levels.moved(targets[:rows].astype(np.float64), *self._level)
            targets = np.concatenate([moved.astype(np.float32), targets[rows:]])
        if DAY_TYPE in subset and self._other_type is not None:
            own = [place for place, name in enumerate(features.known_names) if name in DAY_TYPE_NAMES]
            first = rows + (self.day - 1) * self.scene.clock.day
            known[first:first + self.scene.clock.day, own] = features.known[self._other_type[0], own]
        return replace(features, known=known, targets=targets)

    def forecasts(self, subsets: list[Subset]) -> FloatArray:
        """The medians `[V, H, C]` within limits."""
        basis, level = self.scene.basis, [True] * len(subsets)
        made = replay(basis, [self.table(subset) for subset in subsets], level)
        medians = blended(basis, made.medians, level, made.unlike)
        targets = list(basis.model.station.targets)
        tables = [basis.limited(np.repeat(median[..., None], len(QUANTILES), -1))[0] for median in medians]
        return np.stack([table[targets].to_numpy(np.float64) for table in tables])
