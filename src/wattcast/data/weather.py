"""Weather forecasts on the station's grid: a plain table, a table with the instants of issue, or daily files."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.cleaning import mask_impossible
from wattcast.data.coarse import spread
from wattcast.data.frames import as_table
from wattcast.data.gridding import mean_of_repeated, step_starts
from wattcast.data.ids import to_ids
from wattcast.data.overlap import require_one_forecast
from wattcast.data.places import light_in_the_dark
from wattcast.data.quality import Finding, times_of
from wattcast.data.schema import DataConfig, TimeConfig
from wattcast.data.stamps import starts_of
from wattcast.data.strays import without_strays
from wattcast.data.tables import Table, read_header, read_table
from wattcast.data.times import to_instants
from wattcast.data.values import to_codes, to_numbers
from wattcast.data.weather_layout import Layout, issue_column, layout_of, options_for
from wattcast.errors import DataError, listing
from wattcast.timegrid import parse_step

DAILY_FILE = re.compile(r"forcaster-(?P<station>.+)-(?P<day>\d{4}-\d{2}-\d{2})\.csv(\.gz)?")
"""The predecessor's forecasts, issued at the start of that day."""

LEVELS = ["issued", "time"]

Weather = tuple[pd.DataFrame, list[Finding]]
"""Forecasts indexed by (`issued`, `time`), sorted and unique, and what was found in them."""


def has_issue_times(path: Path, station: Station, config: DataConfig) -> bool:
    """Whether a column of the file tells when its forecasts were issued."""
    return issue_column(read_header(path, options_for(path, station, config)), config) is not None


def read_issued_table(path: Path, station: Station, config: DataConfig) -> Weather:
    """A table with one row for each instant of issue and interval.

    Raises:
        DataError: no column tells when the forecasts were issued, or none is a known-future one of the station.
    """
    table, layout = _read([path], station, config)
    if layout.issued is None:
        raise DataError(f"{path} has no column that tells when a forecast was issued",
                        found=listing(read_header(path, options_for(path, station, config))),
                        hint="name it under data.weather_forecasts.issued")
    return _on_grid(table, layout, _issues(table, layout, station, config), station, config)


def read_issued_tables(paths: Sequence[Path], station: Station, config: DataConfig) -> Weather:
    """Several of them as one; of a forecast that is in two the later one's counts.

    Raises:
        DataError: as `read_issued_table`.
    """
    read = [read_issued_table(path, station, config) for path in paths]
    table = pd.concat([table for table, _ in read])
    return table[~table.index.duplicated(keep="last")].sort_index(), [found for _, each in read for found in each]


def read_plain_table(path: Path, station: Station, config: DataConfig) -> Weather:
    """A table with one row for each interval and no instant of issue: the level `issued` means nothing.

    Raises:
        DataError: no column is a known-future one of the station.
    """
    table, layout = _read([path], station, config)
    return _on_grid(table, layout, _issues(table, layout, station, config), station, config)


def read_frame(frame: pd.DataFrame, source: str, station: Station, config: DataConfig) -> tuple[Weather, bool]:
    """A data frame in one of both forms, and whether it tells when its forecasts were issued.

    Raises:
        DataError: it has no rows, or no column is a known-future one of the station.
    """
    layout = layout_of(list(frame.columns), Path(source), station, config)
    table = _of_station(_long(as_table(frame[list(layout.columns)], source), layout), layout, source, station)
    return _on_grid(table, layout, _issues(table, layout, station, config), station, config), layout.issued is not None


def _clock_of(station: Station, config: DataConfig) -> TimeConfig:
    return config.time.model_copy(update={"timezone": station.timezone})


def _issues(table: Table, layout: Layout, station: Station, config: DataConfig) -> pd.DatetimeIndex:
    """When each row was issued; any one instant where nothing tells."""
    if layout.issued is None:
        return pd.DatetimeIndex([pd.Timestamp(0, tz=station.timezone)]).repeat(len(table.frame))
    if layout.offset is None:
        return to_instants(table.frame[layout.issued], station.timezone, table.place)[0]
    named = (layout.issued, None, layout.offset)
    return starts_of(table.frame, named, _clock_of(station, config), table.place, shifts=False).index


def daily_files(folder: Path, station_id: str) -> dict[Path, str]:
    """The station's `forcaster-<id>-YYYY-MM-DD.csv` and their days, oldest first; none if the folder has none.

    Raises:
        DataError: all such files are another station's.
    """
    matches = {path: match for path in sorted(folder.iterdir()) if (match := DAILY_FILE.fullmatch(path.name))}
    own = {path: match["day"] for path, match in matches.items() if match["station"] == station_id}
    if matches and not own:
        raise DataError(f"{folder} has no forecasts for the station {station_id}",
                        found=listing(sorted({match["station"] for match in matches.values()})))
    return own


def read_daily_files(files: dict[Path, str], station: Station, config: DataConfig) -> Weather:
    """Forecast files, each with the day at whose start it was issued; files without content are left out.

    Raises:
        DataError: a file is damaged, a day does not exist, or all files are empty.
    """
    starts = {path: _start_of(day, path, station) for path, day in files.items() if path.stat().st_size > 0}
    empty = len(files) - len(starts)
    if not starts:
        raise DataError(f"all {empty} forecast files in {next(iter(files)).parent} are empty")
    table, layout = _read(list(starts), station, config)
    issued = pd.DatetimeIndex(list(starts.values())).as_unit("us").take(table.file_of(table.frame.index))
    frame, findings = _on_grid(table, layout, issued, station, config)
    if empty:
        findings.append(Finding("missing", None, empty, None, None, "forecast files without content: left out"))
    return frame, findings


def _start_of(day: str, path: Path, station: Station) -> pd.Timestamp:
    try:
        return pd.Timestamp(day).tz_localize(station.timezone, nonexistent="shift_forward", ambiguous=True)
    except ValueError:
        raise DataError(f"{path.name}: {day} is not a date", expected="forcaster-<id>-YYYY-MM-DD.csv") from None


def _read(paths: Sequence[Path], station: Station, config: DataConfig) -> tuple[Table, Layout]:
    """Files of the same layout; of a file for several stations only the rows of this one."""
    options = options_for(paths[0], station, config)
    layout = layout_of(read_header(paths[0], options), paths[0], station, config)
    codes = [theirs for theirs, ours in layout.weather.items() if ours in station.categorical]
    texts = [name for name in (*layout.places, layout.offset) if name and not (layout.lead and name == layout.time)]
    table = read_table(paths, set(layout.columns), {*texts, *codes}, options)
    if layout.time in texts:
        table = without_strays(table, layout.time, layout.station)
    return _of_station(_long(table, layout), layout, str(paths[0]), station), layout


def _long(table: Table, layout: Layout) -> Table:
    """With one row for each interval."""
    return table if layout.wide is None else layout.wide.long(table)


def _of_station(table: Table, layout: Layout, source: str, station: Station) -> Table:
    """Of a table for several stations only the rows of this one."""
    if layout.station is None:
        return table
    ids = to_ids(table.frame[layout.station], table.place)
    if not (ids == station.id).any():
        raise DataError(f"{source} has no rows for the station {station.id}",
                        found=listing(sorted(ids.dropna().unique())))
    return table.take(ids == station.id)


def _on_grid(table: Table, layout: Layout, issued: pd.DatetimeIndex, station: Station, config: DataConfig) -> Weather:
    if layout.lead:
        hours = to_numbers(table.frame[layout.time], table.place)
        times = issued + pd.to_timedelta(hours, unit="h").round("s")
    else:
        named = (layout.time, layout.clock, layout.offset)
        times = starts_of(table.frame, named, _clock_of(station, config), table.place, group=issued, shifts=False).index
    theirs = {ours: name for name, ours in layout.weather.items()}
    columns = {ours: table.frame[theirs[ours]] for ours in station.known_future if ours in theirs}
    missing = config.missing_words
    values = {ours: to_codes(cells, missing).array if ours in station.categorical
              else to_numbers(cells, table.place, missing) for ours, cells in columns.items()}
    frame = pd.DataFrame(values, index=pd.MultiIndex.from_arrays([issued, times], names=LEVELS))
    if config.overlap == "error":
        require_one_forecast(frame, str(table.files[0]), layout.others)
    # Of repeated rows the later one wins.
    frame = frame[~frame.index.duplicated(keep="last")].sort_index()
    frame, findings = mask_impossible(frame, station, config)
    return _to_steps(frame, parse_step(station.step)), [*findings, *light_in_the_dark(frame, station)]


def _to_steps(frame: pd.DataFrame, step: pd.Timedelta) -> pd.DataFrame:
    """Finer values averaged over a step; coarser ones repeated, since a value holds for the interval that it starts."""
    frame = spread(frame, step)
    times = times_of(frame)
    starts = step_starts(times, step)
    if (starts == times).all():
        return frame
    frame = frame.set_axis(pd.MultiIndex.from_arrays([frame.index.get_level_values("issued"), starts], names=LEVELS))
    return frame if frame.index.is_unique else mean_of_repeated(frame)
