"""The weeks since a model was trained: what it would have forecast, and bands that follow how that went.

Which forecaster is best and how wide a band must be was decided once, on validation weeks; a station changes. Forecasts
of the last weeks tell how it does now: they choose the shares anew, drawn to the earlier ones, as an aggregation of
experts does (Cesa-Bianchi & Lugosi, Prediction, Learning, and Games, 2006), and make bands wider or narrower, as
adaptive conformal inference does (Gibbs & Candès, arXiv:2106.00170). Nothing is carried from one morning to the next: a
forecast follows from the history and the model alone.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import View
from wattcast.experts.trained import TrainedModel
from wattcast.features.table import FeatureTable
from wattcast.forecasting import level
from wattcast.forecasting.calibrate import PAIRS
from wattcast.forecasting.inference import Inference, infer
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


def recent_forecasts(model: TrainedModel, view: View, before: "FeaturesBefore | None" = None) -> Inference | None:
    """The same from one, two and more horizons before the view's origin; None where the model has learned all of those.

    Horizons are days by the clock on the wall: each origin lies at the same time of day as the view's.

    Args:
        model: with what was chosen for it.
        view: what is known.
        before: features of the view's rows that may have been made already.
    """
    shape, step = model.shape, parse_step(model.station.step)
    unlearned = (view.origin - model.learned_until) // step
    ends = [days_later(view.origin, -number * (shape.horizon // shape.day), step)
            for number in range(1, WEEKS * shape.week // shape.horizon + 1)]
    back = np.asarray([(view.origin - end) // step for end in ends])
    back = back[back <= unlearned]
    if not len(back) or model.selection is None:
        return None
    before = before or FeaturesBefore(model, view)
    features, origin = before.of_rows(history_rows(model) + int(back[-1]))
    return forecasts(model, features, origin - back)


class FeaturesBefore:
    """Features of the rows before a view's origin, made once for as many as are asked for first.

    The horizon's rows follow: on mornings that are less than a horizon ago their calendar was known.
    """

    def __init__(self, model: TrainedModel, view: View) -> None:
        self._model, self._view, self._rows = model, view, 0
        self._made: FeatureTable | None = None

    def of_rows(self, rows: int) -> tuple[FeatureTable, int]:
        """Of at least the last `rows`, with the weather forecasts of their time, and where the origin is."""
        if self._made is None or self._rows < rows:
            self._made, self._rows = _features(self._model, self._view, rows), rows
        return self._made, self._rows


def _features(model: TrainedModel, view: View, rows: int) -> FeatureTable:
    """Without any weather where none is known for the horizon either: forecasts of the past are then like the one to
    come."""
    weather = list(model.station.known_future)
    history, future, vintages = view.history(rows), view.future(), view.training_data().vintages
    if weather and future[weather].isna().all(axis=None):
        history, vintages = history.assign(**dict.fromkeys(weather, np.nan)), None
    return model.pipeline.transform(pd.concat([history, future.reindex(columns=history.columns)]), vintages)


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
