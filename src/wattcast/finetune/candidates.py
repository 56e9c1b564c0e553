"""Two ways to take new days into account, and which of them becomes the candidate.

Fine-tuned networks have learned the new days among old ones. The champion's own networks may instead follow their level
(`forecasting.level`): where everything is a tenth less from some day on, that says all there is to say.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import MIDDLE
from wattcast.experts.trained import TrainedModel
from wattcast.features.table import FeatureTable
from wattcast.forecasting.inference import Inference, infer
from wattcast.forecasting.selection import selected

TUNED, FOLLOWING = "fine-tuned networks", "the champion's networks, following their level"


@dataclass(frozen=True, eq=False)
class NewDays:
    """Days that neither model learned from: they told fine-tuning when to stop.

    Attributes:
        features: of the whole history.
        origins: in them `[N]`, positions on the grid.
        gate: the first position that nothing may be learned from, not even which of two models is better.
    """

    features: FeatureTable
    origins: NDArray[np.int64]
    gate: int

    def forecasts(self, model: TrainedModel) -> Inference:
        """Forecasts from the origins and how the weeks before them went; nothing measured from `gate` on is in them."""
        found = infer(model.as_judged(), self.features, self.origins, ratio=True)
        behind = self.origins[:, None] + np.arange(model.shape.horizon) >= self.gate               # [N, H]
        return replace(found, actual=np.where(behind[..., None], np.nan, found.actual))

    def error(self, model: TrainedModel) -> float:
        """Mean absolute error in standard deviations of the targets."""
        found = self.forecasts(model)
        errors = np.abs(selected(model, found)[..., MIDDLE] - found.actual) / model.scalers.targets.scale   # [N, H, C]
        return float(np.nanmean(errors))


def better_candidate(champion: TrainedModel, tuned: TrainedModel, following: TrainedModel,
                     error: Callable[[TrainedModel], float], tolerance: float) -> tuple[str, TrainedModel]:
    """What the candidate is, and the model.

    Following the level is taken if it helps and forgets little, where the fine-tuned networks forget more than that or
    are not as good on new days.

    Args:
        champion: the model in use.
        tuned: its networks, fine-tuned.
        following: its networks as they are, with a selection that may follow their level.
        error: of a model on new days.
        tolerance: share by which the error on the validation rows may grow, as on the gate's guard.
    """
    assert following.selection is not None
    if following.selection.follows_level and not _forgets(following, champion, tolerance) and (
            _forgets(tuned, champion, tolerance) or error(following) < error(tuned)):
        return FOLLOWING, following
    return TUNED, tuned


def _forgets(model: TrainedModel, champion: TrainedModel, tolerance: float) -> bool:
    """Whether its error on the validation rows is more than the tolerance above the champion's, of any target."""
    if champion.selection is None or model.selection is None:
        return False
    pairs = [(chosen.error, champion.selection.targets[name].error) for name, chosen in model.selection.targets.items()]
    return any(error > (1 + tolerance) * before for error, before in pairs if error is not None and before is not None)
