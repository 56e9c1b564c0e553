"""Power or energy per interval: what a target's column holds, told by a setting or by its name.

Where the grid changes, power is averaged and energy added up; the other way round a third or three times of it is left.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from wattcast.contracts import ADJUSTABLE, PART, TARGETS, TOTAL
from wattcast.data.by_target import of_target
from wattcast.data.gridding import rows_every, short
from wattcast.data.quality import Assumption
from wattcast.data.schema import ENERGY_UNITS, POWER_UNITS
from wattcast.errors import DataError
from wattcast.timegrid import divides_day

RATES = ("wh/h", "kwh/h", "mwh/h", "gwh/h")
"""Energy in an hour is mean power."""

SET = "data.unit"
"""What tells a unit where the settings do."""

_POWER_WORDS = {"power", "leistung", *(unit.lower() for unit in POWER_UNITS)}
_ENERGY_WORDS = {"energy", "energie", *(unit.lower() for unit in ENERGY_UNITS)}
_ENERGY_PARTS = ("电量", "电能", "電力量")
_WATT_HOUR = re.compile(r"(?i)(?<![a-z])([kmg]?w)\s?[\s·⋅∙•.*-]\s?h(?![a-z\d])|(?<=瓦)(?:小时|小時|[·⋅∙•.]时)")
"""A sign between watts and hours, as standards write it, makes no power of energy."""


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
        return Nature(unit.strip().lower() in _ENERGY_WORDS, SET)
    if below is not None and (nature := _by_words(below)) is not None:
        return Nature(nature, f"the unit {below!r} below the name")
    # Our own name tells only what is written beside it.
    return Nature(None) if column in TARGETS else Nature(_by_words(column), f"the name {column!r}")


def _by_words(text: str) -> bool | None:
    """Whether a name or a unit says energy, or power."""
    text = _plain(text)
    lower = text.lower()
    if any(rate in lower for rate in RATES):
        return False
    words = set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", text).lower()))
    words |= {word for word in _ENERGY_WORDS | _POWER_WORDS if not word.isascii() and len(word) > 1 and word in lower}
    if words & _ENERGY_WORDS or any(part in text for part in _ENERGY_PARTS):
        return True
    if words & _POWER_WORDS or "功率" in text:
        return False
    return None


def _plain(text: str) -> str:
    """In signs of one width, and `kW·h` as `kWh`."""
    return _WATT_HOUR.sub(lambda match: f"{match[1]}h" if match[1] else "时", unicodedata.normalize("NFKC", text))


def unit_of(column: str, unit: str | None) -> str | None:
    """The unit of power or energy that is set for a column, or that its name ends with or holds; None if none does."""
    if unit is not None:
        return unit.strip()
    known = {each.lower(): each for each in (*POWER_UNITS, *ENERGY_UNITS)}
    words = re.findall(r"[a-z]+|[\u4e00-\u9fff]+", _plain(column).lower())
    return next((known[word] for word in reversed(words) if word in known), None)


def natures(targets: Mapping[str, str], unit: str | Mapping[str, str] | None,
            below: Mapping[str, str] | None = None) -> dict[str, Nature]:
    """What each target holds, by our names; what nothing tells of one is as of the other.

    Args:
        targets: our names to the source's.
        unit: as set, for all of them or by our names.
        below: units that stand below the source's names.
    """
    found = {ours: nature_of(theirs, of_target(unit, ours), (below or {}).get(theirs))
             for ours, theirs in targets.items()}
    known = [found[name] for name in (TOTAL, PART) if name in found and found[name].energy is not None]
    return {name: nature if nature.energy is not None or not known else known[0] for name, nature in found.items()}


def assumed_units(found: Mapping[str, Nature], targets: Mapping[str, str]) -> list[Assumption]:
    """What was taken from a name, in words; of the second target if it is unlike the first."""
    assumed = []
    for name, nature in found.items():
        if nature.energy is not None and nature.told_by != SET and (
                name == TOTAL or TOTAL not in found or nature.energy != found[TOTAL].energy):
            assumed.append(Assumption("unit", _word(nature), f"{_taken(targets[name], nature)}: {nature.told_by} tells",
                                      SET))
    return assumed


def set_units(found: Mapping[str, Nature], targets: Mapping[str, str]) -> list[str]:
    """What the settings say of the targets, in words."""
    return [f"{_taken(targets[name], nature)}, as {SET} says" for name, nature in found.items()
            if nature.told_by == SET]


def unlike_units(energy: Collection[str], targets: Mapping[str, str], step: pd.Timedelta) -> list[str]:
    """Whether the targets cannot be taken from each other, in words; in an hour energy and mean power are one number.

    Args:
        energy: the targets that hold energy per interval.
        targets: our names to the source's.
        step: length of an interval.
    """
    if not 0 < len(energy) < len(targets) or step == pd.Timedelta(hours=1):
        return []
    return [f"{targets[TOTAL]!r} and {targets[PART]!r} are power and energy in {short(step)}: {ADJUSTABLE}, their "
            "difference, means nothing; give both in one unit"]


def _word(nature: Nature) -> str:
    return "energy" if nature.energy else "power"


def _taken(column: str, nature: Nature) -> str:
    return (f"{column!r} is taken for energy per interval, added up where rows are finer than the step"
            if nature.energy else f"{column!r} is taken for power, averaged where rows are finer than the step")


def require_known(unknown: Sequence[str], times: pd.DatetimeIndex, step: pd.Timedelta, source: str) -> None:
    """Nothing, unless rows must be put together and nothing tells how.

    Args:
        unknown: the source's names of targets that may be power or energy.
        times: of the rows.
        step: length of an interval.
        source: what to call it in messages.

    Raises:
        DataError: with the two ways to read it.
    """
    every = rows_every(times)
    if not unknown or every is None or 2 * every > step * (1 + 1e-9):
        return
    raise DataError(
        f"{source}: a row every {short(every)} has to become steps of {short(step)}, and nothing tells whether the "
        f"column {unknown[0]!r} is power or energy per interval",
        found=f"power [kW] would be averaged, energy [kWh] added up: {step / every:.3g} times as much",
        expected="a unit in the column's name, or in the settings",
        hint="set data.unit to kW, kWh, or what it is"
             + (f"; or data.time.step to {short(every)}" if divides_day(every) else ""))
