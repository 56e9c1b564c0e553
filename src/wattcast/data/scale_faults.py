"""Power that cannot be: single values far outside, and stretches in another unit (W for kW, minutes for hours).

Single values are told from the values before them. A stretch is told once it has lasted a day; it is then left empty
from its first row on. This one rule looks ahead, by at most a day, and only ever to leave something out. Whatever else
may explain a change (a plant that starts, a works that rests, a line that is added) is left as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Kind, Station
from wattcast.data.cleaning import Mask, span_of
from wattcast.data.days import MONTH, WEEK, by_day, quantile
from wattcast.data.plant_scale import plant_stretches
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import DataConfig
from wattcast.timegrid import parse_step, steps_per_day

Floats = npt.NDArray[np.float64]

FAR, BEYOND_DOUBT = 20.0, 1000.0
"""How many times the highest values before, but for the highest thousandth, are too much for a single value, and how
many for several in a row."""
HIGH, EARLY_HIGH = 0.999, 0.95
"""What counts as the highest of the values before: in the first week, with fewer of them, a lower one. [quantile]"""
ALONE, FEW = 3, 5
"""So many values in a row, and in the week that ends with them, are single ones."""
FEWEST = 20
"""Values other than zero below which nothing is known of what is usual. [number]"""

FACTORS = {1000.0: 0.4, 60.0: 0.2, 4.0: 0.06}
"""By how many times a mistaken unit is off (kilo, minutes for hours, quarter-hours for hours), and how far its decimal
logarithm may be from that. [times: decimal logarithm]"""
NOTABLE = 0.05
"""Share of the level below which the usual value of an hour says nothing."""
MUCH = 1.7
"""Days whose middle is so many powers of ten above the usual do not become usual. [powers of ten]"""
ALIKE, OFTEN = 0.15, 1.5
"""Values are alike if they differ by less than this share, and seen before if the rows like them make up so many days:
the day on which a mistake begins or ends counts among the true ones. [share, days]"""
HOLES, SHORTEST = 3, 6
"""Rows in a stretch that may be as usual, and rows that it needs."""
NEARLY_ALL, USUAL = 0.9, 4.0
"""Share of a stretch's rows that lie around the factor; the rows beside it are so many times closer to the usual.
[share, times]"""
SHAPE, CLOUDED = 0.5, 0.2
"""How closely a stretch must follow the usual hours: a unit changes the height of a day, not its shape. Of a thousand
times what has ever been there less is asked, and a dark day may be among its days. [correlation]"""
STEADY, CLEAR, SPREAD = 3.0, 12.0, 2.0
"""So many times closer than the factor is large must days be to each other, and hours to the middle of their day; a
stretch may scatter so many times as much as days do. [times]"""


def mask_scale_faults(frame: pd.DataFrame, station: Station,
                      config: DataConfig) -> tuple[pd.DataFrame, list[Finding]]:
    """Values of the targets that are far outside or in another unit become empty.

    Args:
        frame: on the station's grid; left as it is.
    """
    findings: list[Finding] = []
    cleaned = {}
    if not config.scale_faults:
        return frame, []
    day = steps_per_day(parse_step(station.step))
    for column in station.targets:
        values = frame[column].to_numpy(np.float64)
        kept = values
        for factor, rows in _stretches(values, day, station.kind):
            wrong = rows & np.isfinite(kept)
            findings += found_at("scale", column, times_of(frame)[wrong], f"{span_of(values[rows])}: about "
                                 f"{_times(factor)} what is usual at these hours, as if in another unit; left empty. "
                                 "Correct the source; if it is true, set data.scale_faults to false")
            kept = np.where(rows, np.nan, kept)
        values = kept
        far = _single(values, day)
        if far.any():
            findings += found_at("spike", column, times_of(frame)[far], f"{span_of(values[far])}: alone and more than "
                                 f"{FAR:g} times as large as what was there before; left empty (data.scale_faults)")
            values = np.where(far, np.nan, values)
        if len(findings):
            cleaned[column] = values
    return (frame.assign(**cleaned) if cleaned else frame), findings


def _times(factor: float) -> str:
    return f"{factor:g} times" if factor > 1 else f"1/{1 / factor:g} of"


def _single(values: Floats, day: int) -> Mask:
    """Values that are alone far above all that was there before, in either direction."""
    size = np.abs(np.where(values == 0, np.nan, values))
    far = np.zeros(len(values), dtype=bool)
    known, usual = np.empty(0), np.inf
    beyond = np.zeros(len(values), dtype=bool)
    for number, start in enumerate(range(0, len(values), day)):
        block = size[start:start + day]
        if number <= MONTH or number % WEEK == 0:
            usual = _usual(known if number >= WEEK else size[:WEEK * day], HIGH if number >= WEEK else EARLY_HIGH)
        far[start:start + day] = block > FAR * usual
        beyond[start:start + day] = block > BEYOND_DOUBT * usual
        often = far[max(0, start - WEEK * day):start + day].sum() > day // 2
        known = np.append(known, block[np.isfinite(block) & (often | (block <= FAR * usual))])
    if not far.any():
        return far
    row = np.arange(len(values))
    in_row = row - np.maximum.accumulate(np.where(far | np.isnan(values), -1, row))
    in_week = np.convolve(far, np.ones(WEEK * day))[:len(values)]
    alone = (in_row <= ALONE) & (in_week <= FEW)
    # Power varies; a number that comes again far outside is what a logger writes for no value.
    again = np.zeros(len(values), dtype=bool)
    again[far] = pd.Series(values[far]).duplicated()
    return far & (alone | ((beyond | again) & (in_row < day) & (in_week <= day)))


def _usual(known: Floats, share: float) -> float:
    finite = known[np.isfinite(known)]
    return float(np.quantile(finite, share)) if len(finite) >= FEWEST else np.inf


@dataclass(frozen=True)
class _Ratios:
    """Decimal logarithms of each value against the usual one of its hour [T], NaN where that says nothing.

    `varies` is how far the middle of a day usually is from zero, `scatter` how far hours are from the middle of theirs.
    """

    log: Floats
    varies: float
    scatter: float


def _stretches(values: Floats, day: int, kind: Kind) -> Iterator[tuple[float, Mask]]:
    """Rows in another unit, for each factor that there is."""
    # Clouds and calms come in all sizes: of generation only a thousand is told.
    factors = {factor: off for factor, off in FACTORS.items() if kind is Kind.LOAD or factor == max(FACTORS)}
    signed = {factor ** sign: off for factor, off in factors.items() for sign in (1, -1)}
    if len(values) < 2 * WEEK * day:
        return
    if kind is not Kind.LOAD:
        yield from plant_stretches(values, day, kind)
    if not _suspicious(values, day, signed):
        return
    ratios, told = _log_ratios(values, day, signed), False
    for factor, off in signed.items():
        # No weather makes a thousand times more of a plant than it has ever shown.
        room = ratios.varies if factor == max(FACTORS) else 0.0
        size = abs(np.log10(factor))
        if ratios.varies > size / STEADY + room / 2 or ratios.scatter > size / CLEAR:
            continue
        rows = _runs(values, ratios, factor, off + room, day)
        if rows.any():
            told = True
            yield factor, rows & np.isfinite(values)
    if kind is Kind.LOAD and not told:
        # A wind plant may well be taken for a load.
        yield from plant_stretches(values, day, Kind.WIND)


def _suspicious(values: Floats, day: int, signed: dict[float, float]) -> bool:
    """Whether any day's level is as far from those of the weeks before as a mistaken unit puts it."""
    size = pd.Series(np.abs(np.where(values == 0, np.nan, values)))
    level = size.rolling(day, min_periods=max(1, day // 8)).quantile(0.9)
    before = level.rolling(MONTH * day, min_periods=WEEK * day // 2).median().shift(day)
    log = np.log10((level / before).dropna().to_numpy())
    return any(np.any(np.abs(log - np.log10(factor)) < off + 0.2) for factor, off in signed.items())


def _log_ratios(values: Floats, day: int, signed: dict[float, float]) -> _Ratios:
    days = np.abs(by_day(values, day))
    log = np.full(days.shape, np.nan)
    accepted: list[int] = []
    middles, scatters = [], []
    for number, x in enumerate(days):
        if len(accepted) >= WEEK:
            usual = _usual_day(days, accepted, number)
            says = np.isfinite(x) & (x > 0) & (usual > 0)
            log[number, says] = np.log10(x[says] / usual[says])
            # A works at rest: what has often been there before is no other unit.
            log[number, _suspected(log[number], signed) & _seen(x, days[accepted[-MONTH:]])] = np.nan
            says = np.isfinite(log[number])
            if says.sum() >= max(ALONE, day // 8):
                middle = float(np.median(log[number, says]))
                if middle > MUCH or _suspected(np.array([middle]), signed).any():
                    continue
                middles.append(abs(middle))
                scatters.append(float(np.median(np.abs(log[number, says] - middle))))
        if np.isfinite(x).any():
            accepted.append(number)
    if not middles:
        return _Ratios(log.ravel()[:len(values)], np.inf, np.inf)
    return _Ratios(log.ravel()[:len(values)], float(np.quantile(middles, 0.9)), float(np.median(scatters)))


def _suspected(log: Floats, signed: dict[float, float]) -> Mask:
    """Which ratios are as a mistaken unit makes them."""
    suspected = np.zeros(log.shape, dtype=bool)
    for factor, off in signed.items():
        suspected |= np.abs(log - np.log10(factor)) < off
    return suspected


def _seen(x: Floats, before: Floats) -> Mask:
    """Which values are like many of those before `[D, S]`."""
    known = np.sort(before[np.isfinite(before)])
    alike = np.searchsorted(known, x * (1 + ALIKE)) - np.searchsorted(known, x / (1 + ALIKE))
    return np.asarray(alike > OFTEN * before.shape[1])


def _usual_day(days: Floats, accepted: list[int], number: int) -> Floats:
    """The median of the same weekdays of the last weeks, or of all their days; zero where it says nothing."""
    recent = accepted[-MONTH:]
    alike = [day for day in recent if (number - day) % WEEK == 0]
    usual = quantile(days[alike if len(alike) >= ALONE else recent].T, 0.5)
    level = quantile(days[recent].reshape(1, -1), 0.9)[0]
    usual[~(usual > NOTABLE * level)] = 0.0
    return usual


def _runs(values: Floats, ratios: _Ratios, factor: float, off: float, day: int) -> Mask:
    """Rows of stretches of a day or longer whose ratios lie around the factor."""
    size = float(np.log10(factor))
    rows = np.zeros(len(ratios.log), dtype=bool)
    says = np.flatnonzero(np.isfinite(ratios.log))
    near = np.abs(ratios.log[says] - size) < off + SPREAD * ratios.scatter
    edges = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(int)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return rows
    joined = np.flatnonzero(np.append(True, starts[1:] - ends[:-1] > (day if factor == max(FACTORS) else HOLES)))
    for first, last in zip(joined, np.append(joined[1:], len(starts)), strict=True):
        start, end = int(starts[first]), int(ends[last - 1])
        before = says[start - 1] if start else -1
        after = says[end] if end < len(says) else len(rows)
        inside = ratios.log[says[start:end]]
        if end - start < SHORTEST or after - before <= day or abs(np.median(inside) - size) >= off:
            continue
        if np.mean(near[start:end]) >= NEARLY_ALL and _is_certain(values, ratios.log, says, (start, end), factor):
            rows[says[start]:(says[end - 1] + 1 if end < len(says) else len(rows))] = True
    return rows


def _is_certain(values: Floats, log: Floats, says: npt.NDArray[np.intp], stretch: tuple[int, int],
                factor: float) -> bool:
    """Whether a stretch has the usual shape, begins and ends at once, and most of its rows tell it."""
    start, end = stretch
    told = says[start:end]
    largest = factor == max(FACTORS)
    alike = _likeness(np.log10(np.abs(values[told])), log[told]) >= (CLOUDED if largest else SHAPE)
    thousand = max(factor, 1 / factor) > max(FACTORS) / 2
    if not alike and thousand:
        rows = slice(says[start - 1] + 1 if start else 0, told[-1] + 1)
        alike = _same_hours(values[rows], log[rows]) >= SHAPE
    if not alike:
        return False
    around = (log[says[max(0, start - SHORTEST):start]], log[says[end:end + SHORTEST]])
    slow = any(len(each) and np.median(np.abs(each)) > abs(np.log10(factor)) / USUAL for each in around)
    return (largest or not slow) and 2 * len(told) >= int(np.sum(np.abs(values[told[0]:told[-1] + 1]) > 0))


def _likeness(log: Floats, ratio: Floats) -> float:
    """How closely a stretch goes up and down as these hours usually do; both are decimal logarithms."""
    usual = log - ratio
    return 0.0 if np.ptp(usual) == 0 or np.ptp(log) == 0 else float(np.corrcoef(log, usual)[0, 1])


def _same_hours(values: Floats, ratio: Floats) -> float:
    """How closely a stretch is on and off when the station usually is: all the shape that a steady works has.

    Args:
        values: of all rows of the stretch, and of those before it that tell nothing.
        ratio: decimal logarithms of the values against the usual ones; NaN where there usually is nothing.
    """
    known = np.isfinite(values)
    size = np.abs(values[known])
    usual = np.where(np.isfinite(ratio[known]), size / 10 ** ratio[known], 0.0)
    return 0.0 if np.ptp(usual) == 0 or np.ptp(size) == 0 else float(np.corrcoef(size, usual)[0, 1])
