"""Sensors that are stuck: the same reading again and again."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import PART, TOTAL, Kind, Station
from wattcast.data.cleaning import Mask, span_of
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import DataConfig, quantity_of, recognise
from wattcast.timegrid import parse_duration, parse_step

IDLE = 0.02
"""Generation within this share of the capacity from none or full is at rest, or limited by its inverters."""
FEWEST = 3
"""Equal readings that no step is too long for: two days of the same energy are no fault."""
COARSE_PATIENCE = 4
"""How many times as long whole numbers may stay equal: coarse meters and weather services round to them."""


def mask_flat_lines(frame: pd.DataFrame, station: Station, config: DataConfig) -> tuple[pd.DataFrame, list[Finding]]:
    """What a stuck sensor repeats becomes empty, from the moment at which it has lasted `data.flat_line`.

    Checked are the power and quantities that vary (`Quantity.varies`); readings before that moment stay, as nothing
    could be known then. Whole numbers may last four times as long. Zero is normal for generation at rest, irradiance,
    calm wind and the undispatchable part, while a load of exactly zero is taken as an outage. An undispatchable part
    may be constant by agreement: it is reported and kept.

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
    known = values[measured]
    begins = np.ones(len(known), dtype=bool)
    # Averages of equal values may differ in the last digit.
    begins[1:] = np.abs(known[1:] - known[:-1]) > 1e-12 * np.abs(known[1:])
    position = np.arange(len(known))
    before = np.zeros(len(values), dtype=np.int64)
    before[measured] = position - np.maximum.accumulate(np.where(begins, position, 0))
    return before


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
