"""What is known of each step of a horizon, in the units of its own window: how a model reads a station it never saw.

A window is the last 28 days before an origin and the horizon behind it. Power is told as (x − mean) / standard
deviation of those days, so that a home and a region look alike, and whatever is told depends neither on the station's
size nor on its step.

Of the weather only what the window's own regression makes of it is told. Raw temperature, sun and wind do not transfer
from a few places to others: with them, trees were worse at sources that they had not seen.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast.contracts import Kind
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.lately import Lately
from wattcast.windows.usual_days import explained_by_weather, masked_mean, near_measured, usual_days

DAYS, WEEKS = 28, 4
"""The history that makes a window's units, in days and in weeks. [days, weeks]"""

CALENDAR_INPUTS = ("lead", "hour", "weekday", "day_off", "day_off_a_week_before")
SEASONAL_INPUTS = ("lag_1w", "lag_2w", "lag_3w", "lag_4w", "lag_mean", "lag_mean_same_type", "lag_median", "lag_spread",
                   "yesterday", "profile_7", "usual_14", "usual_28", "usual_error_here")
WINDOW_INPUTS = ("level_3h", "level_1d", "level_3d", "level_7d", "week_1", "week_2", "week_3", "week_4", "error_7d",
                 "error_1d", "profile_spread", "usual_error", "zero", "highest", "lowest", "zeros",
                 "off_against_worked", "measured", "kind")
ADJUSTED_INPUTS = ("adjusted", "adjustment", "explained")
INPUTS = (*CALENDAR_INPUTS, *SEASONAL_INPUTS, *ADJUSTED_INPUTS, *WINDOW_INPUTS)
"""The F inputs of a step, in their order."""

BEYOND = 1.0
"""Standard deviations beyond what the window has measured, to which weather may take its usual day.
[standard deviations]"""

_FLAT = 1e-6
"""Of the largest value: a standard deviation below it is rounding, and the window is taken for constant. [share]"""


@dataclass(frozen=True, eq=False)
class WindowUnits:
    """B windows of H steps and C targets.

    Attributes:
        inputs: `[B, H, C, F]`, float32, NaN where not known.
        reference: `[B, H, C]`, the usual day adjusted for the weather, in window units: what a model corrects.
        mean: `[B, C]`, of the last 28 days, in the targets' units; zero where nothing was measured.
        deviation: `[B, C]`, the same of the standard deviation; zero where the window is constant.
    """

    inputs: NDArray[np.float32]
    reference: Tensor
    mean: Tensor
    deviation: Tensor

    def in_units(self, correction: Tensor) -> Tensor:
        """What a correction `[B, H, C]` of the reference says, in the targets' units."""
        return self.mean[:, None] + self.deviation[:, None] * (self.reference + correction)

    def correction(self, power: Tensor) -> Tensor:
        """The correction that would have been right of `power` `[B, H, C]`; not finite where the window is constant."""
        return (power - self.mean[:, None]) / self.deviation[:, None] - self.reference


def lately_in_units(windows: WindowDataset, origins: NDArray[np.int64], hidden: Tensor | None = None) -> Lately:
    """The last 28 days before `origins` `[B]` with the power in the targets' units; plants know no days off.

    In double precision: what trees read must not depend on how many windows are asked at once.
    """
    lately = windows.lately(origins, DAYS, hidden)
    off = lately.day_off if windows.shape.kind is Kind.LOAD else torch.zeros_like(lately.day_off)
    mask = lately.mask.double()
    return replace(lately, past=windows.in_units(lately.past) * mask, mask=mask, day_off=off.double(),
                   weather=lately.weather.double(), weather_mask=lately.weather_mask.double())


def window_units(windows: WindowDataset, origins: NDArray[np.int64], lately: Lately) -> WindowUnits:
    """What is known at `origins` `[B]`, of which `lately_in_units` tells the last days."""
    past, mask = lately.past, lately.mask
    mean = masked_mean(past, mask, 1)
    deviation = masked_mean((past - mean[:, None]).square(), mask, 1).sqrt()                   # [B, C]
    largest = (past.abs() * mask).amax(1)
    deviation = torch.where(deviation > _FLAT * largest, deviation, 0.0)
    safe = torch.where(deviation > 0, deviation, 1.0)
    lately = replace(lately, past=(past - mean[:, None]) / safe[:, None] * mask)
    zero = torch.where(deviation > 0, -mean / safe, torch.nan)
    usual = usual_days(lately.past, mask, lately.day_off, lately.slots, lately.day)            # [B, L + H, C]
    adjusted, reference = _adjusted(lately, usual)
    groups = (_calendar(windows, origins, lately), _seasonal(lately, usual), adjusted,
              _of_window(windows, lately, usual, zero))
    shape = reference.shape
    inputs = torch.cat([group.expand(*shape, group.shape[-1]) for group in groups], -1)
    return WindowUnits(inputs.numpy().astype(np.float32), reference, mean, deviation)


def _calendar(windows: WindowDataset, origins: NDArray[np.int64], lately: Lately) -> Tensor:
    """`[B, H, 1, 5]`."""
    length, day = lately.length, lately.day
    steps = torch.arange(lately.slots.shape[1])
    hour, weekday = windows.clock_ahead(origins)
    off = lately.day_off[:, length:]
    before = lately.day_off[:, :length].take_along_dim(_week_before(lately, 1), 1)
    lead = ((steps + 0.5) / day).double().expand_as(off)
    return torch.stack([lead, hour, weekday, off, before], -1)[:, :, None]


def in_days(values: Tensor, day: int) -> Tensor:
    """`[B, N·D, …]` as `[B, N, D, …]`."""
    return values.reshape(len(values), -1, day, *values.shape[2:])


def _week_before(lately: Lately, weeks: int) -> Tensor:
    """The position in the past of the same time so many weeks before each step of the horizon `[B, H]`."""
    steps = torch.arange(lately.slots.shape[1])
    # By the clock on the wall a day of the horizon may have an hour more or less.
    days = ((steps - lately.slots) / lately.day).round().long().clamp(0, 6)
    return (DAYS - 7 * weeks + days) * lately.day + lately.slots


def _seasonal(lately: Lately, usual: Tensor) -> Tensor:
    """`[B, H, C, 13]`."""
    past, mask, length, day = lately.past, lately.mask, lately.length, lately.day
    known = torch.where(mask > 0, past, torch.nan)
    places = torch.stack([_week_before(lately, week) for week in range(1, WEEKS + 1)], -1)     # [B, H, 4]
    flat = places.flatten(1)
    lags, off = (of.take_along_dim(flat[..., None], 1).reshape(*places.shape, -1).mT
                 for of in (known, lately.day_off[:, :length, None]))                          # [B, H, C, 4]
    mean = lags.nanmean(-1)
    alike = lags.where(off == lately.day_off[:, length:, None, None], torch.nan).nanmean(-1)
    spread = (lags - mean[..., None]).square().nanmean(-1).sqrt()
    by_day, by_day_mask = (in_days(of, day) for of in (past, mask))
    week = masked_mean(by_day[:, -7:], by_day_mask[:, -7:], 1, torch.nan)                      # [B, D, C]
    half = DAYS // 2 * day
    fortnight = usual_days(past[:, half:], mask[:, half:], lately.day_off[:, half:], lately.slots, day)
    distance = (past - usual[:, :length]).abs() * mask
    error = masked_mean(in_days(distance.nan_to_num(), day), by_day_mask, 1, torch.nan)
    yesterday = in_days(known, day)[:, -1]
    here = [of.take_along_dim(lately.slots[..., None], 1) for of in (yesterday, week, error)]
    return torch.stack([*lags.unbind(-1), mean, alike, lags.nanquantile(0.5, -1), spread, here[0], here[1],
                        fortnight[:, half:], usual[:, length:], here[2]], -1)


def _adjusted(lately: Lately, usual: Tensor) -> tuple[Tensor, Tensor]:
    """`[B, H, C, 3]`, and the reference `[B, H, C]`: finite, as the mean of all days stands in for a missing type."""
    by_day, by_day_mask = (in_days(of, lately.day) for of in (lately.past, lately.mask))
    every = masked_mean(by_day, by_day_mask, 1).take_along_dim(lately.slots[..., None], 1)
    ahead = usual[:, lately.length:]
    ahead = torch.where(ahead.isnan(), every, ahead)
    if not lately.weather.shape[-1]:
        unknown = torch.full_like(ahead, torch.nan)
        return torch.stack([ahead, unknown, unknown], -1), ahead
    adjustment, explained = explained_by_weather(lately, usual)
    reference = near_measured(ahead + adjustment, lately.past, lately.mask, BEYOND)
    return torch.stack([reference, adjustment, explained[:, None].expand_as(ahead)], -1), reference


def _of_window(windows: WindowDataset, lately: Lately, usual: Tensor, zero: Tensor) -> Tensor:
    """`[B, 1, C, 19]`."""
    past, mask, length, day = lately.past, lately.mask, lately.length, lately.day
    off = lately.day_off[:, :length, None]
    distance = ((past - usual[:, :length]) * mask).nan_to_num()

    def mean(values: Tensor, known: Tensor) -> Tensor:
        return masked_mean(values, known, 1, torch.nan)

    def against(steps: int) -> Tensor:
        return mean((past[:, steps:] - past[:, :-steps]).abs(), mask[:, steps:] * mask[:, :-steps])

    levels = [mean(distance[:, -steps:], mask[:, -steps:]) for steps in (max(1, day // 8), day, 3 * day, 7 * day)]
    ends = [length - week * 7 * day for week in range(WEEKS)]
    weeks = [mean(past[:, end - 7 * day:end], mask[:, end - 7 * day:end]) for end in ends]
    profile = mean(in_days(past, day), in_days(mask, day))                                     # [B, D, C]
    spread = (profile - profile.nanmean(1, True)).square().nanmean(1).sqrt()
    known = mask > 0
    highest, lowest = (sign * (sign * past).where(known, -torch.inf).amax(1) for sign in (1, -1))
    zeros = mean(((past - zero[:, None]).abs() < 1e-3).double(), mask)
    kind = torch.full_like(zero, float(tuple(Kind).index(windows.shape.kind)))
    return torch.stack([*levels, *weeks, against(7 * day), against(day), spread, mean(distance.abs(), mask), zero,
                        highest, lowest, zeros, mean(past, mask * off) - mean(past, mask * (1 - off)), mask.mean(1),
                        kind], -1)[:, None]
