"""Power or energy per interval: what a target's column holds, told by a setting or by its name.

Where the grid changes, power is averaged and energy added up; the other way round a third or three times of it is left.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from wattcast.contracts import PART, TARGETS, TOTAL
from wattcast.data.gridding import rows_every, short
from wattcast.data.quality import Assumption
from wattcast.data.schema import ENERGY_UNITS, POWER_UNITS
from wattcast.errors import DataError
from wattcast.timegrid import divides_day

RATES = ("wh/h", "kwh/h", "mwh/h", "gwh/h")
"""Energy in an hour is mean power."""

_POWER_WORDS = {"power", "leistung", *(unit.lower() for unit in POWER_UNITS)}
_ENERGY_WORDS = {"energy", "energie", *(unit.lower() for unit in ENERGY_UNITS)}


@dataclass(frozen=True)
class Nature:
    """Whether a column holds energy per interval, if that is known, and what tells it."""

    energy: bool | None
    told_by: str = ""


def nature_of(column: str, unit: str | None, below: str | None = None) -> Nature:
    """What a column holds, by the unit that is set for it, that stands below its name, or by its name.

    Our own names of the targets tell nothing: whoever renames a column to them keeps its unit.
    """
    if unit is not None:
        return Nature(unit.strip().lower() in _ENERGY_WORDS, "data.unit")
    if below is not None and (nature := _by_words(below)) is not None:
        return Nature(nature, f"the unit {below!r} below the name")
    # Our own name tells only what is written beside it.
    return Nature(None) if column in TARGETS else Nature(_by_words(column), f"the name {column!r}")


def _by_words(text: str) -> bool | None:
    """Whether a name or a unit says energy, or power."""
    lower = text.lower()
    if any(rate in lower for rate in RATES):
        return False
    words = set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", text).lower()))
    words |= {word for word in _ENERGY_WORDS | _POWER_WORDS if not word.isascii() and len(word) > 1 and word in lower}
    if words & _ENERGY_WORDS or "电量" in text or "电能" in text:
        return True
    if words & _POWER_WORDS or "功率" in text:
        return False
    return None


def unit_of(column: str, unit: str | None) -> str | None:
    """The unit of power or energy that is set for a column, or that its name ends with or holds; None if none does."""
    if unit is not None:
        return unit.strip()
    known = {each.lower(): each for each in (*POWER_UNITS, *ENERGY_UNITS)}
    words = re.findall(r"[a-z]+|[\u4e00-\u9fff]+", column.lower())
    return next((known[word] for word in reversed(words) if word in known), None)


def natures(targets: Mapping[str, str], unit: str | None, below: Mapping[str, str] | None = None) -> dict[str, Nature]:
    """What each target holds, by our names; what nothing tells of one is as of the other.

    Args:
        targets: our names to the source's.
        unit: as set, for all of them.
        below: units that stand below the source's names.
    """
    found = {ours: nature_of(theirs, unit, (below or {}).get(theirs)) for ours, theirs in targets.items()}
    known = [found[name] for name in (TOTAL, PART) if name in found and found[name].energy is not None]
    return {name: nature if nature.energy is not None or not known else known[0] for name, nature in found.items()}


def assumed_units(found: Mapping[str, Nature], targets: Mapping[str, str]) -> list[Assumption]:
    """What was taken from a name, in words."""
    nature = found[TOTAL]
    if nature.energy is None or nature.told_by == "data.unit":
        return []
    column = targets[TOTAL]
    words = (f"{column!r} is taken for energy per interval, added up where rows are finer than the step"
             if nature.energy else f"{column!r} is taken for power, averaged where rows are finer than the step")
    return [Assumption("unit", "energy" if nature.energy else "power", f"{words}: {nature.told_by} tells",
                       "data.unit")]


def require_known(found: Mapping[str, Nature], targets: Mapping[str, str], times: pd.DatetimeIndex,
                  step: pd.Timedelta, source: str) -> None:
    """Nothing, unless rows must be put together and nothing tells how.

    Raises:
        DataError: with the two ways to read it.
    """
    every = rows_every(times)
    if found[TOTAL].energy is not None or every is None or 2 * every > step * (1 + 1e-9):
        return
    raise DataError(
        f"{source}: a row every {short(every)} has to become steps of {short(step)}, and nothing tells whether the "
        f"column {targets[TOTAL]!r} is power or energy per interval",
        found=f"power [kW] would be averaged, energy [kWh] added up: {step / every:.3g} times as much",
        expected="a unit in the column's name, or in the settings",
        hint="set data.unit to kW, kWh, or what it is"
             + (f"; or data.time.step to {short(every)}" if divides_day(every) else ""))
