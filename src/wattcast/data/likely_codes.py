"""Numbers that a logger writes for no value and that may be readings elsewhere: nothing but nines, and minus one.

Which they are is told by the readings before them. Before there are enough, by the first ones that there are: this
looks ahead, by so few readings, and only ever to leave something out.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Kind, Station
from wattcast.data.cleaning import Mask, span_of
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import DataConfig

Floats = npt.NDArray[np.float64]

NINES = np.array([float(f"{'9' * whole}.{'9' * part}") for whole in range(2, 8) for part in range(4)
                  if 3 <= whole + part <= 7], np.float32)
"""999, 99.9, 9999.99 …: 99 is too often a reading, and with more digits single precision does not tell them."""
FAR = 2.0
"""A code of nines is farther from zero than so many times all readings before. [times]"""
MINUS = -1.0
"""The negative number that is written most often for an error. [the target's unit]"""
JUMP = 10.0
"""Readings in whole numbers may come to -1 in small steps, and a code follows one at least so high. [unit]"""
BY_DAY = 0.4
"""A plant draws -1 at night; a code follows this share of its highest before: at steps of an hour as much may be the
last of a day. [share]"""
FEWEST = 20
"""Readings from which it is known what is usual. [number]"""


def mask_likely_codes(frame: pd.DataFrame, station: Station,
                      config: DataConfig) -> tuple[pd.DataFrame, list[Finding]]:
    """Power that is nothing but nines far above all before, or minus one where nothing else is negative, becomes empty.

    `data.scale_faults` decides, as on all that is told of power by what came before it: whoever trusts the source there
    trusts it here.

    Args:
        frame: rows with `time` in their index, in any order; left as it is.
    """
    if not config.scale_faults:
        return frame, []
    times, findings, cleaned = times_of(frame), [], {}
    order = np.argsort(times.asi8, kind="stable")
    for column in station.targets:
        values = frame[column].to_numpy()
        codes = np.zeros(len(values), dtype=bool)
        codes[order] = _nines(values[order]) | _minus_one(values[order], station)
        if codes.any():
            cleaned[column] = np.where(codes, np.nan, values)
            findings += found_at("out_of_range", column, times[codes], f"{span_of(values[codes])}: far from all before "
                                 "and what loggers write for no value, left empty; if they are readings, set "
                                 "data.scale_faults to false")
    return (frame.assign(**cleaned) if cleaned else frame), findings


def _nines(values: Floats) -> Mask:
    """Which are nothing but nines, and far outside. `[T]` to `[T]`."""
    among: Mask = np.isin(np.abs(values).astype(np.float32), NINES)
    return among if not among.any() else among & (np.abs(values) > FAR * _extreme_before(np.abs(values), ~among))


def _minus_one(values: Floats, station: Station) -> Mask:
    """Which are minus one where nothing else was below zero and the reading before was not near. `[T]` to `[T]`."""
    among: Mask = values == MINUS
    if not among.any():
        return among
    lowest = -_extreme_before(-values, ~among)
    others = pd.Series(np.where(among, np.nan, values))
    before = others.ffill().bfill().to_numpy()
    least: Floats | float = -np.inf
    if station.kind is not Kind.LOAD:
        least = BY_DAY * _extreme_before(values, ~among)
    elif (others.dropna().iloc[:FEWEST] % 1 == 0).all():
        least = JUMP
    alone: Mask = among & (lowest >= 0) & (before >= least)
    return alone


def _extreme_before(values: Floats, known: Mask) -> Floats:
    """The highest of those known so far, from the first ones on of which there are enough; infinite if there never are.
    `[T]` to `[T]`."""
    there = known & np.isfinite(values)
    if there.sum() < FEWEST:
        return np.full(len(values), np.inf)
    highest = np.fmax.accumulate(np.where(there, values, np.nan))
    enough = int(np.flatnonzero(np.cumsum(there) == FEWEST)[0])
    highest[:enough] = highest[enough]
    return highest
