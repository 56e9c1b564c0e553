"""What training leaves behind. Forecasting needs this and not the training engine, which takes seconds to import."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.limits import KeptLimits, chosen_limits
from wattcast.experts.base import Expert
from wattcast.experts.network import NETWORK, NetworkExpert
from wattcast.experts.shares import Selection
from wattcast.features.pipeline import FeaturePipeline
from wattcast.features.table import FeatureTable
from wattcast.model.ensemble import Ensemble
from wattcast.timegrid import parse_step
from wattcast.training.config import Recipe
from wattcast.training.record import EpochRecord
from wattcast.training.shapes import decomposition, window_shape
from wattcast.windows.dataset import Scalers, WindowDataset, WindowShape


@dataclass(frozen=True)
class TrainedModel:
    """Fitted experts with all that is needed to forecast with them."""

    station: Station
    recipe: Recipe
    pipeline: FeaturePipeline
    scalers: Scalers
    experts: Mapping[str, Expert]
    """By name, in the order of `experts.table`; the network, from which bands come, is always one of them."""
    span: tuple[pd.Timestamp, pd.Timestamp]
    data_hash: str
    nonnegative: tuple[str, ...]
    """Targets that were never below zero in training, but for a few readings."""
    validation: tuple[pd.Timestamp, pd.Timestamp]
    """First and last of the rows that no weights were fitted on: they only told when to stop."""
    selection: Selection | None = None
    """What was decided on the validation origins; None: the network alone, its quantiles as they are."""
    part_of_total: bool = False
    """Whether the part stayed within the total in training."""

    @property
    def shape(self) -> WindowShape:
        return window_shape(self.station, self.recipe)

    @property
    def learner(self) -> NetworkExpert:
        expert = self.experts[NETWORK]
        assert isinstance(expert, NetworkExpert)
        return expert

    @property
    def network(self) -> Ensemble:
        network = self.learner.network
        assert network is not None
        return network

    @property
    def history(self) -> tuple[EpochRecord, ...]:
        """Of the networks' epochs."""
        return self.learner.history

    @property
    def learned_until(self) -> pd.Timestamp:
        """The first instant of which it has learned nothing."""
        return self.span[1] + parse_step(self.station.step)

    @property
    def reach(self) -> int:
        """How many rows before an origin are read at most, the hour by which clocks may have gone back included."""
        shape = self.shape
        return max(shape.reach, (1 + max(expert.days for expert in self.experts.values())) * shape.day)

    def limits(self, station: Station) -> KeptLimits:
        """What forecasts of the station, as it is described now, are kept to."""
        return chosen_limits(station, KeptLimits(self.nonnegative, self.part_of_total))

    def windows(self, features: FeatureTable) -> WindowDataset:
        """Windows over other rows of the station, in the model's scales."""
        return WindowDataset(features, self.scalers, self.shape, decomposition=decomposition(self.recipe))

    def with_experts(self, *experts: Expert) -> Self:
        """The same model with others in the places of those of the same names."""
        return replace(self, experts={**self.experts, **by_name(experts)})

    def without(self, name: str) -> Self:
        return replace(self, experts={other: expert for other, expert in self.experts.items() if other != name})

    def as_judged(self) -> Self:
        """To forecast on the validation rows with."""
        return self.with_experts(*(expert.as_judged() for expert in self.experts.values()))


def by_name(experts: Iterable[Expert | None]) -> dict[str, Expert]:
    """Those that there are."""
    return {expert.name: expert for expert in experts if expert is not None}
