"""A load whose level has stepped, seen as if it had not: the forecast is made there, and the step is added to it.

The days since training are walked through once, each forecast as the model would have done it. Once a step is called
(`forecasting.steps`), what it adds is taken out of the days that follow, so that network, trees, lags, shares and bands
all go on with the station they know, and the forecast gets it added again. A step that is over is taken out of the
history and no longer added: neither a fortnight's standstill nor the weeks after it are taken for the usual.

Days go by the clock on the wall, from the origin's time to the same time: a shift that was added begins at six in the
week after a change, too. As with all that follows the last weeks, nothing is stored; a forecast follows from the
history and the model alone.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import MIDDLE, Horizon, Kind, LevelStep, Station, View
from wattcast.data.schema import StationData
from wattcast.experts.trained import TrainedModel
from wattcast.features.table import FeatureTable
from wattcast.forecasting.inference import Inference
from wattcast.forecasting.recall import Recall, rows_digest
from wattcast.forecasting.recent import Mornings, forecasts, history_rows
from wattcast.forecasting.selection import selected
from wattcast.forecasting.steps import DAYS, Shape
from wattcast.forecasting.wall_days import WallDays, day_slots, whole_days
from wattcast.forecasting.watch import Watch
from wattcast.timegrid import horizon_index, parse_step

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WALKED_DAYS = 28
"""Days before an origin within which a step is looked for. After that, all that a forecast looks back to has it."""

DAYS_BEFORE = 21
"""Days before those, which tell what is usual."""


class LevelledView:
    """Implements `contracts.View`: another view's history with other values of the targets in its last rows.

    Args:
        view: whose rows, future and training data.
        targets: `[T, C]`, the last T rows of the history.
    """

    def __init__(self, view: View, targets: FloatArray) -> None:
        self._view, self._targets = view, targets

    @property
    def station(self) -> Station:
        return self._view.station

    @property
    def origin(self) -> pd.Timestamp:
        return self._view.origin

    @property
    def horizon(self) -> Horizon:
        return self._view.horizon

    def training_data(self) -> StationData:
        """As measured."""
        return self._view.training_data()

    def history(self, steps: int) -> pd.DataFrame:
        """As in the other view, the targets of the last rows as given."""
        rows = self._view.history(steps)
        last = min(steps, len(self._targets))
        values = rows[list(self.station.targets)].to_numpy(np.float64, copy=True)
        values[steps - last:] = self._targets[len(self._targets) - last:]
        return rows.assign(**dict(zip(self.station.targets, values.T, strict=True)))

    def future(self) -> pd.DataFrame:
        return self._view.future()


@dataclass(frozen=True, eq=False)
class Levelled:
    """A view of a station without its steps; the steps that there are or just were, and their shapes by target."""

    view: View
    steps: tuple[LevelStep, ...]
    shapes: Mapping[str, Shape]

    def with_steps(self, quantiles: FloatArray, off: BoolArray) -> FloatArray:
        """Quantiles `[H, C, Q]` of a forecast that was made without the steps, with them; `off` `[H]` are days off."""
        raised = quantiles.copy()
        rows, places = day_slots(horizon_index(self.view.origin, self.view.horizon), self.view.horizon.step)
        for step in self.steps:
            if step.followed:
                position, shape = self.view.station.targets.index(step.target), self.shapes[step.target]
                added = shape.added(quantiles[rows, position, MIDDLE], off[rows])
                raised[:, position] += added.reshape(-1, 1)[places]
        return raised


def without_steps(model: TrainedModel, view: View, recall: Recall | None = None,
                  mornings: Mornings | None = None) -> Levelled | None:
    """The view without the steps of level in the days since the model was trained; None where there are none.

    Only loads have steps: what a plant brings is up to the weather, and a string that fails is another story.

    Args:
        model: with what was chosen for it.
        view: what is known.
        recall: what the model has said of those days, which is not forecast again.
        mornings: of the view; what it needs is asked with the days that are walked through.
    """
    recall, mornings = recall or Recall(""), mornings or Mornings(model, view)
    shape, step = model.shape, parse_step(model.station.step)
    walked = min(WALKED_DAYS, whole_days(model.learned_until, view.origin, step))
    if model.station.kind is not Kind.LOAD or model.selection is None or walked < DAYS:
        return None
    count = walked + DAYS_BEFORE
    # A day more, for what clocks that went back have added to the rows of so many days.
    features, origin = mornings.features(history_rows(model) + (count + 1) * shape.day)
    days = WallDays.before(features.index[:origin], count, step, shape.horizon)
    off, off_before = (days_off(features)[rows] for rows in (days.begins, days.week_before))
    targets = features.targets[:origin].astype(np.float64)
    actual, said = days.laid(targets), _Said(model, days, recall)
    # Yesterday's is asked last: with a step there it is never needed without, and else with those of `mornings`.
    known = said.ahead(features, np.arange(count - 1), partial(forecasts, model, features))
    ahead = np.concatenate([known, np.full_like(known[:1], np.nan)])
    watches = {target: Watch(actual[..., position], off, (off == off_before).all(1), DAYS_BEFORE)
               for position, target in enumerate(model.station.targets)}
    for today in range(DAYS_BEFORE + DAYS, count + 1):
        stepped = any(watch.stepped for watch in watches.values())
        if today == count and not stepped:
            ahead[-1:] = said.ahead(features, np.asarray([count - 1]), mornings.before)
        for position, watch in enumerate(watches.values()):
            watch.look(today, ahead[..., position])
        if today < count and any(watch.stepped for watch in watches.values()):
            laid = days.as_laid(_levelled(watches), targets).astype(np.float32)
            now = replace(features, targets=np.concatenate([laid, features.targets[origin:]]))
            ahead[today] = said.ahead(now, np.asarray([today]), partial(forecasts, model, now))[0]
    if not any(watch.stepped for watch in watches.values()):
        return None
    shapes = {target: watch.shape for target, watch in watches.items() if watch.shape is not None}
    steps = tuple(LevelStep(target, features.index[days.begins.flat[watch.first_row]], watch.share, watch.worked_only,
                            not watch.over) for target, watch in watches.items() if target in shapes)
    return Levelled(LevelledView(view, days.as_laid(_levelled(watches), targets)[days.begins[0, 0]:]), steps, shapes)


def days_off(features: FeatureTable) -> BoolArray:
    """Which rows lie on days off `[T]`; none where there is no calendar."""
    if "is_day_off" not in features.known_names:
        return np.zeros(len(features.index), bool)
    return features.known[:, features.known_names.index("is_day_off")] > 0


@dataclass(frozen=True, eq=False)
class _Said:
    """What a model says on the mornings of days, most of it recalled."""

    model: TrainedModel
    days: WallDays
    recall: Recall

    def ahead(self, features: FeatureTable, asked: NDArray[np.int64],
              forecast: Callable[[NDArray[np.int64], Collection[str]], Inference]) -> FloatArray:
        """The medians from the beginning of each day that is asked for, by day of the horizon, `[N, H / D, D, C]`;
        `forecast` tells those from origins that are not recalled."""
        origins, chosen = self.days.begins[asked, 0], self.model.selection

        def work_out(places: NDArray[np.int64]) -> FloatArray:
            found = forecast(origins[places], chosen.used if chosen else ())
            return np.stack([self.days.ahead(day, medians) for day, medians in
                             zip(asked[places], selected(self.model, found)[..., MIDDLE], strict=True)])

        read, horizon = history_rows(self.model), self.model.shape.horizon
        return self.recall.filled([rows_digest(features, int(origin), read, horizon) for origin in origins], work_out)


def _levelled(watches: Mapping[str, Watch]) -> FloatArray:
    """What was measured without what steps added, `[N, D, C]`."""
    return np.stack([watch.levelled for watch in watches.values()], -1)
