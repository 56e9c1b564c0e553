"""A station's rows where no data is given: those that the store has of it."""

import pandas as pd

from wattcast.contracts import Kind, Station
from wattcast.data.quality import Finding, QualityReport, measured_days
from wattcast.data.schema import DataConfig, StationData
from wattcast.errors import ConfigError, DataError, NoRowsError, listing, nearest
from wattcast.store.base import StationStore, Store

INGEST = "take rows in with 'wattcast ingest --data PATH', or name them with --data"


def stations_with_rows(store: Store) -> tuple[str, ...]:
    """Those of which the store has rows.

    Raises:
        NoRowsError: none.
    """
    found = tuple(name for name in store.stations() if store.station(name).has_measurements())
    if not found:
        raise NoRowsError(f"no rows of any station are stored in {store.place}", hint=INGEST)
    return found


def only_station(store: Store) -> str:
    """The only station of which the store has rows.

    Raises:
        NoRowsError: there is none.
        ConfigError: there are several.
    """
    found = stations_with_rows(store)
    if len(found) > 1:
        raise ConfigError(f"{store.place} holds rows of {len(found)} stations", found=listing(found),
                          hint="choose one with --station")
    return found[0]


def station_in(store: Store, station_id: str) -> StationStore:
    """A station of which something is kept.

    Raises:
        DataError: nothing is; the message names the nearest station.
    """
    known = store.stations()
    if station_id in known:
        return store.station(station_id)
    close = nearest(station_id, known)
    raise DataError(f"nothing is kept of station {station_id} in {store.place}",
                    found=f"stations {listing(known)}" if known else "no station",
                    hint=f"did you mean {close}?" if close else None)


def stored_rows(store: Store, station_id: str | None, config: DataConfig) -> tuple[StationData, QualityReport]:
    """What the store has of a station, the only one if none is named, and what was found when rows came in last.

    Raises:
        NoRowsError: nothing is stored of it.
        ConfigError: none is named, and there are several.
    """
    kept = store.station(station_id or config.station or only_station(store))
    data = stored_data(store, kept, config)
    return data, _report(kept, data)


def stored_data(store: Store, kept: StationStore, config: DataConfig, since: pd.Timestamp | None = None) -> StationData:
    """What the store has of a station, from `since` on.

    What the settings say of the station itself counts: its kind, capacity, place, limits and horizon.

    Raises:
        NoRowsError: nothing is stored of it.
    """
    data = kept.measurements(since=since)
    if data is None:
        raise no_rows(store, kept)
    return StationData(as_said(data.station, config), data.frame, data.vintages)


def no_rows(store: Store, kept: StationStore) -> DataError:
    """What to tell of a station of which nothing is stored."""
    known = [name for name in store.stations() if name != kept.station_id]
    close = nearest(kept.station_id, known)
    return NoRowsError(f"no rows of station {kept.station_id} are stored in {store.place}",
                       found=f"rows of {listing(known)}" if known else None,
                       hint=(f"did you mean {close}? Else " if close else "") + INGEST)


def as_said(station: Station, config: DataConfig) -> Station:
    """The station as a configuration describes it, where it says anything of the station itself; of a place and of
    limits what it does not say stays as it is."""
    said: dict[str, Kind | float | str | None] = {"kind": config.kind, "capacity": config.capacity,
                                                  "horizon": config.horizon}
    known = {name: value for name, value in said.items() if name in config.model_fields_set and value is not None}
    parts = {"location": station.location.model_copy(update=config.location.model_dump(exclude_none=True)),
             "limits": station.limits.model_copy(update=config.limits.model_dump(exclude_none=True))}
    return station.model_copy(update={**known, **parts})


def _report(kept: StationStore, data: StationData) -> QualityReport:
    files = kept.taken_in()
    findings = tuple(map(Finding.from_dict, files[-1].findings)) if files else ()
    notes = (f"as it was stored; taken in last was {files[-1].name}",) if files else ("as it was stored",)
    index = data.frame.index
    return QualityReport(data.station.id, len(index), index[0], index[-1], data.station.step, measured_days(data),
                         findings, notes=notes)
