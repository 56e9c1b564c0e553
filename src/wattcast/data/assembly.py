"""One station's raw cells to its cleaned table and quality report."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wattcast.contracts import PART, TOTAL, Kind, Location, Station
from wattcast.data.cities import assumed_place
from wattcast.data.cleaning import is_code, lift_negative_generation, mask_impossible, require_possible
from wattcast.data.coarse import fill_coarse
from wattcast.data.columns import PREDECESSOR_TARGETS, Columns
from wattcast.data.daylight_saving import infer_daylight_saving
from wattcast.data.days import WEEK
from wattcast.data.flat_lines import mask_flat_lines
from wattcast.data.issue_times import require_usable
from wattcast.data.kinds import infer_kind
from wattcast.data.likely_codes import mask_likely_codes
from wattcast.data.limits import assumed_limits
from wattcast.data.overlap import require_agreement, require_one_series
from wattcast.data.places import far_from_country, light_in_the_dark, unlike_name, wrong_zone
from wattcast.data.power_names import assumed_power
from wattcast.data.quality import Assumption, Finding, QualityReport, found_at, measured_days, times_of
from wattcast.data.quantities import Described, Steps, metered, to_steps
from wattcast.data.scale_faults import mask_scale_faults
from wattcast.data.schema import DataConfig, StationData, WeatherVintages, newest_of_each
from wattcast.data.silent_nights import fill_silent_nights
from wattcast.data.stamps import Starts, starts_of
from wattcast.data.tables import BOOKS, Table
from wattcast.data.tags import marked, require_one_tag
from wattcast.data.values import to_codes, to_numbers
from wattcast.data.weather import Weather
from wattcast.data.weather_scales import convert_other_units
from wattcast.data.weather_units import mask_other_temperatures, require_like_history
from wattcast.errors import ConfigError, DataError, EmptyColumnError, listing, nearest
from wattcast.timegrid import DAY, parse_step

logger = logging.getLogger("wattcast")

Forecasts = Callable[[Station], Weather]
"""Reads a station's issued weather forecasts."""

FAR_BELOW = 0.01
"""Share of its capacity that a station exceeds at least once."""
CHINA = ("Asia/Shanghai", "Asia/Chongqing", "Asia/Harbin", "Asia/Urumqi", "PRC")


@dataclass(frozen=True)
class RawStation:
    """A station's rows as read.

    `source` is its name in messages; `forecasts` is None where no issued ones are known; `notes` tell what the
    source was taken for.
    """

    source: str
    table: Table
    columns: Columns
    forecasts: Forecasts | None = None
    notes: tuple[str, ...] = ()


def assemble(raw: RawStation, station_id: str, config: DataConfig, *,
             whole: bool = True) -> tuple[StationData, QualityReport]:
    """Convert, clean and align a station's rows.

    Args:
        raw: the rows.
        station_id: whose they are.
        config: how they are described.
        whole: they are all that there is; otherwise power may be missing from them.

    Raises:
        DataError: a cell cannot be understood, or the total power has no value.
    """
    named = (raw.columns.time, raw.columns.clock, raw.columns.offset)
    starts = starts_of(raw.table.frame, named, config.time, raw.table.place)
    times, findings = starts.index, starts.findings
    if config.overlap == "error":
        tags = [name for name in raw.columns.tags if name in raw.table.frame]
        require_one_tag(raw.table.frame[tags], times, raw.source)
    frame = _convert(raw, times, config.missing_words)
    _require_no_number(raw, frame)
    columns = _without_empty_part(raw, frame) if whole else raw.columns
    rows = frame[list(columns.measured)]
    source = Described(raw.source, columns.targets, raw.table.units)
    frame, resets, readings = metered(rows, source, config)
    kind, daylight_saving, assumed = _nature(frame, config)
    station = _station(station_id, columns, config, starts.naive, kind, daylight_saving)
    _require_known_ranges(config, station)
    if config.overlap == "error":
        require_agreement(rows[list(station.targets)], raw.table, station_id)
        require_one_series(rows[TOTAL], raw.source, columns.ignored)
    if whole:
        require_possible(frame, station, config, raw.source)
    clean = _cleaned(frame, source, station, config, whole=whole)
    if whole:
        _require_measured(clean, raw)
    frame, vintages, weather = _with_forecasts(raw, station, clean.frame)
    data = StationData(station, frame, vintages)
    dark = light_in_the_dark(clean.frame, station)
    findings = [*_misplaced(raw, station, starts, config), *dark,
                *(_far_below_capacity(data) if whole else []), *findings,
                *resets, *clean.steps.findings, *clean.coarse, *_missing(rows, data, raw), *clean.changed,
                *_inconsistent(data), *_constant(data), *_future_known(data), *weather]
    told = [assumed_power(columns.targets[TOTAL])] if columns.guessed else []
    assumed = [*told, *assumed, *clean.steps.assumed, *assumed_limits(frame, station), *readings, *clean.nights,
               *(assumed_place(station) if kind is Kind.PV else [])]
    return data, QualityReport(station_id, len(times), times.min(), times.max(), station.step, measured_days(data),
                               tuple(findings), columns.ignored,
                               (*raw.notes, *raw.table.notes, *starts.notes, *clean.steps.notes, *_marked(raw)),
                               tuple(assumed))


def _misplaced(raw: RawStation, station: Station, starts: Starts, config: DataConfig) -> list[Finding]:
    """What speaks against the zone that the times are in, or against the place."""
    told = not starts.naive or "timezone" in config.time.model_fields_set
    named = [] if told else unlike_name((raw.columns.time, raw.columns.clock), station, starts.index)
    return [*(wrong_zone(station, starts.index) or far_from_country(station, starts.index)), *named]


@dataclass(frozen=True)
class _Cleaned:
    """A station's rows on its grid without what cannot be, and what was found: of `changed` that it is not as it was
    written, `coarse` that it holds for several steps."""

    frame: pd.DataFrame
    steps: Steps
    changed: list[Finding]
    coarse: list[Finding]
    nights: list[Assumption]


def _cleaned(frame: pd.DataFrame, source: Described, station: Station, config: DataConfig, *, whole: bool) -> _Cleaned:
    """One rule after the other: those of single rows before these are put on the grid, the others after."""
    frame, impossible = mask_impossible(frame, station, config)
    frame, likely = mask_likely_codes(frame, station, config)
    steps = to_steps(frame, source, parse_step(station.step), config)
    frame, wild = mask_scale_faults(steps.frame, station, config)
    frame, units = mask_other_temperatures(frame, station)
    frame, converted = convert_other_units(frame, station)
    frame, negative = lift_negative_generation(frame, station)
    frame, flat = (frame, []) if steps.held else mask_flat_lines(frame, station, config)
    frame, nights = fill_silent_nights(frame, station) if whole else (frame, [])
    frame, coarse = fill_coarse(frame, station)
    return _Cleaned(frame, steps, [*impossible, *likely, *wild, *units, *converted, *flat, *negative], coarse, nights)


def _convert(raw: RawStation, times: pd.DatetimeIndex, missing: Sequence[str]) -> pd.DataFrame:
    """Floats and texts under our names, indexed by instant; a column that only the forecasts have is empty."""
    table, columns = raw.table, raw.columns
    absent = pd.Series(np.nan, index=table.frame.index)
    cells = {ours: table.frame.get(theirs, absent) for ours, theirs in columns.measured.items()}
    values = {name: to_codes(column, missing).array if name in columns.categorical
              else to_numbers(column, table.place, missing) for name, column in cells.items()}
    return pd.DataFrame(values, index=times)


def _without_empty_part(raw: RawStation, frame: pd.DataFrame) -> Columns:
    """The columns; those of a source with a recognised but empty second target without it."""
    columns = raw.columns
    if PART not in columns.targets or frame[PART].notna().any():
        return columns
    if columns.described:
        raise EmptyColumnError(f"{raw.source}: the column {columns.targets[PART]!r} ({PART}) has no value",
                               found=f"{len(frame)} rows, all empty in this column",
                               hint=f"leave {PART} out of data.targets")
    logger.warning("%s: the column %r (%s) has no value and is left out", raw.source, columns.targets[PART], PART)
    return replace(columns, targets={TOTAL: columns.targets[TOTAL]})


def _marked(raw: RawStation) -> list[str]:
    return marked(raw.table.frame[[name for name in raw.columns.marks if name in raw.table.frame]])


def _require_no_number(raw: RawStation, frame: pd.DataFrame) -> None:
    """Nothing, unless a column that was taken for the total by its name `meter` holds the number of a meter.

    Raises:
        DataError: it never changes, while the column beside it does.
    """
    columns = raw.columns
    if columns.described or columns.targets[TOTAL] not in PREDECESSOR_TARGETS or PART not in columns.targets:
        return
    total, part = frame[TOTAL].dropna(), frame[PART].dropna()
    always = len(total) > 1 and bool((total == total.iloc[0]).all()) and total.iloc[0] % 1 == 0 and total.iloc[0] != 0
    if always and len(part) and bool((part != part.iloc[0]).any()):
        raise DataError(f"{raw.source}: the column {columns.targets[TOTAL]!r} ({TOTAL}) never changes, as if it were "
                        "the number of a meter", found=f"{total.iloc[0]:g} in {len(total)} rows",
                        expected="the total power beside a part of it",
                        hint=f"if {columns.targets[PART]!r} is the total: data.targets: "
                             f"{{{TOTAL}: {columns.targets[PART]}}}")


def _nature(frame: pd.DataFrame, config: DataConfig) -> tuple[Kind, bool, list[Assumption]]:
    """What the station is, whether its days move with the clock, and what of that had to be assumed."""
    power = frame[TOTAL]
    power = power.mask(is_code(power.to_numpy(), config.missing_values))
    kind, daylight_saving, assumed = config.kind, config.time.daylight_saving, []
    if kind is None:
        kind, assumption = infer_kind(power, config.location)
        assumed.append(assumption)
    if daylight_saving is None:
        daylight_saving, found = infer_daylight_saving(power, kind)
        assumed += found
    return kind, daylight_saving, assumed


def _station(station_id: str, columns: Columns, config: DataConfig, naive: bool, kind: Kind,
             daylight_saving: bool) -> Station:
    location = config.location
    if location.country is None and config.time.timezone in CHINA:
        location = Location(latitude=location.latitude, longitude=location.longitude, country="CN")
    return Station(
        id=station_id, targets=tuple(columns.targets), known_future=columns.known_future, past_only=columns.past_only,
        categorical=columns.categorical, kind=kind, capacity=config.capacity,
        location=location, limits=config.limits, timezone=config.time.timezone, step=config.time.step,
        horizon=config.horizon, daylight_saving=daylight_saving, naive_time=naive)


def _require_known_ranges(config: DataConfig, station: Station) -> None:
    known = (*station.columns, *config.targets.values())
    stray = [name for name in config.valid_range if name not in known]
    if stray:
        close = nearest(stray[0], known)
        raise ConfigError(f"data.valid_range names {stray[0]!r}, which is no column of the station",
                          found=listing(known, limit=40), hint=f"did you mean {close!r}?" if close else None)


def _missing(frame: pd.DataFrame, data: StationData, raw: RawStation) -> list[Finding]:
    """Empty cells of the table's own columns, unless a value before them holds, or another row of the same time has
    one; of the targets only up to the last measured one: later rows are there for the weather."""
    findings: list[Finding] = []
    frame = frame if frame.index.is_unique else frame.groupby(level=0).last()
    station = data.station
    for column in (name for name in station.columns if raw.columns.measured[name] in raw.table.frame):
        empty = times_of(frame[frame[column].isna()])
        if column in station.known_future:
            empty = empty[data.frame[column].reindex(empty).isna().to_numpy()]
        if column in station.targets and len(empty) < len(frame):
            empty = empty[empty < times_of(frame[frame[column].notna()]).max()]
        findings += found_at("missing", column, empty, "cells without a value: stay empty")
    return findings


def _far_below_capacity(data: StationData) -> list[Finding]:
    """Whether the power never comes near the capacity, as where one is in MW and the other in kW."""
    capacity, power = data.station.capacity, data.frame[TOTAL].dropna()
    if capacity is None or power.empty or not (peak := float(power.abs().max())) < FAR_BELOW * capacity:
        return []
    return found_at("capacity", TOTAL, times_of(power), f"at most {peak:g}, while data.capacity is {capacity:g}: used "
                    "as they are; both have to be in the target's unit")


def _require_measured(clean: _Cleaned, raw: RawStation) -> None:
    if clean.frame[TOTAL].notna().any():
        return
    reasons = [f"{found.kind}, {found.count} values: {found.action}"
               for found in clean.changed if found.column == TOTAL]
    raise EmptyColumnError(f"{raw.source}: the column {raw.columns.targets[TOTAL]!r} ({TOTAL}) has no usable value",
                    found="; ".join(reasons) or f"{len(raw.table.frame)} rows, all empty in this column",
                    hint=None if reasons else _why_empty(raw))


def _why_empty(raw: RawStation) -> str | None:
    if any(file.suffix.lower() in BOOKS for file in raw.table.files):
        return "if its cells hold formulas: open the workbook in a spreadsheet, which works them out, and save it"
    return None


def _with_forecasts(raw: RawStation, station: Station, frame: pd.DataFrame,
                    ) -> tuple[pd.DataFrame, WeatherVintages | None, list[Finding]]:
    """The frame, with columns that only the forecasts have taken from the newest one before each interval."""
    if raw.forecasts is None:
        return frame, None, []
    table, findings = raw.forecasts(station)
    absent = [name for name in station.known_future
              if name not in raw.table.frame.columns and name not in raw.columns.lacking]
    lost = [name for name in absent if name not in table.columns]
    if lost:
        raise DataError(f"the column {lost[0]!r} is neither in {raw.source} nor in its weather forecasts",
                        found=listing(table.columns, limit=40))
    require_like_history(table, frame, station, raw.source)
    if absent:
        frame = frame.drop(columns=absent).join(_newest(table[absent]))[list(station.columns)]
    findings = [replace(found, action=f"weather forecasts: {found.action}") for found in findings]
    vintages = WeatherVintages(table)
    return frame, vintages, [*findings, *require_usable(vintages, parse_step(station.step), raw.source)]


def _newest(table: pd.DataFrame) -> pd.DataFrame:
    """For each interval the last forecast of it that was issued before it began."""
    issued, times = (table.index.get_level_values(level) for level in ("issued", "time"))
    return newest_of_each(table[issued <= times])


def _inconsistent(data: StationData) -> list[Finding]:
    if PART not in data.station.targets:
        return []
    larger = data.frame[data.frame[PART] > data.frame[TOTAL]]
    return found_at("inconsistent", PART, times_of(larger), f"more than {TOTAL}, of which it is a part: kept")


def _constant(data: StationData) -> list[Finding]:
    findings: list[Finding] = []
    for column in data.station.columns:
        values = data.frame[column].dropna()
        # Skies are clear all day, and plants stand still.
        if len(values) > 1 and values.index[-1] - values.index[0] >= WEEK * DAY and (values == values.iloc[0]).all():
            findings += found_at("constant", column, times_of(values),
                                 f"always {values.iloc[0]}: kept, but nothing can be learnt from it")
    return findings


def _future_known(data: StationData) -> list[Finding]:
    if not data.measured:
        return []
    later = data.frame.loc[data.frame.index >= data.end, list(data.station.known_future)].dropna(how="all")
    return found_at("future_known", None, times_of(later), "steps after the last measured power: used as known future")
