"""All that is kept of a station, from one store into another, of whatever kind.

What is there already is not written again: after a kill the same copy goes on, and a second one changes nothing. What
the other store has of its own is never overwritten.
"""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from wattcast.data.schema import StationData
from wattcast.errors import StoreError
from wattcast.store.base import Issue, StationStore, TakenIn


def copy_station(source: StationStore, target: StationStore) -> dict[str, int]:
    """Copy a station; nothing of `source` is changed.

    Returns:
        What both hold now, as `counts` has it.

    Raises:
        StoreError: `target` has rows, files or forecasts that `source` does not have; or holds other counts in the end.
        BundleError: the same of versions.
    """
    with source.locked(), target.locked():
        described = source.description()
        if described is not None and described != target.description():
            target.describe(described)
        _measurements(source, target)
        target.versions.take_over(source.versions)
        _forecasts(source, target)
        if len(accuracy := source.accuracy()):
            target.keep_accuracy(accuracy)
        there = target.documents()
        for name, content in source.documents().items():
            if there.get(name) != content:
                target.keep_document(name, content)
        # Last: rows that come in make it forgotten.
        said, known = source.recall(), target.recall()
        if said.keys() != known.keys() or any(said[key].tobytes() != known[key].tobytes() for key in said):
            target.keep_recall(said)
        expected, found = counts(source), counts(target)
    if found != expected:
        raise StoreError(f"what was copied of station {source.station_id} to {target.place} is not what is in "
                         f"{source.place}", found=_told(found), expected=_told(expected),
                         hint="remove the station there and copy it again")
    return found


def counts(station: StationStore) -> dict[str, int]:
    """How much is kept of a station, by what it is."""
    data = station.measurements()
    weather = None if data is None or data.vintages is None else data.vintages.table
    return {"rows": 0 if data is None else len(data.frame), "weather": 0 if weather is None else len(weather),
            "corrections": len(station.corrections()), "files": len(station.taken_in()),
            "versions": len(station.versions.registered()["versions"]), "forecasts": len(station.issues()),
            "accuracy": len(station.accuracy()), "documents": len(station.documents())}


def _told(found: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in found.items())


def _own(target: StationStore, what: str) -> StoreError:
    return StoreError(f"{target.place} has {what} of station {target.station_id} that are not in the store that is "
                      "copied", hint="remove the station there first, or copy into another store")


def _measurements(source: StationStore, target: StationStore) -> None:
    data, there = source.measurements(), target.measurements()
    if there is not None and (data is None or len(_measured(there).difference(_measured(data)))):
        raise _own(target, "rows")
    if data is not None and not _same(data, there):
        target.replace_measurements(data)
    corrections = source.corrections()
    if len(corrections) != len(target.corrections()):
        target.keep_corrections(corrections)
    files, known = source.taken_in(), target.taken_in()
    if list(map(_file, known)) != list(map(_file, files[:len(known)])):
        raise _own(target, "files")
    for file in files[len(known):]:
        target.note_taken_in(file)


def _measured(data: StationData) -> pd.Index:
    return data.frame.index[data.measured_rows]


def _same(data: StationData, there: StationData | None) -> bool:
    if there is None or data.station != there.station or not data.frame.equals(there.frame):
        return False
    issued, known = (None if each.vintages is None else each.vintages.table for each in (data, there))
    return (issued is None) == (known is None) and (issued is None or issued.equals(known))


def _file(file: TakenIn) -> tuple[str, str]:
    return file.name, file.sha256


def _forecasts(source: StationStore, target: StationStore) -> None:
    there = _counted(target.issues())
    if there - _counted(source.issues()):
        raise _own(target, "forecasts")
    for forecast in source.forecasts():
        key = _instants((forecast.origin, forecast.issued))
        if there[key]:
            there[key] -= 1
        else:
            target.keep_forecast(forecast)


def _counted(issues: Iterable[Issue]) -> Counter[Issue]:
    return Counter(map(_instants, issues))


def _instants(issue: Issue) -> Issue:
    """As every store keeps them: a database does not know nanoseconds."""
    origin, issued = issue
    return origin.floor("us"), None if issued is None else issued.floor("us")
