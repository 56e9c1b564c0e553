"""What a source's rows mean: a meter's readings or power, power or energy per interval, samples or changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.data.by_target import of_target
from wattcast.data.cleaning import is_code
from wattcast.data.counters import added_in_hours, assumed_no_counter, differences, require_no_counter
from wattcast.data.gridding import in_order, to_grid
from wattcast.data.quality import Assumption, Finding, times_of
from wattcast.data.sampling import hold_values, sampling_of
from wattcast.data.schema import DataConfig
from wattcast.data.units import assumed_units, natures, require_known, set_units, unlike_units
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
    notes: tuple[str, ...] = ()
    """What the settings say of the targets, in words."""
    held: bool = False
    """Whether values hold until the next row: then staying equal says nothing about a sensor."""


def metered(frame: pd.DataFrame, source: Described,
            config: DataConfig) -> tuple[pd.DataFrame, list[Finding], list[Assumption]]:
    """Rows as they are, or a meter's readings as the energy from each to the next, if `data.counter` says so; what was
    found and what had to be assumed.

    Args:
        frame: under our names, indexed by instant, in any order.
        source: what it says of its targets.
        config: how it is described.

    Raises:
        DataError: a target looks like a meter's reading, and nothing says whether it is.
    """
    known = {name: np.where(is_code(frame[name].to_numpy(), config.missing_values), np.nan, frame[name])
             for name in source.targets}
    assumed: list[Assumption] = []
    for name, column in source.targets.items():
        if of_target(config.counter, name) is None:
            power = pd.Series(known[name], frame.index, name=name)
            require_no_counter(power, column, source.name)
            assumed += assumed_no_counter(power, column)
    findings: list[Finding] = []
    counters = {name: of_target(config.counter, name) for name in meters_of(source.targets, config)}
    frame = frame.assign(**{name: -known[name] if counters[name] == "falling" else known[name] for name in counters})
    hourly = tuple(name for name in counters if counters[name] == "hourly")
    meters = tuple(name for name in counters if name not in hourly)
    if hourly:
        frame = added_in_hours(frame, hourly)
    if meters:
        frame, findings = differences(frame, meters)
    return frame, findings, assumed


def meters_of(targets: Iterable[str], config: DataConfig) -> tuple[str, ...]:
    """The targets that are a meter's readings, as the settings say."""
    return tuple(name for name in targets if of_target(config.counter, name))


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
    targets, meters = source.targets, meters_of(source.targets, config)
    found = natures(targets, config.unit, source.units)
    energy = tuple(name for name in targets if name in meters or found[name].energy)
    sampling, assumed = sampling_of(frame, step, source.name, config.time.sampling)
    told = {name: nature for name, nature in found.items() if name not in meters}
    assumed += assumed_units(told, targets)
    counted = {name: "added up in each hour" if of_target(config.counter, name) == "hourly" else "a meter's reading"
               for name in meters}
    notes = [*(f"{targets[name]!r} is {how}, as data.counter says: the differences are energy per interval"
               for name, how in counted.items()), *set_units(told, targets), *unlike_units(energy, targets, step)]
    if sampling == "on_change":
        if energy:
            raise ConfigError(f"{source.name}: a row when a value changes cannot hold energy per interval",
                              found=f"energy in {targets[energy[0]]!r}",
                              hint="set data.unit to a unit of power, or data.time.sampling to regular")
        frame, findings = in_order(frame)
        return Steps(hold_values(frame, step), findings, assumed, tuple(notes), held=True)
    unknown = [targets[name] for name, nature in told.items() if nature.energy is None]
    require_known(unknown, times_of(frame), step, source.name)
    gridded, findings = to_grid(frame, step, source.name, energy=energy)
    return Steps(gridded, findings, assumed, tuple(notes))
