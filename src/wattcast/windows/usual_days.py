"""What a day of its type usually looks like in a window's past, and what other weather than usual makes of it."""

import torch
from torch import Tensor

from wattcast.windows.lately import Lately

RIDGE = 0.1
"""What is added to the diagonal for each past step, in squared standard deviations of the weather: it keeps the few
days of a window, and columns that say the same twice, from large coefficients. [variance]"""


def masked_mean(values: Tensor, mask: Tensor, dim: int, fallback: Tensor | float = 0.0) -> Tensor:
    """Mean over `dim` of the entries whose mask is 1; `fallback` where there is none."""
    count = mask.sum(dim)
    mean = (values * mask).sum(dim) / count.clamp(min=1)
    return torch.where(count > 0, mean, torch.as_tensor(fallback, dtype=values.dtype))


def usual_days(past: Tensor, mask: Tensor, day_off: Tensor, slots: Tensor, day: int) -> Tensor:
    """For each step of past and horizon the mean at the same time of day over the past days of its own day's type.

    Args:
        past: `[B, L, F]`, zero where missing; L a multiple of D (`day`), a step each slot of its days.
        mask: `[B, L, F]`.
        day_off: `[B, L + H]`, 1 on days off.
        slots: `[B, H]`, which slot of such a day each step of the horizon is.
        day: steps per day.

    Returns:
        `[B, L + H, F]`, NaN where the past has no such day.
    """
    batch, length, columns = past.shape
    values, mask = (part.reshape(batch, length // day, day, columns) for part in (past, mask))
    off = day_off[:, :length].reshape(batch, length // day, day, 1)
    slots = torch.cat([(torch.arange(length) % day).expand(batch, -1), slots], 1)                  # [B, L + H]
    worked_and_rested = torch.stack([masked_mean(values, mask * same, 1, float("nan")) for same in (1 - off, off)], 1)
    return worked_and_rested[torch.arange(batch)[:, None], (day_off > 0).long(), slots]


def near_measured(said: Tensor, past: Tensor, mask: Tensor, room: Tensor | float) -> Tensor:
    """What was said of a horizon `[B, H, C]`, no farther beyond what the past `[B, L, C]` has measured than `room`.

    The first flood after weeks of drizzle would carry a regression anywhere. Where nothing was measured it stays.
    """
    lowest, highest = (torch.where(mask > 0, past, edge) for edge in (torch.inf, -torch.inf))
    lowest, highest = lowest.amin(1, keepdim=True) - room, highest.amax(1, keepdim=True) + room
    return torch.where(lowest <= highest, said.clamp(lowest, highest), said)


def weather_adjustment(lately: Lately, usual: Tensor) -> Tensor:
    """What to add to the usual days of the horizon for weather that is not as usual, `[B, H, C]`.

    In each window a ridge regression (Hoerl & Kennard, DOI 10.1080/00401706.1970.10488634) is fitted on the past: the
    target's distance from its usual day against each weather column's, and against the product of that and the usual
    day, for what the sun brings at noon it does not bring at dusk. A works of which half stands still since last week
    is thus taken as it is now.

    Args:
        lately: the past, and the weather of past and horizon.
        usual: the target's `usual_days`.
    """
    return _adjusted(lately, usual)[0]


def explained_by_weather(lately: Lately, usual: Tensor) -> tuple[Tensor, Tensor]:
    """The `weather_adjustment` `[B, H, C]`, and which share of the past's squared distances from the usual day it
    explains there, `[B, C]`; NaN where the past is always as usual."""
    adjustment, learnt, coefficients, distance = _adjusted(lately, usual)
    left, before = (of.square().sum((-1, -2)) for of in (distance - learnt @ coefficients, distance))
    return adjustment, torch.where(before > 0, 1 - left / before, torch.nan)


def _adjusted(lately: Lately, usual: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The adjustment `[B, H, C]`, and the regression's inputs `[B, C, L, 2·W]`, coefficients `[B, C, 2·W, 1]` and
    values `[B, C, L, 1]`."""
    past, mask, weather_mask = lately.past, lately.mask, lately.weather_mask
    length = past.shape[1]
    unusual = lately.weather - usual_days(lately.weather[:, :length], weather_mask[:, :length], lately.day_off,
                                          lately.slots, lately.day)
    unusual = (unusual * weather_mask).nan_to_num()[:, None]                                   # [B, 1, L + H, W]
    level = usual.nan_to_num().mT[..., None]                                                   # [B, C, L + H, 1]
    distance = ((past - usual[:, :length]) * mask).nan_to_num().mT[..., None]                  # [B, C, L, 1]
    learnt = _inputs(unusual[:, :, :length], level[:, :, :length]).mul_(mask.mT[..., None])    # [B, C, L, 2·W]
    squares = learnt.mT @ learnt + RIDGE * length * torch.eye(learnt.shape[-1])
    # As a row times a matrix the product takes a tenth of the time of a matrix times a column.
    solved, singular = torch.linalg.solve_ex(squares, (distance.mT @ learnt).mT)               # [B, C, 2·W, 1]
    # A level that is suddenly a thousandfold leaves the ridge below what single precision tells: nothing is learnt.
    coefficients = torch.where(singular[..., None, None] == 0, solved, 0.0)
    adjustment: Tensor = (_inputs(unusual[:, :, length:], level[:, :, length:]) @ coefficients)[..., 0].mT
    return adjustment, learnt, coefficients, distance


def _inputs(unusual: Tensor, level: Tensor) -> Tensor:
    """Unusual weather `[B, 1, N, W]` and its product with the level of each target `[B, C, N, 1]`, `[B, C, N, 2·W]`: by
    far the largest array here, and made once."""
    batch, _, rows, columns = unusual.shape
    inputs = unusual.new_empty(batch, level.shape[1], rows, 2 * columns)
    inputs[..., :columns] = unusual
    torch.mul(unusual, level, out=inputs[..., columns:])
    return inputs
