"""The network that knows no station: days as tokens, read in both directions, and a head for each step.

The encoder reads the weeks before an origin and the horizon by hours, a token a day; what it says of an hour goes, with
all that is known of a step itself, to the head that corrects that step's anchors. So the same weights forecast at any
step.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wattcast.contracts import QUANTILES
from wattcast.model.dropout import Dropout
from wattcast.model.encoder import BiMambaEncoder
from wattcast.model.heads import AnchoredQuantileHead

WIDTH = 128
"""Of a token. [features]"""
LAYERS = 3
"""Of the encoder. [layers]"""
STEP_WIDTH = 32
"""Features of an hour that a token hands to the head. [features]"""
HEAD = (128, 64)
"""Widths of the head's hidden layers. [features]"""
DROPOUT = 0.1
"""After the embedding, in the encoder and in the head. [share]"""


@dataclass(frozen=True)
class DaySizes:
    """How many numbers a token of the past, one of the horizon and a step are told, a token's hours, and the anchors'
    shares before training."""

    past: int
    ahead: int
    covariates: int
    hours: int
    prior: tuple[float, ...]


class DayNetwork(nn.Module):
    """See the module's text.

    Args:
        sizes: what it is told.
    """

    def __init__(self, sizes: DaySizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.embed_past = nn.Linear(sizes.past, WIDTH)
        self.embed_ahead = nn.Linear(sizes.ahead, WIDTH)
        self.embed_dropout = Dropout(DROPOUT)
        self.encoder = BiMambaEncoder(d_model=WIDTH, d_ff=2 * WIDTH, n_layers=LAYERS, d_state=16, d_conv=3, expand=1.5,
                                      dropout=DROPOUT)
        self.decode = nn.Linear(WIDTH, sizes.hours * STEP_WIDTH)
        self.head = head_of(sizes)

    def forward(self, past: Tensor, ahead: Tensor, covariates: Tensor, anchors: Tensor, hours: Tensor) -> Tensor:
        """Quantiles `[N, S, Q]` in a window's units.

        Args:
            past: `[N, J, P]`, tokens of days before the origin.
            ahead: `[N, K, O]`, those of the horizon.
            covariates: `[N, S, G]`, of steps of the horizon.
            anchors: `[N, S, A]`.
            hours: `[N, S]`, in which hour of the horizon each step lies.
        """
        quantiles: Tensor = self.head(self.encoded(past, ahead, hours), covariates, anchors[:, :, None])[:, :, 0]
        return quantiles

    def encoded(self, past: Tensor, ahead: Tensor, hours: Tensor) -> Tensor:
        """What the encoder says of each step, `[N, S, 32]`; the same whatever head reads it."""
        tokens = torch.cat([self.embed_past(past), self.embed_ahead(ahead)], 1)                # [N, J + K, D]
        tokens = self.encoder(self.embed_dropout(tokens))[:, -ahead.shape[1]:]                 # [N, K, D]
        decoded = self.decode(tokens).reshape(len(past), -1, STEP_WIDTH)                       # [N, K · 24, 32]
        steps: Tensor = decoded.take_along_dim(hours[..., None], 1)                            # [N, S, 32]
        return steps


def head_of(sizes: DaySizes) -> AnchoredQuantileHead:
    """What reads an hour's features and a step's own."""
    return AnchoredQuantileHead(STEP_WIDTH, sizes.covariates, HEAD, targets=1, prior=sizes.prior,
                                quantiles=len(QUANTILES), dropout=DROPOUT)
