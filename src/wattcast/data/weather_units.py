"""Weather in another unit: within a column from some row on, or in a forecast against the history it is used with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Station
from wattcast.data.cleaning import Mask, span_of
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import recognise
from wattcast.errors import DataError
from wattcast.timegrid import DAY, parse_step, steps_per_day

Floats = npt.NDArray[np.float64]

KELVIN = (170.0, 345.0)
"""No air is warmer than 70 °C or 140 °F nor colder than 170 K. [kelvin]"""
JUMP, DAY_ALIKE = 28.0, 8.0
"""A column that jumps by so many degrees, and is within so many of the day before once it is converted, is in another
unit from there on. [degrees]"""
KMH = 3.6
"""km/h in a m/s. [km/h]"""
FEWEST = 24
"""Values below which a table says nothing about its unit."""
TELLING = 28
"""Over so many days weather has to be measured to tell its unit: a clear or a mild day lies where another unit would.
[days]"""
ROOM = 0.25
"""Share of the history's span that new weather may leave it by."""
ABOUT_A_WEEK = 6
"""A history that is shorter does not tell what weather a week can bring: that it is left says nothing of units. [days]
"""

CONVERTED = "; converted from "
"""Between what was found and what was done about it."""


@dataclass(frozen=True)
class Conversion:
    """From another unit of a quantity to the one of the history, in words for both."""

    words: str
    apply: Callable[[Floats], Floats]


def _scaled(words: str, factor: float, shift: float = 0.0) -> Conversion:
    return Conversion(words, lambda values: values * factor + shift)


CONVERSIONS: Mapping[str, tuple[Conversion, ...]] = {
    "temperature": (_scaled("K to °C", 1, -273.15), _scaled("°C to K", 1, 273.15), _scaled("°F to °C", 5 / 9, -160 / 9),
                    _scaled("°C to °F", 1.8, 32), _scaled("K to °F", 1.8, -459.67),
                    _scaled("°F to K", 5 / 9, 459.67 * 5 / 9)),
    "humidity": (_scaled("a fraction to %", 100), _scaled("% to a fraction", 0.01)),
    "cloud": (_scaled("a fraction to %", 100), _scaled("% to a fraction", 0.01), _scaled("octas to %", 12.5)),
    "pressure": (_scaled("Pa to hPa", 0.01), _scaled("hPa to Pa", 100), _scaled("kPa to hPa", 10),
                 _scaled("hPa to kPa", 0.1), _scaled("Pa to kPa", 0.001), _scaled("kPa to Pa", 1000)),
    "wind_speed": (_scaled("km/h to m/s", 1 / KMH), _scaled("m/s to km/h", KMH)),
}

WEEKS, CALM = 8, 1.4
"""So many weeks tell how windy weeks are, and a week is none of them if it is so many times windier than any.
[weeks, times]"""
KNOT = 1.944
"""Knots in a m/s: nearer to that than to `KMH` nothing is plain. [knots]"""


def mask_other_temperatures(frame: pd.DataFrame, station: Station) -> tuple[pd.DataFrame, list[Finding]]:
    """Temperatures in another unit than the column's first ones become empty.

    Kelvin is told from °C and °F by its size; °C from °F by a jump that only the other unit explains, once a day is
    there to tell. This last rule looks ahead, by at most a day, and only to leave something out.

    Args:
        frame: on the station's grid; left as it is.
    """
    findings: list[Finding] = []
    cleaned = {}
    day = steps_per_day(parse_step(station.step))
    for column in (name for name in station.columns if recognise(name) == "temperature"):
        values = frame[column].to_numpy(np.float64)
        other = _other_size(values)
        other |= _other_degrees(np.where(other, np.nan, values), day)
        if other.any():
            findings += found_at("unit", column, times_of(frame)[other], f"{span_of(values[other])}: in another unit "
                                 "than the rows before (K, °C or °F); left empty. Convert them in the source")
            cleaned[column] = np.where(other, np.nan, values)
    return (frame.assign(**cleaned) if cleaned else frame), findings


def _other_size(values: Floats) -> Mask:
    """Values in kelvin where the first ones are not, or the other way round."""
    known = values[np.isfinite(values)]
    kelvin = (values >= KELVIN[0]) & (values <= KELVIN[1])
    if len(known) < FEWEST:
        return np.zeros(len(values), dtype=bool)
    first_is_kelvin = np.median(known[:FEWEST]) >= KELVIN[0]
    return np.isfinite(values) & (~kelvin if first_is_kelvin else kelvin)


def _other_degrees(values: Floats, day: int) -> Mask:
    """Rows in °F where those before are in °C, or the other way round."""
    other = np.zeros(len(values), dtype=bool)
    rows = np.flatnonzero(np.isfinite(values))
    known = values[rows]
    inside: tuple[int, Callable[[Floats], Floats]] | None = None
    for at in np.flatnonzero(np.abs(np.diff(known)) >= JUMP) + 1:
        if inside is not None:
            start, back = inside
            if abs(back(known[at - 1:at])[0] - known[at]) <= DAY_ALIKE:
                other[rows[start:at]] = True
                inside = None
            continue
        before, after = known[max(0, at - day):at], known[at:at + day]
        if len(before) < day // 2 or len(after) < day // 2:
            continue
        for back in (_to_celsius, _to_fahrenheit):
            if (abs(np.median(back(after)) - np.median(before)) <= DAY_ALIKE
                    and abs(np.median(after) - np.median(before)) >= JUMP
                    and abs(back(after[:1])[0] - before[-1]) <= DAY_ALIKE):
                inside = (int(at), back)
                break
    if inside is not None:
        other[rows[inside[0]:]] = True
    return other


def _to_celsius(values: Floats) -> Floats:
    return (values - 32) / 1.8


def _to_fahrenheit(values: Floats) -> Floats:
    return values * 1.8 + 32


def require_like_history(issued: pd.DataFrame, history: pd.DataFrame, station: Station, source: str) -> None:
    """Nothing, unless issued forecasts are in another unit than what was measured: a model would learn from both.

    Of wind speed nothing is asked: a sensor behind a roof measures a part of what is forecast. Nor of a column that was
    measured for less than `TELLING` days.

    Raises:
        DataError: a column fits the history once it is converted.
    """
    asked = [name for name in issued.columns if name in history and recognise(name) != "wind_speed"
             and _span(history[name]) >= TELLING * DAY]
    _, notes = like_history(issued[asked], history, station)
    if wrong := [note for note in notes if CONVERTED in note]:
        column, told = wrong[0].split(": ", 1)
        raise DataError(f"the weather forecasts of {source} are in another unit than the measured {column!r}",
                        found=told.split(CONVERTED)[0], hint=f"convert them from {told.split(CONVERTED)[1]}")


def _span(measured: pd.Series) -> pd.Timedelta:
    """From the first value to the last one."""
    times = times_of(measured.dropna())
    return times.max() - times.min() if len(times) else pd.Timedelta(0)


def like_history(weather: pd.DataFrame, history: pd.DataFrame, station: Station) -> tuple[pd.DataFrame, list[str]]:
    """Weather in the units of the history, and a sentence for each column that was in another or is unlike it. A
    history whose values are all the same, or of some days only, does not tell what it is unlike.

    Args:
        weather: known-future columns, indexed by `time`, or by `issued` and `time`.
        history: measured rows with the same columns.
        station: which of them are categories.
    """
    converted, notes = {}, []
    for column in (name for name in weather.columns if name in history and name not in station.categorical):
        quantity, cells, known = recognise(column) or "", weather[column].dropna(), history[column].dropna()
        new, old = (each.to_numpy(np.float64) for each in (cells, known))
        weeks = _weekly_middles(history[column]) if quantity == "wind_speed" else None
        fits = partial(_fits, old=old) if weeks is None or len(weeks) < WEEKS else partial(_is_as_windy, weeks=weeks)
        if min(len(new), len(old)) < FEWEST or np.ptp(new) == 0 or np.ptp(old) == 0 or fits(new):
            continue
        fitting = [each for each in CONVERSIONS.get(quantity, ()) if fits(each.apply(new)) and (
            weeks is None or _is_plain(each.apply(new), new, weeks))]
        times = times_of(cells)
        told = (f"{column}: {span_of(new)} ({len(new)} values, {times.min():%Y-%m-%d %H:%M} to "
                f"{times.max():%Y-%m-%d %H:%M}) where the history has {span_of(old)}")
        if fitting:
            best = min(fitting, key=lambda each: _distance(each.apply(new), old))
            converted[column] = best.apply(weather[column].to_numpy(np.float64))
            notes.append(f"{told}{CONVERTED}{best.words}")
        elif _span(known) >= ABOUT_A_WEEK * DAY:
            notes.append(f"{told}; used as it is: check its unit")
    return (weather.assign(**converted) if converted else weather), notes


def _weekly_middles(measured: pd.Series) -> Floats:
    """The median of each week."""
    weeks = measured.dropna().resample("7D").median().dropna()
    return np.asarray(weeks[weeks > 0], dtype=np.float64)


def _is_as_windy(new: Floats, weeks: Floats) -> bool:
    return bool(weeks.min() / CALM <= np.median(new) <= weeks.max() * CALM)


def _is_plain(converted: Floats, new: Floats, weeks: Floats) -> bool:
    """Whether km/h or m/s explain it better than knots do."""
    usual, factor = float(np.median(weeks)), float(np.median(new) / np.median(converted))
    knots = np.median(new) / (KNOT if factor > 1 else 1 / KNOT)
    return bool(abs(np.log(np.median(converted) / usual)) < abs(np.log(knots / usual)))


def _distance(new: Floats, old: Floats) -> float:
    """Between the middles, and between the high values."""
    return float(np.abs(np.quantile(new, [0.5, 0.9]) - np.quantile(old, [0.5, 0.9])).sum())


def _fits(new: Floats, old: Floats) -> bool:
    """Whether most of the new values lie where the old ones do, and are not all crowded at their lower end."""
    low, high = np.quantile(old, [0.001, 0.999])
    room = ROOM * (high - low)
    within = np.mean((new >= low - room) & (new <= high + room)) >= 0.8
    # A fraction lies within 0 … 100 % too.
    crowded = high > 10 and np.quantile(new, 0.95) <= 1.0 < np.quantile(old, 0.5) and np.ptp(new) > 0
    return bool(within and not crowded)
