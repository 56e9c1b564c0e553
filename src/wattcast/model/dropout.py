"""Dropout that does not hold training up: torch's draws a number for each element, a fifth of a step on a CPU."""

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 256
"""A share is rounded to this many: one random byte decides about each value. [levels]"""


class Dropout(nn.Module):
    """In training sets a share of the elements to zero and scales the others up, so that the mean stays.

    On a CPU eight elements share one random number, a byte each; the share is therefore rounded to a 256th.

    Args:
        share: p in [0, 1).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.dropped = round(share * LEVELS)

    def forward(self, x: Tensor) -> Tensor:
        """A tensor like `x`, of any shape; `x` itself outside training."""
        if not self.training or self.dropped == 0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.share)
        numbers = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-2**63, None)
        kept = numbers.view(torch.uint8)[:x.numel()].view(x.shape) >= self.dropped
        return x * kept.to(x.dtype).mul_(LEVELS / (LEVELS - self.dropped))

    def extra_repr(self) -> str:
        return f"share={self.share}"
