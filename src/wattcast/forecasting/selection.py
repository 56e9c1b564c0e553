"""Decides on the validation origins which forecaster a model uses and how wide its bands are, and does as decided.

A forecast is made when those weeks are long past: what came in since then changes both, for that forecast alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import Kind
from wattcast.data.schema import StationData
from wattcast.experts.network import NETWORK
from wattcast.experts.pretrained import BASE
from wattcast.experts.shares import Factors, Selection, TargetSelection
from wattcast.experts.sunlight import ClearSky
from wattcast.experts.trained import TrainedModel
from wattcast.experts.trees import TREES
from wattcast.experts.tuned import TUNED
from wattcast.forecasting.blend import choose_weights, in_hundredths, prior_weights
from wattcast.forecasting.calibrate import calibrated, distances, error_sizes, fit_factors, lag_distances
from wattcast.forecasting.inference import Inference, infer
from wattcast.forecasting.level import choose_share, follow
from wattcast.forecasting.recent import changed
from wattcast.windows.splits import spread_origins

FloatArray = NDArray[np.float64]

ASSUMED = {NETWORK: 0.125, TREES: 0.125, BASE: 0.35, TUNED: 0.4}
"""Of a load: what each of those that have learned has of their part before anything is known. At eleven loads of
sources that the base had never seen, a year of their own brought little that it did not know. [share]"""

TOLD = 0.5
"""Where a day is off and those before it were not, or the other way round: what all experts that tell days off have of
the forecast, in the parts of the blend, before anything is known; the network has the rest. [share]"""

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
        simple_only = chosen.simple_only and not alone
        shares = _by_step(found, None if alone else chosen)
        median = (_candidates(model, found, position, chosen.level) * shares).sum(-1)
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
    chosen = [None if model.selection is None else model.selection.targets[target] for target in model.station.targets]
    return np.stack([_by_step(found, each) for each in chosen], 2)


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
    unlike = _unlike(recent, simple_only=simple_only)
    usual, weights = np.where(unlike, np.nan, actual), _listed(chosen.weights, names)
    if (weeks := np.isfinite(usual).sum() / model.shape.week) > 0:
        weights = _weights(model, names, forecasts, usual, weeks, weights, simple_only=simple_only)
    off = _off_weights(model, names, forecasts, np.where(unlike, actual, np.nan), model.shape.week,
                       _listed(chosen.off_weights or {NETWORK: 1.0}, names))

    def factors(before: Factors, median: FloatArray, *, simple_only: bool) -> Factors:
        distance = _distance(model, recent, position, simple_only=simple_only)
        return _rows(changed(np.asarray(before), error_sizes(actual, median, distance), model.shape.day))

    median = np.where(unlike, forecasts @ off, forecasts @ weights)
    return chosen.model_copy(update={
        "weights": _named(names, weights), "off_weights": _named(names, off),
        "factors": factors(chosen.factors, median, simple_only=simple_only),
        "network_factors": factors(chosen.network_factors, forecasts[..., 0], simple_only=False)})


def _decide(model: TrainedModel, found: Inference, later: Inference | None, position: int, days: float, *,
            simple_only: bool) -> TargetSelection:
    actual, level = found.actual[:, :, position], 0.0 if simple_only else _level(found, later, position)
    names, forecasts = found.medians, _candidates(model, found, position, level)
    prior = prior_weights([_assumed(model, name) for name in names])
    unlike = _unlike(found, simple_only=simple_only)
    weights = _weights(model, names, forecasts, np.where(unlike, np.nan, actual), days / 7, prior,
                       simple_only=simple_only)
    alone = _listed({NETWORK: 1.0}, names)
    off = _off_weights(model, names, forecasts, np.where(unlike, actual, np.nan), unlike.size / (days / 7),
                       in_hundredths(TOLD * _telling(model, names, weights) + (1 - TOLD) * alone))
    median = np.where(unlike, forecasts @ off, forecasts @ weights)

    def factors(median: FloatArray, *, simple_only: bool) -> Factors:
        distance = _distance(model, found, position, simple_only=simple_only)
        return _rows(fit_factors(actual, median, distance, model.shape.day, days))

    return TargetSelection(
        weights=_named(names, weights), off_weights=_named(names, off),
        errors={name: _error(actual, forecasts[..., number]) for number, name in enumerate(names)},
        error=_error(actual, median), factors=factors(median, simple_only=simple_only),
        network_factors=factors(forecasts[..., 0], simple_only=False), level=level, simple_only=simple_only)


def _assumed(model: TrainedModel, name: str) -> float:
    """An expert's part of what those have that have learned what a station of this kind does: from this one, or for a
    load from others. What the weather makes of a plant did not carry over from the few places that were learned from,
    tuned or not; of the sun's path a plant whose irradiance is not known learns no more in a year than `ClearSky` says.
    """
    if model.station.kind is Kind.LOAD:
        return ASSUMED.get(name, 0.0)
    expert = model.experts[name]
    return float((expert.learned and name != TUNED) or isinstance(expert, ClearSky))


def _weights(model: TrainedModel, names: Iterable[str], forecasts: FloatArray, actual: FloatArray, weeks: float,
             prior: FloatArray, *, simple_only: bool) -> FloatArray:
    """As `choose_weights`; with `simple_only` all that has learned or reads the weather has no share."""
    if not simple_only:
        return choose_weights(forecasts, actual, weeks, prior)
    simple = np.asarray([not (model.experts[name].learned or model.experts[name].weather) for name in names])
    return _of_some(simple, forecasts, actual, weeks, prior)


def _of_some(which: NDArray[np.bool_], forecasts: FloatArray, actual: FloatArray, weeks: float,
             prior: FloatArray) -> FloatArray:
    """As `choose_weights` of some of the experts `[M]`; the others have none."""
    weights = np.zeros(len(which))
    weights[which] = choose_weights(forecasts[..., which], actual, weeks, prior[which] / prior[which].sum())
    return weights


def _off_weights(model: TrainedModel, names: Iterable[str], forecasts: FloatArray, actual: FloatArray, week: float,
                 prior: FloatArray) -> FloatArray:
    """The weights `[M]` where days off repeat worked ones, of those experts alone that do not repeat days.

    Args:
        model: whose experts.
        names: theirs.
        forecasts: `[N, H, M]`.
        actual: `[N, H]`, NaN everywhere else.
        week: steps that count as one.
        prior: `[M]`, what is assumed so far.
    """
    weeks = np.isfinite(actual).sum() / week
    return prior if weeks == 0 else _of_some(~_repeating(model, names), forecasts, actual, weeks, prior)


def _telling(model: TrainedModel, names: Iterable[str], weights: FloatArray) -> FloatArray:
    """The weights without those that repeat days; the network has it all where the others have no share."""
    telling = np.where(_repeating(model, names), 0.0, weights)
    return telling / telling.sum() if telling.any() else _listed({NETWORK: 1.0}, names)


def _repeating(model: TrainedModel, names: Iterable[str]) -> NDArray[np.bool_]:
    return np.asarray([model.experts[name].repeats for name in names])


def _rows(factors: FloatArray) -> Factors:
    return tuple(tuple(row) for row in factors.tolist())


def _named(names: Iterable[str], weights: FloatArray) -> dict[str, float]:
    return dict(zip(names, weights.tolist(), strict=True))


def _listed(weights: Mapping[str, float], names: Iterable[str]) -> FloatArray:
    return np.asarray([weights.get(name, 0.0) for name in names])


def _by_step(found: Inference, chosen: TargetSelection | None) -> FloatArray:
    """The share of each expert by step `[N, H, M]`; all is the network's where nothing was chosen."""
    alone = {NETWORK: 1.0}
    weights, off = (alone, alone) if chosen is None else (chosen.weights, chosen.off_weights or alone)
    unlike = _unlike(found, simple_only=chosen is not None and chosen.simple_only)
    return np.where(unlike[..., None], _listed(off, found.medians), _listed(weights, found.medians))


def _unlike(found: Inference, *, simple_only: bool) -> NDArray[np.bool_]:
    """Where other shares hold `[N, H]`, as repeated days are of another type: nowhere if simple forecasts are all there
    is."""
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
