"""Decides on the validation origins which forecaster a model uses and how wide its bands are, and does as decided.

A forecast is made when those weeks are long past: what came in since then changes both, for that forecast alone.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import Kind
from wattcast.data.schema import StationData
from wattcast.experts.network import NETWORK
from wattcast.experts.pretrained import BASE
from wattcast.experts.shares import Factors, Selection, TargetSelection
from wattcast.experts.trained import TrainedModel
from wattcast.experts.trees import TREES
from wattcast.experts.tuned import TUNED
from wattcast.forecasting.blend import choose_weights, prior_weights
from wattcast.forecasting.calibrate import calibrated, distances, error_sizes, fit_factors, lag_distances
from wattcast.forecasting.inference import Inference, infer
from wattcast.forecasting.level import choose_share, follow
from wattcast.forecasting.recent import changed
from wattcast.windows.splits import spread_origins

FloatArray = NDArray[np.float64]

ASSUMED = {NETWORK: 0.125, TREES: 0.125, BASE: 0.35, TUNED: 0.4}
"""Of a load: what each of those that have learned has of their part before anything is known. At eleven loads of
sources that the base had never seen, a year of their own brought little that it did not know. [share]"""

FLOOR = 1e-3
"""Least distance of a quantile from the median before calibration, in standard deviations of the target.
[standard deviations]"""


def calibrate_and_choose(model: TrainedModel, data: StationData, *, later: Inference | None = None,
                         simple_only: Collection[str] = ()) -> TrainedModel:
    """The same model with a selection made on its validation rows.

    Args:
        model: a fitted network; what it may hold of an earlier selection does not count.
        data: the history it was fitted on; nothing after its last measured interval is used.
        later: forecasts with their ratios from origins that are newer than what the model learned from. They and the
            validation origins decide whether the level follows the recent past; without them it does not.
        simple_only: targets for which what has learned is left out.
    """
    data = data.until(data.end)
    first, end = (int(data.frame.index.searchsorted(time, side))
                  for time, side in zip(model.validation, ("left", "right"), strict=True))
    origins = spread_origins(first, end, model.shape.horizon, model.recipe.windows.validation_origins)
    features = model.pipeline.transform(data.frame, data.vintages)
    found = infer(model.as_judged(), features, origins, ratio=later is not None)
    days = (end - first) / model.shape.day
    targets = {name: _decide(model, found, later, position, days, simple_only=name in simple_only)
               for position, name in enumerate(model.station.targets)}
    times = [data.frame.index[origin].isoformat() for origin in (origins[0], origins[-1])]
    return replace(model, selection=Selection(targets=targets, origins=len(origins), first=times[0], last=times[1]))


def selected(model: TrainedModel, found: Inference, *, alone: bool = False) -> FloatArray:
    """Quantiles `[N, H, C, Q]` as the model's selection makes them; those of the network where there is none.

    Args:
        model: with its selection.
        found: what the experts say that have a share.
        alone: leave out the simple forecasts: the network's median, with bands of its own.
    """
    if model.selection is None:
        return found.quantiles
    quantiles = []
    for position, target in enumerate(model.station.targets):
        chosen = model.selection.targets[target]
        weights = {NETWORK: 1.0} if alone else chosen.weights
        simple_only = chosen.simple_only and not alone
        shares = np.asarray([weights.get(name, 0.0) for name in found.medians])
        median = _median(found, _candidates(model, found, position, chosen.level), shares, simple_only=simple_only)
        factors = np.asarray(chosen.network_factors if alone else chosen.factors)
        distance = _distance(model, found, position, simple_only=simple_only)
        quantiles.append(calibrated(median, distance, factors, model.shape.day))
    return np.stack(quantiles, 2)


def said(model: TrainedModel, found: Inference) -> FloatArray:
    """What each expert says as the blend takes it, `[N, H, C, M]` in the order of `found.medians`: what has learned
    follows the level where that was chosen."""
    levels = [0.0 if model.selection is None else model.selection.targets[target].level
              for target in model.station.targets]
    return np.stack([_candidates(model, found, position, level) for position, level in enumerate(levels)], 2)


def shares_by_step(model: TrainedModel, found: Inference) -> FloatArray:
    """The share of each expert in the median `[N, H, C, M]`, in the order of `found.medians`."""
    shares = []
    for target in model.station.targets:
        chosen = None if model.selection is None else model.selection.targets[target]
        weights = {NETWORK: 1.0} if chosen is None else chosen.weights
        blend = np.asarray([weights.get(name, 0.0) for name in found.medians])
        alone = np.asarray([float(name == NETWORK) for name in found.medians])
        where = _network_alone(found, simple_only=chosen is not None and chosen.simple_only)
        shares.append(np.where(where[..., None], alone, blend))
    return np.stack(shares, 2)


def follow_recent(model: TrainedModel, recent: Inference) -> TrainedModel:
    """The same model with shares and widths of bands as the last weeks want them.

    Args:
        model: with a selection.
        recent: forecasts from origins whose weeks the model has not learned.
    """
    assert model.selection is not None
    targets = {name: _follow(model, recent, position, model.selection.targets[name])
               for position, name in enumerate(model.station.targets)}
    return replace(model, selection=model.selection.model_copy(update={"targets": targets}))


def _follow(model: TrainedModel, recent: Inference, position: int, chosen: TargetSelection) -> TargetSelection:
    actual, names, simple_only = recent.actual[:, :, position], recent.medians, chosen.simple_only
    forecasts = _candidates(model, recent, position, chosen.level)
    usual = actual if simple_only else np.where(recent.unlike, np.nan, actual)
    weeks = np.isfinite(usual).sum() / model.shape.week
    weights = np.asarray([chosen.weights[name] for name in names])
    if weeks > 0:
        weights = _weights(model, names, forecasts, usual, weeks, weights, simple_only=simple_only)

    def factors(before: Factors, median: FloatArray, *, simple_only: bool) -> Factors:
        distance = _distance(model, recent, position, simple_only=simple_only)
        return _rows(changed(np.asarray(before), error_sizes(actual, median, distance), model.shape.day))

    return chosen.model_copy(update={
        "weights": dict(zip(names, weights.tolist(), strict=True)),
        "factors": factors(chosen.factors, _median(recent, forecasts, weights, simple_only=simple_only),
                           simple_only=simple_only),
        "network_factors": factors(chosen.network_factors, forecasts[..., 0], simple_only=False)})


def _decide(model: TrainedModel, found: Inference, later: Inference | None, position: int, days: float, *,
            simple_only: bool) -> TargetSelection:
    actual, level = found.actual[:, :, position], 0.0 if simple_only else _level(found, later, position)
    names, forecasts = found.medians, _candidates(model, found, position, level)
    prior = prior_weights([_assumed(model, name) for name in names])
    # Holidays count where simple forecasts are all there is.
    usual = actual if simple_only else np.where(found.unlike, np.nan, actual)
    weights = _weights(model, names, forecasts, usual, days / 7, prior, simple_only=simple_only)
    median = _median(found, forecasts, weights, simple_only=simple_only)

    def factors(median: FloatArray, *, simple_only: bool) -> Factors:
        distance = _distance(model, found, position, simple_only=simple_only)
        return _rows(fit_factors(actual, median, distance, model.shape.day, days))

    return TargetSelection(
        weights=dict(zip(names, weights.tolist(), strict=True)),
        errors={name: _error(actual, forecasts[..., number]) for number, name in enumerate(names)},
        error=_error(actual, median), factors=factors(median, simple_only=simple_only),
        network_factors=factors(forecasts[..., 0], simple_only=False), level=level, simple_only=simple_only)


def _assumed(model: TrainedModel, name: str) -> float:
    """An expert's part of what those have that have learned what a station of this kind does: from this one, or for a
    load from others. What the weather makes of a plant did not carry over from the few places that were learned from,
    tuned or not."""
    if model.station.kind is Kind.LOAD:
        return ASSUMED.get(name, 0.0)
    return float(model.experts[name].learned and name != TUNED)


def _weights(model: TrainedModel, names: Iterable[str], forecasts: FloatArray, actual: FloatArray, weeks: float,
             prior: FloatArray, *, simple_only: bool) -> FloatArray:
    """As `choose_weights`; with `simple_only` all that has learned or reads the weather has no share."""
    if not simple_only:
        return choose_weights(forecasts, actual, weeks, prior)
    simple = np.asarray([not (model.experts[name].learned or model.experts[name].weather) for name in names])
    weights = np.zeros(len(simple))
    weights[simple] = choose_weights(forecasts[..., simple], actual, weeks, prior[simple] / prior[simple].sum())
    return weights


def _rows(factors: FloatArray) -> Factors:
    return tuple(tuple(row) for row in factors.tolist())


def _median(found: Inference, forecasts: FloatArray, weights: FloatArray, *, simple_only: bool) -> FloatArray:
    """The blend `[N, H]`; the network alone on holidays and after them, when other days repeat the wrong ones, unless
    it is not used at all."""
    blend: FloatArray = forecasts @ weights
    return np.where(_network_alone(found, simple_only=simple_only), forecasts[..., 0], blend)


def _network_alone(found: Inference, *, simple_only: bool) -> NDArray[np.bool_]:
    """Where the network has the whole share `[N, H]`."""
    return np.zeros_like(found.unlike) if simple_only else found.unlike


def _level(found: Inference, later: Inference | None, position: int) -> float:
    return choose_share([(each.medians[NETWORK][:, :, position], each.ratio[:, position], each.actual[:, :, position])
                         for each in (found, later) if each is not None and each.ratio is not None])


def _candidates(model: TrainedModel, found: Inference, position: int, level: float) -> FloatArray:
    """What was said of a target `[N, H, M]`, the network first; what has learned follows the level."""
    said = {name: medians[:, :, position] for name, medians in found.medians.items()}
    if found.ratio is not None:
        ratio = found.ratio[:, position]
        said = {name: follow(median, ratio, level) if model.experts[name].learned else median
                for name, median in said.items()}
    return np.moveaxis(np.stack(list(said.values())), 0, -1)


def _distance(model: TrainedModel, found: Inference, position: int, *, simple_only: bool) -> FloatArray:
    lags, floor = found.lags[:, :, position], FLOOR * float(model.scalers.targets.scale[position])
    if simple_only:
        return lag_distances(lags, model.shape.day, floor)
    return distances(found.quantiles[:, :, position], lags, floor)


def _error(actual: FloatArray, forecast: FloatArray) -> float | None:
    errors = np.abs(forecast - actual)[np.isfinite(actual)]
    return float(errors.mean()) if len(errors) else None
