"""Simple forecasts that a model has to beat: the same slot last week, yesterday's day, the mean of the last weeks.

All of them repeat a cycle: the newest one before the origin, or the mean of several, is laid end to end over the
horizon. Cycles are counted in absolute time, so a slot keeps its distance from the origin across a DST change.
"""

from collections.abc import Callable
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import QUANTILES, Forecast, Forecaster, View, quantile_column
from wattcast.errors import ConfigError, DataError, listing, nearest
from wattcast.timegrid import horizon_index, slots_of_day, steps_per_day

FloatArray = NDArray[np.float64]

OLDER_CYCLES = 4
"""How many cycles beyond its own a baseline looks back for a slot that was not measured."""


class RepeatedCycle:
    """The mean of the last `cycles` cycles of `days` days each, repeated over the horizon.

    The quantiles are the point forecast plus the empirical quantiles of the baseline's own errors on the training
    data, the same at every lead; the median stays the point forecast itself. A slot without a measured value takes
    the next older cycle's, then the training data's mean at that time of day, then its mean: never NaN.
    """

    def __init__(self, name: str, *, days: int, cycles: int) -> None:
        self.name, self.days, self.cycles = name, days, cycles

    def fit(self, view: View) -> Self:
        """Learn the means by time of day `[S, C]` and the quantiles of the error `[Q, C]`.

        Raises:
            DataError: a target has no measured value before the view's origin.
        """
        targets, step = view.station.targets, view.horizon.step
        frame = view.training_data().frame
        values = frame[list(targets)].to_numpy(np.float64)
        for target, measured in zip(targets, np.isfinite(values).any(axis=0), strict=True):
            if not measured:
                raise DataError(f"station {view.station.id}: {target} has no measured value before {view.origin}")
        slots = slots_of_day(frame.index, step)
        self._slot_means = _means_by_slot(values, slots, steps_per_day(step))
        self._offsets = _error_quantiles(self._errors(values, view), values - self._slot_means[slots])
        return self

    def forecast(self, view: View) -> Forecast:
        """The repeated cycle with its quantiles; `notes` counts the slots that had no measured value."""
        index = horizon_index(view.origin, view.horizon)
        cycle, measured = self._cycle(view)
        position = np.arange(view.horizon.steps) % len(cycle)
        usual = self._slot_means[slots_of_day(index, view.horizon.step)]
        point = np.where(np.isnan(cycle[position]), usual, cycle[position])
        columns = {}
        for target, values, offsets in zip(view.station.targets, point.T, self._offsets.T, strict=True):
            columns[target] = values
            columns |= {quantile_column(target, level): values + offset
                        for level, offset in zip(QUANTILES, offsets, strict=True)}
        return Forecast(view.station.id, view.origin, self.name, pd.DataFrame(columns, index=index),
                        _replacement_notes(view.station.targets, ~measured[position]))

    def _cycle(self, view: View) -> tuple[FloatArray, NDArray[np.bool_]]:
        """The cycle to repeat `[P, C]`, NaN where nothing recent was measured, and where its own cycles were."""
        period, depth = self._period(view), self.cycles + OLDER_CYCLES
        past = view.history(depth * period)[list(view.station.targets)].to_numpy(np.float64)
        newest_first = past.reshape(depth, period, -1)[::-1]
        cycle = _nanmean(newest_first[:self.cycles])
        measured = ~np.isnan(cycle)
        for older in newest_first[self.cycles:]:
            cycle = np.where(np.isnan(cycle), older, cycle)
        return cycle, measured

    def _errors(self, values: FloatArray, view: View) -> FloatArray:
        """What this baseline would have got wrong in the training data `[T·repeats, C]`, NaN where not known."""
        period = self._period(view)
        repeats = -(-view.horizon.steps // period)
        return np.concatenate([values - _nanmean(np.stack([_shifted(values, (ahead + back) * period)
                                                           for back in range(self.cycles)]))
                               for ahead in range(1, repeats + 1)])

    def _period(self, view: View) -> int:
        return self.days * steps_per_day(view.horizon.step)


class SeasonalNaive(RepeatedCycle):
    """The value of the same slot seven days ago."""

    def __init__(self) -> None:
        super().__init__("seasonal-naive", days=7, cycles=1)


class NaiveDay(RepeatedCycle):
    """The last known day, repeated."""

    def __init__(self) -> None:
        super().__init__("naive-day", days=1, cycles=1)


class WeeklyMean(RepeatedCycle):
    """The mean of the same slot over the last `weeks` weeks, over those that were measured."""

    def __init__(self, weeks: int = 4) -> None:
        super().__init__("weekly-mean", days=7, cycles=weeks)


_BASELINES: dict[str, Callable[[], Forecaster]] = {
    "seasonal-naive": SeasonalNaive, "naive-day": NaiveDay, "weekly-mean": WeeklyMean,
}
BASELINE_NAMES = tuple(_BASELINES)
IN_WORDS = {"seasonal-naive": "same as 7 days ago", "naive-day": "same as yesterday",
            "weekly-mean": "mean of the last 4 weeks"}
"""What the baselines are called where people read."""


def baseline(name: str) -> Forecaster:
    """A new, unfitted baseline.

    Raises:
        ConfigError: no baseline has this name; the message names the nearest.
    """
    if name not in _BASELINES:
        like = nearest(name, BASELINE_NAMES)
        raise ConfigError(f"{name!r} is not a baseline", expected=listing(BASELINE_NAMES),
                          hint=f"did you mean {like}?" if like else None)
    return _BASELINES[name]()


def _means_by_slot(values: FloatArray, slots: NDArray[np.int64], count: int) -> FloatArray:
    """Mean of each slot of the day `[S, C]`; a slot that was never measured has the overall mean."""
    means = pd.DataFrame(values).groupby(slots).mean().reindex(range(count)).to_numpy()
    return np.where(np.isnan(means), _nanmean(values), means)


def _error_quantiles(errors: FloatArray, spread: FloatArray) -> FloatArray:
    """Quantiles of the errors `[Q, C]`, or of the spread about the usual day where there is no error to learn from.

    Levels below the median are kept at or under it and the others at or above it, so that a biased baseline keeps its
    point forecast as median and its quantiles in order.
    """
    levels = np.asarray(QUANTILES)
    learned = [e if np.isfinite(e).any() else s for e, s in zip(errors.T, spread.T, strict=True)]
    quantiles = np.stack([np.nanquantile(e, levels) for e in learned], axis=1)
    below, above = (levels < 0.5)[:, None], (levels > 0.5)[:, None]
    return np.where(below, np.minimum(quantiles, 0.0), np.where(above, np.maximum(quantiles, 0.0), 0.0))


def _shifted(values: FloatArray, steps: int) -> FloatArray:
    """The values `steps` rows earlier `[T, C]`, NaN before the first."""
    early = np.full_like(values[:steps], np.nan)
    return np.concatenate([early, values[:len(values) - len(early)]])


def _nanmean(values: FloatArray) -> FloatArray:
    """Mean over the first axis of what is measured, NaN where nothing is."""
    measured = ~np.isnan(values)
    count = measured.sum(axis=0)
    total = np.where(measured, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _replacement_notes(targets: tuple[str, ...], replaced: NDArray[np.bool_]) -> tuple[str, ...]:
    counts = zip(targets, replaced.sum(axis=0), strict=True)
    return tuple(f"{target}: {count} of {len(replaced)} reference values were not measured and were replaced"
                 for target, count in counts if count)
