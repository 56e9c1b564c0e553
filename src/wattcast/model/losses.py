"""The training criterion: a pinball loss that counts only what was measured."""

import torch
from torch import Tensor


def pinball(forecast: Tensor, target: Tensor, levels: Tensor) -> Tensor:
    """Quantile loss, the mean over levels (Koenker & Bassett 1978, DOI 10.2307/1913643).

    Args:
        forecast: `[B, H, C, Q]`.
        target: `[B, H, C]`.
        levels: `[Q]`, each in (0, 1).

    Returns:
        `[B, H, C]`; with levels that are symmetric about 0.5 it is half the absolute error when all quantiles agree.
    """
    error = target.unsqueeze(-1) - forecast
    return torch.maximum(levels * error, (levels - 1) * error).mean(-1)


def weighted_mean(loss: Tensor, mask: Tensor, *weights: Tensor, whole: Tensor | None = None) -> Tensor:
    """Mean of `loss` `[B, H, C]` over measured entries, each weight broadcast; 0 where nothing was measured.

    With `whole`, the sum of the `entry_weights` of a batch that these windows are a part of, it is their share of that
    batch's mean: the shares of all parts add up to it.
    """
    counted = entry_weights(mask, *weights)
    return (loss * counted).sum() / (counted.sum() if whole is None else whole).clamp(min=1e-9)


def entry_weights(mask: Tensor, *weights: Tensor) -> Tensor:
    """What each entry counts in `weighted_mean`, `[B, H, C]`."""
    counted = mask
    for weight in weights:
        counted = counted * weight
    return counted
