"""The weeks since a model was trained: what it would have forecast, and bands that follow how that went.

Which forecaster is best and how wide a band must be was decided once, on validation weeks; a station changes. Forecasts
of the last weeks tell how it does now: they choose the shares anew, drawn to the earlier ones, as an aggregation of
experts does (Cesa-Bianchi & Lugosi, Prediction, Learning, and Games, 2006), and make bands wider or narrower, as
adaptive conformal inference does (Gibbs & Candès, arXiv:2106.00170). Nothing is carried from one morning to the next: a
forecast follows from the history and the model alone.
"""

from collections.abc import Collection
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import View
from wattcast.experts.trained import TrainedModel
from wattcast.features.table import FeatureTable
from wattcast.forecasting import level
from wattcast.forecasting.calibrate import PAIRS
from wattcast.forecasting.inference import BATCH, Inference, infer
from wattcast.forecasting.readied import weather_hidden
from wattcast.timegrid import days_later, parse_step

FloatArray = NDArray[np.float64]

WEEKS = 3
"""Before an origin, that are forecast again, one horizon after the other. [weeks]"""

HALF_DAYS = 3.5
"""Measured days at which what they say of a band's width counts as much as the validation weeks do. [days]"""

LARGEST_CHANGE = 3.0
"""How many times as wide or as narrow as on the validation weeks a band may become."""


def history_rows(model: TrainedModel) -> int:
    """Rows before an origin that a forecast needs."""
    shape = model.shape
    return model.reach + _follows_level(model) * level.WEEKS * shape.week


def forecasts(model: TrainedModel, features: FeatureTable, origins: NDArray[np.int64],
              experts: Collection[str] | None = None) -> Inference:
    """What a forecast is made of, from origins after what the model has learned; by all experts, or by some."""
    return infer(model, features, origins, experts, ratio=_follows_level(model))


class Mornings:
    """What the experts say from a view's origin and from mornings before it.

    A pass over one morning takes as long as two or three more in another one. So what a forecast needs in any case is
    asked at once, and beside the first others that are asked for, if those are few.

    Args:
        model: with what was chosen for it.
        view: what is known.
        follows: whether mornings of the last weeks are needed.
    """

    def __init__(self, model: TrainedModel, view: View, *, follows: bool = True) -> None:
        self._model, self._view, self._blind = model, view, weather_hidden(view)
        self.back = _back(model, view) if follows and model.selection is not None else np.empty(0, np.int64)
        self._rows = history_rows(model) + int(self.back.max(initial=0))
        self._made: FeatureTable | None = None
        self._needed: Inference | None = None

    def features(self, rows: int = 0) -> tuple[FeatureTable, int]:
        """Of at least the last `rows`, with the weather forecasts of their time, and where the origin is.

        The horizon's rows follow: on mornings that are less than a horizon ago their calendar was known.
        """
        if self._made is None or self._rows < rows:
            self._rows = max(rows, self._rows)
            self._made = _features(self._model, self._view, self._rows, blind=self._blind)
        return self._made, self._rows

    @cached_property
    def ahead(self) -> FeatureTable:
        """Of the rows that a forecast from the origin needs, and of its horizon, with the weather that is known now."""
        rows = history_rows(self._model)
        if not self._blind:
            features, origin = self.features()
            return features.ending(origin + self._model.shape.horizon, rows + self._model.shape.horizon)
        history, future = self._view.history(rows), self._view.future()
        return self._model.pipeline.transform(pd.concat([history, future.reindex(columns=history.columns)]))

    def before(self, origins: NDArray[np.int64], experts: Collection[str]) -> Inference:
        """From other mornings, positions `[N]` among the `features`, by some experts."""
        if self._needed is not None or len(origins) + len(self.back) >= BATCH:
            return forecasts(self._model, self.features()[0], origins, experts)
        found = self._asked(origins, experts)
        self._needed = found.of(slice(len(origins), None))
        return found.of(slice(len(origins)), experts)

    def recent(self) -> Inference | None:
        """From one, two and more horizons before the origin by all experts; None where the model has learned all of
        those."""
        return self._at_once(()).of(slice(len(self.back))) if len(self.back) else None

    def today(self, experts: Collection[str]) -> Inference:
        """From the origin, by some experts."""
        if self._blind:
            return forecasts(self._model, self.ahead, np.asarray([history_rows(self._model)]), experts)
        return self._at_once(experts).of(slice(len(self.back), None), experts)

    def _at_once(self, experts: Collection[str]) -> Inference:
        """From all mornings that are needed."""
        if self._needed is None:
            self._needed = self._asked(np.empty(0, np.int64), experts)
        return self._needed

    def _asked(self, origins: NDArray[np.int64], experts: Collection[str]) -> Inference:
        """From some mornings and those that are needed; by all experts if their last weeks tell who has a share."""
        features, origin = self.features()
        needed = origin - self.back if self._blind else np.append(origin - self.back, origin)
        return forecasts(self._model, features, np.concatenate([origins, needed]), None if len(self.back) else experts)


def _back(model: TrainedModel, view: View) -> NDArray[np.int64]:
    """How many rows ago one, two and more horizons before the origin were `[N]`, but for those that the model has
    learned.

    Horizons are days by the clock on the wall: each begins at the same time of day as the view's.
    """
    shape, step = model.shape, parse_step(model.station.step)
    ends = [days_later(view.origin, -number * (shape.horizon // shape.day), step)
            for number in range(1, WEEKS * shape.week // shape.horizon + 1)]
    back = np.asarray([(view.origin - end) // step for end in ends], np.int64)
    unlearned: NDArray[np.int64] = back[back <= (view.origin - model.learned_until) // step]
    return unlearned


def _features(model: TrainedModel, view: View, rows: int, *, blind: bool) -> FeatureTable:
    """Without any weather if none is known for the horizon either: forecasts of the past are then like the one to
    come."""
    history, future, vintages = view.history(rows), view.future(), view.training_data().vintages
    if blind:
        history, vintages = history.assign(**dict.fromkeys(model.station.known_future, np.nan)), None
    made = model.pipeline.transform(pd.concat([history, future.reindex(columns=history.columns)]), vintages)
    return replace(made, own_from=rows)


def changed(factors: FloatArray, scores: FloatArray, day: int) -> FloatArray:
    """The factors `[D, P]` of a target's bands as the last weeks want them; none less than that of a pair inside.

    Args:
        factors: `[D, P]`, from the validation weeks.
        scores: `[N, H]`, sizes of the last weeks' errors (`calibrate.error_sizes`), NaN where not measured.
        day: steps of a day.
    """
    known = np.isfinite(scores)
    if not known.any():
        return factors
    edges = np.broadcast_to(factors[np.arange(scores.shape[1]) // day], (*scores.shape, len(PAIRS)))[known]
    # A pair without width, of a target that had no errors in validation, keeps none.
    parts = np.divide(scores[known][:, None], edges, out=np.ones_like(edges), where=edges > 0)   # [known, P]
    wanted = np.asarray([np.quantile(part, share) for part, share in zip(parts.T, PAIRS, strict=True)])
    days = len(parts) / day
    change = wanted.clip(1 / LARGEST_CHANGE, LARGEST_CHANGE) ** (days / (days + HALF_DAYS))
    followed: FloatArray = np.maximum.accumulate(factors * change, axis=1)
    return followed


def _follows_level(model: TrainedModel) -> bool:
    return model.selection is not None and model.selection.follows_level
