"""The verb `explain`."""

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.by_target import of_target
from wattcast.data.schema import DataConfig, StationData
from wattcast.data.units import unit_of
from wattcast.errors import ConfigError, InputError
from wattcast.evaluation.charts import as_png, draws_chinese
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.explain.contributions import Explainable, Explanation
from wattcast.explain.contributions import explain as explain_forecast
from wattcast.explain.figure import explanation_figure, miss_figure
from wattcast.explain.miss import Miss, miss
from wattcast.explain.miss_words import miss_sentences, miss_to_dict
from wattcast.explain.shown import to_dict
from wattcast.explain.untrained import ExplainedRules
from wattcast.explain.words import Language, Unit, sentence
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.forecasting.untrained import NAME as UNTRAINED
from wattcast.store.files import write_json, written_aside
from wattcast.timegrid import DAY, days_later, midnight, parse_horizon, parse_step, parse_time
from wattcast.workflows.forecast import Opened, flattery, open_station, perfect_weather
from wattcast.workflows.ground import no_model
from wattcast.workflows.job import Job

log = logging.getLogger("wattcast")

FIRST = 1
"""The day that is told of unless another one is asked for. [days]"""


@dataclass(frozen=True, eq=False)
class ExplainOutcome:
    """Why a forecast is what it is.

    Attributes:
        explanation: of all its days.
        day: the one that is told of, from 1.
        version: that forecasts.
        units: of the targets.
        miss: why that day was wrong; None unless that was asked.
        notes: what else is worth knowing.
    """

    explanation: Explanation
    day: int
    version: str
    units: tuple[Unit, ...]
    miss: Miss | None = None
    notes: tuple[str, ...] = ()

    def sentences(self, language: Language) -> list[str]:
        """The day in words, a line for each target, two where its error is told."""
        told = []
        for position, (target, unit) in enumerate(zip(self.explanation.targets, self.units, strict=True)):
            said = ([sentence(self.explanation, position, self.day, unit, language)] if self.miss is None else
                    [*miss_sentences(self.miss, position, unit, language)])
            told += said if len(self.units) == 1 else [f"{target}: {line}" for line in said]
        return told

    def of_day(self, day: int) -> Self:
        """The same with another day that is told of, without its error."""
        return replace(self, day=day, miss=None)

    def to_dict(self) -> dict[str, Any]:
        words = {language: self.sentences(language) for language in ("en", "zh")}
        names = [unit.name for unit in self.units]
        whole = {**to_dict(self.explanation), "version": self.version, "day": self.day, "words": words,
                 "units": dict(zip(self.explanation.targets, names, strict=True)), "notes": list(self.notes)}
        return whole if self.miss is None else {**whole, "miss": miss_to_dict(self.miss)}


def explain(job: Job, station_id: str | None = None, *, at: str | None = None, day: int | None = None,
            missed: str | None = None, weather: Path | None = None, no_weather: bool = False) -> ExplainOutcome:
    """Take the forecast apart that `forecast` makes from the newest measurement or from `at`, or the error of a day.

    Args:
        job: data, settings and store, as for `forecast`.
        station_id: the station; the only one if None.
        at: the origin, as for `forecast`. For a day that was `missed` the beginning of that day, or an earlier one if
            `day` is more than 1.
        day: of the horizon, from 1; the first one if None.
        missed: a date that has passed, whose error is explained.
        weather: as for `forecast`.
        no_weather: as for `forecast`.

    Raises:
        InputError: something the user gave is wrong; the day is none of the horizon, or nothing was measured on it.
    """
    if missed is not None and at is None:
        at = origin_before(missed, day)
    opened = open_station(job, station_id, at=at, weather=weather, no_weather=no_weather)
    forecaster = _forecaster(opened)
    station = opened.rows.data.station
    asked = day_of(station, opened.moment.origin, day, missed)
    units = units_of(station, opened.job.settings.data)
    outcome = told(forecaster, opened.view, opened.rows.data, asked, opened.version or UNTRAINED, units,
                   why_wrong=missed is not None)
    unmodelled = () if opened.model is not None else (no_model(opened.rows).sentence,)
    return replace(outcome, notes=(*unmodelled, *opened.units, *outcome.notes))


def save_explanation(outcome: ExplainOutcome, json_file: Path | None, plot: Path | None, language: Language) -> None:
    """The explanation as JSON and as a picture, where asked for.

    Raises:
        DataError: a file cannot be written.
    """
    if json_file is not None:
        write_json(json_file, outcome.to_dict())
    if plot is not None:
        language = _drawn_in(language)
        draw = (partial(explanation_figure, outcome.explanation, language, outcome.day) if outcome.miss is None else
                partial(miss_figure, outcome.miss, language))
        with written_aside(plot) as aside:
            aside.write_bytes(as_png(draw))


def _drawn_in(language: Language) -> Language:
    """The language of a picture: English where no font can show the other one."""
    if language == "en" or draws_chinese():
        return language
    log.warning("no font with Chinese characters is installed: the picture's words are English")
    return "en"


def told(forecaster: Explainable, view: HorizonView, data: StationData, day: int, version: str,
         units: tuple[Unit, ...], *, why_wrong: bool = False) -> ExplainOutcome:
    """The forecast from a view's origin taken apart; with `why_wrong` the error of its `day`, too."""
    notes = (*(flattery(view.origin, forecaster.model) if forecaster.model else ()), *perfect_weather(view))
    if why_wrong:
        found = miss(forecaster, view, data, day)
        return ExplainOutcome(found.explanation, day, version, units, found, notes)
    return ExplainOutcome(explain_forecast(forecaster, view), day, version, units, notes=notes)


def origin_before(missed: str, day: int | None) -> str:
    """The midnight from which a day that was `missed` is day number `day` of the forecast; the first one if None."""
    return f"{days_later(midnight(parse_time(missed, 'UTC')), 1 - (day or FIRST)):%Y-%m-%d}"


def units_of(station: Station, data: DataConfig) -> tuple[Unit, ...]:
    """The unit of each target, as far as a setting or its column's name tells."""
    hours = parse_step(station.step) / pd.Timedelta(hours=1)
    return tuple(Unit(unit_of((data.targets or {}).get(target, target), of_target(data.unit, target)), hours)
                 for target in station.targets)


def require_day(day: int, days: int) -> int:
    """The day of a horizon of so many days.

    Raises:
        ConfigError: it has no such day.
    """
    if not 1 <= day <= days:
        raise ConfigError(f"--day {day} lies outside of the forecast", found=str(day), expected=f"1 to {days}",
                          hint=f"the forecast has {days} days, and the first of them is 1")
    return day


def _forecaster(opened: Opened) -> Explainable:
    """What `forecast` asks."""
    if opened.model is None:
        return ExplainedRules(opened.job.settings.recipe())
    return NetworkForecaster.of(opened.model, recall=opened.recall)


def day_of(station: Station, origin: pd.Timestamp, day: int | None, missed: str | None) -> int:
    """Which day of the forecast from `origin` is meant, from 1.

    Raises:
        InputError: it has no such day, or the day that was `missed` is another one.
    """
    days = int(parse_horizon(station.horizon) // DAY)
    if missed is None:
        return require_day(FIRST if day is None else day, days)
    date = midnight(parse_time(missed, station.timezone))
    ahead = int((date.tz_localize(None) - origin.tz_localize(None)) // DAY) + 1
    if not 1 <= ahead <= days or (day is not None and day != ahead):
        asked = "a day" if day is None else f"day {day}"
        raise InputError(f"--miss {missed} is not {asked} of the forecast from {origin}", found=f"day {ahead}",
                         expected=f"1 to {days}",
                         hint="leave out --at, or give a time up to a horizon before that day")
    return ahead

