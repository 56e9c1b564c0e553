"""The panel of 16 stations that nothing is chosen by: where they are, when they are forecast, and the error to beat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wattcast.data.schema import StationData
from wattcast.settings import Settings, load_settings
from wattcast.timegrid import parse_duration, parse_time, rolling_origins, station_horizon
from wattcast.workflows.job import Job

BEST = {
    "cambridge_b014": 1.936, "cambridge_b040": 10.77, "cambridge_b088": 1.193, "gb_demand": 1221, "gb_solar": 302.5,
    "light_industry": 553.8, "mascot": 904.8, "office_brandy": 3.042, "parking_stanley": 0.853, "pvod_06": 0.5342,
    "pvod_08": 1.035, "rooftop_10": 0.04069, "school_wilton": 119.7, "vic_elec": 166.4, "zone_nyis_b": 74.31,
    "zone_oppd": 97.99}
"""Mean absolute error of the best simple model of each station, LightGBM among them, in its own unit."""


@dataclass(frozen=True)
class Panelist:
    """A station of the panel and the origins it is forecast from."""

    name: str
    data: StationData
    settings: Settings
    origins: list[pd.Timestamp]


def panel(folder: Path, assignments: Sequence[str] = ()) -> Iterator[Panelist]:
    """The stations, from a folder with a CSV and a description of each and `protocol.tsv`, with other settings as
    assigned."""
    for row in pd.read_csv(folder / "protocol.tsv", sep="\t").itertuples():
        settings = load_settings(folder / f"{row.station}.yaml", assignments)
        data, _ = Job(folder / f"{row.station}.csv.gz", settings=settings).read()
        step = station_horizon(data.station).step
        origins = rolling_origins(parse_time(row.first_origin, data.station.timezone), parse_duration(row.every),
                                  data.end, int(row.origins), step=step)
        yield Panelist(row.station, data, settings, list(origins))
