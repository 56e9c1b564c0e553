"""Forecasts that need no measurements: for a station whose rows cannot be read, or that never had any."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from wattcast.contracts import HORIZON_DAYS, TARGETS, Forecast, Kind, Station
from wattcast.data.schema import DataConfig, StationData
from wattcast.errors import DataError
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.forecasting.postprocess import Limits, target_columns
from wattcast.forecasting.untrained import UntrainedForecaster
from wattcast.store.base import IssuedForecast
from wattcast.timegrid import DAY, days_later, horizon_index, parse_step, station_horizon
from wattcast.training.config import Recipe

WEEKS = 8
"""How old the forecast may be that is issued once more. [weeks]"""


def station_of(station_id: str, description: Mapping[str, Any] | None) -> Station:
    """A station as its description alone has it."""
    config = DataConfig.model_validate(description or {})
    return Station(id=station_id, targets=tuple(name for name in TARGETS if name in config.targets) or TARGETS[:1],
                   kind=config.kind or Kind.LOAD, capacity=config.capacity, location=config.location,
                   limits=config.limits, timezone=config.time.timezone, step=config.time.step, horizon=config.horizon)


def issued_again(issued: IssuedForecast, station: Station, origin: pd.Timestamp) -> Forecast:
    """What was said of the same times, and for times after its end, of the same times of the week.

    Args:
        issued: the forecast that was issued last.
        station: whose; its targets are those of the forecast.
        origin: of the new one.

    Raises:
        DataError: it is too old, or from after the origin.
    """
    age = origin - issued.origin
    if not pd.Timedelta(0) <= age <= 7 * WEEKS * DAY:
        raise DataError(f"the last forecast of station {station.id} is from {issued.origin:%Y-%m-%d %H:%M}",
                        expected=f"one of the {WEEKS} weeks before {origin:%Y-%m-%d %H:%M}")
    table = issued.table
    station = station.model_copy(update={"targets": tuple(name for name in TARGETS if name in table)})
    horizon = station_horizon(station)
    index = horizon_index(origin, horizon)
    after = table.index[-1] + horizon.step
    source = [days_later(time, -HORIZON_DAYS * _weeks(time, after), horizon.step) for time in index]
    known = table.select_dtypes("number").reindex(pd.DatetimeIndex(source), method="nearest",
                                                   tolerance=2 * HORIZON_DAYS * DAY)
    # Early versions kept no quantiles.
    bare = {column: known[target] for target in station.targets for column in target_columns(target)
            if column not in known}
    made, notes = Limits(station, ()).apply(known.assign(**bare).set_axis(index))
    told = (f"the forecast of {issued.origin:%Y-%m-%d %H:%M} once more", *(["without a band"] if bare else []), *notes)
    return Forecast(station.id, origin, "the forecast issued last, once more", made, told)


def _weeks(time: pd.Timestamp, after: pd.Timestamp) -> int:
    """How many weeks before `time` lies before `after`."""
    return max(0, int(np.floor((time - after) / (HORIZON_DAYS * DAY))) + 1)


def by_capacity(station: Station, origin: pd.Timestamp, recipe: Recipe) -> Forecast:
    """What a station of its kind and size might do.

    Raises:
        DataError: its capacity is not known.
    """
    if station.capacity is None:
        raise DataError(f"nothing is known of station {station.id}: no measurement, no forecast, no capacity",
                        hint="take measurements in, or describe it: data.kind and data.capacity")
    step = parse_step(station.step)
    index = pd.date_range(origin - DAY, origin, freq=step, name="time")
    data = StationData(station, pd.DataFrame(np.nan, index, list(station.columns)))
    return UntrainedForecaster(recipe).forecast(HorizonView(data, origin, station_horizon(station)))
