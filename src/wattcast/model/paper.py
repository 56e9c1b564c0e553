"""Bi-Mamba+ as published (Liang et al., arXiv 2404.15772): the proof of our blocks, not the network that forecasts.

It forecasts M variates from their own past alone, without positions or time marks. Gradients are those of the written
equations; the authors' fused kernel leaves the forget gate's share out of the one to the output projection.
"""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from wattcast.contracts import Config
from wattcast.model.dropout import Dropout
from wattcast.model.encoder import BiMambaEncoder

Channels = Literal["independent", "mixing"]
"""Whether the scan runs along each variate's patches, or along the variates of each patch in column order."""

VARIANCE_FLOOR = 1e-5
"""Added to a window's variance, so that a constant one can be divided by it. [variance]"""


class PaperConfig(Config):
    """Size of the published network; the defaults are those for ETTh1."""

    horizon: int = Field(96, ge=1, description="H, steps ahead")
    lookback: int = Field(96, ge=1, description="L, steps of the past")
    patch_len: int = Field(4, ge=1, description="P, steps in a patch; patches are P / 2 apart")
    d_model: int = Field(64, ge=1, description="D, width of a token")
    d_ff: int = Field(128, ge=1, description="F, width of the feed-forward part")
    n_layers: int = Field(1, ge=1, description="n, encoder layers")
    d_state: int = Field(8, ge=1, description="N, size of a channel's state")
    d_conv: int = Field(2, ge=2, le=6, description="K, width of the causal convolution")
    expand: float = Field(1.0, gt=0, description="e, inner width / D")
    dropout: float = Field(0.2, ge=0, lt=1, description="p, after the embedding and in the feed-forward part")
    channels: Channels = Field("independent", description="what `series_relation` decides for a data set")

    @model_validator(mode="after")
    def _patch_fits(self) -> Self:
        if self.patch_len > self.lookback:
            raise ValueError(f"patch_len {self.patch_len} is longer than lookback {self.lookback}")
        return self

    @property
    def stride(self) -> int:
        """S."""
        return max(1, self.patch_len // 2)

    @property
    def padding(self) -> int:
        """Steps by which the last value is repeated: up to a multiple of S."""
        return -self.lookback % self.stride

    @property
    def patches(self) -> int:
        """J."""
        return (self.lookback + self.padding - self.patch_len) // self.stride + 1


class BiMambaPlusPaper(nn.Module):
    """Instance norm, patches, encoder, and one linear map from all of a variate's patches to its horizon.

    Args:
        config: size of the network; it does not depend on the number of variates.
        backend: implementation of the scan.
    """

    def __init__(self, config: PaperConfig, backend: str = "auto") -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Linear(config.patch_len, config.d_model)
        self.embed_dropout = Dropout(config.dropout)
        self.encoder = BiMambaEncoder(
            d_model=config.d_model, d_ff=config.d_ff, n_layers=config.n_layers, d_state=config.d_state,
            d_conv=config.d_conv, expand=config.expand, dropout=config.dropout, backend=backend)
        self.head = nn.Linear(config.patches * config.d_model, config.horizon)

    def forward(self, x: Tensor) -> Tensor:
        """Forecasts `[B, H, M]` from the past `[B, L, M]`, both in the unit of the input."""
        mean = x.mean(1, keepdim=True)                                                         # [B, 1, M]
        scale = (x.var(1, correction=0, keepdim=True) + VARIANCE_FLOOR).sqrt()                 # [B, 1, M]
        series = ((x - mean) / scale).mT                                                       # [B, M, L]
        series = functional.pad(series, (0, self.config.padding), mode="replicate")            # [B, M, L + padding]
        patches = series.unfold(-1, self.config.patch_len, self.config.stride)                 # [B, M, J, P]
        tokens = self._encode(self.embed_dropout(self.embed(patches)))                         # [B, M, J, D]
        forecast: Tensor = self.head(tokens.flatten(2))                                        # [B, M, H]
        return forecast.mT * scale + mean                                                      # [B, H, M]

    def _encode(self, tokens: Tensor) -> Tensor:
        """`[B, M, J, D]` from the same; the scan runs along J, or along M where variates are mixed."""
        if self.config.channels == "mixing":
            tokens = tokens.transpose(1, 2)                                                    # [B, J, M, D]
        encoded: Tensor = self.encoder(tokens.flatten(0, 1)).reshape(tokens.shape)
        return encoded.transpose(1, 2) if self.config.channels == "mixing" else encoded        # [B, M, J, D]


def series_relation(train: NDArray[Any], threshold: float = 0.6) -> tuple[Channels, float]:
    """The paper's series-relation-aware decider: whether a data set's variates are alike enough to be mixed.

    r = max_i h_i / max_i p_i, where h_i counts the other variates whose Spearman correlation with variate i is at
    least `threshold` (λ) and p_i those where it is not negative; variates are mixed from r = 1 − λ on. A constant
    variate, or one with missing values, is related to none.

    Args:
        train: the training rows `[T, M]`, and no others.
        threshold: λ.

    Returns:
        The decision and r; `independent` and 0 where no two variates agree in sign.
    """
    from scipy.stats import rankdata

    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.atleast_2d(np.corrcoef(rankdata(train, axis=0), rowvar=False))        # [M, M]
    np.fill_diagonal(correlation, np.nan)
    strong = (correlation >= threshold).sum(1).max()
    positive = (correlation >= 0).sum(1).max()
    ratio = float(strong / positive) if positive else 0.0
    return ("mixing" if ratio >= 1 - threshold else "independent"), ratio
