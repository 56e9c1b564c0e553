"""A meter's reading, which only rises, or an amount paid before, which only falls, in place of power; or energy that is
added up anew in each hour."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.data.quality import Assumption, Finding, found_at, times_of
from wattcast.errors import DataError

FIRST = pd.Timedelta(days=28)
"""What these weeks show decides."""
SPAN, FEWEST = pd.Timedelta(days=10), 100
"""Days and rows below which rising power may be chance. [days, rows]"""
SHORT, ALWAYS = 24, 0.5
"""So many rows that never fall and rise at this share of them are told of, where they are too few to be sure.
[rows, share]"""
RISES, FALLS = 0.2, 2
"""A meter's reading rises at this share of its rows at least and falls so often at most, when it is set back.
[share, number]"""
NEAR = 0.05
"""Share of a meter's digits within which it rolls over from their end to their beginning, however often."""
DAILY = 0.5
"""Share of the days on which a meter rises that is read once a day. [share]"""
DAYS, SAME_TIME = 7, 60
"""A meter of the day's energy is set back on so many days at least, within so many minutes of the clock.
[days, minutes]"""
PAID = 0.5
"""So often an amount is paid for again at most: whatever else falls for most of the time rises every day. [1/day]"""
FAULTY = 0.05
"""A meter's readings are zero, too low or too high at no more than this share of its rows. [share]"""
REGAINED = 0.5
"""A reading that was wrong is as high again in one step, which is this share of what it had fallen at least. [share]"""
LATE = 1.5
"""A reading that comes later than so many times the usual distance tells no interval's energy. [times]"""
HOUR = 3_600_000_000
"""An hour. [µs]"""
ADDED, BUSY = 0.98, 50
"""Energy is added up within the hour where of at least so many hours with energy so many never fall and end above their
beginning: of power, half of all hours fall. [share, hours]"""
ALIKE = 0.35
"""What an hour ends with is as many times what it begins with as it has rows, within this share of that. [share]"""


def require_no_counter(power: pd.Series, column: str, source: str) -> None:
    """Nothing, unless a target looks like a meter's reading.

    Args:
        power: under our name, at tz-aware instants, in any order.
        column: the source's name.

    Raises:
        DataError: it never falls, or only where a meter is set back or tells nothing; or it falls but for a few times;
            or it is added up anew in each hour.
    """
    known = power.dropna()
    known = known[~known.index.duplicated(keep="last")].sort_index()
    known = known[times_of(known) < times_of(known).min() + FIRST]
    if len(known) < FEWEST:
        return
    _require_no_balance(known, power, column, source)
    _require_not_added_up(known, power, column, source)
    if not _rises(times_of(known), known.to_numpy()):
        return
    falls, last = int((np.diff(known.to_numpy()) < 0).sum()), times_of(power.dropna()).max()
    raise DataError(
        f"{source}: the column {column!r} ({power.name}) looks like a meter's reading, not like power",
        found=f"{power.notna().sum()} readings from {known.index[0]:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}; over the "
              f"first weeks they rise from {known.iloc[0]:g} to {known.max():g} and fall {falls} times",
        expected="the power or the energy of each interval",
        hint="set data.counter to true to take the differences as energy per interval; to false if it is power; or by "
             f"target, data.counter: {{{power.name}: true}}")


def _require_no_balance(known: pd.Series, power: pd.Series, column: str, source: str) -> None:
    change, days = np.diff(known.to_numpy()), (known.index[-1] - known.index[0]) / pd.Timedelta("1D")
    rises = int((change > 0).sum())
    if known.index[-1] - known.index[0] < SPAN or np.mean(change < 0) < RISES or rises > PAID * days:
        return
    raise DataError(
        f"{source}: the column {column!r} ({power.name}) looks like what is left of an amount paid before, not like "
        "power", found=f"{power.notna().sum()} values from {known.index[0]:%Y-%m-%d %H:%M} to "
                       f"{times_of(power.dropna()).max():%Y-%m-%d %H:%M}; over the first weeks they fall from "
                       f"{known.iloc[0]:g} to {known.iloc[-1]:g} and rise {rises} times",
        expected="the power or the energy of each interval",
        hint="if it is energy that is left, set data.counter to falling: what it falls by is the energy of each "
             f"interval; to false if it is power; or by target, data.counter: {{{power.name}: falling}}")


def _require_not_added_up(known: pd.Series, power: pd.Series, column: str, source: str) -> None:
    energy, (hours, _) = known.to_numpy(np.float64), _hours(known)
    change, same = np.diff(energy), hours[1:] == hours[:-1]
    each = pd.Series(energy).groupby(hours).agg(["size", "first", "last"])
    rows = int(each["size"].max())
    # Of hours that lack a row nothing can be said.
    busy = each[(each["size"] == rows) & (each["last"] > 0)]
    if rows < 2 or len(busy) < BUSY or (energy < 0).any():
        return
    falling = np.unique(hours[1:][same & (change < 0)])
    added = ~busy.index.isin(falling) & (busy["last"] > busy["first"])
    times = busy["last"].sum() / max(busy["first"].sum(), np.finfo(float).tiny)
    if added.mean() < ADDED or abs(times / rows - 1) > ALIKE:
        return
    raise DataError(
        f"{source}: the column {column!r} ({power.name}) looks like energy that is added up anew in each hour, not "
        "like power",
        found=f"{power.notna().sum()} values; in {added.sum()} of {len(busy)} hours of the first weeks they never "
              f"fall, and end with {times:.1f} times what they begin with",
        expected="the power or the energy of each interval",
        hint="set data.counter to hourly to take what is added in each interval as its energy; to false if it is "
             f"power; or by target, data.counter: {{{power.name}: hourly}}")


def _hours(known: pd.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """In which hour each row lies, and whether it is due as the first of one. An hour's first row is the one before
    which readings fall most often: on the full hour, or an interval later where stamps are the intervals' ends."""
    times, falls = _microseconds(times_of(known)), np.append(False, np.diff(known.to_numpy()) < 0)
    after, often = np.unique(times[falls] % HOUR, return_counts=True)
    since = times - (after[often.argmax()] if len(after) else 0)
    return since // HOUR, since % HOUR == 0


def _microseconds(times: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    return np.asarray(times.as_unit("us").asi8)


def assumed_no_counter(power: pd.Series, column: str) -> list[Assumption]:
    """That a target which never falls, but for too short a time to be sure, is no meter's reading.

    Args:
        power: as in `require_no_counter`.
        column: the source's name.
    """
    known = power.dropna()
    known = known[~known.index.duplicated(keep="last")].sort_index()
    change = np.diff(known.to_numpy())
    if len(known) < SHORT or (change < 0).any() or np.mean(change > 0) < ALWAYS:
        return []
    return [Assumption("counter", "false", f"{column!r} is taken for power or energy of each interval, though it rises "
                       f"from {known.iloc[0]:g} to {known.iloc[-1]:g} and never falls, as a meter's reading does",
                       "data.counter")]


def _rises(times: pd.DatetimeIndex, readings: npt.NDArray[np.float64]) -> bool:
    """Whether readings in order go up as a meter's do."""
    change, span = np.diff(readings), times[-1] - times[0]
    falls = np.flatnonzero(change < 0)
    before, after = readings[falls], readings[falls + 1]
    if span < SPAN:
        return False
    if _is_set_back_daily(times, readings, falls):
        return True
    if len(falls) > FALLS and not _rolls_over(before, after):
        return _rises_but_for_faults(readings)
    # A meter that is read once a day rises on most days, all at once.
    days = times.normalize()
    grown = len(falls) == 0 and days[1:][change > 0].nunique() >= max(DAYS, DAILY * days.nunique())
    return bool((np.mean(change > 0) >= RISES or grown) and not (after > before / 2).any())


def _rises_but_for_faults(readings: npt.NDArray[np.float64]) -> bool:
    """Whether they do so but for zeros and for single readings that are too low or too high."""
    there = readings[readings != 0]
    if len(there) < max((1 - FAULTY) * len(readings), FEWEST):
        return False
    change = np.diff(np.median(np.lib.stride_tricks.sliding_window_view(there, 3), axis=1))
    up = change[change > 0].sum()
    return bool(np.mean(change > 0) >= RISES and np.mean(change < 0) <= FAULTY and change.sum() >= (1 - FAULTY) * up)


def _is_set_back_daily(times: pd.DatetimeIndex, readings: npt.NDArray[np.float64],
                       falls: npt.NDArray[np.intp]) -> bool:
    """Whether the readings fall at the same time of day only, on most days, and to what a day begins with."""
    days = times.normalize()
    if len(falls) < DAYS or 2 * len(falls) < days.nunique() or len(falls) > days.nunique():
        return False
    wall = times.tz_localize(None)
    minutes = np.asarray((wall - wall.normalize()) / pd.Timedelta("1min"))[falls + 1]
    before, after = readings[falls], readings[falls + 1]
    return bool(np.ptp(minutes) <= SAME_TIME and (after <= NEAR * before).all() and (readings >= 0).all())


def _rolls_over(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> bool:
    """Whether all falls are from the last readings that a meter's digits can show to the first ones."""
    top = 10 ** np.ceil(np.log10(max(before.max(), 1.0)))
    return bool((before > (1 - NEAR) * top).all() and (after < NEAR * top).all())


def differences(frame: pd.DataFrame, targets: tuple[str, ...]) -> tuple[pd.DataFrame, list[Finding]]:
    """Readings to the energy from each one to the next; empty where the next is missing, late or smaller, and from a
    reading that falls, to zero perhaps, to the one that is as high as before again.

    Args:
        frame: rows in any order, indexed by instant; of rows with the same stamp the later one counts.
    """
    frame = frame[~frame.index.duplicated(keep="last")].sort_index()
    times, findings = times_of(frame), []
    energy = {}
    for name in targets:
        reading = frame[name].to_numpy()
        used = np.append(np.diff(reading), np.nan)
        apart = np.append(np.diff(times.as_unit("us").asi8).astype(float), np.nan)
        late = apart > LATE * np.nanmedian(apart) if len(apart) > 1 else np.zeros(len(apart), dtype=bool)
        back, wrong = used < 0, _of_wrong_readings(reading, used)
        findings += found_at("counter_reset", name, times[back], "the meter's reading falls, or what is left of an "
                             "amount rises: the energy up to the next one is left empty")
        findings += found_at("counter_reset", name, times[wrong], "readings that fell and are as high as before again: "
                             "the energy until then is left empty")
        energy[name] = np.where(back | wrong | late, np.nan, used)
    return frame.assign(**energy), findings


def _of_wrong_readings(reading: npt.NDArray[np.float64], used: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Energy that begins at a reading which fell and came back; not of a meter that was set back and counts anew."""
    known = pd.Series(reading).ffill().to_numpy()
    top = np.fmax.accumulate(known)
    below = known < top
    stretch = pd.Series(known).groupby(np.cumsum(~below))
    up = below & np.append(~below[1:], False) & (used >= REGAINED * (top - stretch.cummin().to_numpy()))
    zeros = below & (reading == 0) & (used == 0)
    returned = pd.Series(up).groupby(np.cumsum(~below)).transform("any").to_numpy()
    return np.asarray(up | (zeros & returned))


def added_in_hours(frame: pd.DataFrame, targets: tuple[str, ...]) -> pd.DataFrame:
    """Energy that is added up anew in each hour to the energy of each interval: what came to it since the row before;
    empty where that one is missing.

    Args:
        frame: as of `differences`.
    """
    frame = frame[~frame.index.duplicated(keep="last")].sort_index()
    energy = {}
    for name in targets:
        known = frame[name].dropna()
        if known.empty:
            continue
        hours, first = _hours(known)
        apart = np.append(0, np.diff(_microseconds(times_of(known))))
        came = np.append(np.nan, np.diff(known.to_numpy()))
        next_one = np.append(False, hours[1:] == hours[:-1]) & (apart <= LATE * np.median(apart)) & (came >= 0)
        energy[name] = pd.Series(np.where(first, known, np.where(next_one, came, np.nan)), known.index)
    return frame.assign(**energy)
