"""Simple forecasts that a model has to beat: the same slot last week, yesterday's day, the mean of the last weeks.

Most of them repeat a cycle: the newest one before the origin, or the mean of several, is laid end to end over the
horizon. Cycles of a load are counted by the clock on the wall, in whose slots a week or a day is always as long.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Forecast, Forecaster, View
from wattcast.errors import ConfigError, listing, nearest
from wattcast.evaluation.climatology import Climatology
from wattcast.evaluation.measured import mean_of_measured, measured_targets, once_fitted
from wattcast.evaluation.persistence import Persistence
from wattcast.experts.bands import LEVELS, FloatArray, around_point, with_band
from wattcast.experts.words import SIMPLE_WORDS
from wattcast.timegrid import WallGrid, at_rows, followed_clock, horizon_index, slots_of_day, steps_per_day

OLDER_CYCLES = 4
"""How many cycles beyond its own a baseline looks back for a slot that was not measured."""


@dataclass(frozen=True)
class _Learned:
    """Means by slot of the day `[S, C]` and quantiles of the error `[Q, C]`."""

    slot_means: FloatArray
    offsets: FloatArray


@dataclass(frozen=True, eq=False)
class RepeatedCycle:
    """The mean of the last `cycles` cycles of `days` days each, repeated over the horizon.

    The quantiles are the point forecast plus the empirical quantiles of the baseline's own errors on the training
    data, the same at every lead; the median stays the point forecast itself. A slot without a measured value takes
    the next older cycle's, then the training data's mean at that time of day, then its mean: never NaN.
    """

    name: str
    days: int
    cycles: int
    learned: _Learned | None = None

    def fit(self, view: View) -> Self:
        """With the means by time of day and the quantiles of the error.

        Raises:
            DataError: a target has no measured value before the view's origin.
        """
        values, step = measured_targets(view), view.horizon.step
        index = followed_clock(pd.DatetimeIndex(view.training_data().frame.index), view.station.by_wall_clock)
        slots = slots_of_day(index, step)
        means = _means_by_slot(values, slots, steps_per_day(step))
        errors = self._errors(values, WallGrid.of(index, step), view)
        offsets = _error_quantiles(errors, values - means[slots])
        return replace(self, learned=_Learned(means, offsets))

    def forecast(self, view: View) -> Forecast:
        """The repeated cycle with its quantiles; `notes` counts the slots that had no measured value."""
        learned, index = once_fitted(self.learned, self.name), horizon_index(view.origin, view.horizon)
        clock = followed_clock(index, view.station.by_wall_clock)
        cycle, measured = self._cycle(view)
        # From the origin's own slot on, which is the cycle's first.
        position = WallGrid.of(clock, view.horizon.step).slots % len(cycle)
        usual = learned.slot_means[slots_of_day(clock, view.horizon.step)]
        point = np.where(np.isnan(cycle[position]), usual, cycle[position])
        columns: dict[str, FloatArray] = {}
        for target, values, offsets in zip(view.station.targets, point.T, learned.offsets.T, strict=True):
            columns |= with_band(target, values, offsets)
        return Forecast(view.station.id, view.origin, self.name, pd.DataFrame(columns, index=index),
                        _replacement_notes(view.station.targets, ~measured[position]))

    def _cycle(self, view: View) -> tuple[FloatArray, NDArray[np.bool_]]:
        """The cycle to repeat `[P, C]`, NaN where nothing recent was measured, and where its own cycles were.

        An hour that the clocks left out there was nothing to measure in.
        """
        period, depth = self._period(view), self.cycles + OLDER_CYCLES
        # A day more, for what clocks that went back have added to the rows of so many cycles.
        past = view.history(depth * period + steps_per_day(view.horizon.step))[list(view.station.targets)]
        clock = followed_clock(pd.DatetimeIndex(past.index), view.station.by_wall_clock)
        grid = WallGrid.of(clock, view.horizon.step, after=1)
        rows = grid.rows_before(grid.slots[len(past)] + np.arange(-depth * period, 0), np.asarray(len(past)))
        newest_first = at_rows(past.to_numpy(np.float64), rows).reshape(depth, period, -1)[::-1]
        cycle = mean_of_measured(newest_first[:self.cycles])
        left_out: NDArray[np.bool_] = np.all(rows.reshape(depth, period)[-self.cycles:] < 0, axis=0)
        measured = ~np.isnan(cycle) | left_out[:, None]
        for older in newest_first[self.cycles:]:
            cycle = np.where(np.isnan(cycle), older, cycle)
        return cycle, measured

    def _errors(self, values: FloatArray, grid: WallGrid, view: View) -> FloatArray:
        """What this baseline would have got wrong in the training data `[T·repeats, C]`, NaN where not known."""
        period = self._period(view)
        repeats = -(-view.horizon.steps // period)
        return np.concatenate([values - mean_of_measured(np.stack([
            at_rows(values, grid.rows(grid.slots - (ahead + back) * period)) for back in range(self.cycles)]))
            for ahead in range(1, repeats + 1)])

    def _period(self, view: View) -> int:
        return self.days * steps_per_day(view.horizon.step)


@dataclass(frozen=True, eq=False)
class SeasonalNaive(RepeatedCycle):
    """The value of the same slot seven days ago; a load's at the same time on the wall."""

    name: str = "seasonal-naive"
    days: int = 7
    cycles: int = 1


@dataclass(frozen=True, eq=False)
class NaiveDay(RepeatedCycle):
    """The last known day, repeated."""

    name: str = "naive-day"
    days: int = 1
    cycles: int = 1


@dataclass(frozen=True, eq=False)
class WeeklyMean(RepeatedCycle):
    """The mean of the same slot over the last `cycles` weeks, over those that were measured."""

    name: str = "weekly-mean"
    days: int = 7
    cycles: int = 4


WEEKS = {f"weekly-mean-{weeks}": weeks for weeks in range(1, 9)}
_BASELINES: dict[str, Callable[[], Forecaster]] = {
    "seasonal-naive": SeasonalNaive, "naive-day": NaiveDay, "weekly-mean": WeeklyMean,
    **{name: partial(WeeklyMean, name=name, cycles=weeks) for name, weeks in WEEKS.items()},
    "persistence": Persistence, "climatology": Climatology,
}
BASELINE_NAMES = tuple(_BASELINES)
USUAL = ("seasonal-naive", "naive-day", "weekly-mean")
"""Those that a backtest compares with unless it is told otherwise."""

IN_WORDS = {**{name: SIMPLE_WORDS[name] for name in USUAL},
            **{name: f"mean of the last {weeks} weeks" if weeks > 1 else "mean of the last week"
               for name, weeks in WEEKS.items()},
            "persistence": "last value held", "climatology": "usual for month and time of day"}
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
    return np.where(np.isnan(means), mean_of_measured(values), means)


def _error_quantiles(errors: FloatArray, spread: FloatArray) -> FloatArray:
    """Quantiles of the errors `[Q, C]`, or of the spread about the usual day where there is no error to learn from."""
    learned = [e if np.isfinite(e).any() else s for e, s in zip(errors.T, spread.T, strict=True)]
    return around_point(np.stack([np.nanquantile(e, LEVELS) for e in learned], axis=1))


def _replacement_notes(targets: tuple[str, ...], replaced: NDArray[np.bool_]) -> tuple[str, ...]:
    counts = zip(targets, replaced.sum(axis=0), strict=True)
    return tuple(f"{target}: {count} of {len(replaced)} reference values were not measured and were replaced"
                 for target, count in counts if count)
