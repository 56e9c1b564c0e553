"""A forecast made again and again from one origin, each time with other rows, all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast.contracts import MIDDLE, Kind
from wattcast.experts.base import Asked
from wattcast.experts.pretrained import BASE, Pretrained
from wattcast.features.table import FeatureTable
from wattcast.forecasting.inference import BATCH, Inference
from wattcast.forecasting.predictor import Basis
from wattcast.forecasting.selection import said, shares_by_step
from wattcast.windows.dataset import Batch, WindowDataset
from wattcast.windows.lately import Lately

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class VariedWindows(WindowDataset):
    """Windows of several tables on the same grid, one of each: the i-th origin is one of the i-th table."""

    def __init__(self, parts: Sequence[WindowDataset]) -> None:
        vars(self).update(vars(parts[0]))
        self.parts = parts

    def batch(self, origins: NDArray[np.int64]) -> Batch:
        batches = [part.batch(origins[place:place + 1]) for place, part in enumerate(self.parts)]
        return cast(Batch, {name: torch.cat([cast(Tensor, cast(dict[str, object], batch)[name]) for batch in batches])
                            for name in batches[0]})

    def lately(self, origins: NDArray[np.int64], days: int, hidden: Tensor | None = None) -> Lately:
        found = [part.lately(origins[place:place + 1], days, None if hidden is None else hidden[place:place + 1])
                 for place, part in enumerate(self.parts)]
        fields = {name: torch.cat([getattr(each, name) for each in found])
                  for name in ("past", "mask", "day_off", "weather", "weather_mask", "slots")}
        skies = [each.clear_sky for each in found if each.clear_sky is not None]
        return Lately(**fields, day=found[0].day, clear_sky=torch.cat(skies) if skies else None)

    def unlike_lags(self, origins: NDArray[np.int64]) -> Tensor:
        return torch.cat([part.unlike_lags(origins[place:place + 1]) for place, part in enumerate(self.parts)])


@dataclass(frozen=True, eq=False)
class Replayed:
    """Medians of V forecasts by each of M experts, before steps of level and limits.

    Attributes:
        medians: `[V, H, C, M]`.
        without_base: the same with what the base corrects in the place of what it says.
        unlike: `[V, H]`, as `Inference.unlike`.
    """

    medians: FloatArray
    without_base: FloatArray
    unlike: BoolArray


def uses_base(basis: Basis) -> bool:
    """Whether the base has a share in the forecast."""
    return BASE in basis.found.medians and bool(_shares(basis)[..., list(basis.found.medians).index(BASE)].any())


def replay(basis: Basis, tables: Sequence[FeatureTable], level: Sequence[bool], *, ask_base: bool = True) -> Replayed:
    """Forecast from each of V tables in the place of the basis's own.

    Args:
        basis: of a forecast.
        tables: with the same rows.
        level: which of them follow the forecast's level.
        ask_base: without it what the base corrects stands for what it says, for it takes as long as all the others.
    """
    used = [name for name, share in zip(basis.found.medians, _shares(basis).sum((0, 1)), strict=True) if share]
    said_by: dict[str, list[FloatArray]] = {name: [] for name in used}
    corrected, unlike = [], []
    for first in range(0, len(tables), BATCH):
        stack = VariedWindows([basis.model.windows(table) for table in tables[first:first + BATCH]])
        origins = np.full(len(stack.parts), basis.rows, np.int64)
        asked = Asked(stack, origins)
        if BASE in used:
            corrected.append(Pretrained.reference(asked))
        for name in used:
            said_by[name].append(asked.said(basis.model.experts[name]) if ask_base or name != BASE else corrected[-1])
        unlike.append(stack.unlike_lags(origins).numpy() & (basis.model.station.kind is Kind.LOAD))
    found = {name: np.concatenate(each) for name, each in said_by.items()}
    ratio = basis.found.ratio
    ratios = None if ratio is None else np.where(np.asarray(level)[:, None], ratio, 1.0)
    medians, without_base = (
        _said(basis, said, ratios)
        for said in (found, {**found, BASE: np.concatenate(corrected)} if corrected else found))
    return Replayed(medians, without_base, np.concatenate(unlike))


def blended(basis: Basis, medians: FloatArray, level: Sequence[bool], unlike: BoolArray | None = None) -> FloatArray:
    """The medians `[V, H, C]` of the blend, with steps of level.

    Args:
        basis: whose shares.
        medians: `[V, H, C, M]`.
        level: which of the forecasts follow the level.
        unlike: `[V, H]`, where each has shares of its own; those of the forecast if None.
    """
    shares = _shares(basis) if unlike is None else shares_by_step(basis.model, replace(basis.found, unlike=unlike))
    made = (medians * shares).sum(-1)                                                               # [V, H, C]
    return np.stack([_stepped(basis, each) if follows else each
                     for each, follows in zip(made, level, strict=True)])


def _shares(basis: Basis) -> FloatArray:
    """`[H, C, M]`."""
    shares: FloatArray = shares_by_step(basis.model, basis.found)[0]
    return shares


def _said(basis: Basis, found: dict[str, FloatArray], ratio: FloatArray | None) -> FloatArray:
    """What the blend takes from each expert `[V, H, C, M]`; nothing from those that have no share."""
    shape = next(iter(found.values())).shape
    medians = {name: found.get(name, np.zeros(shape)) for name in basis.found.medians}
    nothing = np.empty((*shape, 0))
    return said(basis.model, Inference(nothing, medians, nothing, np.full(shape, np.nan),
                                       np.zeros(shape[:2], bool), ratio))


def _stepped(basis: Basis, median: FloatArray) -> FloatArray:
    return basis.with_steps(np.repeat(median[..., None], MIDDLE + 1, -1))[..., MIDDLE]
