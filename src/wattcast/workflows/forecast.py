"""The verb `forecast`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wattcast.contracts import Forecast
from wattcast.data.reader import known_weather, read_weather
from wattcast.data.schema import StationData
from wattcast.errors import ConfigError, DataError, InputError
from wattcast.evaluation.horizon_view import PERFECT, HorizonView
from wattcast.forecasting.output import forecast_table, write_forecasts
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.store.forecasts import keep_forecast
from wattcast.store.registry import CHAMPION, Registry
from wattcast.timegrid import in_words, parse_step, parse_time, require_on_grid, station_horizon
from wattcast.workflows.choice import choice_notes
from wattcast.workflows.description import as_trained, station_to_read
from wattcast.workflows.job import Job

log = logging.getLogger("wattcast")


@dataclass(frozen=True, eq=False)
class ForecastOutcome:
    """What `forecast` made for one station."""

    forecast: Forecast
    table: pd.DataFrame
    version: str
    notes: tuple[str, ...]
    kept_in: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.forecast.station_id, "origin": self.forecast.origin.isoformat(),
                "version": self.version, "model": self.forecast.model, "rows": len(self.table),
                "notes": list(self.notes)}


def forecast(job: Job, station_id: str | None = None, *, at: str | None = None, weather: Path | None = None,
             no_weather: bool = False) -> ForecastOutcome:
    """The next seven days from the newest measurement, or from `at`, with the champion.

    Args:
        job: data, settings and models folder.
        station_id: the station; the only one if None.
        at: the origin.
        weather: a file with the horizon's weather, preferred over what the data holds.
        no_weather: forecast as if no weather were known.

    Raises:
        InputError: something the user gave is wrong.
    """
    if weather is not None and no_weather:
        raise ConfigError("--weather and --no-weather contradict each other", hint="give one of them")
    registry = Registry(job.models_dir, station_to_read(job, station_id))
    version = registry.champion()
    if version is not None:
        job = as_trained(job, registry, version)
    data, _ = job.read(registry.station_id)
    station = data.station
    step = parse_step(station.step)
    origin = data.end if at is None else require_on_grid(parse_time(at, station.timezone), step)
    if origin <= data.frame.index[0]:
        raise InputError(f"--at {at} is before the first measurement", found=f"data from {data.frame.index[0]}")
    model = registry.load(version or CHAMPION)
    view = HorizonView(data, origin, station_horizon(station), weather="none" if no_weather else "given",
                       future_weather=_future_weather(weather, data, origin, job))
    made = NetworkForecaster.of(model).forecast(view)
    trained_until = model.learned_until
    notes = [*_weather_notes(view), *_age_notes(data, origin, trained_until), *choice_notes(model.selection),
             *made.notes]
    # An error from before the end of training would flatter the model.
    kept_in = registry.forecasts_folder if origin >= trained_until else None
    return ForecastOutcome(made, forecast_table(made, station), version or CHAMPION, tuple(notes), kept_in)


def save_forecasts(outcomes: Sequence[ForecastOutcome], path: Path) -> None:
    """All stations' forecasts in one file, and each beside its model, to be compared with what comes in."""
    write_forecasts([outcome.table for outcome in outcomes], path)
    for outcome in outcomes:
        if outcome.kept_in is None:
            continue
        try:
            keep_forecast(outcome.kept_in, outcome.forecast, outcome.version)
        except DataError as error:      # a models folder that may only be read is no reason to fail
            log.warning("the forecast is not kept to be compared later: %s (%s)", error.what, error.found)


def _future_weather(path: Path | None, data: StationData, origin: pd.Timestamp, job: Job) -> pd.DataFrame | None:
    if path is None:
        return None
    weather = read_weather(path, data.station, job.settings.data)
    return known_weather(weather, origin, str(path))


def _weather_notes(view: HorizonView) -> list[str]:
    if not view.station.known_future:
        return []
    if view.weather_coverage == 0:
        return ["no weather was known for the horizon: it was masked; the forecast rests on history and calendar"]
    notes = []
    if view.weather_coverage < 1:
        notes.append(f"weather was known for {view.weather_coverage:.0%} of the horizon; the rest was masked")
    if PERFECT in view.weather_source:
        notes.append("the horizon's weather is what was measured afterwards (perfect weather)")
    return notes


def _age_notes(data: StationData, origin: pd.Timestamp, trained_until: pd.Timestamp) -> list[str]:
    notes = []
    if origin > data.end:
        notes.append(f"the newest measurement ends {in_words(origin - data.end)} before the origin")
    if origin < trained_until:
        notes.append(f"the model was trained on data up to {trained_until}, after this origin: errors flatter it")
    return notes
