"""The bidirectional network, which reads the weeks before an origin as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from safetensors.torch import load, save

from wattcast.contracts import MIDDLE
from wattcast.experts.base import Asked, FloatArray, Kept, Lesson
from wattcast.model.ensemble import Ensemble
from wattcast.model.power import PowerNetwork
from wattcast.training.record import EpochRecord
from wattcast.windows.dataset import network_inputs

NETWORK = "network"
WEIGHTS = "model.safetensors"


@dataclass(frozen=True, eq=False)
class NetworkExpert:
    """Implements `experts.base.Expert`. Several networks of different seeds, and the history of their epochs."""

    network: Ensemble | None = None
    history: tuple[EpochRecord, ...] = ()
    name = NETWORK
    words = "the network"
    learned = weather = True
    repeats = False
    days = 0

    def fit(self, lesson: Lesson) -> Self:
        # Loading the training engine takes seconds, and forecasting does not need it.
        from wattcast.training.fit import fit_members

        assert lesson.folder is not None
        return type(self)(*fit_members(lesson.prepared, lesson.recipe, lesson.folder, lesson.on_epoch))

    def quantiles(self, asked: Asked) -> FloatArray:
        """`[B, H, C, Q]` in the targets' units."""
        assert self.network is not None
        with torch.inference_mode():
            return asked.in_units(self.network(**network_inputs(asked.batch)).numpy())

    def forecast(self, asked: Asked) -> FloatArray:
        return self.quantiles(asked)[..., MIDDLE]

    def as_judged(self) -> Self:
        """Itself: the validation rows only told when to stop."""
        return self

    def files(self) -> Mapping[str, bytes]:
        assert self.network is not None
        return {WEIGHTS: save({name: value.contiguous() for name, value in self.network.state_dict().items()})}

    def load(self, kept: Kept) -> Self:
        weights = load(kept.files[WEIGHTS])
        count = len({name.split(".")[1] for name in weights})                        # members.0.…, members.1.…
        network = Ensemble([PowerNetwork(kept.recipe.model, kept.sizes) for _ in range(count)])
        network.load_state_dict(weights, strict=True)
        return type(self)(network.eval(), kept.history)
