"""Photovoltaic plants whose inverters sleep at night and write no rows: no power, and no gap."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Kind, Station
from wattcast.data.days import MONTH, by_day
from wattcast.data.kinds import FORTNIGHT, NIGHT_HOURS, SELDOM
from wattcast.data.quality import Assumption
from wattcast.data.schema import StationData
from wattcast.timegrid import DAY, parse_step, regular_index, steps_per_day

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


def with_nights_since(kept: StationData, new: StationData) -> tuple[StationData, list[str]]:
    """New rows of a plant that writes none at night, with zeros for the nights since those that are kept, and what was
    done, in words.

    Args:
        kept: what is kept of it.
        new: what comes in.
    """
    station, step = new.station, parse_step(new.station.step)
    if station.kind is not Kind.PV or not (kept.measured and new.measured) or kept.station.step != station.step:
        return new, []
    day, since = steps_per_day(step), min(kept.end, new.frame.index[0])
    index = regular_index(max(since - MONTH * DAY, kept.frame.index[0]), new.frame.index[-1], step)
    frame = new.frame.reindex(index[index >= since])
    told = []
    for column in station.targets:
        before = kept.frame[column].reindex(index[index < since]).to_numpy(np.float64)
        bright = np.bincount(np.flatnonzero(before > 0) % day, minlength=day) > 0
        dark = ~bright[np.arange(len(before), len(index)) % day]
        values = frame[column].to_numpy(np.float64)
        silent = dark & (np.arange(len(values)) < np.flatnonzero(np.isfinite(values)).max(initial=0))
        night = len(before) >= FORTNIGHT * day and (~bright).sum() >= NIGHT_HOURS * day / 24
        if night and silent.any() and not np.isfinite(values[dark]).any():
            frame = frame.assign(**{column: np.where(silent, 0.0, values)})
            told.append(f"{column}: {silent.sum()} steps without rows at times of day at which it has not generated "
                        "for four weeks are taken for zero, as inverters write none at night")
    return (StationData(station, frame, new.vintages), told) if told else (new, [])


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
