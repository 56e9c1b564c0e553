"""What a source's rows mean: a meter's readings or power, power or energy per interval, samples or changes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL
from wattcast.data.cleaning import is_code
from wattcast.data.counters import differences, require_no_counter
from wattcast.data.gridding import in_order, to_grid
from wattcast.data.quality import Assumption, Finding, times_of
from wattcast.data.sampling import hold_values, sampling_of
from wattcast.data.schema import DataConfig
from wattcast.data.units import assumed_units, natures, require_known
from wattcast.errors import ConfigError


@dataclass(frozen=True)
class Described:
    """What a source says of its targets: its name for messages, our names to its own, the units below its own names."""

    name: str
    targets: Mapping[str, str]
    units: Mapping[str, str]


@dataclass(frozen=True)
class Steps:
    """Rows on a station's grid, what was found on the way there and what had to be assumed."""

    frame: pd.DataFrame
    findings: list[Finding]
    assumed: list[Assumption]
    held: bool = False
    """Whether values hold until the next row: then staying equal says nothing about a sensor."""


def metered(frame: pd.DataFrame, source: Described, config: DataConfig) -> tuple[pd.DataFrame, list[Finding]]:
    """Rows as they are, or a meter's readings as the energy from each to the next, if `data.counter` says so.

    Args:
        frame: under our names, indexed by instant, in any order.
        source: what it says of its targets.
        config: how it is described.

    Raises:
        DataError: the total looks like a meter's reading, and nothing says whether it is.
    """
    known = {name: np.where(is_code(frame[name].to_numpy(), config.missing_values), np.nan, frame[name])
             for name in source.targets}
    if config.counter:
        return differences(frame.assign(**known), tuple(source.targets))
    if config.counter is None:
        require_no_counter(pd.Series(known[TOTAL], frame.index), source.targets[TOTAL], source.name)
    return frame, []


def to_steps(frame: pd.DataFrame, source: Described, step: pd.Timedelta, config: DataConfig) -> Steps:
    """Rows to every step: means of power, sums of energy, or what held in between.

    Args:
        frame: as from `metered`.
        source: what it says of its targets.
        step: length of an interval.
        config: how it is described.

    Raises:
        DataError: the rows do not fit the step, or can be read in two ways.
        ConfigError: what is set contradicts itself.
    """
    targets = source.targets
    found = natures(targets, config.unit, source.units)
    energy = tuple(name for name in targets if config.counter or found[name].energy)
    sampling, assumed = sampling_of(frame, step, source.name, config.time.sampling)
    if not config.counter:
        assumed += assumed_units(found, targets)
    if sampling == "on_change":
        if energy:
            raise ConfigError(f"{source.name}: a row when a value changes cannot hold energy per interval",
                              found=f"energy in {targets[energy[0]]!r}",
                              hint="set data.unit to a unit of power, or data.time.sampling to regular")
        frame, findings = in_order(frame)
        return Steps(hold_values(frame, step), findings, assumed, held=True)
    if not energy:
        require_known(found, targets, times_of(frame), step, source.name)
    gridded, findings = to_grid(frame, step, source.name, energy=energy)
    return Steps(gridded, findings, assumed)
