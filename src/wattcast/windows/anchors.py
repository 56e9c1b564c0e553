"""The seasonal references that the network corrects, for every step of a horizon, known at its origin."""

import torch
from torch import Tensor

ANCHORS_WITHOUT_LAGS = ("lag_mean", "lag_mean_shifted", "yesterday", "day_profile", "day_type_profile")
"""Besides the lags themselves: their mean, that mean shifted by the last day's level, the last day, and the mean at the
same time of day over the last seven days and over all days of the past that are off, or worked, like the step's own."""


def anchor_count(lags: int) -> int:
    return lags + len(ANCHORS_WITHOUT_LAGS)


def anchor_names(lag_weeks: tuple[int, ...]) -> tuple[str, ...]:
    """All anchors in the order of `build_anchors`: `lag_1w` …, then `ANCHORS_WITHOUT_LAGS`."""
    return (*(f"lag_{weeks}w" for weeks in lag_weeks), *ANCHORS_WITHOUT_LAGS)


def masked_mean(values: Tensor, mask: Tensor, dim: int, fallback: Tensor | float = 0.0) -> Tensor:
    """Mean over `dim` of the entries whose mask is 1; `fallback` where there is none."""
    count = mask.sum(dim)
    mean = (values * mask).sum(dim) / count.clamp(min=1)
    return torch.where(count > 0, mean, torch.as_tensor(fallback, dtype=values.dtype))


def build_anchors(lags: Tensor, lag_mask: Tensor, past: Tensor, past_mask: Tensor, day_off: Tensor, day: int) -> Tensor:
    """All anchors, every one of them finite: a reference that is missing is replaced by the next best.

    Args:
        lags: `[B, D + H, C, A]`, the values some weeks before the past's last day (D = `day`) and before the horizon.
        lag_mask: the same shape, 1 where measured.
        past: `[B, L, C]` scaled target history, zero where missing; L a multiple of D.
        past_mask: `[B, L, C]`.
        day_off: `[B, L + H]`, 1 on days off.
        day: steps per day.

    Returns:
        `[B, H, C, A + 5]` in the order lags, then `ANCHORS_WITHOUT_LAGS`.
    """
    batch, length, targets = past.shape
    steps = lags.shape[1] - day
    days = min(7, length // day)
    recent = past[:, length - days * day:].reshape(batch, days, day, targets)
    recent_mask = past_mask[:, length - days * day:].reshape(batch, days, day, targets)
    level = masked_mean(past, past_mask, 1)                                                       # [B, C]
    profile = masked_mean(recent, recent_mask, 1, level[:, None])                                 # [B, D, C]
    yesterday = torch.where(recent_mask[:, -1] > 0, recent[:, -1], profile)                       # [B, D, C]

    slot = torch.arange(steps) % day
    profile, yesterday_steps = profile[:, slot], yesterday[:, slot]                               # [B, H, C]
    mean = masked_mean(lags, lag_mask, -1, torch.cat([yesterday, profile], 1))                    # [B, D + H, C]
    known = recent_mask[:, -1] * lag_mask[:, :day].amax(-1)
    shift = masked_mean(recent[:, -1] - mean[:, :day], known, 1)                                  # [B, C]
    mean = mean[:, day:]
    filled = torch.where(lag_mask[:, day:] > 0, lags[:, day:], mean.unsqueeze(-1))                # [B, H, C, A]
    like = _day_type_profile(past, past_mask, day_off, day, profile)
    others = torch.stack([mean, mean + shift[:, None], yesterday_steps, profile, like], -1)
    return torch.cat([filled, others], -1)


def _day_type_profile(past: Tensor, mask: Tensor, day_off: Tensor, day: int, fallback: Tensor) -> Tensor:
    """`[B, H, C]`: the mean at the same time of day over the past days of the same type as the step's own day."""
    batch, length, targets = past.shape
    days, steps = length // day, fallback.shape[1]
    values, mask = (part[:, length - days * day:].reshape(batch, days, day, targets) for part in (past, mask))
    off = day_off[:, length - days * day:length].reshape(batch, days, day, 1)
    slot = torch.arange(steps) % day
    worked, rested = (masked_mean(values, mask * same, 1, float("nan"))[:, slot] for same in (1 - off, off))
    chosen = torch.where(day_off[:, length:, None] > 0, rested, worked)
    return torch.where(torch.isnan(chosen), fallback, chosen)
