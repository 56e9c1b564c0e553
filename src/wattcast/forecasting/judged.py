"""How the rules that learn nothing did in the last weeks: the shares that each has in a forecast, and its bands.

This takes most of the time of a forecast without training and follows from what was measured alone: it is worked out
when measurements come in and recalled when a forecast is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import HORIZON_DAYS, PART, QUANTILES
from wattcast.data.limits import KeptLimits, kept_limits
from wattcast.experts.bands import Band, FloatArray
from wattcast.experts.base import Asked, Expert
from wattcast.experts.sunlight import ClearSky
from wattcast.forecasting.blend import choose_weights
from wattcast.forecasting.readied import RULES, Readied
from wattcast.timegrid import days_later, followed_clock, lead_days
from wattcast.windows.dataset import WindowDataset

JUDGED_DAYS = 21
"""Before the origin, from each of which the rules are asked what they would have said. [days]"""

READS_MORE = 0.6
"""What the rules that read the weather, or what an open sky would give, have of the forecast, in equal parts, before
anything is known. [share]"""

WIDER = 2.0
"""Days of errors at which a band is twice as wide as they say; with more, it comes to what they say."""

NAMES = tuple(expert.name for expert in RULES)


@dataclass(frozen=True)
class Share:
    """Of one target: the rules' shares in its median, by name, and the quantiles around it."""

    weights: Mapping[str, float]
    band: Band


@dataclass(frozen=True)
class Judged:
    """What the last weeks say.

    Attributes:
        rows: of history that was read.
        kept: which limits all of the history keeps to.
        shares: by target; None for one that was not measured in these rows.
    """

    rows: int
    kept: KeptLimits
    shares: Mapping[str, Share | None]

    @property
    def used(self) -> set[str]:
        """The rules that have a share in any target's forecast."""
        return {name for share in self.shares.values() if share for name, part in share.weights.items() if part > 0}

    def packed(self) -> FloatArray:
        """As numbers, to be kept; `unpacked` reads them back."""
        numbers = [float(self.rows), float(self.kept.part_of_total)]
        for target, share in self.shares.items():
            numbers += [float(target in self.kept.nonnegative), float(share is not None)]
            if share is not None:
                by_day = np.pad(share.band.by_day, (0, HORIZON_DAYS - len(share.band.by_day)), constant_values=np.nan)
                numbers += [*(share.weights.get(name, np.nan) for name in NAMES), *share.band.shape, *by_day,
                            *share.band.by_hour]
        return np.asarray(numbers)

    @classmethod
    def unpacked(cls, numbers: FloatArray, targets: tuple[str, ...]) -> Self:
        """From what `packed` gave for a station with these targets."""
        sizes = (len(NAMES), len(QUANTILES), HORIZON_DAYS, 24)
        rows, part_of_total, rest = int(numbers[0]), bool(numbers[1]), numbers[2:]
        shares: dict[str, Share | None] = dict.fromkeys(targets)
        nonnegative = []
        for target in targets:
            kept, measured, rest = bool(rest[0]), bool(rest[1]), rest[2:]
            nonnegative += [target] if kept else []
            if measured:
                weights, shape, by_day, by_hour, rest = np.split(rest, np.cumsum(sizes))
                shares[target] = Share({name: float(weight) for name, weight in zip(NAMES, weights, strict=True)
                                        if np.isfinite(weight)}, Band(shape, by_day[np.isfinite(by_day)], by_hour))
        return cls(rows, KeptLimits(tuple(nonnegative), part_of_total and PART in targets), shares)


def judge(readied: Readied) -> Judged:
    """Ask the rules what they would have said on the last days, and compare."""
    shape, index, rows = readied.shape, readied.table.index, readied.rows
    view, step = readied.view, readied.view.horizon.step
    back = [int((view.origin - days_later(view.origin, -day, step)) // step) for day in range(1, JUDGED_DAYS + 1)]
    origins = np.asarray([rows - steps for steps in back if rows - steps >= shape.day], np.int64)
    said = ask(readied.experts, readied.past, origins) if len(origins) else {}
    ahead = origins[:, None] + np.arange(shape.horizon)
    padded = np.concatenate([readied.measured, np.full((shape.horizon, readied.measured.shape[1]), np.nan)])
    clock = np.asarray(followed_clock(index, view.station.by_wall_clock).hour, np.int64)
    shares: dict[str, Share | None] = {}
    for position, target in enumerate(view.station.targets):
        past, measured = {name: each[..., position] for name, each in said.items()}, readied.measured[:, position]
        shares[target] = _share(readied.experts, past, padded[ahead, position], measured,
                                lead_days(index[rows:]), clock[ahead]) if np.isfinite(measured).any() else None
    return Judged(rows, kept_limits(view.training_data().frame, view.station), shares)


def ask(experts: Mapping[str, Expert], windows: WindowDataset, origins: NDArray[np.int64]) -> dict[str, FloatArray]:
    """What each expert says from the origins, `[N, H, C]`."""
    asked = Asked(windows, origins)
    return {name: asked.said(expert) for name, expert in experts.items()}


def _share(experts: Mapping[str, Expert], said: Mapping[str, FloatArray], actual: FloatArray, measured: FloatArray,
           days: NDArray[np.int64], hours: NDArray[np.int64]) -> Share:
    """Of a target what was said `[N, H]` compared with what was `actual` `[N, H]`; with no such origin, the spread of
    what was `measured` `[T]` makes the bands. `days` `[H]` are lead days, `hours` `[N, H]` those of the clock."""
    count, prior = int(days[-1]) + 1, _prior(experts)
    if np.isfinite(actual).any():
        before = np.stack(list(said.values()), -1)                                                # [N, H, M]
        judged = len(actual)
        weights = choose_weights(before, actual, max(judged, 1) / 7, prior)
        leads = np.broadcast_to(days, hours.shape)
        band = Band.of((actual - before @ weights).ravel(), leads.ravel(), hours.ravel(), count)
    else:
        judged, weights = 1, prior
        spread = measured - np.nanmean(measured)
        zeros = np.zeros(len(spread), np.int64)
        band = Band.of(spread, zeros, zeros, 1)
        band = Band(band.shape, np.full(count, band.by_day[0]), np.ones(24))
    return Share(dict(zip(experts, weights.tolist(), strict=True)),
                 Band(band.shape * (1 + WIDER / judged), band.by_day, band.by_hour))


def _prior(experts: Mapping[str, Expert]) -> FloatArray:
    """`[M]`."""
    more = np.asarray([expert.weather or isinstance(expert, ClearSky) for expert in experts.values()])
    if more.all() or not more.any():
        return np.full(len(more), 1 / len(more))
    shares: FloatArray = np.where(more, READS_MORE / more.sum(), (1 - READS_MORE) / (~more).sum())
    return shares
