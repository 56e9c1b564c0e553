"""The encoder of Bi-Mamba+ (Liang et al., arXiv 2404.15772): layers that read a sequence in both directions."""

from typing import Literal

from torch import Tensor, nn

from wattcast.model.dropout import Dropout
from wattcast.model.mamba_plus import BiMambaPlus
from wattcast.scan import Gate


class BiMambaEncoderLayer(nn.Module):
    """Two Mamba+ blocks, each with its own residual and norm, summed; then a feed-forward part. Post-norm throughout.

    Args:
        d_model: D, width of a token.
        d_ff: F, width of the feed-forward part.
        d_state: N, size of a channel's state.
        d_conv: K, width of the causal convolution in tokens.
        expand: inner width of a block / D.
        dropout: p, inside and after the feed-forward part; the blocks have none.
        gate: see `BiMambaPlus`.
        directions: 2, or 1 for forward only.
        backend: implementation of the scan.
    """

    def __init__(self, *, d_model: int, d_ff: int, d_state: int, d_conv: int, expand: float, dropout: float,
                 gate: Gate = "mamba_plus", directions: Literal[1, 2] = 2, backend: str = "auto") -> None:
        super().__init__()
        self.mamba = BiMambaPlus(d_model, d_state, d_conv, expand, gate=gate, directions=directions, backend=backend)
        self.direction_norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(directions))
        self.feed_forward = nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), Dropout(dropout),
                                          nn.Linear(d_ff, d_model), Dropout(dropout))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, tokens: Tensor) -> Tensor:
        """`[B, W, D]` from `[B, W, D]`."""
        residual = tokens + self.mamba(tokens)                                                 # [2, B, W, D]
        hidden = sum(norm(each) for norm, each in zip(self.direction_norms, residual, strict=True))  # [B, W, D]
        normed: Tensor = self.norm(hidden + self.feed_forward(hidden))                         # [B, W, D]
        return normed


class BiMambaEncoder(nn.Module):
    """`n_layers` layers and a last LayerNorm; the other arguments as for `BiMambaEncoderLayer`."""

    def __init__(self, *, d_model: int, d_ff: int, n_layers: int, d_state: int, d_conv: int, expand: float,
                 dropout: float, gate: Gate = "mamba_plus", directions: Literal[1, 2] = 2,
                 backend: str = "auto") -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            BiMambaEncoderLayer(d_model=d_model, d_ff=d_ff, d_state=d_state, d_conv=d_conv, expand=expand,
                                dropout=dropout, gate=gate, directions=directions, backend=backend)
            for _ in range(n_layers))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, tokens: Tensor) -> Tensor:
        """`[B, W, D]` from `[B, W, D]`."""
        for layer in self.layers:
            tokens = layer(tokens)                                                             # [B, W, D]
        normed: Tensor = self.norm(tokens)                                                     # [B, W, D]
        return normed
