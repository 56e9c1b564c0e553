"""A station's new rows, as they may join what is kept of it; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattcast.data.assembly import assemble
from wattcast.data.quality import QualityReport
from wattcast.data.reader import Source
from wattcast.data.schema import DataConfig, StationData
from wattcast.data.silent_nights import with_nights_since
from wattcast.errors import listing
from wattcast.workflows.contradictions import (
    believed,
    require_measured_by,
    require_same_unit,
    units_of,
    with_columns_of,
)


@dataclass(frozen=True, eq=False)
class NewRows:
    """Rows, what was found in them, the units that their source tells, and what is worth telling of them."""

    data: StationData
    report: QualityReport
    units: Mapping[str, str]
    notes: tuple[str, ...]


def new_rows(source: Source, config: DataConfig, description: Mapping[str, Any], kept: StationData | None,
             received: pd.Timestamp, *, accept: bool) -> NewRows:
    """Those of the station that `config` names.

    Args:
        source: that has them.
        config: how they are described.
        description: what was known of the station before, flat.
        kept: all that is kept of it; None if that is nothing.
        received: when they came.
        accept: believe what contradicts what is kept.

    Raises:
        DataError: they cannot be read, or contradict what is kept.
    """
    station_id = str(config.station)
    raw = source.load(station_id)
    raw = raw if kept is None else with_columns_of(raw, kept.station)
    units = units_of(raw)
    if not accept:
        require_same_unit(units, description, station_id)
    data, report = assemble(raw, station_id, config, whole=kept is None)
    if not accept:
        require_measured_by(data, received)
    notes = [*report.notes, *map(str, report.assumed if kept is None else ())]
    if raw.columns.lacking and set(raw.columns.lacking) < set(data.station.columns):
        notes.append(f"the rows have no {listing(raw.columns.lacking)}: what is kept of it stays as it is")
    if kept is not None:
        data, nights = with_nights_since(kept, data)
        notes += nights
        data, told = believed(kept, data, config, accept=accept)
        notes += told
    return NewRows(data, report, units, tuple(notes))
