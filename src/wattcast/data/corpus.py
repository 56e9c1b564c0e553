"""Many stations to learn from at once: a YAML file that names Parquet files, and what is in them.

A `Source` is one file with the rows of many stations, one below the other. Its rows are taken as they are: no cleaning,
for what a corpus is made of has been looked at before. Whoever learns knows sources by a Protocol alone.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar
from zoneinfo import available_timezones

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError, field_validator, model_validator

from wattcast.contracts import TOTAL, Config, Kind, Location, Station
from wattcast.data.schema import StationData
from wattcast.data.simulated_sites import simulated_sites
from wattcast.errors import ConfigError, DataError, InputError, listing
from wattcast.timegrid import parse_step, parse_time, regular_index, require_on_grid

Value = TypeVar("Value")


class StationSource(Protocol):
    """Stations to learn from, wherever they are kept."""

    @property
    def name(self) -> str:
        """What the manifest calls it; files are named after it, too."""
        ...

    @property
    def licence(self) -> str: ...

    @property
    def attribution(self) -> str | None: ...

    @property
    def may_ship(self) -> bool:
        """Whether what is learned from it may be given to others."""
        ...

    @property
    def windows(self) -> int:
        """How many windows are drawn from each station."""
        ...

    @property
    def sha256(self) -> str | None:
        """Of its file; None if it has none."""
        ...

    def described(self) -> Mapping[str, Any]:
        """All else that its stations follow from, as JSON has it."""
        ...

    def stations(self) -> Iterator[StationData]:
        """Its stations in the order of their names, one in memory at a time where that can be.

        Raises:
            DataError: it cannot be read or has no stations.
        """
        ...


class Source(Config):
    """Implements `StationSource`: one file of stations, or some that are made up."""

    name: str = Field(description="what the manifest calls it")
    file: str | None = Field(None, description="Parquet, from the folder of the YAML file")
    simulated: int | None = Field(None, ge=1, description="instead of a file: so many made-up sites")
    licence: str = Field(description="as its owner words it")
    may_ship: bool = Field(description="whether what is learned from it may be given to others")
    attribution: str | None = Field(None, description="whom the licence wants named")
    station: str = Field("station", description="the column with the station's name")
    time: str = Field("time", description="the column with the stamps, without an offset")
    power: str = Field("power", description="the column with the power")
    weather: dict[str, str] = Field({}, description="our name of a weather column and the file's")
    stamps: str = Field("UTC", description="the zone that the stamps are written in")
    interval_end: bool = Field(False, description="whether a stamp marks the end of its interval")
    zone: str = Field("UTC", description="the clock that the stations live by")
    zones: dict[str, str] = Field({}, description="that of some stations, by their names or patterns such as pv*")
    country: str | None = Field(None, description="whose holidays hold")
    kind: Kind = Field(Kind.LOAD, description="load, pv or wind")
    kinds: dict[str, Kind] = Field({}, description="that of some stations")
    step: str = Field("1h", description="from one stamp to the next")
    leave_out: tuple[str, ...] = Field((), description="stations that are not to be seen")
    windows: int = Field(100, ge=1, description="how many windows are drawn from each station")
    until: str | None = Field(None, description="nothing measured at or after this time is seen")

    @property
    def sha256(self) -> str | None:
        return None if self.file is None else hashlib.sha256(Path(self.file).read_bytes()).hexdigest()

    def described(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"file", "licence", "attribution", "may_ship"})

    def stations(self) -> Iterator[StationData]:
        return corpus_stations(self)

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.file is None) == (self.simulated is None):
            raise ValueError("give either a file or how many sites to simulate")
        return self

    @field_validator("stamps", "zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return _checked_zone(zone)

    @field_validator("zones")
    @classmethod
    def _all_known(cls, zones: dict[str, str]) -> dict[str, str]:
        return {name: _checked_zone(zone) for name, zone in zones.items()}

    @field_validator("step")
    @classmethod
    def _divides_a_day(cls, step: str) -> str:
        try:
            parse_step(step)
        except ConfigError as error:
            raise ValueError(error.what) from None
        return step

    @field_validator("until")
    @classmethod
    def _a_time(cls, until: str | None) -> str | None:
        try:
            if until is not None:
                parse_time(until, "UTC")
        except InputError as error:
            raise ValueError(error.what) from None
        return until


class Corpus(Config):
    """What to learn from."""

    sources: tuple[Source, ...] = Field(min_length=1)

    @field_validator("sources")
    @classmethod
    def _distinct(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        if twice := [name for name, count in Counter(source.name for source in sources).items() if count > 1]:
            raise ValueError(f"two sources have one name: {listing(twice)}")
        return sources


def corpus_of(content: Mapping[str, Any], file: Path) -> Corpus:
    """The corpus that the `content` of a YAML file describes, its files' paths made whole.

    Raises:
        ConfigError: a key or value of it is wrong.
        DataError: a file that it names is not there.
    """
    corpus = _valid(content, f"the corpus {file}", "compare it with examples/corpus.yaml")
    sources = tuple(source if source.file is None else
                    source.model_copy(update={"file": str(file.parent / source.file)}) for source in corpus.sources)
    if missing := [source.file for source in sources if source.file and not Path(source.file).is_file()]:
        raise DataError(f"files that the corpus {file} names are missing", found=listing(missing),
                        hint="paths count from the folder of the YAML file; correct them, or leave the source out")
    return Corpus(sources=sources)


def joined(corpora: Iterable[Corpus]) -> Corpus:
    """The sources of several files as one corpus.

    Raises:
        ConfigError: two of them have one name.
    """
    sources = tuple(source for corpus in corpora for source in corpus.sources)
    return _valid({"sources": sources}, "the corpus of all files",
                  "give each file once, and each of its sources a name of its own")


def _valid(content: Mapping[str, Any], what: str, hint: str) -> Corpus:
    """What a corpus says, checked; what it is called in the error, and what to do then, stand in that."""
    try:
        return Corpus.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where, given = ".".join(str(part) for part in first["loc"]), first.get("input")
        raise ConfigError(f"{what} is wrong at {where or 'its top'}", expected=first["msg"], hint=hint,
                          found=given if isinstance(given, str | int | float) else None) from None


def corpus_stations(source: Source) -> Iterator[StationData]:
    """The stations of a source, in the order of their names, each on a regular grid of the clock it lives by; without
    those that have no rows before `until`.

    Raises:
        DataError: the file cannot be read, lacks a column, or has no stations.
        InputError: `until` lies between two steps of a station.
    """
    for data in _all_rows(source):
        if source.until is None:
            yield data
            continue
        until = require_on_grid(parse_time(source.until, data.station.timezone), parse_step(data.station.step))
        if until > data.frame.index[0]:
            yield data.until(until)


def _all_rows(source: Source) -> Iterator[StationData]:
    if source.simulated is not None:
        yield from simulated_sites(source.name, source.simulated)
        return
    table = _read(source)
    codes, found = pd.factorize(table[source.station])
    places = {str(name): code for code, name in enumerate(found)}
    names = sorted(places.keys() - set(source.leave_out))
    if not names:
        raise DataError(f"the source {source.name} has no stations", found=source.file,
                        hint="correct leave_out, or leave the source out")
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(found) + 1))
    for name in names:
        code = places[name]
        yield _station(source, name, table.iloc[order[bounds[code]:bounds[code + 1]]])


def _read(source: Source) -> pd.DataFrame:
    columns = [source.station, source.time, source.power, *source.weather.values()]
    try:
        table = pd.read_parquet(source.file or "")
    except (OSError, ValueError) as error:
        raise DataError(f"the source {source.name} cannot be read", found=" ".join(str(error).split()),
                        expected="a Parquet file", hint=f"check {source.file}") from None
    if missing := [name for name in columns if name not in table]:
        raise DataError(f"columns of the source {source.name} are missing: {listing(missing)}",
                        found=listing(table.columns), hint="correct the names in the corpus")
    if not pd.api.types.is_datetime64_any_dtype(table[source.time]):
        raise DataError(f"the column {source.time} of the source {source.name} holds no times",
                        found=str(table[source.time].dtype), expected="Parquet's timestamps")
    return table[columns]


def _station(source: Source, name: str, rows: pd.DataFrame) -> StationData:
    step = parse_step(source.step)
    zone = _of(name, source.zones, source.zone)
    times = pd.DatetimeIndex(rows[source.time])
    if times.tz is None:
        times = times.tz_localize(source.stamps, ambiguous=np.ones(len(times), bool), nonexistent="NaT")
    times = times.tz_convert(zone).as_unit("ns")
    if source.interval_end:
        times = times - step
    columns = {TOTAL: source.power, **source.weather}
    frame = pd.DataFrame({ours: rows[theirs].to_numpy(np.float64) for ours, theirs in columns.items()}, index=times)
    frame = frame[frame.index.notna() & ~frame.index.duplicated()].sort_index()
    if frame.empty:
        raise DataError(f"station {name} of the source {source.name} has no rows with a time", found=source.file)
    frame = frame.reindex(regular_index(frame.index[0], frame.index[-1], step)).replace([np.inf, -np.inf], np.nan)
    station = Station(id=f"{source.name}/{name}", known_future=tuple(source.weather),
                      kind=_of(name, source.kinds, source.kind), location=Location(country=source.country),
                      timezone=zone, step=source.step)
    return StationData(station, frame)


def _of(name: str, by_pattern: Mapping[str, Value], usual: Value) -> Value:
    return next((value for pattern, value in by_pattern.items() if fnmatch(name, pattern)), usual)


def _checked_zone(zone: str) -> str:
    if zone not in available_timezones():
        raise ValueError(f"{zone!r} is not a time zone such as Europe/London")
    return zone
