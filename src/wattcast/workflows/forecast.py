"""The verb `forecast`."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from wattcast.contracts import Forecast, Station
from wattcast.data.given_weather import known_weather, read_weather
from wattcast.data.limits import chosen_limits, kept_limits
from wattcast.data.schema import StationData
from wattcast.data.weather_units import like_history
from wattcast.errors import ConfigError, DataError, InputError, NoRowsError, listing
from wattcast.evaluation.baselines import SeasonalNaive
from wattcast.evaluation.horizon_view import ISSUED, PERFECT, HorizonView
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.config import ForecastConfig
from wattcast.forecasting.look_back import rows_looked_back_on
from wattcast.forecasting.output import forecast_table, write_forecasts
from wattcast.forecasting.postprocess import Limits
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.forecasting.recall import Recall, said_by
from wattcast.forecasting.untrained import NAME as UNTRAINED
from wattcast.forecasting.untrained import UntrainedForecaster
from wattcast.store.aliases import CHAMPION
from wattcast.store.base import IssuedForecast, StationStore
from wattcast.timegrid import DAY, midnight, parse_step, parse_time, require_on_grid, station_horizon
from wattcast.workflows.choice import choice_notes
from wattcast.workflows.description import as_trained, station_to_read
from wattcast.workflows.ground import Ground, Moment, newest_before, stand_on, weather_gap
from wattcast.workflows.job import Job
from wattcast.workflows.record import judged_from
from wattcast.workflows.rows import Reach, Rows, read_rows

log = logging.getLogger("wattcast")

WEEK_BEFORE = 9
"""Days before the first one that is compared with its value a week before: a week, and what clocks put forward or back
may move. [days]"""
LAST_WEEK = SeasonalNaive.name
RULES = (UNTRAINED, LAST_WEEK)
"""What forecasts without a version."""
TODAY, NOW = "today", "now"
"""Words for an origin: the last midnight of the station, and the step that has just begun."""


@dataclass(frozen=True, eq=False)
class ForecastOutcome:
    """What `forecast` made for one station.

    Attributes:
        forecast: in the target's unit.
        station: whose it is.
        version: that made it.
        ground: what it stands on.
        notes: what is unusual about it.
        facts: what is true of most forecasts of the station.
        made_at: when.
        keep_in: where it is kept to be compared with what comes in; None if it is no issued one.
        recall: what the model said of past mornings on the way.
        keep_days: forecasts of origins so many days older go when it is kept.
    """

    forecast: Forecast
    station: Station
    version: str
    ground: Ground
    notes: tuple[str, ...]
    facts: tuple[str, ...]
    made_at: pd.Timestamp
    keep_in: StationStore | None = None
    recall: Recall | None = None
    keep_days: int = ForecastConfig().keep_days

    @cached_property
    def table(self) -> pd.DataFrame:
        """As it is written."""
        return forecast_table(self.forecast, self.station)

    @property
    def doubtful(self) -> bool:
        """Whether it does not stand on what it should."""
        return bool(self.ground.quality.reasons)

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.forecast.station_id, "origin": self.forecast.origin.isoformat(),
                "version": self.version, "model": self.forecast.model, "rows": len(self.table),
                **self.ground.quality.to_dict(), "ground": self.ground.to_dict(), "notes": list(self.notes),
                "facts": list(self.facts), "steps": [step.to_dict() for step in self.forecast.steps],
                "issued": None if self.keep_in is None else self.made_at.isoformat()}


def stations_to_forecast(job: Job) -> tuple[str | None, ...]:
    """The stations that are meant; for `all` of a file without rows those that have a model, as their history serves.

    Raises:
        InputError: the data cannot be read.
    """
    if not job.all_stations:
        return job.station_ids()
    trained = job.store.trained_stations()
    try:
        found = job.station_ids()
    except NoRowsError:
        if not trained:
            raise
        return trained
    if job.data is not None and (absent := [name for name in trained if name not in found]):
        log.warning("%s has no rows of %s: no forecast is made of what has a model but no data", job.data,
                    listing(absent))
    return found


@dataclass(frozen=True, eq=False)
class Opened:
    """A station whose forecast can be made.

    Attributes:
        job: with the data described as the model knows it.
        kept: what is stored of the station.
        version: the champion; None, as `model` is, if there is none.
        model: the champion's.
        rows: that the forecast is made from.
        moment: when, and from where.
        view: what is known there.
        units: what is worth telling of the units of weather that was given.
    """

    job: Job
    kept: StationStore
    version: str | None
    model: TrainedModel | None
    rows: Rows
    moment: Moment
    view: HorizonView
    units: tuple[str, ...]

    @cached_property
    def recall(self) -> Recall | None:
        """What the champion has said of past mornings; None without one."""
        if self.version is None or self.model is None:
            return None
        return Recall(said_by(self.model, self.kept.versions.digest(self.version)), self.kept.recall())


def open_station(job: Job, station_id: str | None, *, at: str | None, now: str | None = None,
                 weather: Path | None = None, no_weather: bool = False, whole: bool = True,
                 since: pd.Timestamp | None = None, by: str = CHAMPION) -> Opened:
    """All that the forecast of a station needs; arguments and errors as of `forecast`, `since` as of `read_rows`. Of a
    stored history no more than that is read unless the `whole` is asked for."""
    if weather is not None and no_weather:
        raise ConfigError("--weather and --no-weather contradict each other", hint="give one of them")
    kept = job.store.station(station_to_read(job, station_id))
    version = None if by in RULES else kept.versions.champion() if by == CHAMPION else kept.versions.named(by)
    job = job if version is None else as_trained(job, kept.versions, version)
    model = None if version is None else kept.versions.load(version)
    # What weather is given is compared with all that was measured.
    reach = None if whole or model is None or weather is not None else _reach(job, model, at, now)
    rows = read_rows(job, kept, model.station if model else None, reach, since)
    moment = _moment(rows, at, now)
    given, units = _future_weather(weather, rows.data, moment.origin, job)
    view = HorizonView(rows.data, moment.origin, station_horizon(rows.data.station),
                       weather="none" if no_weather else "given", future_weather=given)
    return Opened(job, kept, version, model, rows, moment, view, tuple(units))


def _reach(job: Job, model: TrainedModel, at: str | None, now: str | None) -> Reach:
    """What a forecast looks back on, and what issued forecasts are compared with."""
    station, clock = model.station, _clock(now, model.station.timezone)
    until = parse_time(at, station.timezone) if at is not None and at not in (TODAY, NOW) else midnight(clock)
    forecast = rows_looked_back_on(model) * parse_step(station.step)
    return Reach(max(forecast, (job.settings.forecast.judge_days + WEEK_BEFORE) * DAY), min(until, clock))


def forecast(job: Job, station_id: str | None = None, *, at: str | None = None, now: str | None = None,
             weather: Path | None = None, no_weather: bool = False, dry_run: bool = False,
             by: str = CHAMPION) -> ForecastOutcome:
    """The next seven days from the newest measurement, or from `at`, with the champion; without any model, if a station
    has none, by the rules that read the last weeks (`forecasting.untrained`).

    Args:
        job: data, settings and store. The data is joined with the station's stored history; what the settings
            do not say of it is taken from the model.
        station_id: the station; the only one if None.
        at: the origin: a time, `today` or `now`.
        now: when it is made; nothing measured after it is used. The clock's time if None.
        weather: a file with the horizon's weather, preferred over what the data holds.
        no_weather: forecast as if no weather were known.
        dry_run: it will not be kept as an issued one.
        by: what stands in for the champion: a version, an alias, or one of `RULES`, which need none.

    Raises:
        InputError: something the user gave is wrong.
    """
    opened = open_station(job, station_id, at=at, now=now, weather=weather, no_weather=no_weather, whole=False, by=by)
    return told(opened, _made(opened, by), by=by, no_weather=no_weather, dry_run=dry_run)


def told(opened: Opened, made: Forecast, *, by: str = CHAMPION, no_weather: bool = False, dry_run: bool = False,
         judged: bool = True) -> ForecastOutcome:
    """A forecast that was made of an opened station, with what it stands on and what is worth telling of it.

    Not `judged`, the forecasts that were issued before are not read to say how they did.
    """
    kept, model, rows, moment, view = opened.kept, opened.model, opened.rows, opened.moment, opened.view
    config, version = opened.job.settings.forecast, opened.version or _rule(by)
    made_before = kept.forecasts(judged_from(moment.origin, config)) if judged else ()
    ground = stand_on(rows, moment, view, model, made_before, version, config,
                      unmodelled=model is None and by == CHAMPION)
    explored = _explored(rows.data, moment, view, no_weather=no_weather)
    notes = (*rows.notes, *opened.units, *(_of_model(model, view) if model else ()), *_weather_notes(view, ground),
             *made.notes, *explored)
    # An error from before the end of training would flatter the model.
    issued = not dry_run and not explored and (model is None or moment.origin >= model.learned_until)
    return ForecastOutcome(made, rows.data.station, version, ground, notes,
                           (*choice_notes(model.selection if model else None), *made.facts), moment.now,
                           kept if issued else None, opened.recall, config.keep_days)


def _rule(by: str) -> str:
    """What forecasts without a version."""
    return by if by in RULES else UNTRAINED


def _made(opened: Opened, by: str) -> Forecast:
    """By the model; without one by a rule."""
    view = opened.view
    if opened.model is not None:
        return NetworkForecaster.of(opened.model, recall=opened.recall).forecast(view)
    if _rule(by) == UNTRAINED:
        return UntrainedForecaster(opened.job.settings.recipe()).forecast(view)
    made = SeasonalNaive().fit(view).forecast(view)
    kept = chosen_limits(view.station, kept_limits(view.training_data().frame, view.station))
    table, notes = Limits.of(view.station, kept).apply(made.table)
    return replace(made, table=table, notes=(*made.notes, *notes))


def save_forecasts(outcomes: Sequence[ForecastOutcome], path: Path) -> None:
    """All stations' forecasts in one file, and each issued one in the store, to be compared with what comes in."""
    write_forecasts([outcome.table for outcome in outcomes], path)
    for outcome in outcomes:
        try:
            keep_issued(outcome)
        except DataError as error:      # a store that may only be read is no reason to fail
            log.warning("the forecast is not kept to be compared later: %s (%s)", error.what, error.found)


def keep_issued(outcome: ForecastOutcome, fallback: str | None = None) -> None:
    """Keep a forecast in the store if it is an issued one, with the mark of what stood in for the champion.

    Raises:
        DataError: the store cannot be written to.
    """
    if outcome.keep_in is None:
        return
    origin = outcome.forecast.origin
    outcome.keep_in.keep_forecast(issued_forecast(outcome, fallback))
    if gone := outcome.keep_in.remove_forecasts(origin - outcome.keep_days * DAY):
        log.info("%s: %d issued forecasts older than %d days are removed (forecast.keep_days)",
                 outcome.forecast.station_id, gone, outcome.keep_days)
    if outcome.recall is not None and outcome.recall.learned:
        outcome.keep_in.keep_recall(outcome.recall.used)


def issued_forecast(outcome: ForecastOutcome, fallback: str | None = None) -> IssuedForecast:
    """As it is kept, with the mark of what stood in for the champion."""
    return IssuedForecast(outcome.forecast.origin, outcome.version, outcome.forecast.table, outcome.made_at,
                          outcome.ground.weather, _weather_issued(outcome), outcome.ground.quality.mark,
                          fallback, outcome.notes)


def _weather_issued(outcome: ForecastOutcome) -> pd.Timestamp | None:
    """When the newest weather forecast was issued that was known at the origin; None if none was used."""
    vintages = outcome.ground.rows.data.vintages
    if vintages is None or outcome.ground.weather != ISSUED:
        return None
    issued = vintages.table.index.get_level_values("issued")
    known = issued[issued <= outcome.forecast.origin]
    return known.max() if len(known) else None


def _moment(rows: Rows, at: str | None, now: str | None) -> Moment:
    """The origin, and by which instant the rows are judged."""
    station = rows.data.station
    step, clock = parse_step(station.step), _clock(now, station.timezone)
    begun = midnight(clock) + (clock - midnight(clock)) // step * step
    end = rows.end if now is None else _known_end(rows, begun, now)
    asked = clock
    if at is None:
        origin = end
    elif at in (TODAY, NOW):
        origin = midnight(clock) if at == TODAY else begun
    else:
        origin = asked = require_on_grid(parse_time(at, station.timezone), step)
    if origin < rows.data.frame.index[0] + (step if rows.data.measured else 0 * step):
        raise InputError(f"--at {at or origin} is before the first measurement",
                         found=f"data from {rows.data.frame.index[0]}")
    known = rows.data.end if now is None and rows.data.measured else end
    return Moment(clock, asked, origin, past=origin < min(midnight(clock), known))


def _known_end(rows: Rows, begun: pd.Timestamp, now: str) -> pd.Timestamp:
    """Where the rows end that are known at `now`, in the step that has `begun` then."""
    ends = newest_before(rows.data, min(begun, rows.end)).values()
    if not ends:
        raise InputError(f"--now {now} is before the first measurement", found=f"data from {rows.data.frame.index[0]}")
    return max(ends)


def _clock(now: str | None, timezone: str) -> pd.Timestamp:
    return pd.Timestamp.now(timezone) if now is None else parse_time(now, timezone)


def _future_weather(path: Path | None, data: StationData, origin: pd.Timestamp,
                    job: Job) -> tuple[pd.DataFrame | None, list[str]]:
    """Given weather in the units of the history, and what is worth telling about them."""
    if path is None:
        return None, []
    weather = read_weather(path, data.station, job.settings.data)
    table = known_weather(weather, origin, str(path))
    table, notes = like_history(table, data.frame[data.frame.index < origin], data.station)
    return table, [f"{path.name}: {note}" for note in notes]


def _of_model(model: TrainedModel, view: HorizonView) -> list[str]:
    """What the model has not seen, and what it should not have."""
    unknown = model.pipeline.unknown_categories(view.future())
    return [*_category_notes(unknown), *flattery(view.origin, model)]


def _category_notes(unknown: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{column}: never seen in training and counted as “other”: {listing(words, limit=5)}"
            for column, words in unknown.items()]


def _explored(data: StationData, moment: Moment, view: HorizonView, *, no_weather: bool) -> list[str]:
    """Why a forecast is none that is issued, if it is not."""
    if moment.past:
        return ["not kept as an issued forecast: the origin lies in the past, before rows that are known"]
    if no_weather and HorizonView(data, moment.origin, view.horizon).weather_coverage > 0:
        return ["not kept as an issued forecast: weather that is known was left out"]
    return []


def _weather_notes(view: HorizonView, ground: Ground) -> list[str]:
    """What is said of the weather besides the reasons."""
    told = {reason.code for reason in ground.quality.reasons}
    notes = []
    if 0 < view.weather_coverage < 1 and "short_weather" not in told:
        notes.append(weather_gap(view))
    return [*notes, *perfect_weather(view)]


def perfect_weather(view: HorizonView) -> list[str]:
    """That no forecast of the weather was there, but what came, where it was so."""
    if PERFECT not in view.weather_source:
        return []
    return ["the horizon's weather is what was measured afterwards (perfect weather)"]


def flattery(origin: pd.Timestamp, model: TrainedModel) -> list[str]:
    """That a forecast from there is no test of the model, where it is none."""
    if origin >= model.learned_until:
        return []
    return [f"the model was trained on data up to {model.learned_until}, after this origin: errors flatter it"]
