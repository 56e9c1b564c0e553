"""From a step's features to quantiles that are anchored on seasonal references and never cross."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from wattcast.model.dropout import Dropout

INITIAL_SPREAD = 0.1
"""Distance between neighbouring quantiles before training, in standard deviations of the target.
[standard deviations]"""


class AnchoredQuantileHead(nn.Module):
    """Per step and target: gate × mixture of anchors + correction is the median; positive increments lead away from it.

    The last layer starts at zero, so that the untrained network is the anchors' prior mixture.

    Args:
        decoded: features of a step that the encoder gives.
        covariates: the other inputs of a step.
        hidden: widths of the hidden layers.
        targets: C.
        prior: weights of the anchors before training; they sum to 1.
        quantiles: Q, odd; the middle one is the median.
        dropout: after each hidden layer.
    """

    def __init__(self, decoded: int, covariates: int, hidden: tuple[int, ...], *, targets: int,
                 prior: tuple[float, ...], quantiles: int, dropout: float) -> None:
        super().__init__()
        self.targets, self.anchors, self.side = targets, len(prior), quantiles // 2
        self.decoded, features = decoded, decoded + covariates
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(features, width), nn.GELU(), Dropout(dropout)]
            features = width
        self.layers = nn.Sequential(*layers)
        self.out = nn.Linear(features, targets * (self.anchors + 2 + 2 * self.side))
        nn.init.zeros_(self.out.weight)
        spread = math.log(math.expm1(INITIAL_SPREAD))
        start = [math.log(max(weight, 1e-3)) for weight in prior] + [0.0, 0.0] + [spread] * (2 * self.side)
        with torch.no_grad():
            self.out.bias.copy_(torch.tensor(start * targets))

    def forward(self, step: Tensor, covariates: Tensor, anchors: Tensor) -> Tensor:
        """Quantiles `[B, H, C, Q]`, rising along Q.

        Args:
            step: what the encoder gives, `[B, H, F]`.
            covariates: `[B, H, G]`.
            anchors: `[B, H, C, A]`.
        """
        # Apart and not as one wide input: nothing is copied together, and covariates want no gradient.
        first, *others = self.layers
        assert isinstance(first, nn.Linear)
        hidden = functional.linear(step, first.weight[:, :self.decoded])
        hidden = hidden + functional.linear(covariates, first.weight[:, self.decoded:], first.bias)
        for layer in others:
            hidden = layer(hidden)
        raw = self.out(hidden).unflatten(-1, (self.targets, -1))                           # [B, H, C, A + 2 + 2·side]
        mixture, gate, correction, below, above = raw.split([self.anchors, 1, 1, self.side, self.side], -1)
        reference = (mixture.softmax(-1) * anchors).sum(-1, keepdim=True)                      # [B, H, C, 1]
        median = 2 * torch.sigmoid(gate) * reference + correction
        lower = median - functional.softplus(below).cumsum(-1).flip(-1)
        upper = median + functional.softplus(above).cumsum(-1)
        return torch.cat([lower, median, upper], -1)
