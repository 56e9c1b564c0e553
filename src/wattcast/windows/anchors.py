"""The seasonal references that the network corrects, for every step of a horizon, known at its origin."""

import torch
from torch import Tensor

from wattcast.windows.lately import Lately
from wattcast.windows.usual_days import masked_mean, usual_days, weather_adjustment

ANCHORS_WITHOUT_LAGS = ("lag_mean", "lag_mean_shifted", "yesterday", "day_profile", "day_type_profile",
                        "weather_adjusted")
"""Besides the lags themselves: their mean, that mean shifted by the last day's level, the last day, the mean at the
same time of day over the last seven days and over all days of the past that are off, or worked, like the step's own,
and that last one adjusted for the horizon's weather."""


def anchor_count(lags: int) -> int:
    """How many anchors there are with so many lags."""
    return lags + len(ANCHORS_WITHOUT_LAGS)


def anchor_names(lag_weeks: tuple[int, ...]) -> tuple[str, ...]:
    """All anchors in the order of `build_anchors`: `lag_1w` …, then `ANCHORS_WITHOUT_LAGS`."""
    return (*(f"lag_{weeks}w" for weeks in lag_weeks), *ANCHORS_WITHOUT_LAGS)


def without_weather(anchors: Tensor) -> Tensor:
    """What anchors `[..., A]` are when nothing of the horizon's weather is known: usual days are not adjusted."""
    return torch.cat([anchors[..., :-1], anchors[..., -2:-1]], -1)


def build_anchors(lags: Tensor, lag_mask: Tensor, lately: Lately) -> Tensor:
    """All anchors, every one of them finite: a reference that is missing is replaced by the next best.

    Args:
        lags: `[B, D + H, C, A]`, the values some weeks before the past's last day and before the horizon.
        lag_mask: the same shape, 1 where measured.
        lately: the past and what is known of the horizon.

    Returns:
        `[B, H, C, A + 6]` in the order lags, then `ANCHORS_WITHOUT_LAGS`.
    """
    past, past_mask, slots, day = lately.past, lately.mask, lately.slots, lately.day
    batch, length, targets = past.shape
    days = min(7, length // day)
    recent = past[:, length - days * day:].reshape(batch, days, day, targets)
    recent_mask = past_mask[:, length - days * day:].reshape(batch, days, day, targets)
    level = masked_mean(past, past_mask, 1)                                                       # [B, C]
    profile = masked_mean(recent, recent_mask, 1, level[:, None])                                 # [B, D, C]
    yesterday = torch.where(recent_mask[:, -1] > 0, recent[:, -1], profile)                       # [B, D, C]

    profile, yesterday_steps = (of.take_along_dim(slots[..., None], 1) for of in (profile, yesterday))  # [B, H, C]
    mean = masked_mean(lags, lag_mask, -1, torch.cat([yesterday, profile], 1))                    # [B, D + H, C]
    known = recent_mask[:, -1] * lag_mask[:, :day].amax(-1)
    shift = masked_mean(recent[:, -1] - mean[:, :day], known, 1)                                  # [B, C]
    mean = mean[:, day:]
    filled = torch.where(lag_mask[:, day:] > 0, lags[:, day:], mean.unsqueeze(-1))                # [B, H, C, A]
    usual = usual_days(past, past_mask, lately.day_off, slots, day)                               # [B, L + H, C]
    ahead = torch.where(usual[:, length:].isnan(), profile, usual[:, length:])                    # [B, H, C]
    adjusted = ahead + weather_adjustment(lately, usual)
    others = torch.stack([mean, mean + shift[:, None], yesterday_steps, profile, ahead, adjusted], -1)
    return torch.cat([filled, others], -1)
