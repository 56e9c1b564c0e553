"""A meter's reading, which only rises, in place of power."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.data.quality import Finding, found_at, times_of
from wattcast.errors import DataError

FIRST = pd.Timedelta(days=28)
"""What these weeks show decides."""
SPAN, FEWEST = pd.Timedelta(days=10), 100
"""Days and rows below which rising power may be chance. [days, rows]"""
RISES, FALLS = 0.2, 2
"""A meter's reading rises at this share of its rows at least and falls so often at most, when it is set back.
[share, number]"""
NEAR = 0.05
"""Share of a meter's digits within which it rolls over from their end to their beginning, however often."""
DAYS, SAME_TIME = 7, 60
"""A meter of the day's energy is set back on so many days at least, within so many minutes of the clock.
[days, minutes]"""
LATE = 1.5
"""A reading that comes later than so many times the usual distance tells no interval's energy. [times]"""


def require_no_counter(power: pd.Series, column: str, source: str) -> None:
    """Nothing, unless a target looks like a meter's reading.

    Args:
        power: under our name, at tz-aware instants, in any order.
        column: the source's name.

    Raises:
        DataError: it never falls, or only where a meter is set back.
    """
    known = power.dropna()
    known = known[~known.index.duplicated(keep="last")].sort_index()
    known = known[times_of(known) < times_of(known).min() + FIRST]
    if len(known) < FEWEST or known.index[-1] - known.index[0] < SPAN:
        return
    change = np.diff(known.to_numpy())
    falls = np.flatnonzero(change < 0)
    before, after = known.to_numpy()[falls], known.to_numpy()[falls + 1]
    daily = _is_set_back_daily(times_of(known), known.to_numpy(), falls)
    if not daily and ((len(falls) > FALLS and not _rolls_over(before, after)) or np.mean(change > 0) < RISES or (
            after > before / 2).any()):
        return
    last = times_of(power.dropna()).max()
    raise DataError(
        f"{source}: the column {column!r} ({power.name}) looks like a meter's reading, not like power",
        found=f"{power.notna().sum()} readings from {known.index[0]:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}; over the "
              f"first weeks they rise from {known.iloc[0]:g} to {known.max():g} and fall {len(falls)} times",
        expected="the power or the energy of each interval",
        hint="set data.counter to true to take the differences as energy per interval; to false if it is power; or by "
             f"target, data.counter: {{{power.name}: true}}")


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
    """Readings to the energy from each one to the next; empty where the next is missing, late or smaller.

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
        back = used < 0
        findings += found_at("counter_reset", name, times[back], "the meter's reading falls: the energy up to the next "
                             "one is left empty")
        energy[name] = np.where(back | late, np.nan, used)
    return frame.assign(**energy), findings
