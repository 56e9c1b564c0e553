"""Photovoltaic plants whose inverters sleep at night and write no rows: no power, and no gap."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Kind, Station
from wattcast.data.days import MONTH, by_day
from wattcast.data.kinds import FORTNIGHT, NIGHT_HOURS, SELDOM
from wattcast.data.quality import Assumption
from wattcast.timegrid import parse_step, steps_per_day

Mask = npt.NDArray[np.bool_]


def fill_silent_nights(frame: pd.DataFrame, station: Station) -> tuple[pd.DataFrame, list[Assumption]]:
    """Empty steps of a plant at times of day that were not measured in the weeks before become zero.

    Args:
        frame: on the station's grid; left as it is.
    """
    day = steps_per_day(parse_step(station.step))
    filled, assumed = {}, []
    for column in station.targets if station.kind is Kind.PV else ():
        values = frame[column].to_numpy(np.float64)
        silent = _silent(values, day) & np.isnan(values)
        if not silent.any():
            continue
        filled[column] = np.where(silent, 0.0, values)
        assumed.append(Assumption("nights", "0", f"{column} is taken for zero at times of day at which it is never "
                                  f"measured, in {silent.sum()} steps, as inverters write no rows at night",
                                  "data.kind"))
    return (frame.assign(**filled) if filled else frame), assumed


def _silent(values: npt.NDArray[np.float64], day: int) -> Mask:
    """Rows between the first and the last measured one at times of day that the four weeks before, or the first four,
    have not measured; none where these are not hours of a night. `[T]` to `[T]`."""
    measured = np.isfinite(values)
    known = np.isfinite(by_day(values, day))
    days = len(known)
    if days < FORTNIGHT or not measured.any():
        return np.zeros(len(values), dtype=bool)
    sums = np.vstack([np.zeros((1, day)), np.cumsum(known, axis=0)])
    last = np.clip(np.arange(days), min(MONTH, days), None)
    first = np.maximum(last - MONTH, 0)
    seldom = (sums[last] - sums[first]) / (last - first)[:, None] < SELDOM
    night = seldom.sum(axis=1, keepdims=True) >= NIGHT_HOURS * day / 24
    silent: Mask = (seldom & night).ravel()[:len(values)]
    inside = np.flatnonzero(measured)
    silent[:inside[0]] = silent[inside[-1]:] = False
    return silent
