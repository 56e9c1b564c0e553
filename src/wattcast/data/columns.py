"""Which column of a source plays which part: as the user says, or as the names tell."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from wattcast.contracts import PART, TARGETS, TOTAL
from wattcast.data.dateparts import CLOCK, DATES, parts_of
from wattcast.data.offsets import offset_column
from wattcast.data.power_names import only_power, power_like
from wattcast.data.schema import (
    NAMELESS_INDEX,
    QUANTITIES,
    REDUNDANT,
    STRUCTURAL,
    DataConfig,
    TimeConfig,
    alias_order,
    recognise,
    spelt,
    without_role,
)
from wattcast.data.tags import is_mark, is_tag
from wattcast.data.textfiles import FileOptions
from wattcast.errors import ConfigError, DataError, listing, nearest

MISSPELT = 0.96
"""How like the total power a column's name must be to be taken for it misspelt: total_reactive_power is not.
[likeness from 0 to 1]"""

PREDECESSOR_PART = "load"
PREDECESSOR_TARGETS = {"meter": TOTAL, PREDECESSOR_PART: PART}
"""Beside a column `meter`, `load` is the part that cannot be dispatched; elsewhere `load` may mean anything."""


SLOT = CLOCK
"""The column that a table with a row for each day gets when its values are put under each other."""

CLOCKS = ("time", "时间", "时刻", "zeit", "von", "start", "from", "beginn",
          "begin", "zeit_von", "uhrzeit_von", "start_time", "from_time", "read_time", "reading_time", "local_time",
          "ab_zeit", "tid", "時刻", "時間", "시각", "시간", "время")
"""What a column is called that may hold the time of day alone, if a date is beside it."""


@dataclass(frozen=True)
class Columns:
    """The source's names of the columns that are used, by part; `targets` maps ours to theirs, the others keep them.

    `clock` is the time of day where `time` may be the date only, `offset` may tell how far from UTC they are;
    `described` tells whether the configuration named the targets, `guessed` whether the total is only what no other
    column can be; `lacking` are columns that other files of the station have, by our names, and that are empty here;
    `tags` are ignored but must not change from row to row, `marks` may say that a row is not to be believed.
    """

    time: str
    station: str | None
    targets: dict[str, str]
    known_future: tuple[str, ...]
    past_only: tuple[str, ...]
    categorical: tuple[str, ...]
    described: bool
    clock: str | None = None
    offset: str | None = None
    ignored: tuple[str, ...] = ()
    guessed: bool = False
    lacking: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    @property
    def measured(self) -> dict[str, str]:
        """Ours to theirs for everything but time and station, in the station's order."""
        return self.targets | {name: name for name in (*self.known_future, *self.past_only)}

    @property
    def places(self) -> tuple[str, ...]:
        """What places a row: the time, perhaps in two columns, and, with several stations, the station."""
        return tuple(name for name in (self.time, self.clock, self.station) if name is not None)

    @property
    def used(self) -> tuple[str, ...]:
        """All columns to be read."""
        return (*self.places, *filter(None, [self.offset]), *self.measured.values(), *self.tags, *self.marks)

    def has_part(self, header: Collection[str]) -> bool:
        """Whether a file with these columns, which cannot stand alone, holds some of the station's: not where it tells
        a part of the power without the total, or a column that nothing is known of, which might be what it lacks."""
        there = set(header)
        if not set(self.places) <= there or set(self.ignored) & there:
            return False
        return self.targets[TOTAL] in there or bool(
            there & set(self.measured.values()) and not there & set(self.targets.values()))

    def has_all_but_power(self, header: Collection[str]) -> bool:
        """Whether a file with these columns holds all of the station's but the power: what nothing is known of is then
        none of them."""
        others = {*self.known_future, *self.past_only}
        return bool(others) and {*self.places, *others} <= set(header) and not set(header) & set(self.targets.values())

    @property
    def texts(self) -> tuple[str, ...]:
        """Those to be read as text."""
        return (*self.places, *filter(None, [self.offset]), *self.categorical, *self.tags, *self.marks)


def file_options(config: DataConfig) -> FileOptions:
    """What the description tells of the files themselves."""
    listed = (config.time.column, config.time.clock, config.station_column, *config.targets.values())
    return FileOptions(config.sheet, config.skip_rows, config.decimal, frozenset(name for name in listed if name))


def resolve(header: Sequence[str], config: DataConfig, source: str, *, elsewhere: Collection[str] = (),
            guess: bool = True) -> Columns:
    """The part of every column in `header`.

    Args:
        header: the source's column names.
        source: what to call it in messages.
        elsewhere: columns that may be missing here, as another table has them.
        guess: take the one column that can be the total power for it, where no name says so.

    Raises:
        DataError: a listed column is missing, or time or total power is not recognised.
        ConfigError: a categorical column has no role, or the time or the station has one.
    """
    _require_listed(header, config, source, elsewhere)
    time, clock = time_columns(header, config.time)
    if time is None and _are_values(header):
        raise DataError(f"{source} has no line with the names of its columns", found=listing(header),
                        expected="a first line such as time,total_active_power", hint="write one above the values")
    if time is None:
        raise DataError(f"{source} has no column that is known to be the time", found=listing(header, limit=40),
                        expected="for example time or ts", hint="name it under data.time.column")
    columns = _described(config, time) if config.targets else _recognised(header, config, time, source, guess)
    columns = replace(columns, clock=clock)
    placing = [name for name in columns.measured.values() if name in columns.places]
    if placing:
        raise ConfigError(f"data gives the column {placing[0]!r} a role, but it says when or where a row was measured",
                          hint="leave it out of known_future and past_only, or name another column under "
                               "data.time.column or data.station_column")
    columns = replace(columns, offset=offset_column(header, columns.used))
    needless = (*columns.used, *REDUNDANT, *parts_of(columns.places, header))
    ignored = tuple(name for name in header if name not in needless)
    return replace(columns, ignored=ignored, tags=tuple(filter(is_tag, ignored)),
                   marks=tuple(filter(is_mark, ignored)))


def _are_values(header: Sequence[str]) -> bool:
    """Whether what stands where names should is a row of values: a time, and nothing that is no number."""
    names = [name for name in header if not name.startswith("Unnamed: ")]
    return any(re.match(r"\s*\d+[-/.:年]\d", name) for name in names) and all(
        re.match(r"\s*[-+]?[.,]?\d", name) for name in names)


def _require_listed(header: Sequence[str], config: DataConfig, source: str, elsewhere: Collection[str]) -> None:
    listed = [config.time.column, config.time.clock, config.station_column, *config.targets.values(),
              *config.known_future, *config.past_only, *config.categorical]
    missing = [name for name in dict.fromkeys(listed) if name and name not in header and name not in elsewhere]
    if missing:
        close = nearest(missing[0], header)
        raise DataError(f"{source} has no column {', '.join(map(repr, missing))}, which the configuration lists",
                        found=listing(header, limit=40),
                        hint=f"did you mean {close!r}?" if close else "correct the name in the section data")


def _described(config: DataConfig, time: str) -> Columns:
    targets = {ours: config.targets[ours] for ours in TARGETS if ours in config.targets}
    return Columns(time, config.station_column, targets, config.known_future, config.past_only, config.categorical,
                   described=True)


def _recognised(header: Sequence[str], config: DataConfig, time: str, source: str, guess: bool) -> Columns:
    renamed = PREDECESSOR_TARGETS if "meter" in header and TOTAL not in header else {}
    known = {name: quantity for name in header if (quantity := renamed.get(name) or recognise(name))}
    targets = {ours: theirs for ours in TARGETS if (theirs := _first_spelling(known, ours))}
    only = _guessed(header, known, config, time) if guess and TOTAL not in targets else None
    if only is not None:
        targets = {TOTAL: only, **targets}
    twice = next((name for name in targets.values() if f"{name}.1" in header), None)
    if twice is not None:
        raise DataError(f"{source} has several columns {twice!r}", found=listing(header, limit=40),
                        expected="one column of this name", hint="say which one it is: data.targets: "
                        f"{{{TOTAL}: {twice}}}, or {twice}.1 for the second")
    if TOTAL not in targets:
        raise DataError(f"{source} has no column that is known to be the total active power",
                        found=listing(header, limit=40), expected=f"{TOTAL}, or meter beside load",
                        hint=_which_power(header, known))
    listed = (*config.known_future, *config.past_only)
    weather = [name for name, quantity in known.items()
               if quantity not in (*STRUCTURAL, *TARGETS) and name not in listed]
    texts = [name for name in weather if QUANTITIES[known[name]].text]
    stray = [name for name in config.categorical if name not in (*weather, *listed)]
    if stray:
        raise without_role(stray[0])
    return Columns(time, config.station_column or _first_spelling(known, "station"), targets,
                   (*weather, *config.known_future), config.past_only,
                   tuple(dict.fromkeys([*texts, *config.categorical])), described=False, guessed=only is not None)


def _which_power(header: Sequence[str], known: dict[str, str]) -> str:
    """What to do where no column is known to be the total power."""
    likely = nearest(TOTAL, header, MISSPELT) or next(filter(power_like, header), "your_column")
    said = f"say which one it is: data.targets: {{{TOTAL}: {likely}}}"
    if set(header) <= set(known) and set(known.values()) - set(STRUCTURAL):
        return ("it holds weather alone: lay it beside the station's power under that station's name, as "
                f"north-weather.csv beside north.csv, one for each station; if a column is the power, {said}")
    return said


def _guessed(header: Sequence[str], known: Collection[str], config: DataConfig, time: str) -> str | None:
    """The column that is taken for the total power though its name does not say so, as far as that is allowed."""
    if isinstance(config.only_power, str):
        return config.only_power if config.only_power in header else None
    return only_power(_unknown(header, known, config, time)) if config.only_power else None


def _unknown(header: Sequence[str], known: Collection[str], config: DataConfig, time: str) -> list[str]:
    """Columns that nothing is known of."""
    placing = tuple(name for name in (time, config.time.clock, config.station_column) if name)
    predecessor = [PREDECESSOR_PART] if any(recognise(name) == "is_peak" for name in header) else []
    return [name for name in header if name not in (*known, *placing, *config.known_future, *config.past_only,
                                                    *REDUNDANT, *parts_of(placing, header), *predecessor)]


def time_columns(header: Sequence[str], config: TimeConfig) -> tuple[str | None, str | None]:
    """The column with the time, or with the date beside one with the time of day, which may turn out to be needless."""
    time = config.column or column_for(header, "time")
    if config.clock or time is None or SLOT in header:
        return time, config.clock or (SLOT if SLOT in header else None)
    if config.column is None and spelt(time, *CLOCKS):
        date = next((name for wanted in DATES for name in header if spelt(name, wanted)), None)
        return (time, None) if date is None else (date, time)
    if recognise(time) == "time" and not spelt(time, *DATES):
        return time, None
    others = [name for name in header if name != time]
    return time, column_for(others, "clock") or next((name for name in others if spelt(name, *CLOCKS)), None)


def column_for(header: Sequence[str], quantity: str) -> str | None:
    """The column that stands for a quantity: of several, the one whose spelling comes first among the aliases."""
    return _first_spelling({name: found for name in header if (found := recognise(name))}, quantity)


def _first_spelling(known: dict[str, str], quantity: str) -> str | None:
    names = [name for name, found in known.items() if found == quantity]
    # An index without a name is the time only if no other column is.
    return min(names, key=lambda name: (name in NAMELESS_INDEX, alias_order(name, quantity)), default=None)
