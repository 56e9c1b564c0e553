"""A station's own head on the base's network: what the encoder says stays, how its steps are read is learned anew.

Other stations taught the encoder what weeks look like; a station with a year of history is asked for the last bit
alone. As the encoder is frozen, each window goes through it once, and the head learns in seconds. It begins as the
base's own and is kept from where validation was best, so it is never taken when it only learned by heart.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from wattcast.model.day_network import DayNetwork, head_of
from wattcast.training.base_network import LARGEST_GRADIENT, WEIGHT_DECAY, Encoded, Lessons, missed, packed, weights_of
from wattcast.training.optimizing import learned, optimizer_of, rate

LEARNING_RATE = 5e-4
"""Of a station's own head: a quarter of the base's. [as torch has it]"""
STEPS, BATCH, LOOK_EVERY = 600, 64, 20
"""Batches at most, windows in one, and batches between two looks at the validation weeks. [number]"""
PATIENCE = 6
"""Looks without a better one before the learning ends. [number]"""


@dataclass(frozen=True, eq=False)
class Read:
    """What a head reads of N windows, and what would be right, `[N, S]`."""

    encoded: Encoded
    right: Tensor

    @classmethod
    def of(cls, network: DayNetwork, lessons: Lessons) -> Self:
        parts = [Encoded.of(network, lessons.windows[begin:begin + BATCH].float())
                 for begin in range(0, len(lessons), BATCH)]
        encoded = Encoded(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Encoded)))
        return cls(encoded, lessons.corrections + encoded.anchors[..., -1])

    def __getitem__(self, rows: Tensor) -> Self:
        return type(self)(self.encoded[rows], self.right[rows])

    def loss(self, head: nn.Module) -> Tensor:
        """The mean pinball loss over what was measured."""
        return missed(self.encoded.quantiles(head), self.right)


def tuned_head(network: DayNetwork, lessons: Lessons, validation: Lessons, seed: int) -> bytes | None:
    """The weights of a head that is better than the base's own on the validation windows; None if none was found."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    head = head_of(network.sizes)
    head.load_state_dict(network.head.state_dict())
    history, judged = Read.of(network, lessons), Read.of(network, validation)
    optimizer = optimizer_of(head.named_parameters(), LEARNING_RATE, WEIGHT_DECAY)
    schedule = LambdaLR(optimizer, lambda step: rate(step, STEPS))
    best, found, waited = _judged(head, judged), None, 0
    for step in range(STEPS):
        rows = torch.from_numpy(random.choice(len(lessons), min(BATCH, len(lessons)), replace=False))
        learned(head, history[rows].loss(head), optimizer, schedule, LARGEST_GRADIENT)
        if (step + 1) % LOOK_EVERY:
            continue
        score, waited = _judged(head, judged), waited + 1
        if score < best:
            best, found, waited = score, packed(head), 0
        if waited >= PATIENCE:
            break
    return found


def _judged(head: nn.Module, judged: Read) -> float:
    head.eval()
    with torch.inference_mode():
        score = float(judged.loss(head))
    head.train()
    return score


def with_head(network: DayNetwork, content: bytes) -> nn.Module:
    """The head whose weights `tuned_head` gave, to read what the network's encoder says."""
    head = head_of(network.sizes)
    head.load_state_dict(weights_of(content))
    return head.eval()
