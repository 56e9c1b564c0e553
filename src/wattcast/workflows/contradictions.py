"""What new rows may not do: contradict the rows that are kept of their station."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from wattcast.contracts import Station
from wattcast.data.assembly import RawStation
from wattcast.data.by_target import of_target
from wattcast.data.days import MONTH, WEEK
from wattcast.data.merging import merge
from wattcast.data.quality import Finding
from wattcast.data.scale_faults import mask_scale_faults
from wattcast.data.schema import DataConfig, StationData
from wattcast.data.units import unit_of
from wattcast.data.weather_units import require_like_history
from wattcast.errors import DataError, listing
from wattcast.finetune.attempt import REWRITTEN
from wattcast.store.older_rows import OTHER_ROWS, alike_in_size, share_moved
from wattcast.timegrid import DAY, parse_step

AHEAD = DAY
"""How far after they came rows may be stamped: what a wrong time zone moves is told by each forecast. [duration]"""
TRUE = "if it is true all the same: --accept"


def units_of(raw: RawStation) -> dict[str, str]:
    """The units of the targets, as far as the source's column names, or the row below them, tell."""
    told = {ours: unit_of(theirs, raw.table.units.get(theirs)) for ours, theirs in raw.columns.targets.items()}
    return {name: unit for name, unit in told.items() if unit is not None}


def require_same_unit(units: Mapping[str, str], description: Mapping[str, Any], station_id: str) -> None:
    """Nothing, unless a source tells another unit than the one in which the station is kept.

    Raises:
        DataError: the message names both.
    """
    for name, unit in units.items():
        kept = of_target(description.get("unit"), name)
        if kept is not None and kept.lower() != unit.lower():
            raise DataError(f"the new rows of station {station_id} are in another unit than those that are kept",
                            found=f"{name} in {unit}", expected=kept,
                            hint=f"convert the file, or take the station in under another id; {TRUE}")


def with_columns_of(raw: RawStation, station: Station) -> RawStation:
    """The rows with columns that only those have which are kept of the station: empty in these.

    Raises:
        DataError: one of the source's columns, of which nothing is known, might be one of them.
    """
    columns = raw.columns
    lacking = tuple(name for name in station.columns if name not in columns.measured)
    if not lacking:
        return raw
    if columns.ignored:
        raise DataError(f"{raw.source} lacks columns that are kept of station {station.id}, and has some of which "
                        "nothing is known", found=listing(columns.ignored), expected=listing(lacking),
                        hint="if one is the other, call it so; if not, leave it out of the file")
    targets = {name: columns.targets.get(name, name) for name in station.targets}

    def both(had: tuple[str, ...], kept: tuple[str, ...]) -> tuple[str, ...]:
        return (*had, *(name for name in kept if name in lacking))

    return replace(raw, columns=replace(
        columns, targets=targets, known_future=both(columns.known_future, station.known_future),
        past_only=both(columns.past_only, station.past_only),
        categorical=both(columns.categorical, station.categorical), lacking=(*columns.lacking, *lacking)))


def require_measured_by(data: StationData, received: pd.Timestamp) -> None:
    """Nothing, unless power was measured long after it came.

    Raises:
        DataError: how many rows, and which.
    """
    frame = data.frame
    ahead = frame.index[(frame.index >= received + AHEAD) & data.measured_rows]
    if len(ahead):
        raise DataError(f"power of station {data.station.id} is stamped after it came ({received:%Y-%m-%d %H:%M})",
                        found=f"{len(ahead)} rows from {ahead[0]:%Y-%m-%d %H:%M} to {ahead[-1]:%Y-%m-%d %H:%M}",
                        expected="measurements, of times that have passed",
                        hint=f"correct the times: are day and month, or the time zone, right? {TRUE}")


def believed(kept: StationData, new: StationData, config: DataConfig, *, accept: bool) -> tuple[StationData, list[str]]:
    """The new rows as they may join those that are kept: without single values far beyond these.

    Args:
        kept: all that is kept of the station.
        new: what came in.
        config: how it is described.
        accept: believe what contradicts what is kept.

    Returns:
        The rows, and what is worth telling of them.

    Raises:
        DataError: they have other columns or another step, or are as if in another unit or from another meter; or their
            weather forecasts are as if in another unit.
    """
    new = _in_order(kept, new, config)
    merged = merge(kept, new)
    notes = [str(found) for found in merged.converted]
    if accept:
        return new, notes
    if new.vintages is not None:
        require_like_history(new.vintages.table, merged.data.frame, new.station, f"station {new.station.id}")
    if new.measured and len(new.frame) * parse_step(new.station.step) >= MONTH * DAY and not alike_in_size(kept, new):
        raise _refused(new, "of another size", f"{_peak(new):.4g} at most", f"{_peak(kept):.4g} at most")
    if merged.rewritten > REWRITTEN and share_moved(kept, new) >= OTHER_ROWS:
        raise _refused(new, "as if from another meter", f"{merged.rewritten:.0%} of the rows that are kept would be "
                       "changed", f"at most {REWRITTEN:.0%}: these would be corrections")
    first = new.frame.index[0] - (MONTH + WEEK) * DAY
    joined = merged.data.frame.loc[first:new.frame.index[-1]]
    cleaned, findings = mask_scale_faults(joined, new.station, config)
    # What is kept was judged when it came.
    masked = {name: new.frame[name].notna() & cleaned[name].reindex(new.frame.index).isna()
              for name in new.station.targets}
    told = [found for found in findings if found.column is not None and masked[found.column].any()
            and found.last is not None and found.last >= new.frame.index[0]]
    if unit := next((found for found in told if found.kind == "scale"), None):
        raise _refused(new, "as if in another unit", _span(unit), f"{_peak(kept):.4g} at most")
    frame = new.frame.assign(**{name: new.frame[name].mask(where) for name, where in masked.items()})
    return StationData(new.station, frame, new.vintages), [*notes, *map(str, told)]


def _in_order(kept: StationData, new: StationData, config: DataConfig) -> StationData:
    """The same with its columns in the order of those that are kept, and with what only a long history tells."""
    told = kept.station
    station = new.station
    if set(station.columns) == set(told.columns):
        station = station.model_copy(update={role: getattr(told, role) for role in (
            "targets", "known_future", "past_only", "categorical")})
    if config.time.daylight_saving is None:
        station = station.model_copy(update={"daylight_saving": told.daylight_saving})
    if not new.measured:
        station = station.model_copy(update={"naive_time": told.naive_time})
    return StationData(station, new.frame[list(station.columns)], new.vintages)


def _refused(new: StationData, how: str, found: str, expected: str) -> DataError:
    index = new.frame.index
    return DataError(f"the new rows of station {new.station.id}, {index[0]:%Y-%m-%d} to {index[-1]:%Y-%m-%d}, are "
                     f"{how}", found=found, expected=expected,
                     hint=f"correct the source, or take it in under another id; {TRUE}")


def _span(found: Finding) -> str:
    words = found.action.partition(";")[0]      # what follows is said of values that are left empty
    return f"{found.column}, {found.count} values from {found.first:%Y-%m-%d %H:%M} on: {words}"


def _peak(data: StationData) -> float:
    return float(np.nanmax(np.abs(data.frame[list(data.station.targets)].to_numpy(np.float64))))
