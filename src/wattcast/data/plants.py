"""Whether the files of a folder are stations of their own or parts of one: by their names and by overlapping times."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.data.tables import stem
from wattcast.errors import DataError, listing

_YEAR = r"(?:19|20)\d{2}"
_DAY_FIRST = r"(?:(?:0[1-9]|[12]\d|3[01])(?P<sign>[-.])(?:0[1-9]|1[0-2])(?P=sign))?"
DATE = re.compile(rf"(?<!\d){_DAY_FIRST}{_YEAR}(?:[-_.]?(?:0?[1-9]|1[0-2])(?:[-_.]?(?:0?[1-9]|[12]\d|3[01]))?)?(?!\d)")
MONTH = re.compile(r"(?<![a-z])(?:jan|feb|m[aä]r|apr|mai|may|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zä]*|"
                   r"[一二三四五六七八九十]{1,2}月", re.IGNORECASE)
SAME_TIME = 0.5
"""Files that share this much of the shorter one's times are about the same time. [share]"""

Files = Mapping[str, Sequence[Path]]


@dataclass(frozen=True)
class Verdict:
    """The stations' files by id, or None if all are one station's; and why."""

    stations: Files | None
    note: str | None = None


def groups_by_name(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Files whose names differ by dates only, together; a group of one file is called like the file."""
    groups: dict[str, list[Path]] = {}
    for file in files:
        groups.setdefault(without_dates(file), []).append(file)
    return {stem(members[0]) if len(members) == 1 else name: members for name, members in groups.items()}


def without_dates(file: Path) -> str:
    """What a file's name says besides dates; empty if that is nothing."""
    return re.sub(r"[-_. ]{2,}", "-", DATE.sub("", stem(file))).strip("-_. ")


def tell_stations(folder: Path, files: Sequence[Path], setting: str | None, station: str | None,
                  measure: Callable[[Sequence[Path]], pd.Series]) -> Verdict:
    """Whether the files are stations.

    Args:
        setting: `stations` or `one` if the user says it.
        station: the id that the user gives, if any.
        measure: the total power in some files, indexed by instant.

    Raises:
        DataError: neither the names nor the times tell.
    """
    groups = groups_by_name(files)
    if setting == "stations":
        return Verdict(groups if len(groups) > 1 else {stem(file): [file] for file in files})
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
                               "different values for the same times (data.folder)")
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
