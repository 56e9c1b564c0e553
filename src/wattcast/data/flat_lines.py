"""Sensors that are stuck: the same reading again and again."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import PART, TOTAL, Kind, Station
from wattcast.data.cleaning import Mask, span_of
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import DataConfig, quantity_of, recognise
from wattcast.timegrid import parse_duration, parse_step

IDLE = 0.02
"""Generation within this share of the capacity from none or full is at rest, or limited by its inverters. [share]"""
FEWEST = 3
"""Equal readings that no step is too long for: two days of the same energy are no fault. [number]"""
COARSE_PATIENCE = 4
"""How many times as long whole numbers may stay equal: coarse meters and weather services round to them."""
OFTEN = 2
"""A station rests at a value once it has stayed there so many times before. [number]"""
UNKNOWN, WEEKEND = pd.Timedelta(days=14), pd.Timedelta(days=3)
"""In its first weeks a load at zero has the benefit of the doubt, for as long as a long weekend."""


def mask_flat_lines(frame: pd.DataFrame, station: Station, config: DataConfig) -> tuple[pd.DataFrame, list[Finding]]:
    """What a stuck sensor repeats becomes empty, from the moment at which it has lasted `data.flat_line`.

    Checked are the power and quantities that vary (`Quantity.varies`); readings before that moment stay, as nothing
    could be known then. Whole numbers may last four times as long. Zero is normal for generation at rest, irradiance,
    calm wind and the undispatchable part. A load may stay where it has rested before, at zero or at its standby power;
    one that never did is out of order. An undispatchable part may be constant by agreement: it is reported and kept.

    Args:
        frame: on the station's grid; left as it is.
    """
    if config.flat_line is None:
        return frame, []
    patience = max(int(np.ceil(parse_duration(config.flat_line) / parse_step(station.step))), FEWEST)
    findings: list[Finding] = []
    cleaned = {}
    for column in (name for name in station.columns if name not in station.categorical and quantity_of(name).varies):
        values = frame[column].to_numpy()
        coarse = quantity_of(column).coarse & (values == np.rint(values)) & (values != 0)
        limit = np.where(coarse, COARSE_PATIENCE * patience, patience)
        stuck = (equal_before(values) >= limit) & ~_may_rest(column, values, station)
        if column == TOTAL and stuck.any():
            stuck &= ~_rests(values, patience, parse_step(station.step))
        if not stuck.any():
            continue
        fate = "kept, as it may be so by agreement"
        if column != PART:
            cleaned[column] = np.where(stuck, np.nan, values)
            fate = f"left empty from then on (data.flat_line; whole numbers have {COARSE_PATIENCE} times as long)"
        findings += found_at("flat_line", column, times_of(frame)[stuck],
                             f"{span_of(values[stuck])}: equal for {config.flat_line} before, {fate}")
    return (frame.assign(**cleaned) if cleaned else frame), findings


def equal_before(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """How many measured values directly before each one are equal to it; gaps count for nothing. `[T]` to `[T]`."""
    measured = np.flatnonzero(np.isfinite(values))
    begins = _begins(values[measured])
    position = np.arange(len(measured))
    before = np.zeros(len(values), dtype=np.int64)
    before[measured] = position - np.maximum.accumulate(np.where(begins, position, 0))
    return before


def _begins(known: npt.NDArray[np.float64]) -> Mask:
    """Where a measured value differs from the one before it. Averages of equal values may differ in the last digit."""
    begins = np.ones(len(known), dtype=bool)
    begins[1:] = np.abs(known[1:] - known[:-1]) > 1e-12 * np.abs(known[1:])
    return begins


def _rests(values: npt.NDArray[np.float64], patience: int, step: pd.Timedelta) -> Mask:
    """Where a station is at rest: it has stayed at this value, for half of the patience at least, a few times before.

    What ended earlier decides, so that a value's fate depends on no later one.
    """
    measured = np.flatnonzero(np.isfinite(values))
    starts = np.flatnonzero(_begins(values[measured]))
    ends = np.append(starts[1:], len(measured))
    rests = np.zeros(len(values), dtype=bool)
    stays: Counter[float] = Counter()
    for start, end in zip(starts, ends, strict=True):
        if 2 * (end - start) < patience:
            continue
        value = float(f"{values[measured[start]]:.10g}")
        rows = measured[start:end]
        if stays[value] >= OFTEN:
            rests[rows] = True
        elif value == 0 and (measured[start] - measured[0]) * step < UNKNOWN:
            rests[rows[(rows - rows[0]) * step < WEEKEND]] = True
        stays[value] += 1
    return rests


def _may_rest(column: str, values: npt.NDArray[np.float64], station: Station) -> Mask:
    """Where staying equal is no fault."""
    rest: Mask = values == 0
    if column == TOTAL and station.kind is Kind.LOAD:
        return np.zeros_like(rest)
    if column in station.targets and station.kind is not Kind.LOAD and station.capacity is not None:
        rest = (np.abs(values) <= IDLE * station.capacity) | (values >= (1 - IDLE) * station.capacity)
    if recognise(column) == "humidity":
        rest = rest | (values == 1) | (values == 100)
    return rest
