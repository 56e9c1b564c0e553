"""The network that forecasts power: past and horizon as one sequence of patches, read in both directions.

Horizon tokens carry what is known of the future (calendar, weather forecast, seasonal anchors) and no target; each of
them decodes its own steps together with those steps' covariates. What it predicts is a correction of seasonal anchors.
"""

from dataclasses import asdict, dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from wattcast.contracts import QUANTILES, Config
from wattcast.model.dropout import Dropout
from wattcast.model.encoder import BiMambaEncoder
from wattcast.model.heads import AnchoredQuantileHead
from wattcast.model.patching import horizon_patches, merge_patches, past_patches, patch_count

FIRST_SHARE = 0.8
"""Of the last anchor in the untrained network where it knows the weather; the lags have the rest. [share]"""

REACH = 1e4
"""How far from the usual the network sees: the layers raise what they are given to the fourth power, and a meter that
tells watts in place of megawatts would make that more than single precision holds. [standard deviations]"""

Backend = Literal["auto", "reference", "loop", "numba", "triton", "mamba_ssm"]


class ModelConfig(Config):
    """Size and shape of the network; `search` is the range that hyper-parameter search explores."""

    d_model: int = Field(64, ge=8, description="hidden width",
                         json_schema_extra={"search": [64, 128, 256, 512]})
    d_ff_ratio: float = Field(2.0, gt=0, description="feed-forward width / d_model",
                              json_schema_extra={"search": [1.5, 2.0, 3.0, 4.0]})
    n_layers: int = Field(2, ge=1, description="encoder layers",
                          json_schema_extra={"search": [2, 3, 4, 5, 6]})
    drop_rate: float = Field(0.2, ge=0, lt=1, description="dropout",
                             json_schema_extra={"search": [0.1, 0.2, 0.3, 0.4, 0.5]})
    d_state: int = Field(16, ge=1, le=128, description="state size of the scan",
                         json_schema_extra={"search": [16, 32, 64, 128]})
    d_conv: int = Field(3, ge=2, le=6, description="width of the causal convolution",
                        json_schema_extra={"search": [3, 4, 5, 6]})
    expand: float = Field(1.5, ge=1, le=4, description="inner width / d_model",
                          json_schema_extra={"search": [1.5, 2.0, 2.5, 3.0]})
    patch_len: int = Field(16, ge=1, description="steps in a patch",
                           json_schema_extra={"search": [8, 12, 16, 20, 24]})
    stride_ratio: float = Field(1.0, gt=0, le=1, description="stride / patch_len",
                                json_schema_extra={"search": [0.25, 0.5, 0.75]})
    weather_dropout: float = Field(0.3, ge=0, lt=1,
                                   description="share of training windows whose future weather is hidden")
    scan: Backend = Field("auto", description="implementation of the selective scan")
    base: str = Field("default", min_length=1, description="what other stations know: default for the base that ships, "
                      "none, or the folder of one that `wattcast pretrain` has made")

    @property
    def d_ff(self) -> int:
        return round(self.d_model * self.d_ff_ratio)

    @property
    def stride(self) -> int:
        return max(1, round(self.patch_len * self.stride_ratio))


@dataclass(frozen=True)
class InputSizes:
    """What the data decides: H steps of horizon, C targets, K known-future and P past-only columns, A anchors."""

    horizon: int
    week: int
    targets: int
    known: int
    past: int
    lags: int
    anchors: int
    weather: tuple[int, ...]
    adjusted: bool = True
    """Whether the last anchor knows the horizon's weather."""


class PowerNetwork(nn.Module):
    """See the module's text.

    Args:
        config: size of the network.
        sizes: what the data decides.
    """

    step_width = 24
    """Features of a step that a horizon token hands to the head."""

    weather: Tensor

    def __init__(self, config: ModelConfig, sizes: InputSizes) -> None:
        super().__init__()
        self.config, self.sizes = config, sizes
        weather = len(sizes.weather)
        self.register_buffer("weather", torch.tensor(sizes.weather, dtype=torch.int64), persistent=False)
        past_features = 2 * sizes.targets + 2 * sizes.past + sizes.known + weather
        # Horizon: known columns, their masks and their change against a week before, anchors, lead time.
        horizon_features = sizes.known + 3 * weather + sizes.targets * sizes.anchors + 1
        self.embed_past = nn.Linear(config.patch_len * past_features, config.d_model)
        self.embed_horizon = nn.Linear(config.patch_len * horizon_features, config.d_model)
        self.embed_dropout = Dropout(config.drop_rate)
        self.encoder = BiMambaEncoder(
            d_model=config.d_model, d_ff=config.d_ff, n_layers=config.n_layers, d_state=config.d_state,
            d_conv=config.d_conv, expand=config.expand, dropout=config.drop_rate, backend=config.scan)
        self.decode = nn.Linear(config.d_model, config.patch_len * self.step_width)
        # Before training the network is mostly the last anchor, usual days adjusted for the weather, if they are:
        # where twelve weeks are all there is to learn from, it does not get far from where it starts.
        first, others = FIRST_SHARE if sizes.adjusted else 0.0, sizes.anchors - sizes.lags - 1
        prior = [(1 - first) / sizes.lags] * sizes.lags + [0.0] * others + [first]
        self.head = AnchoredQuantileHead(
            self.step_width, horizon_features, (96, 64), targets=sizes.targets, prior=tuple(prior),
            quantiles=len(QUANTILES), dropout=config.drop_rate)

    def forward(self, past_target: Tensor, past_target_mask: Tensor, past_covariates: Tensor,
                past_covariates_mask: Tensor, known: Tensor, known_mask: Tensor, anchors: Tensor) -> Tensor:
        """Quantiles `[B, H, C, Q]` in scaled units; arguments as in `windows.dataset.Batch`."""
        patch, stride = self.config.patch_len, self.config.stride
        lookback = past_target.shape[1]
        weather_mask = known_mask[..., self.weather]                                           # [B, L + H, W]
        past = torch.cat([past_target, past_target_mask, past_covariates, past_covariates_mask,
                          known[:, :lookback], weather_mask[:, :lookback]], -1).clamp(-REACH, REACH)   # [B, L, F]
        horizon = self._horizon(known, weather_mask, anchors, lookback).clamp(-REACH, REACH)   # [B, H, G]

        tokens = torch.cat([self.embed_past(past_patches(past, patch, stride).flatten(2)),
                            self.embed_horizon(horizon_patches(horizon, patch, stride).flatten(2))], 1)
        tokens = self.encoder(self.embed_dropout(tokens))                                      # [B, J + K, D]
        ahead = tokens[:, -patch_count(horizon.shape[1], patch, stride):]                      # [B, K, D]
        steps = self.decode(ahead).unflatten(-1, (patch, self.step_width))                     # [B, K, patch, 24]
        steps = merge_patches(steps, stride, horizon.shape[1])                                 # [B, H, 24]
        quantiles: Tensor = self.head(steps, horizon, anchors)
        return quantiles

    def _horizon(self, known: Tensor, weather_mask: Tensor, anchors: Tensor, lookback: int) -> Tensor:
        steps, batch = anchors.shape[1], len(known)
        week_before = slice(lookback - self.sizes.week, lookback - self.sizes.week + steps)
        both = weather_mask[:, lookback:] * weather_mask[:, week_before]
        weather = known[..., self.weather]
        change = (weather[:, lookback:] - weather[:, week_before]) * both                      # [B, H, W]
        lead = torch.arange(1, steps + 1, device=known.device, dtype=known.dtype) / steps
        return torch.cat([known[:, lookback:], weather_mask[:, lookback:], both, change, anchors.flatten(2),
                          lead[None, :, None].expand(batch, -1, -1)], -1)

    def description(self) -> dict[str, object]:
        """What a bundle needs to build the same network again."""
        return {"config": self.config.model_dump(mode="json"), "sizes": asdict(self.sizes)}
