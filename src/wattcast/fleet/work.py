"""What every task of a fleet is told, and the tasks themselves: they compute and return, and write nothing."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from wattcast.experts.bands import FloatArray
from wattcast.experts.trained import TrainedModel
from wattcast.settings import Settings
from wattcast.store.base import IssuedForecast
from wattcast.store.open import open_store
from wattcast.timegrid import parse_time
from wattcast.workflows.forecast import ForecastOutcome, issued_forecast
from wattcast.workflows.history import read_history
from wattcast.workflows.job import ALL_STATIONS, Job
from wattcast.workflows.many import Outcome, each_station
from wattcast.workflows.together import Made, forecast_together
from wattcast.workflows.train import fit_history, metrics_of


@dataclass(frozen=True)
class Work:
    """The same for all stations.

    Attributes:
        store: as `store.open.open_store` takes it: each process opens its own.
        settings: of all.
        at: the forecasts' origin, as of `forecast`.
        now: as of `forecast`: nothing measured after it is used.
        issued: when they are made; the same for all, also when the run is resumed.
        until: nothing measured at or after this time is trained on.
        dry_run: forecasts are not kept.
        tables: whether what is written to a file is wanted.
    """

    store: str | Path = field(repr=False)      # it may hold a password
    settings: Settings
    at: str | None = None
    now: str | None = None
    issued: str | None = None
    until: str | None = None
    dry_run: bool = False
    tables: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """For another process: without the store that is open in this one."""
        return {name: value for name, value in self.__dict__.items() if name != "job"}

    @cached_property
    def job(self) -> Job:
        return Job(None, ALL_STATIONS, self.settings, open_store(self.store))


@dataclass(frozen=True, eq=False)
class Forecasted:
    """A station's forecast as it is to be kept; `keep` says whether it is an issued one.

    `said` is what is to be kept to be recalled; `table` is as it is written, where that was asked for.
    """

    forecast: IssuedForecast
    keep: bool
    said: dict[str, FloatArray] | None
    table: pd.DataFrame | None


@dataclass(frozen=True, eq=False)
class Trained:
    """A station's model as it is to be kept, with its evaluation, how its data is described, and how long it took."""

    model: TrainedModel
    metrics: dict[str, Any]
    description: dict[str, Any]
    days: float
    seconds: float


def forecast_stations(work: Work, names: tuple[str, ...]) -> list[Outcome[Forecasted]]:
    """The forecasts of some stations."""
    with _uncollected():
        made = forecast_together(work.job, names, at=work.at, now=work.now, dry_run=work.dry_run)
    return [Outcome(each.station_id, error=each.error) if each.result is None else
            Outcome(each.station_id, _forecasted(each.result, work)) for each in made]


def train_stations(work: Work, names: tuple[str, ...]) -> list[Outcome[Trained]]:
    """The models of some stations, one after the other."""
    return list(each_station(names, lambda name: _trained(work, name)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage in between: a batch makes many tables and no cycles, and looking takes a tenth of its
    time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _forecasted(made: Made, work: Work) -> Forecasted:
    outcome: ForecastOutcome = made.outcome
    said = made.shares
    if outcome.recall is not None and outcome.recall.learned:
        said = outcome.recall.used
    forecast = issued_forecast(outcome)
    if work.issued is not None:
        forecast = replace(forecast, issued=parse_time(work.issued, outcome.station.timezone))
    return Forecasted(forecast, outcome.keep_in is not None, said, outcome.table if work.tables else None)


def _trained(work: Work, name: str) -> Trained:
    started = time.process_time()
    job = work.job
    history = read_history(job, name, work.until)
    model, evaluation = fit_history(history, job.settings.recipe())
    days = (history.data.frame.index[-1] - history.data.frame.index[0]) / pd.Timedelta(days=1)
    description = job.description(job.store.station(name), history.quality)
    return Trained(model, metrics_of(evaluation, history), description, days, time.process_time() - started)
