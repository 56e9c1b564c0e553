"""What people see of issued forecasts in the terminal: the list, one of them, how they did, what was pruned."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wattcast.contracts import ADJUSTABLE, TARGETS, quantile_column
from wattcast.render import graded, say, table

if TYPE_CHECKING:
    from wattcast.evaluation.issued_scores import StationReview
    from wattcast.store.base import IssuedForecast
    from wattcast.workflows.issued_forecasts import Shown
    from wattcast.workflows.prune import Pruned

MEGABYTE = 1e6
"""A megabyte, as disks are sold by. [bytes]"""
NONE = "–"


def listed(found: Mapping[str, Sequence["IssuedForecast"]]) -> None:
    """The forecasts by station, a line each."""
    rows = [{"station": station, "origin": _minute(made.origin), "issued": _minute(made.issued),
             "version": made.version, "weather": made.weather or NONE, "quality": made.quality or NONE,
             "fallback": made.fallback or NONE, "notes": str(len(made.notes))}
            for station, forecasts in found.items() for made in forecasts]
    if rows:
        table(rows)
    else:
        say("no forecast was issued")


def _minute(time: pd.Timestamp | None) -> str:
    return NONE if time is None else f"{time:%Y-%m-%d %H:%M}"


def shown(found: "Shown", path: Path | None) -> None:
    """What it is, what was said of it, and its days; all steps are in the file, if one was asked for."""
    from wattcast.evaluation.scorecard import number

    forecast = found.forecast
    if forecast is None:
        say(f"{found.station_id}: as forecast {found.days} days ahead, or earlier where no forecast was made that day")
    else:
        told = [forecast.weather and f"weather {forecast.weather}", forecast.quality and f"quality {forecast.quality}",
                forecast.fallback and f"fallback {forecast.fallback}"]
        say(f"{found.station_id}: from {_minute(forecast.origin)}, issued {_minute(forecast.issued)} by "
            f"{', '.join([forecast.version, *filter(None, told)])}")
        for note in forecast.notes:
            say(f"  note: {note}")
    day = pd.Index(found.table["time"].str[:10], name="day")
    for target in (name for name in (*TARGETS, ADJUSTABLE) if name in found.table):
        columns = {target: "median", quantile_column(target, 0.1): "10 %", quantile_column(target, 0.9): "90 %"}
        means = found.table[[name for name in columns if name in found.table]].groupby(day).mean()
        table([{"day": str(date), **{columns[str(name)]: number(float(mean)) for name, mean in of_day.items()}}
               for date, of_day in means.iterrows()], title=f"{target}, means of the days")
    say(f"{len(found.table)} steps {'with all quantiles: --out FILE writes them' if path is None else f'in {path}'}")


def reviewed(reviews: Sequence["StationReview"]) -> None:
    """Each target in a table: of one station by day ahead, of several a line each and their means."""
    from wattcast.evaluation.issued_report import graded_stations, review_notes, verdict_of_all
    from wattcast.evaluation.issued_scores import days_table, stations_table

    judged = [review for review in reviews if review.targets]
    for target in (name for name in TARGETS if any(name in review.targets for review in judged)):
        if len(reviews) == 1:
            table(judged[0].table(target), title=f"{judged[0].station_id}: {target}, by day ahead")
            if worst := judged[0].worst_days(target):
                table(worst, title="worst days, forecast one day ahead")
            say(judged[0].verdict(target))
        else:
            table(stations_table(judged, target), title=f"{target}, by station")
            table(days_table(judged, target), title=f"{target}, by day ahead, means over the stations")
            say(verdict_of_all(judged, target))
    graded(graded_stations(judged))
    for note in review_notes(reviews):
        say(f"note: {note}")


def pruned(found: Sequence["Pruned"], *, dry_run: bool) -> None:
    """What went of each station, or would go, and the sizes before and after."""
    rows = [_sizes(each.station_id, len(each.versions), each.forecasts, each.before, each.after) for each in found]
    if len(rows) > 1:
        before, after = ({kind: sum(sizes[kind] for sizes in of) for kind in of[0]}
                         for of in ([each.before for each in found], [each.after for each in found]))
        rows.append(_sizes("all", sum(len(each.versions) for each in found), sum(each.forecasts for each in found),
                           before, after))
    if rows:
        table(rows, title="would go" if dry_run else "gone")
    say(f"{_megabytes(sum(each.freed for each in found))} MB {'would be' if dry_run else 'are'} free")


def _sizes(station: str, versions: int, forecasts: int, before: Mapping[str, int],
           after: Mapping[str, int]) -> dict[str, str]:
    kinds = {f"{kind} [MB]": f"{_megabytes(before[kind])} → {_megabytes(after[kind])}" if before[kind] != after[kind]
             else _megabytes(before[kind]) for kind in before}
    return {"station": station, "versions": str(versions), "forecasts": str(forecasts), **kinds,
            "all [MB]": f"{_megabytes(sum(before.values()))} → {_megabytes(sum(after.values()))}"}


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.2f}"
