"""Values that cannot be true: loggers' codes for no value, impossible readings, generation below zero.

Every rule is causal: whether a value is kept depends on that value alone, never on statistics of the series.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Kind, Station
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import DataConfig, quantity_of
from wattcast.errors import DataError

OVERLOAD = 1.5
"""Power beyond this many times the capacity is impossible, for a load in either direction. [times the capacity]"""
STANDBY = 0.1
"""A plant cannot draw more than this share of its capacity. [share]"""
TURNED, BY_DAY = 10.0, 5.0
"""A plant that draws so many times what it generates, and by day so many times what it draws at night, is written with
its sign turned. [times]"""
MOSTLY = 0.5
"""Limits beyond which more of a target's values lie are not its own: a faulty logger never writes so many. [share]"""
LOW = 0.05
"""Values below this share of a limit, as at a plant's night, do not count for that. [share]"""

Limits = tuple[float | None, float | None]
Mask = npt.NDArray[np.bool_]


def mask_impossible(frame: pd.DataFrame, station: Station, config: DataConfig) -> tuple[pd.DataFrame, list[Finding]]:
    """Codes for no value and values beyond the physical limits become empty.

    Args:
        frame: some of the station's columns, with `time` in its index; left as it is.
    """
    times = times_of(frame)
    findings: list[Finding] = []
    cleaned = {}
    for column in (name for name in frame.columns if name not in station.categorical):
        values = frame[column].to_numpy()
        low, high = limits(column, station, config)
        codes = is_code(values, config.missing_values)
        beyond = _beyond(values, (low, high)) & ~codes
        if codes.any():
            findings += found_at("out_of_range", column, times[codes], f"{span_of(values[codes])}: a code for no "
                                 "value, left empty; if it is a real reading, set data.missing_values")
        if beyond.any():
            findings += found_at("out_of_range", column, times[beyond], f"{span_of(values[beyond])}: not within "
                                 f"{_side(low)} … {_side(high)}, left empty; data.valid_range sets other limits")
        if codes.any() or beyond.any():
            cleaned[column] = np.where(codes | beyond, np.nan, values)
    return (frame.assign(**cleaned) if cleaned else frame), findings


def require_possible(frame: pd.DataFrame, station: Station, config: DataConfig, source: str) -> None:
    """Nothing, unless most of a target lies beyond its limits.

    Args:
        frame: as of `mask_impossible`.
        source: what it is of, for the message.

    Raises:
        DataError: it names the setting that the limits come from.
    """
    for column in station.targets:
        low, high = limits(column, station, config)
        values = frame[column].to_numpy()
        values = values[np.isfinite(values) & ~is_code(values, config.missing_values)]
        values = values[np.abs(values) > LOW * max(abs(low or 0.0), abs(high or 0.0))]
        beyond = values[_beyond(values, (low, high))]
        if len(beyond) > MOSTLY * len(values):
            key = f"data.capacity is {station.capacity:g}" if _set_limits(column, config) is None else (
                "data.valid_range says so")
            raise DataError(f"{source}: most of {column} is beyond what it can be",
                            found=f"{len(beyond)} of {len(values)} values are {span_of(beyond)}",
                            expected=f"{_side(low)} … {_side(high)}", hint=f"{key}: it has to be in the target's unit")


def limits(column: str, station: Station, config: DataConfig) -> Limits:
    """The lowest and the highest value that can be true, in the column's unit; None where there is no limit."""
    chosen = _set_limits(column, config)
    if chosen is not None:
        return chosen
    if column not in station.targets:
        return quantity_of(column).limits
    if station.capacity is None:
        return None, None
    lowest = OVERLOAD if station.kind is Kind.LOAD else STANDBY
    return -lowest * station.capacity, OVERLOAD * station.capacity


def _set_limits(column: str, config: DataConfig) -> Limits | None:
    return config.valid_range.get(column) or config.valid_range.get(config.targets.get(column, column))


def is_code(values: npt.NDArray[np.float64], codes: Iterable[float]) -> Mask:
    """Which values are one of the numbers that stand for no value. `[T]` to `[T]`."""
    found = np.zeros(len(values), dtype=bool)
    for code in codes:
        # 3276.7 read from single precision is 3276.699951.
        found |= np.abs(values - code) <= 1e-6 * abs(code)
    return found


def _beyond(values: npt.NDArray[np.float64], bounds: Limits) -> Mask:
    low, high = bounds
    beyond = np.zeros(len(values), dtype=bool)
    if low is not None:
        beyond |= values < low
    if high is not None:
        beyond |= values > high
    return beyond


def span_of(values: npt.NDArray[np.float64]) -> str:
    """`-99`, or `-99 … 120` if they differ."""
    low, high = f"{np.nanmin(values):g}", f"{np.nanmax(values):g}"
    return low if low == high else f"{low} … {high}"


def _side(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"


def lift_negative_generation(frame: pd.DataFrame, station: Station) -> tuple[pd.DataFrame, list[Finding]]:
    """A photovoltaic plant's own use, seen as power below zero (mostly at night), becomes zero.

    Raises:
        DataError: a target is far more below zero than above: its sign is turned.
    """
    findings: list[Finding] = []
    lifted = {}
    for column in station.targets if station.kind is Kind.PV else ():
        values = frame[column].to_numpy()
        below = values < 0
        if below.any() and _is_turned(values, times_of(frame)):
            times = times_of(frame)[below]
            raise DataError(f"the photovoltaic power {column!r} is below zero",
                            found=f"{span_of(values[below])}: {below.sum()} of {np.isfinite(values).sum()} values, "
                                  f"{times.min():%Y-%m-%d %H:%M} to {times.max():%Y-%m-%d %H:%M}",
                            expected="generation above zero", hint="turn its sign in the source; set data.kind to load "
                            "if it is what a site draws and feeds in")
        if below.any():
            findings += found_at("negative_night", column, times_of(frame)[below], f"{span_of(values[below])}: "
                                 "photovoltaic power below zero, the plant's own use; set to 0")
            lifted[column] = np.where(below, 0.0, values)
    return (frame.assign(**lifted) if lifted else frame), findings


def _is_turned(values: npt.NDArray[np.float64], times: pd.DatetimeIndex) -> bool:
    drawn, made = np.nansum(np.maximum(-values, 0)), np.nansum(np.maximum(values, 0))
    noon, night = (-values[np.isin(times.hour, hours) & np.isfinite(values)] for hours in (
        (10, 11, 12, 13), (22, 23, 0, 1)))
    return bool(drawn > TURNED * made and len(noon) and len(night) and noon.mean() > BY_DAY * max(night.mean(), 0.0))
