"""Several stations of one data frame in Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattcast.api import Forecaster
from wattcast.data.reader import open_frame
from wattcast.errors import WattcastError
from wattcast.settings import build_settings
from wattcast.workflows.many import each_station


@dataclass(frozen=True, eq=False)
class FittedStations:
    """What became of each station, by its id: a fitted `forecasters[id]`, or why there is none, `failures[id]`."""

    forecasters: dict[str, Forecaster]
    failures: dict[str, WattcastError]


def fit_stations(df: pd.DataFrame, config: Mapping[str, Any] | None = None) -> FittedStations:
    """Fit a forecaster for each station of a frame that a column tells apart; one that fails does not stop the others.

    Each forecaster finds its own station in such a frame again: `fitted.forecasters["park-7"].predict(df)`.

    Args:
        df: all stations' rows below each other.
        config: as for `Forecaster`; `data.station` means that one alone.

    Raises:
        ConfigError: an unknown key or a value of the wrong type.
        DataError: the frame as a whole cannot be used.
    """
    config = config or {}
    source = open_frame(df, build_settings(config).data)
    named = source.config.station

    def fit(station_id: str) -> Forecaster:
        its_own = {**config, "data": {**config.get("data", {}), "station": station_id}}
        return Forecaster(its_own).fit(df if named else source.load(station_id).table.frame)

    fitted = FittedStations({}, {})
    for outcome in each_station(source.station_ids if named is None else (named,), fit):
        station_id = str(outcome.station_id)
        if outcome.result is not None:
            fitted.forecasters[station_id] = outcome.result
        elif outcome.error is not None:
            # The frames on the way to the error would keep the station's data in memory.
            fitted.failures[station_id] = outcome.error.with_traceback(None)
    return fitted
