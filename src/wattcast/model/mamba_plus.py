"""The Mamba+ block in both directions at once: a selective state space whose gate keeps what it does not let through.

Mamba (Gu & Dao, arXiv 2312.00752) with the forget gate of Bi-Mamba+ (Liang et al., arXiv 2404.15772). Nothing is
flipped: the backward direction runs the same recurrence from the last token to the first.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from wattcast.scan import Gate, causal_conv, selective_scan

STEP_RANGE = (1e-3, 1e-1)
"""Step sizes Δ that the channels start with, spread log-uniformly; the floor of 1e-4 in Mamba's code never acts.
[Δ, without a unit]"""


class BiMambaPlus(nn.Module):
    """Independent Mamba+ blocks, one a direction, whose weights are stacked on a leading axis.

    Args:
        d_model: D, width of a token.
        d_state: N, size of a channel's state.
        d_conv: K, width of the causal convolution in tokens.
        expand: E / D; the inner width E is rounded down.
        gate: `mamba_plus` for y·SiLU(z) + (1 − σ(z))·D·x, `silu` for plain Mamba's (y + D·x)·SiLU(z).
        directions: 2 for forward and backward, 1 for forward only.
        backend: implementation of the scan.
    """

    def __init__(self, d_model: int, d_state: int, d_conv: int, expand: float, *,
                 gate: Gate = "mamba_plus", directions: Literal[1, 2] = 2, backend: str = "auto") -> None:
        super().__init__()
        inner, self.dt_rank = int(expand * d_model), math.ceil(d_model / 16)
        self.gate, self.directions, self.backend = gate, directions, backend

        def parameter(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(directions, *shape))

        self.in_proj = parameter(2 * inner, d_model)                      # W_in: x, then z
        self.conv_weight = parameter(inner, d_conv)                       # w
        self.conv_bias = parameter(inner)                                 # b
        self.x_proj = parameter(self.dt_rank + 2 * d_state, inner)        # W_x: δ, then B, then C
        self.dt_proj = parameter(inner, self.dt_rank)                     # W_dt
        self.dt_bias = parameter(inner)                                   # b_dt
        self.A_log = parameter(inner, d_state)                            # A = −exp(A_log)
        self.D = parameter(inner)                                         # D
        self.out_proj = parameter(d_model, inner)                         # W_out
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Mamba's initialisation: S4D-real states, log-uniform steps, and PyTorch's default for linear maps."""
        for weight in (self.in_proj, self.conv_weight, self.x_proj, self.dt_proj, self.out_proj):
            _uniform(weight, fan_in=weight.shape[-1])
        _uniform(self.conv_bias, fan_in=self.conv_weight.shape[-1])
        low, high = (math.log(step) for step in STEP_RANGE)
        step = torch.empty_like(self.dt_bias).uniform_(low, high).exp()
        self.dt_bias.copy_(step + torch.log(-torch.expm1(-step)))         # inverse of softplus
        self.A_log.copy_(torch.arange(1, self.A_log.shape[-1] + 1).log())
        self.D.fill_(1.0)

    def forward(self, tokens: Tensor) -> Tensor:
        """Outputs of each direction, both in order of time, `[2, B, W, D]` from tokens `[B, W, D]`."""
        grid = self.directions, *tokens.shape[:2]                                              # 2, B, W
        rank = self.dt_rank
        projected = functional.linear(tokens, self.in_proj.flatten(0, 1))                      # [B, W, 2·2E]
        both = projected.reshape(*tokens.shape[:2], self.directions, -1).movedim(2, 0)         # [2, B, W, 2E], a view
        x, z = both.chunk(2, -1)                                                               # [2, B, W, E]
        x = self._directed(causal_conv, x, self.conv_weight, self.conv_bias)                   # [2, B, W, E]
        selected = x.flatten(1, 2) @ self.x_proj.mT                                            # [2, B·W, R + 2N]
        delta = (selected[..., :rank] @ self.dt_proj.mT).reshape(*grid, -1)                    # [2, B, W, E]
        inputs, outputs = selected[..., rank:].reshape(*grid, -1).chunk(2, -1)                 # [2, B, W, N]
        y = self._directed(selective_scan, x, delta, -self.A_log.exp(), inputs, outputs, self.D, z, self.dt_bias,
                           gate=self.gate)                                                     # [2, B, W, E]
        return (y.flatten(1, 2) @ self.out_proj.mT).reshape(*grid, -1)                         # [2, B, W, D]

    def _directed(self, function: Callable[..., Tensor], *tensors: Tensor, **options: str) -> Tensor:
        """A function of `wattcast.scan` over the leading axis of directions."""
        if self.directions == 2:
            return function(*tensors, direction="both", backend=self.backend, **options)
        return function(*(each[0] for each in tensors), direction="forward", backend=self.backend, **options)[None]


def _uniform(weight: Tensor, fan_in: int) -> None:
    bound = fan_in ** -0.5
    weight.uniform_(-bound, bound)
