"""Which columns of a weather file hold the time, the issue, the station and the weather, and how the file is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wattcast.contracts import Station
from wattcast.data.columns import column_for, time_columns
from wattcast.data.offsets import offset_column
from wattcast.data.schema import DataConfig, recognise
from wattcast.data.shapes import Wide, day_columns
from wattcast.data.tables import read_header, sheets_of
from wattcast.data.textfiles import FileOptions
from wattcast.errors import DataError, listing


@dataclass(frozen=True)
class Layout:
    """A file's columns: where the time, the issue and the station are, and theirs-to-ours for the weather.

    `clock` is the time of day where `time` may be the date only, `offset` may tell how far from UTC they are; with
    `lead` the column `time` holds hours after the issue; `wide` are the columns of a day's intervals where a row is a
    day; `others` are not used.
    """

    time: str
    clock: str | None
    offset: str | None
    lead: bool
    issued: str | None
    station: str | None
    weather: dict[str, str]
    wide: Wide | None = None
    others: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """What places a row."""
        return tuple(name for name in (self.time, self.clock, self.issued, self.station) if name)

    @property
    def columns(self) -> tuple[str, ...]:
        """All of the file's that are used."""
        named = (*self.places, *filter(None, [self.offset]), *self.weather)
        if self.wide is None:
            return named
        made = self.wide.header(())
        return (*(name for name in named if name not in made), *self.wide.slots)


def layout_of(header: Sequence[str], source: Path, station: Station, config: DataConfig) -> Layout:
    """The part of every column in `header`.

    Raises:
        DataError: no column is known to be the time, none is a known-future one of the station, or it cannot be told
            which of them the columns of a day's intervals are.
    """
    wide = _wide(header, source, station)
    names = list(header) if wide is None else wide.header(header)
    lead = config.weather_forecasts.lead if config.weather_forecasts else None
    time, clock = (lead, None) if lead in names else _time_columns(names, config)
    if time is None:
        raise DataError(f"{source} has no column that is known to be the time", found=listing(header),
                        expected="for example time or ts",
                        hint="name it under data.weather_forecasts.time, or the hours after the issue under .lead")
    weather = match_columns(names, station.known_future)
    if not weather:
        raise DataError(f"{source} has none of the station's known-future columns", found=listing(header, limit=40),
                        expected=listing(station.known_future, limit=40), hint=None if station.known_future else
                        "the station is without weather: take it in with such columns, under another id or anew")
    found = Layout(time, clock, offset_column(names, weather), time == lead, issue_column(names, config),
                   _column(names, "station", config), weather, wide)
    return replace(found, others=tuple(name for name in header if name not in found.columns))


def match_columns(header: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """Theirs to ours for every wanted column that is there: spelt alike, or else known to mean the same."""
    matches: dict[str, str] = {}
    for ours in wanted:
        exact = [name for name in header if name == ours]
        alike = [name for name in header if name.casefold() == ours.casefold()]
        meant = [name for name in header if recognise(ours) is not None and recognise(name) == recognise(ours)]
        for theirs in (*exact, *alike, *meant)[:1]:
            matches.setdefault(theirs, ours)
    return matches


def issue_column(header: Sequence[str], config: DataConfig) -> str | None:
    """The file's column that tells when a forecast was issued."""
    return _column(header, "issued", config)


def _wide(header: Sequence[str], source: Path, station: Station) -> Wide | None:
    """The columns of a day's intervals: by what stands before their numbers, or of the only known-future column."""
    days = {} if match_columns(header, station.known_future) else day_columns(header)
    if not days:
        return None
    named = match_columns([label.strip(" _-.") for label in days], station.known_future)
    values = {named[label.strip(" _-.")]: columns for label, columns in days.items() if label.strip(" _-.") in named}
    if not values and len(days) == 1 and len(station.known_future) == 1:
        values = {station.known_future[0]: next(iter(days.values()))}
    if not values:
        names = [name for columns in days.values() for name in columns]
        raise DataError(f"{source} has a row for each day, and nothing tells what its columns {names[0]!r} to "
                        f"{names[-1]!r} are", expected=listing(station.known_future, limit=40),
                        hint=f"name them after it, {station.known_future[0]}_1 and so on" if station.known_future else
                        "list the weather under data.known_future")
    clocks = list(next(iter(values.values())).values())
    return Wide({value: columns for value, columns in values.items() if list(columns.values()) == clocks})


def options_for(path: Path, station: Station, config: DataConfig) -> FileOptions:
    """How a file is read: with the sheet, the rows before the names and the decimal sign that are set for the
    measurements, as far as its weather is found so; else as it is found."""
    forecasts = config.weather_forecasts
    names = (config.time.column, *((forecasts.time, forecasts.issued, forecasts.lead) if forecasts else ()))
    found = FileOptions(decimal=config.decimal, known=frozenset(name for name in names if name))
    sheets = sheets_of(path)
    if config.skip_rows is None and len(sheets) < 2:
        return found
    return next((each for each in _ways(found, config, sheets) if _fits(path, each, station, config)), found)


def _ways(found: FileOptions, config: DataConfig, sheets: Sequence[str]) -> Iterator[FileOptions]:
    """The ways to read a file, those that are said first."""
    skips = dict.fromkeys((config.skip_rows, None))
    yield from (replace(found, sheet=sheet, skip_rows=skip) for sheet in (config.sheet,) if sheet for skip in skips)
    yield from (replace(found, skip_rows=skip) for skip in skips)
    yield from (replace(found, sheet=sheet) for sheet in sheets)


def _fits(path: Path, options: FileOptions, station: Station, config: DataConfig) -> bool:
    try:
        layout_of(read_header(path, options), path, station, config)
    except DataError:
        return False
    return True


def _time_columns(header: Sequence[str], config: DataConfig) -> tuple[str | None, str | None]:
    """The configured columns if they are there, else as they are spelt."""
    column = config.weather_forecasts.time if config.weather_forecasts else config.time.column
    known = config.time.model_copy(update={
        "column": column if column in header else config.time.column if config.time.column in header else None,
        "clock": config.time.clock if config.time.clock in header else None})
    return time_columns(header, known)


def _column(header: Sequence[str], quantity: str, config: DataConfig) -> str | None:
    """The file's column for the issue or the station: the configured one if it is there, else by spelling."""
    forecasts = config.weather_forecasts
    chosen = {
        "issued": (forecasts.issued if forecasts else None,),
        "station": (forecasts.station if forecasts else None, config.station_column),
    }[quantity]
    return next((name for name in chosen if name in header), None) or column_for(header, quantity)
