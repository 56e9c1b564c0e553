"""What the network, the trees and the anchors say at many origins at once, in the target's unit."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from wattcast.contracts import Kind
from wattcast.features.pipeline import FeatureTable
from wattcast.forecasting.calibrate import MIDDLE
from wattcast.forecasting.level import WEEKS, recent_ratio
from wattcast.training.trained import TrainedModel, decomposition
from wattcast.training.trees import StepTrees
from wattcast.windows.dataset import WindowDataset, network_inputs

FloatArray = NDArray[np.float64]
BATCH = 16
"""Windows in a pass: more gains nothing and needs memory."""


@dataclass(frozen=True, eq=False)
class Inference:
    """Forecasts from N origins, in the target's unit, before limits.

    Attributes:
        quantiles: `[N, H, C, Q]`, of the network.
        anchors: `[N, H, C, A]`, the simple forecasts that the network corrects; their order is `model.anchor_names`.
        actual: `[N, H, C]`, NaN where not measured.
        unlike: `[N, H]`, where the day is off and a lag's was not, or the other way round: simple forecasts of a load
            repeat the wrong day there. Nowhere for a plant: sun and wind keep no holidays.
        trees: `[N, H, C]`, medians of the boosted trees; None if they were not asked.
        ratio: `[N, C]`, of what was measured in the weeks before an origin to what the network would have forecast;
            None if that was not asked.
    """

    quantiles: FloatArray
    anchors: FloatArray
    actual: FloatArray
    unlike: NDArray[np.bool_]
    trees: FloatArray | None = None
    ratio: FloatArray | None = None


def infer(model: TrainedModel, features: FeatureTable, origins: NDArray[np.int64],
          trees: StepTrees | None = None, *, ratio: bool = False) -> Inference:
    """Forecast from each of `origins` `[N]`, positions on the grid of `features`.

    Args:
        model: whose network and anchors.
        features: of the whole history up to the horizons.
        origins: with `ratio`, at least `level.WEEKS` weeks after the first row.
        trees: these are asked, too.
        ratio: whether to forecast the weeks before the origins as well and to compare.
    """
    dataset = WindowDataset(features, model.scalers, model.shape, decomposition=decomposition(model.recipe))
    scaler = model.scalers.targets
    scale, center = scaler.scale.astype(np.float64), scaler.center.astype(np.float64)
    parts, by_trees = [], []
    for some in np.array_split(origins, -(-len(origins) // BATCH)):
        batch = dataset.batch(some)
        with torch.inference_mode():
            scaled = model.network(**network_inputs(batch))
        measured = torch.where(batch["target_mask"] > 0, batch["target"], torch.nan)
        parts.append([values.numpy().astype(np.float64) for values in (scaled, batch["anchors"], measured)])
        if trees is not None:
            by_trees.append(trees.forecast(batch))
    quantiles, anchors, actual = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Inference(quantiles * scale[:, None] + center[:, None], anchors * scale[:, None] + center[:, None],
                     actual * scale + center, dataset.unlike_lags(origins).numpy() & (model.station.kind is Kind.LOAD),
                     np.concatenate(by_trees) * scale + center if by_trees else None,
                     _ratio(model, features, origins) if ratio else None)


def _ratio(model: TrainedModel, features: FeatureTable, origins: NDArray[np.int64]) -> FloatArray:
    """From forecasts whole weeks before the origins, of steps before them, with the weather that came: it is to say how
    the station does, not how good the weather forecasts were."""
    week, features = model.shape.week, replace(features, vintages=None)
    before = [infer(model, features, origins - back * week) for back in range(1, WEEKS + 1)]
    actual, forecast = (np.concatenate(parts, 1) for parts in (
        [each.actual[:, :week] for each in before], [each.quantiles[:, :week, :, MIDDLE] for each in before]))
    return recent_ratio(actual, forecast)
