"""A night in lines for Prometheus: the text format 0.0.4 that node_exporter's textfile collector reads.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from wattcast.nightly.summary import Light, StationMorning, Summary
from wattcast.store.files import write_text

LIGHTS = {Light.OK: 0, Light.AMBER: 1, Light.RED: 2}
"""What stands for a light where only numbers can be told. [number]"""
Sample = tuple[Mapping[str, str], float]


def write_metrics(path: Path, summary: Summary) -> None:
    """Write the lines aside and rename them: a collector never reads half of them.

    Raises:
        DataError: the file cannot be written.
    """
    write_text(path, "".join(f"{line}\n" for line in metric_lines(summary)))


def metric_lines(summary: Summary) -> Iterator[str]:
    """Each metric with its help and type, in seconds and ratios."""
    ended = pd.Timestamp(summary.now).timestamp() + summary.seconds
    stations = summary.stations
    yield from _gauge("wattcast_night_end_timestamp_seconds", "When the last night ended.", [({}, ended)])
    yield from _gauge("wattcast_night_duration_seconds", "How long the last night took.", [({}, summary.seconds)])
    yield from _gauge("wattcast_night_exit_code", "0 done, 3 some stations fell back, 1 one has no file.",
                      [({}, summary.exit_code)])
    yield from _gauge("wattcast_night_stations", "Stations by their light.",
                      [({"light": light.value}, count) for light, count in summary.counts.items()])
    yield from _gauge("wattcast_station_light", "0 ok, 1 amber, 2 red.",
                      [(_of(each), LIGHTS[each.light]) for each in stations])
    yield from _gauge("wattcast_station_filed", "Whether the station has a forecast file.",
                      [(_of(each), each.file is not None) for each in stations])
    yield from _gauge("wattcast_station_fallback", "1 where something stood in for the champion, and what.",
                      [({**_of(each), "rung": each.fallback}, 1) for each in stations if each.fallback])
    yield from _gauge("wattcast_station_measurement_age_seconds", "Age of the newest measurement at the forecast.",
                      [(_of(each), each.age_hours * 3600) for each in stations if each.age_hours is not None])
    yield from _gauge("wattcast_station_skill_ratio", "1 less the error of issued forecasts over that of last week's "
                      "values.", [(_of(each), each.skill) for each in stations if each.skill is not None])


def _of(station: StationMorning) -> dict[str, str]:
    return {"station": station.station_id}


def _gauge(name: str, told: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{f'{{{inside}}}' if inside else ''} {float(value):.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
