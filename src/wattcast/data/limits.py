"""Which limits a station's history keeps to: power that is never below zero, a part that never exceeds its total.

A limit that the history breaks is none: own production behind the meter makes the part larger than the total, feed-in
makes power negative. A few readings that break it are faults of a sensor.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.quality import Assumption

FEW, SOME = 0.001, 0.01
"""Share of readings below zero that are faults however deep they are, and that are if they hardly leave zero."""
HARDLY = 0.01
"""Share of the peak below zero that is the noise of a meter at rest."""


@dataclass(frozen=True)
class KeptLimits:
    """Targets that are never negative, and whether the part stays within the total."""

    nonnegative: tuple[str, ...]
    part_of_total: bool


def kept_limits(frame: pd.DataFrame, station: Station) -> KeptLimits:
    """What the rows of `frame` keep to, but for a few, or what the station's description says."""
    nonnegative = tuple(name for name in station.targets if _never_negative(frame[name]))
    return chosen_limits(station, KeptLimits(nonnegative, not share_above_total(frame, station) > SOME))


def chosen_limits(station: Station, kept: KeptLimits) -> KeptLimits:
    """`kept`, but for what the station's description says otherwise."""
    said = station.limits
    nonnegative = {None: kept.nonnegative, True: station.targets, False: ()}[said.nonnegative]
    part = kept.part_of_total if said.part_of_total is None else said.part_of_total
    return KeptLimits(nonnegative, part and PART in station.targets)


def share_above_total(frame: pd.DataFrame, station: Station) -> float:
    """Of the rows with both, the share in which the part is larger than the total; NaN where there are none."""
    if PART not in station.targets:
        return float("nan")
    both = frame[[TOTAL, PART]].dropna()
    return float((both[PART] > both[TOTAL] + 1e-6 * both[TOTAL].abs()).mean()) if len(both) else float("nan")


def assumed_limits(frame: pd.DataFrame, station: Station) -> list[Assumption]:
    """What forecasts are kept to, in words, unless the station's description says it."""
    kept, assumed = kept_limits(frame, station), []
    if station.limits.nonnegative is None:
        shares = {name: float((frame[name].dropna() < 0).mean()) for name in station.targets}
        words = ", ".join(f"{name} is kept at or above zero" if name in kept.nonnegative else
                          f"{name} may be negative, as in {_percent(shares[name])} of its rows"
                          for name in station.targets)
        assumed.append(Assumption("nonnegative", ", ".join(kept.nonnegative) or "none", words,
                                  "data.limits.nonnegative"))
    if PART in station.targets and station.limits.part_of_total is None:
        share = np.nan_to_num(share_above_total(frame, station))
        words = (f"{PART} is kept at or below {TOTAL}, as in {_percent(1 - share)} of the rows" if kept.part_of_total
                 else f"{PART} may exceed {TOTAL}, as in {_percent(share)} of the rows")
        assumed.append(Assumption("part_of_total", str(kept.part_of_total).lower(), words, "data.limits.part_of_total"))
    return assumed


def _percent(share: float) -> str:
    """`62 %`, `0.3 %`; `all` for 1."""
    return "all" if share == 1 else f"{100 * share:.2g} %" if share < 0.99 else f"{100 * share:.4g} %"


def _never_negative(power: pd.Series) -> bool:
    known = power.dropna().to_numpy(np.float64)
    share = float((known < 0).mean()) if len(known) else 0.0
    if share <= FEW:
        return True
    return share <= SOME and bool(known.min() >= -HARDLY * np.quantile(np.abs(known), 0.99))
