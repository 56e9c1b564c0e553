"""Files of one or more stations as one long table, whatever their form, with the part of every column."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from wattcast.contracts import TOTAL, Station
from wattcast.data.columns import Columns, column_for, file_options, resolve, time_columns
from wattcast.data.filedates import with_file_dates
from wattcast.data.offsets import offset_column
from wattcast.data.plants import groups_by_name, is_part, says_weather, without_dates
from wattcast.data.schema import DataConfig, recognise
from wattcast.data.settled import cut_off
from wattcast.data.shapes import Wide, require_whole_day, wide_columns
from wattcast.data.stamps import starts_of
from wattcast.data.strays import without_strays
from wattcast.data.tables import Table, is_other_form, is_table, read_header, read_table
from wattcast.data.textfiles import FileOptions
from wattcast.data.values import to_numbers
from wattcast.data.weather_layout import issue_column
from wattcast.errors import DataError, NoRowsError, listing

logger = logging.getLogger("wattcast")

Kept = Callable[[], Station | None]
"""A station as its measurements are kept; None where none are."""


def nothing_kept() -> None:
    """As `Kept`."""
    return


def tables_in(folder: Path, config: DataConfig) -> list[Path]:
    """The files that may hold measurements, by name; a `.txt` only if one of its columns is known to be the time."""
    forecasts = forecast_table(folder, config)
    files = [entry for entry in sorted(folder.iterdir()) if is_table(entry) and entry != forecasts]
    return [file for file in files if not file.name.lower().endswith((".txt", ".txt.gz")) or _has_time(file, config)]


def dated_files(folder: Path, config: DataConfig, *, below: bool = False) -> list[Path]:
    """Its files as in `tables_in`; where there are none, those of the folders in it if all are called after dates.

    Args:
        below: it is in such a folder itself, where a number alone may be a month or a day.
    """
    folders = [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]
    if (files := tables_in(folder, config)) or not all(_is_date(entry.name, below=below) for entry in folders):
        return files
    return [file for entry in folders for file in dated_files(entry, config, below=True)]


def _is_date(name: str, *, below: bool) -> bool:
    bare = re.sub(r"^(?:year|month|day|date)=", "", name)
    return without_dates(Path(bare)) == "" or (below and re.fullmatch(r"\d{1,2}", bare) is not None)


def left_out(folder: Path) -> str | None:
    """What to say of files beside those of `tables_in` that hold tables, too, in forms that cannot be read."""
    others = [entry.name for entry in sorted(folder.iterdir()) if is_other_form(entry)]
    if not others:
        return None
    are = "is" if len(others) == 1 else "are"
    return (f"{len(others)} of the files in {folder.name} cannot be read and {are} left out: "
            f"{listing(others, limit=5)}; save as .xlsx, CSV or Parquet")


def _has_time(file: Path, config: DataConfig) -> bool:
    try:
        return time_columns(read_header(file, file_options(config)), config.time)[0] is not None
    except DataError:
        return False


def read_files(files: Sequence[Path], config: DataConfig, source: str, others: Sequence[Path] = (),
               kept: Kept = nothing_kept) -> tuple[Table, Columns]:
    """The files' rows as one long table, and the part of every column.

    Of several files those without content are left out: one bad night is no reason to read none.

    Args:
        files: to be read.
        config: how they are described.
        source: what to call them in messages.
        others: of the same station, of which no row is read: where none of `files` has the power, the newest of these
            tells which column it is.
        kept: the station; where measurements of it are kept, they tell it.

    Raises:
        DataError: a file cannot be read, or lacks what a station cannot do without.
    """
    files = _with_content(files, source, file_options(config))
    try:
        columns, wide = _layout(files, config, source, _beside(files, others, config, kept))
    except DataError:
        if issued := issued_files(files, config):
            raise DataError(f"{issued[0]} has no power, and weather forecasts by when they were issued",
                            found=listing(read_header(issued[0], file_options(config))),
                            hint="they join a station that is kept with such columns: take its measurements, with "
                                 "weather, in first; or describe the table under data.weather_forecasts") from None
        raise
    used = columns.used if wide is None else {*columns.used, *wide.slots} - {wide.slot, *wide.columns}
    table = read_table(files, used, columns.texts, file_options(config))
    if columns.clock is None:
        table = with_file_dates(table, columns.time)
    # Where columns are days, a row is a time of day.
    time = columns.time if columns.time in table.frame else columns.clock or columns.time
    table = without_strays(table, time, columns.station)
    return table if wide is None else wide.long(table), columns


def _with_content(files: Sequence[Path], source: str, options: FileOptions) -> Sequence[Path]:
    filled = [file for file in files if _has_names(file, options)]
    if filled and len(filled) < len(files):
        logger.warning("%s: %d of %d files have no content and are left out", source, len(files) - len(filled),
                       len(files))
    return filled or files


def _has_names(file: Path, options: FileOptions) -> bool:
    try:
        return bool(read_header(file, options))
    except NoRowsError:
        return False
    except DataError:
        return True     # which is told when it is read


def _beside(files: Sequence[Path], others: Sequence[Path], config: DataConfig, kept: Kept) -> list[str]:
    """Columns that the station has besides, if that is needed: as it is kept, or of the newest of the others."""
    if (not others and kept is nothing_kept) or any(columns_of(file, config) is not None for file in files):
        return []
    if (station := kept()) is not None:
        return kept_names(station, config)
    found = newest_that_fits(others, config)[0] if others else None
    return [] if found is None or columns_of(found, config) is None else read_header(found, file_options(config))


def kept_names(station: Station, config: DataConfig) -> list[str]:
    """What the columns that are kept of a station are called where they come from."""
    total = config.only_power if isinstance(config.only_power, str) else TOTAL
    named = {TOTAL: total, **config.targets}
    return [named.get(name, name) for name in (*station.targets, *station.known_future, *station.past_only)]


def _layout(files: Sequence[Path], config: DataConfig, source: str,
            beside: Sequence[str] = ()) -> tuple[Columns, Wide | None]:
    """All together must have what a station cannot do without, and each file some of it: power may lie in one and
    weather in another, and columns may begin in a later one, or lie `beside`, where only their names count."""
    others, options = elsewhere(config), file_options(config)
    headers = {file: read_header(file, options) for file in files}
    shapes = {file: shape_of(header, config) for file, header in headers.items()}
    wide = shapes[files[0]]
    union = list(dict.fromkeys((*(name for header in headers.values() for name in header), *beside)))
    columns = resolve(union if wide is None else wide.header(union), config, source, elsewhere=others)
    for file, shape in shapes.items():
        if (shape and shape.columns) != (wide and wide.columns):
            raise DataError(f"{files[0].name} and {file.name} hold their days in different columns",
                            expected="files of one form in a folder")
        header = headers[file] if shape is None else shape.header(headers[file])
        try:
            # Where one of them tells which column is the power, a lone column of another is not guessed to be it.
            own = resolve(header, config, str(file), elsewhere=others, guess=columns.guessed)
        except DataError as error:
            weather = says_weather(file) and issue_column(header, config) is None
            if columns.has_part(header) or (weather and columns.has_all_but_power(header)):
                continue
            strange = [name for name in columns.ignored if name in header]
            if not beside or not strange or columns.time not in header:
                raise
            raise DataError(f"{error.what}, and some of which nothing is known", found=listing(strange),
                            expected=f"only columns that are kept of the station: {listing(beside, limit=40)}",
                            hint="if one is another of these, call it so; if not, leave it out") from None
        _require_same_spelling(file, own, header, columns, headers)
    if beside:
        there = {name for file in files for name in headers[file]}.union(others)
        columns = replace(columns, lacking=tuple(
            ours for ours, theirs in columns.measured.items() if theirs not in there))
    return columns, wide


def _require_same_spelling(file: Path, own: Columns, header: Sequence[str], columns: Columns,
                           headers: Mapping[Path, Sequence[str]]) -> None:
    """Nothing, unless a file that stands by itself calls otherwise what the other files of its station tell: taken by
    the names of all it would be left out, or half of two columns.

    Args:
        own: the part of every column of this file alone.
        columns: of all files together.
        headers: of all files.

    Raises:
        DataError: with both names, and a file that has the other.
    """
    measured = [(theirs, columns.targets[ours]) for ours, theirs in own.targets.items() if ours in columns.targets]
    weather = [(name, other) for name in own.known_future for other in columns.known_future
               if recognise(name) is not None and recognise(name) == recognise(other)]
    for name, other in [(own.time, columns.time), *measured, *weather]:
        # What holds weather alone may well come from elsewhere.
        first = next((each for each, names in headers.items() if other in names and (
            (name, other) not in weather or columns.targets[TOTAL] in names)), None)
        if other in header or first is None:
            continue
        raise DataError(f"{first.name} and {file.name} call the same column otherwise", found=f"{other!r} and {name!r}",
                        expected="files of one station with the same names of columns",
                        hint="if they are in one unit, write the same name into both; if not, convert one of them "
                             "first; if each file is a station of its own: --set data.folder=stations")


def shape_of(header: Sequence[str], config: DataConfig) -> Wide | None:
    """The columns of a day's intervals, if none is the power by itself.

    Raises:
        DataError: some of a day's are missing.
    """
    value = config.targets.get(TOTAL, TOTAL)
    if value in header or (not config.targets and column_for(header, TOTAL)):
        return None
    wide = wide_columns(header, value)
    if wide is None and not config.targets:
        require_whole_day(header)
    return wide


def columns_of(file: Path, config: DataConfig) -> Columns | None:
    """A file's columns; None if they do not fit, which is told when it is read."""
    try:
        return _layout([file], config, str(file))[0]
    except DataError:
        return None


def has_power(file: Path, config: DataConfig) -> bool:
    """Whether a file tells power; of one that is called weather the name of a column must say so."""
    if not says_weather(file):
        return columns_of(file, config) is not None
    try:
        resolve(read_header(file, file_options(config)), config, str(file), elsewhere=elsewhere(config), guess=False)
    except DataError:
        return False
    return True


def require_no_power(files: Sequence[Path], station_id: str, config: DataConfig) -> None:
    """Nothing, unless what is called weather of a station would be read as its power.

    Raises:
        DataError: the message names the file.
    """
    strange = [file for file in files if is_part(file, station_id) and says_weather(file)
               and columns_of(file, config) is not None]
    if strange:
        raise DataError(f"{strange[0]} is called weather of {station_id}, and its columns would be read as power",
                        found=listing(read_header(strange[0], file_options(config))),
                        hint=f"if it holds power that was measured, call it {station_id}; if not, leave the power out, "
                             "and name the columns of a day's intervals after what they are")


def issued_files(files: Sequence[Path], config: DataConfig) -> list[Path]:
    """Those without power that tell when the weather forecasts in them were issued."""
    return [file for file in files if _tells_issues(file, config) and columns_of(file, config) is None]


def _tells_issues(file: Path, config: DataConfig) -> bool:
    try:
        return issue_column(read_header(file, file_options(config)), config) is not None
    except DataError:
        return False


def without_measurements(file: Path, station: Station, config: DataConfig) -> tuple[Table, Columns]:
    """The time of the first row of a file as rows of a station that tell nothing else, for what has weather forecasts
    alone.

    Raises:
        DataError: it cannot be read, or tells no time.
    """
    options = file_options(config)
    header = read_header(file, options)
    time, clock = time_columns(header, config.time)
    if time is None:
        raise DataError(f"{file} has no column that is known to be the time", found=listing(header, limit=40),
                        expected="for example time or ts", hint="name it under data.time.column")
    places = [name for name in (time, clock) if name is not None]
    table = read_table([file], places, places, options)
    columns = Columns(time, None, {name: name for name in station.targets}, station.known_future, station.past_only,
                      station.categorical, described=False, clock=clock, lacking=station.columns)
    return table.take([0]), columns


def power_in_one(files: Sequence[Path], columns: Sequence[Columns | None], config: DataConfig) -> str | None:
    """The name of the only files that have power, but for dates, if all others are parts of the same station.

    Args:
        files: of a folder.
        columns: of each what `columns_of` says.
        config: how they are described.
    """
    powered = [file for file, found in zip(files, columns, strict=False) if found is not None]
    if not powered or len(powered) == len(files) or len(names := groups_by_name(powered)) > 1:
        return None
    try:
        _layout(files, config, "")
    except DataError:
        return None
    return next(iter(names))


def newest_that_fits(files: Sequence[Path], config: DataConfig) -> list[Path]:
    """The last file that is whole and has a station's columns; the last one if none has, which is told when it is
    read."""
    fitting = (file for file in reversed(files) if cut_off(file) is None and columns_of(file, config) is not None)
    return [next(fitting, files[-1])]


def total_power(files: Sequence[Path], config: DataConfig) -> pd.Series:
    """The total power in some files, by instant and in order."""
    table, columns = read_files(files, config, str(files[0]))
    starts = starts_of(table.frame, (columns.time, columns.clock, columns.offset), config.time, table.place)
    numbers = to_numbers(table.frame[columns.targets[TOTAL]], table.place)
    return pd.Series(numbers, index=starts.index).dropna().sort_index()


def times_in(file: Path, config: DataConfig) -> pd.DatetimeIndex | None:
    """The instants that a file's rows tell, whatever else it holds; None where they cannot be read."""
    options = file_options(config)
    try:
        header = read_header(file, options)
        time, clock = time_columns(header, config.time)
        if time is None:
            return None
        named = (time, clock, offset_column(header, ()))
        table = read_table([file], names := list(filter(None, named)), names, options)
        return starts_of(table.frame, named, config.time, table.place).index
    except DataError:
        return None


def elsewhere(config: DataConfig) -> tuple[str, ...]:
    """Columns that a separate table of forecasts may have instead."""
    return config.known_future if config.weather_forecasts else ()


def forecast_table(path: Path, config: DataConfig) -> Path | None:
    """The separate table of issued weather forecasts, if the description names one."""
    if config.weather_forecasts is None:
        return None
    return (path if path.is_dir() else path.parent) / config.weather_forecasts.path
