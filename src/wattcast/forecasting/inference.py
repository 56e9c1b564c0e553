"""What the experts of a model say at many origins at once, in the target's unit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from wattcast.contracts import MIDDLE, Kind
from wattcast.experts.base import Asked
from wattcast.experts.network import NETWORK
from wattcast.experts.trained import TrainedModel
from wattcast.features.pipeline import FeatureTable
from wattcast.forecasting.level import WEEKS, recent_ratio

FloatArray = NDArray[np.float64]
BATCH = 16
"""Windows in a pass: more gains nothing and needs memory."""


@dataclass(frozen=True, eq=False)
class Inference:
    """Forecasts from N origins, in the target's unit, before limits.

    Attributes:
        quantiles: `[N, H, C, Q]`, of the network.
        medians: `[N, H, C]` by expert, of those that were asked; the network's is the first.
        lags: `[N, H, C, A]`, the same slots some weeks before.
        actual: `[N, H, C]`, NaN where not measured.
        unlike: `[N, H]`, where the day is off and a lag's was not, or the other way round: simple forecasts of a load
            repeat the wrong day there. Nowhere for a plant: sun and wind keep no holidays.
        ratio: `[N, C]`, of what was measured in the weeks before an origin to what the network would have forecast;
            None if that was not asked.
    """

    quantiles: FloatArray
    medians: Mapping[str, FloatArray]
    lags: FloatArray
    actual: FloatArray
    unlike: NDArray[np.bool_]
    ratio: FloatArray | None = None

    def of(self, origins: slice, experts: Collection[str] | None = None) -> Self:
        """From some of the origins, by the network and some of the others; by all if None."""
        medians = {name: said[origins] for name, said in self.medians.items()
                   if experts is None or name == NETWORK or name in experts}
        return replace(self, quantiles=self.quantiles[origins], medians=medians, lags=self.lags[origins],
                       actual=self.actual[origins], unlike=self.unlike[origins],
                       ratio=None if self.ratio is None else self.ratio[origins])


def infer(model: TrainedModel, features: FeatureTable, origins: NDArray[np.int64],
          experts: Collection[str] | None = None, *, ratio: bool = False) -> Inference:
    """Forecast from each of `origins` `[N]`, positions on the grid of `features`.

    Args:
        model: whose experts.
        features: of the whole history up to the horizons.
        origins: with `ratio`, at least `level.WEEKS` weeks after the first row.
        experts: whom to ask besides the network; all if None.
        ratio: whether to forecast the weeks before the origins as well and to compare.
    """
    vintages = None if features.vintages is None else features.vintages.read_at(origins)
    dataset = model.windows(replace(features, vintages=vintages))
    others = [name for name in model.experts if name != NETWORK and (experts is None or name in experts)]
    quantiles, lags, actual = [], [], []
    medians: dict[str, list[FloatArray]] = {name: [] for name in others}
    for some in np.array_split(origins, -(-len(origins) // BATCH)):
        asked = Asked(dataset, some)
        quantiles.append(model.learner.quantiles(asked))
        for name in others:
            medians[name].append(asked.said(model.experts[name]))
        batch = asked.batch
        lags.append(asked.in_units(batch["anchors"][..., :len(model.shape.lag_weeks)].numpy()))
        actual.append(asked.in_units(torch.where(batch["target_mask"] > 0, batch["target"], torch.nan).numpy()))
    found = np.concatenate(quantiles)
    said = {NETWORK: found[..., MIDDLE], **{name: np.concatenate(each) for name, each in medians.items()}}
    return Inference(found, said, np.concatenate(lags), np.concatenate(actual),
                     dataset.unlike_lags(origins).numpy() & (model.station.kind is Kind.LOAD),
                     _ratio(model, features, origins) if ratio else None)


def _ratio(model: TrainedModel, features: FeatureTable, origins: NDArray[np.int64]) -> FloatArray:
    """From forecasts whole weeks before the origins, of steps before them, with the weather that came: it is to say how
    the station does, not how good the weather forecasts were."""
    week, features = model.shape.week, replace(features, vintages=None)
    before = [infer(model, features, origins - back * week, ()) for back in range(1, WEEKS + 1)]
    actual, forecast = (np.concatenate(parts, 1) for parts in (
        [each.actual[:, :week] for each in before], [each.quantiles[:, :week, :, MIDDLE] for each in before]))
    return recent_ratio(actual, forecast)
