"""Humidity, pressure and wind speed in another unit than the rows before: brought into the unit of the first ones.

The units of pressure are a power of ten apart, so that a value tells its own; so does a humidity above 1 in a column of
fractions. A fraction in a column of percent is told by a day of nothing else, m/s and km/h by weeks on both sides:
these two rules look ahead.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Station
from wattcast.data.cleaning import span_of
from wattcast.data.days import MONTH, WEEK, by_day, quantile
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import recognise
from wattcast.data.weather_units import CONVERSIONS, KELVIN, KMH
from wattcast.timegrid import parse_step, steps_per_day

Floats = npt.NDArray[np.float64]

FEWEST = 24
"""Values below which a column says nothing about its unit."""
PRESSURES = {"kPa": ((30.0, 110.0), 1000.0), "hPa": ((300.0, 1100.0), 100.0), "Pa": ((30_000.0, 110_000.0), 1.0)}
"""What the pressure of air can be in each unit, and the unit in Pa. [lowest, highest, Pa]"""
ALIKE = 0.15
"""Share by which pressures of one place differ at most."""
FRACTION = 1.1
"""The highest humidity as a fraction, above the saturation that sensors show. [fraction]"""
DISTINCT = 6
"""Values that a day of fractions has at least; a sensor that is broken repeats one."""
JUMP = 2.2
"""How many times as high the middle of a week must be as that of the week before for another unit to be looked for."""
QUANTILES, CLOSE = (0.25, 0.5, 0.75, 0.9), 0.12
"""Of the weeks on both sides all of these have to be the factor apart, but for this share. [quantiles, share]"""


def convert_other_units(frame: pd.DataFrame, station: Station) -> tuple[pd.DataFrame, list[Finding]]:
    """Weather in another unit than the column's first values, in the unit of these.

    Args:
        frame: on the station's grid; left as it is.
    """
    findings: list[Finding] = []
    cleaned = {}
    day = steps_per_day(parse_step(station.step))
    for column in (name for name in station.columns if name not in station.categorical):
        rule = RULES.get(recognise(column) or "")
        values = frame[column].to_numpy(np.float64)
        if rule is None or np.isfinite(values).sum() < FEWEST:
            continue
        made = rule(values, day)
        other = np.isfinite(values) & (made != values)
        if other.any():
            findings += found_at("unit", column, times_of(frame)[other], f"{span_of(values[other])}: in another unit "
                                 f"than the rows before; converted to {span_of(made[other])}")
            cleaned[column] = made
    return (frame.assign(**cleaned) if cleaned else frame), findings


def _pressures(values: Floats, _: int) -> Floats:
    usual = float(np.median(values[np.isfinite(values)][:FEWEST]))
    own = _pressure_unit(usual)
    made = values.copy()
    for (low, high), size in PRESSURES.values() if own else ():
        converted = values * size / (own or size)
        other = (values >= low) & (values <= high) & (size != own) & (np.abs(converted / usual - 1) < ALIKE)
        made[other] = converted[other]
    return made


def _pressure_unit(usual: float) -> float | None:
    """The size of the unit that a pressure of air is in, in Pa; None if it can be in none."""
    return next((size for (low, high), size in PRESSURES.values() if low <= usual <= high), None)


def _humidities(values: Floats, day: int) -> Floats:
    known = np.flatnonzero(np.isfinite(values))
    small, first = values[known] <= FRACTION, values[known[values[known] > 0]][:FEWEST]
    made = values.copy()
    if len(np.unique(first)) >= DISTINCT and np.mean(first <= FRACTION) > 0.5:
        other = known[values[known] > 1.5]
        made[other] = values[other] / 100
        return made
    edges = np.flatnonzero(np.diff(np.concatenate([[False], small, [False]]).astype(int)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        rows = known[start:end]
        if end - start >= max(day, DISTINCT) and len(np.unique(values[rows])) >= DISTINCT:
            made[rows] = values[rows] * 100
    return made


def _wind_speeds(values: Floats, day: int) -> Floats:
    made = values.copy()
    middle = quantile(by_day(values, day), 0.5)
    at = MONTH
    while at <= len(middle) - WEEK * 2:
        jump = _middle(middle[at:at + WEEK]) / max(_middle(middle[at - WEEK:at]), 1e-9)
        factor = KMH if jump > JUMP else 1 / KMH if jump < 1 / JUMP else None
        if factor is None or not _apart(made[(at - MONTH) * day:at * day], made[at * day:(at + MONTH) * day], factor):
            at += 1
            continue
        row = _change(made, at * day, day, factor)
        made[row:] /= factor
        middle[row // day:] /= factor
        at += WEEK
    # Nothing but the first unit's own rounding is left of what was converted there and back.
    return np.where(np.isclose(made, values, rtol=1e-9, atol=0), values, made)


def _middle(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan


def _apart(before: Floats, after: Floats, factor: float) -> bool:
    """Whether the values on both sides are one distribution, but for the factor."""
    sides = [side[np.isfinite(side)] for side in (before, after)]
    if min(map(len, sides)) < FEWEST:
        return False
    low, high = (np.quantile(side, QUANTILES) for side in sides)
    return bool((low > 0).all() and (np.abs(high / np.maximum(low, 1e-9) / factor - 1) < CLOSE).all())


def _change(values: Floats, near: int, day: int, factor: float) -> int:
    """The row, from a day before `near` to a week after, from which on values fit what follows better than what was."""
    start, end = max(0, near - day), min(len(values), near + WEEK * day)
    usual = _middle(values[max(0, start - WEEK * day):start])
    log = np.log(np.maximum(values[start:end], 1e-3) / usual)
    gain = np.abs(log) - np.abs(log - np.log(factor))
    behind = np.append(np.cumsum(np.nan_to_num(gain)[::-1])[::-1], 0.0)
    return start + int(behind.argmax())


RULES: Mapping[str, Callable[[Floats, int], Floats]] = {
    "pressure": _pressures, "humidity": _humidities, "wind_speed": _wind_speeds}


def in_units_of(history: pd.DataFrame, frame: pd.DataFrame,
                station: Station) -> tuple[pd.DataFrame, list[Finding]]:
    """Rows that came in, their weather in the units of the history wherever its size tells these for certain.

    Args:
        history: what a model has learned from.
        frame: the rows, with the same columns; left as they are.
        station: which of them are categories.
    """
    findings: list[Finding] = []
    cleaned = {}
    for column in (name for name in (*station.known_future, *station.past_only) if name not in station.categorical):
        quantity = recognise(column) or ""
        new, old = (table[column].to_numpy(np.float64) for table in (frame, history))
        made = _in_unit(quantity, new, old)
        if made is not None:
            known = np.isfinite(new)
            findings += found_at("unit", column, times_of(frame)[known], f"{span_of(new)}: in another unit than the "
                                 f"history ({span_of(old)}); converted to {span_of(made)}")
            cleaned[column] = made
    return (frame.assign(**cleaned) if cleaned else frame), findings


def _in_unit(quantity: str, new: Floats, old: Floats) -> Floats | None:
    """The new values in the unit of the old ones; None if they are, or nothing tells."""
    own, usual = (_unit(quantity, values) for values in (new, old))
    if own is None or usual is None or own == usual:
        return None
    if quantity != "temperature":
        return new * own / usual
    ways = [each for each in CONVERSIONS[quantity] if each.words.startswith("K ") == (own == 0)]
    middle = np.nanmedian(old)
    best = min((way for way in ways if (" K" in way.words) == (usual == 0)),
               key=lambda way: abs(np.nanmedian(way.apply(new)) - middle))
    return best.apply(new)


def _unit(quantity: str, values: Floats) -> float | None:
    """The size of a column's unit, as far as its values tell: in Pa, in %, and 0 of kelvin, which other degrees are
    not."""
    known = values[np.isfinite(values)]
    if len(known) < FEWEST or np.ptp(known) == 0:
        return None
    usual = float(np.median(known))
    if quantity == "humidity":
        return 100.0 if np.quantile(known, 0.95) <= FRACTION else 1.0 if usual > DISTINCT else None
    if quantity == "pressure":
        return _pressure_unit(usual)
    return float(usual < KELVIN[0]) if quantity == "temperature" else None
