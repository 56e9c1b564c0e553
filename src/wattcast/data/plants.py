"""Whether the files of a folder are stations of their own or parts of one: by their names and by overlapping times."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.data.filenames import DATE
from wattcast.data.tables import stem
from wattcast.errors import DataError, listing

MONTH = re.compile(r"(?<![a-z])(?:jan|feb|m[aä]r|apr|mai|may|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zä]*|"
                   r"[一二三四五六七八九十]{1,2}月", re.IGNORECASE)
_WORDS, _SIGNS = "weather|forecasts?|nwp", "气象|天气|预报"
WEATHER = re.compile(rf"(?:.*[-_. ])?(?:{_WORDS})|.*(?:{_SIGNS})", re.IGNORECASE)
PART = re.compile(rf"(?P<name>.*[^-_. ])(?:[-_. ]+(?:power|meter|load|{_WORDS})|[-_. ]*(?:功率|负荷|{_SIGNS}))",
                  re.IGNORECASE)
"""A name, and which part of what has that name a file is."""
CONTENT = re.compile(rf"(?:data|history|measurements?|power|meter|load|{_WORDS}|功率|负荷|数据|{_SIGNS})",
                     re.IGNORECASE)
"""A name that says what is in a file, and nothing of a station."""
SAME_TIME = 0.5
"""Files that share this much of the shorter one's times are about the same time. [share]"""

Files = Mapping[str, Sequence[Path]]


@dataclass(frozen=True)
class Verdict:
    """The stations' files by id, or None if all are one station's; and why. Of `parts` the names of the files say which
    part of the station they are."""

    stations: Files | None
    note: str | None = None
    parts: frozenset[str] = frozenset()


def groups_by_name(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Files whose names differ by dates only, together; a group of one file is called like the file."""
    groups: dict[str, list[Path]] = {}
    for file in files:
        groups.setdefault(without_dates(file), []).append(file)
    return {stem(members[0]) if len(members) == 1 else name: members for name, members in groups.items()}


def without_dates(file: Path) -> str:
    """What a file's name says besides dates; empty if that is nothing."""
    return re.sub(r"[-_. ]{2,}", "-", DATE.sub("", stem(file))).strip("-_. ")


def names_of(file: Path) -> tuple[str, ...]:
    """What a file may be called after: its name, that without dates, and that without what part it is, `north` of
    `north-weather-2025-06.csv`."""
    names = [stem(file), without_dates(file)]
    while part := PART.fullmatch(names[-1]):
        names.append(part["name"])
    return tuple(dict.fromkeys(filter(None, names)))


def new_name(file: Path) -> str:
    """What a station is called of which a file is the first: without dates, as tomorrow's is the same one's; like the
    folder if that leaves nothing."""
    return without_dates(file) or file.resolve().parent.name or stem(file)


def shared_name(files: Sequence[Path]) -> str | None:
    """The name that some files share but for dates, if it can be a station's: not what says only what is in them."""
    names = set(map(without_dates, files))
    name = names.pop() if len(names) == 1 else ""
    return None if not name or CONTENT.fullmatch(name) else name


def called_after(file: Path, known: frozenset[str]) -> str | None:
    """The known station that a file is called after; of several the one with the longest name. Letters may be small or
    large, as far as that leaves one."""
    names = names_of(file)
    exact = next((name for name in names if name in known), None)
    if exact is not None:
        return exact
    alike = (_by_letters(known).get(_letters(name), ()) for name in names)
    return next((found[0] for found in alike if len(found) == 1), None)


@lru_cache(maxsize=4)       # a fleet has thousands of stations and files
def _by_letters(known: frozenset[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in known:
        found.setdefault(_letters(name), []).append(name)
    return found


def _letters(name: str) -> str:
    return name.strip().casefold()


def is_part(file: Path, station_id: str) -> bool:
    """Whether a file's name says that it is a part of a station."""
    whole = _letters(station_id)
    return whole in map(_letters, names_of(file)) and whole not in map(_letters, (stem(file), without_dates(file)))


def says_weather(file: Path) -> bool:
    """Whether a file's name says that it has weather."""
    return WEATHER.fullmatch(without_dates(file)) is not None


def groups_by_station(files: Sequence[Path], known: frozenset[str], powered: Callable[[Path], bool], *,
                      growing: bool = False) -> dict[str, list[Path]]:
    """As `groups_by_name`, those together that are called after one station.

    Of a station that is not known its files must say that they are parts of it, and one name alone may have the power:
    `site-load` and `site-meter` that both have some are two stations.

    Args:
        files: beside each other.
        known: stations.
        powered: whether a file has power.
        growing: more files will come. So the name of a new station has no dates, and what is called after it is its
            part, whichever has the power.
    """
    groups: dict[str, list[Path]] = {}
    for name, members in groups_by_name(files).items():
        new = new_name(members[0]) if growing else name
        groups.setdefault(called_after(members[0], known) or new, []).extend(members)
    wholes: dict[str, list[str]] = {}
    for name, members in groups.items():
        if name not in known:
            wholes.setdefault(names_of(members[0])[-1] if name else name, []).append(name)
    for whole, names in wholes.items():
        if len(names) > 1 and ((growing and whole in names) or
                               sum(any(map(powered, groups[name])) for name in names) == 1):
            groups[whole] = [file for name in names for file in groups.pop(name)]
    return groups


def parts_of(groups: Files) -> frozenset[str]:
    """Stations of which the names of some files say that they are parts."""
    return frozenset(name for name, members in groups.items() if any(is_part(file, name) for file in members))


def tell_stations(folder: Path, files: Sequence[Path], groups: Files, setting: str | None, station: str | None,
                  measure: Callable[[Sequence[Path]], pd.Series]) -> Verdict:
    """Whether the files are stations.

    Args:
        groups: of the files, that may be stations.
        setting: `stations` or `one` if the user says it.
        station: the id that the user gives, if any.
        measure: the total power in some files, indexed by instant.

    Raises:
        DataError: neither the names nor the times tell.
    """
    parts = parts_of(groups)
    if setting == "stations":
        alone = len(groups) == 1 and len(files) > 1 and not parts and station not in groups
        return Verdict({stem(file): [file] for file in files} if alone else groups, parts=parts)
    if setting == "one" or len(files) < 2:
        return Verdict(None)
    if len(groups) == 1:
        return Verdict(None, f"{len(files)} files are parts of one station, as their names differ by dates only "
                             "(data.folder)")
    totals = _measured(groups, measure)
    shared, differing = _compare(list(totals.values()))
    shortest = min(len(total) for total in totals.values())
    worded = len({_words(name) for name in groups}) > 1
    if differing and (worded or shared >= SAME_TIME * shortest):
        return Verdict(groups, f"{len(files)} files in {folder.name} are {len(groups)} stations, as they tell "
                               "different values for the same times (data.folder)", parts)
    if shared or not worded or (station is not None and station not in groups):
        why = "they tell the same for the same times" if shared and not differing else "they follow each other in time"
        return Verdict(None, f"{len(files)} files are parts of one station, as {why} (data.folder)")
    spans = [f"{name} ({total.index[0]:%Y-%m-%d} to {total.index[-1]:%Y-%m-%d})" for name, total in totals.items()]
    raise DataError(f"the files in {folder} may be stations or parts of one station: their times do not overlap",
                    found=listing(spans, limit=6), hint="--set data.folder=stations, or --set data.folder=one")


def _words(name: str) -> str:
    """What is left of a name without numbers and months."""
    return re.sub(r"[\W\d_]+", "", MONTH.sub("", name)).casefold()


def _measured(groups: Files, measure: Callable[[Sequence[Path]], pd.Series]) -> dict[str, pd.Series]:
    """The groups' total power; of those that can be read, as a bad file must not hide the others.

    Raises:
        DataError: none, or only one, can be read.
    """
    totals: dict[str, pd.Series] = {}
    problem: DataError | None = None
    for name, files in groups.items():
        try:
            totals[name] = measure(files)
        except DataError as error:
            problem = problem or error
    if problem is not None and len(totals) < 2:
        raise problem
    return totals


def _compare(totals: Sequence[pd.Series]) -> tuple[int, int]:
    """How many instants several of the series tell, and at how many of these their values differ."""
    together = pd.concat([total[~total.index.duplicated(keep="last")] for total in totals])
    again = together[together.index.duplicated(keep=False)].groupby(level=0)
    lowest, highest = again.min().to_numpy(), again.max().to_numpy()
    return len(lowest), int((highest - lowest > 1e-6 * np.maximum(np.abs(highest), np.abs(lowest))).sum())
