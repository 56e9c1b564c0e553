"""The base's network: learned from windows of many stations, the days and hours of which it reads as tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from wattcast.contracts import MIDDLE, QUANTILES
from wattcast.model.day_network import DayNetwork
from wattcast.model.losses import pinball, weighted_mean
from wattcast.training.optimizing import learned, optimizer_of, rate
from wattcast.windows.day_tokens import SIZES, DayTokens, anchors_of

BATCH = 64
"""Windows that a step learns from. [windows]"""
LEARNING_RATE, WEIGHT_DECAY, LARGEST_GRADIENT = 2e-3, 1e-2, 1.0
"""Of AdamW for the base. [as torch has them]"""
AVERAGED = 0.998
"""Decay of the running average of the weights, which is what is kept. [share]"""
KEPT_EVERY = 200
"""After so many steps it is told how far a run is, and it can go on from there. [steps]"""


@dataclass(frozen=True, eq=False)
class Lessons:
    """N windows of many stations: what is told of them, and the corrections `[N, S]` that would have been right, NaN
    where nothing is to be learned."""

    windows: DayTokens
    corrections: Tensor

    def __len__(self) -> int:
        return len(self.corrections)


def together(lessons: Sequence[Lessons]) -> Lessons:
    """One below the other."""
    windows = DayTokens(**{field.name: torch.cat([getattr(each.windows, field.name) for each in lessons])
                           for field in fields(DayTokens)})
    return Lessons(windows, torch.cat([each.corrections for each in lessons]))


def fit_base_network(lessons: Lessons, *, seed: int, steps: int, start: DayNetwork | None = None,
                     kept: Path | None = None,
                     progress: Callable[[int], None] | None = None) -> DayNetwork:
    """A network that has seen `steps` batches of the lessons, drawn anew each time they are through.

    Args:
        lessons: what to learn from.
        seed: of the first weights, of the order and of dropout.
        steps: batches.
        start: a network that it begins as; it stays as it is. None to begin with nothing.
        kept: a file from which an interrupted run goes on, to the same result.
        progress: told now and then how many steps are through.
    """
    torch.manual_seed(seed)
    network = DayNetwork(SIZES)
    if start is not None:
        network.load_state_dict(start.state_dict())
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))  # type: ignore[no-untyped-call]
    optimizer = optimizer_of(network.named_parameters(), LEARNING_RATE, WEIGHT_DECAY)
    schedule = LambdaLR(optimizer, lambda step: rate(step, steps))
    parts = {"network": network, "averaged": averaged, "optimizer": optimizer, "schedule": schedule}
    first = _resumed(parts, kept)
    network.train()
    for step in range(first, steps):
        loss = _loss(network, lessons, _batch(len(lessons), seed, step))
        learned(network, loss, optimizer, schedule, LARGEST_GRADIENT)
        averaged.update_parameters(network)
        if (step + 1) % KEPT_EVERY == 0:
            if kept is not None:
                _keep(parts, kept)
            if progress is not None:
                progress(step + 1)
    network.load_state_dict(averaged.module.state_dict())
    return network.eval()


def _resumed(parts: dict[str, Any], kept: Path | None) -> int:
    """The step from which a run goes on; its parts are as they were then."""
    if kept is None or not kept.is_file():
        return 0
    try:
        states = torch.load(kept, weights_only=True)
    except (OSError, EOFError, RuntimeError, UnpicklingError):      # damaged: it begins anew
        return 0
    for name, part in parts.items():
        part.load_state_dict(states[name])
    return int(states["schedule"]["last_epoch"])


def _keep(parts: dict[str, Any], kept: Path) -> None:
    aside = kept.with_suffix(".part")
    torch.save({name: part.state_dict() for name, part in parts.items()}, aside)
    aside.replace(kept)


def _batch(count: int, seed: int, step: int) -> Tensor:
    """Which windows a step learns from, and its dropout: they depend on the step alone."""
    torch.manual_seed((seed + 1) * 1_000_003 + step)
    turn, place = divmod(step, max(1, count // BATCH))
    return torch.from_numpy(_order(count, seed, turn)[place * BATCH:(place + 1) * BATCH])


@lru_cache(maxsize=1)
def _order(count: int, seed: int, turn: int) -> NDArray[np.int64]:
    """Of the windows, until they are through."""
    return np.random.default_rng([seed, turn]).permutation(count)


def _loss(network: DayNetwork, lessons: Lessons, rows: Tensor) -> Tensor:
    windows, corrections = lessons.windows[rows], lessons.corrections[rows].float()
    windows = windows.float()
    right = corrections + anchors_of(windows.inputs)[..., -1]
    return missed(network(**windows.told()), right)


def missed(said: Tensor, right: Tensor) -> Tensor:
    """The mean pinball loss of quantiles `[N, S, Q]` over what is `right` `[N, S]`, NaN where nothing was measured."""
    return weighted_mean(pinball(said, right.nan_to_num(), torch.tensor(QUANTILES)), right.isfinite())


def packed(module: nn.Module) -> bytes:
    """Weights in half precision, which is finer than what they were learned from tells."""
    content: bytes = save({name: value.half().contiguous() for name, value in module.state_dict().items()})
    return content


def weights_of(content: bytes) -> dict[str, Tensor]:
    """What `packed` gave, in single precision."""
    return {name: value.float() for name, value in load(content).items()}


def unpacked(content: bytes) -> DayNetwork:
    """The network whose weights `packed` gave."""
    network = DayNetwork(SIZES)
    network.load_state_dict(weights_of(content))
    return network.eval()


@dataclass(frozen=True, eq=False)
class Encoded:
    """What heads read of S steps of N windows.

    Attributes:
        steps: `[N, S, 32]`, what a network's encoder says.
        covariates: `[N, S, G]`.
        anchors: `[N, S, A]`.
    """

    steps: Tensor
    covariates: Tensor
    anchors: Tensor

    @classmethod
    def of(cls, network: DayNetwork, windows: DayTokens) -> Self:
        told = windows.told()
        with torch.inference_mode():
            steps = network.encoded(told["past"], told["ahead"], told["hours"])
        return cls(steps, told["covariates"], told["anchors"])

    def __getitem__(self, rows: Tensor) -> Self:
        return type(self)(self.steps[rows], self.covariates[rows], self.anchors[rows])

    def quantiles(self, head: nn.Module) -> Tensor:
        """What a head makes of it, `[N, S, Q]`, in window units."""
        said: Tensor = head(self.steps, self.covariates, self.anchors[:, :, None])[:, :, 0]
        return said

    def correction(self, head: nn.Module) -> Tensor:
        """What a head adds to the adjusted usual day, `[N, S]`, in window units."""
        with torch.inference_mode():
            return self.quantiles(head)[..., MIDDLE] - self.anchors[..., -1]


def corrections_of(network: DayNetwork, windows: DayTokens) -> Tensor:
    """The same of the network's own head."""
    return Encoded.of(network, windows).correction(network.head)
