"""The forecast of a station without a model, made of what explanations read: rules in the place of what is trained."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.contracts import QUANTILES, Forecast, View, quantile_column
from wattcast.errors import DataError
from wattcast.experts.shares import Selection, TargetSelection
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.inference import Inference
from wattcast.forecasting.judged import Judged, Share, ask, judge
from wattcast.forecasting.predictor import Basis
from wattcast.forecasting.readied import READ_DAYS, Readied
from wattcast.forecasting.untrained import blended, label_of, told
from wattcast.training.config import Recipe
from wattcast.windows.dataset import Scalers


@dataclass(frozen=True, eq=False)
class ExplainedRules:
    """Implements `contributions.Explainable`: the forecast of `untrained.UntrainedForecaster`.

    Attributes:
        recipe: says which features there are.
        model: nothing is trained.
    """

    recipe: Recipe
    model: None = None

    def made(self, view: View) -> tuple[Basis, Forecast]:
        """The forecast from `view.origin`, and what it is made of.

        Raises:
            DataError: a target was not measured in the weeks that the rules read: there is nothing to explain it by.
        """
        if not view.training_data().measured:
            raise _unexplained(view, view.station.targets[0])
        readied = Readied.of(view, self.recipe)
        judged = judge(readied)
        shares = {target: _told_share(view, target, share) for target, share in judged.shares.items()}
        used = {name: expert for name, expert in readied.experts.items() if name in judged.used}
        model = _as_model(readied, judged, shares, self.recipe)
        said = ask(used, model.windows(readied.whole_table), np.asarray([readied.rows]))            # [1, H, C]
        quantiles = _quantiles(view, shares, said)
        unknown = np.full((1, *quantiles.shape[:2]), np.nan)
        found = Inference(quantiles[None], said, unknown[..., None], unknown, np.zeros(unknown.shape[:2], bool))
        basis = Basis(model, view, readied.whole_table, readied.rows, found, None, None, quantiles)
        return basis, told(view, label_of(shares), *basis.limited(quantiles))


def _told_share(view: View, target: str, share: Share | None) -> Share:
    if share is None:
        raise _unexplained(view, target)
    return share


def _unexplained(view: View, target: str) -> DataError:
    return DataError(f"the forecast of {target} of station {view.station.id} follows from its kind and capacity alone: "
                     "there is nothing to explain", found=f"no measured value in the {READ_DAYS} days before "
                     f"{view.origin}", hint="choose an origin with measurements before it (--at)")


def _quantiles(view: View, shares: Mapping[str, Share], said: Mapping[str, np.ndarray]) -> np.ndarray:
    """`[H, C, Q]`, before limits."""
    index = pd.DatetimeIndex(view.future().index)
    columns = [blended(view, target, share, {name: each[0, :, position] for name, each in said.items()}, index)
               for position, (target, share) in enumerate(shares.items())]
    return np.stack([np.stack([each[quantile_column(target, level)] for level in QUANTILES], -1)
                     for target, each in zip(shares, columns, strict=True)], 1)


def _as_model(readied: Readied, judged: Judged, shares: Mapping[str, Share], recipe: Recipe) -> TrainedModel:
    """The rules with their shares in the form of a model, whose network is not asked as it has no share."""
    station, span = readied.view.station, (readied.table.index[0], readied.table.index[readied.rows - 1])
    targets = {target: TargetSelection(weights=dict(share.weights), errors={}, error=None, factors=(),
                                       network_factors=(), simple_only=True) for target, share in shares.items()}
    selection = Selection(targets=targets, origins=0, first=span[0].isoformat(), last=span[1].isoformat())
    scalers = Scalers.fit(readied.whole_table, station.kind, slice(0, readied.rows))
    return TrainedModel(station, recipe, readied.pipeline, scalers, readied.experts, span, "",
                        judged.kept.nonnegative, span, selection, judged.kept.part_of_total)
