"""A run over the stations of a store: tasks to an executor, what comes back into the store, a line into the ledger."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import pandas as pd

from wattcast.errors import WattcastError
from wattcast.fleet.batches import Outcomes, in_batches
from wattcast.fleet.executors.base import Executor, Limits
from wattcast.fleet.ledger import Ledger
from wattcast.fleet.work import Forecasted, Trained, Work, forecast_stations, train_stations
from wattcast.store.aliases import CHAMPION
from wattcast.store.base import StationStore
from wattcast.timegrid import DAY
from wattcast.workflows.many import FAILED, Outcome, outcome_of

Result = TypeVar("Result")

TOGETHER = 32
"""Stations in a task at most: a lost one is done again, and its stations one by one. [stations]"""
TASKS_EACH = 4
"""Tasks that each worker has at least where there are enough stations, so that they end at about the same time.
[tasks]"""


@dataclass(frozen=True)
class Line:
    """What became of a station, as the ledger has it; `table` is its forecast as it is written, where asked for."""

    station: str
    state: str
    words: str
    exit_code: int
    table: pd.DataFrame | None = None


def forecast_fleet(work: Work, stations: Sequence[str], executor: Executor, ledger: Ledger, *, jobs: int,
                   limits: Limits, resumed: bool = False) -> Iterator[Line]:
    """Forecast the stations that the ledger does not have yet, and keep what was issued.

    With `resumed` a forecast that was kept right before a kill, without a line, is not kept twice.
    """
    def keep(kept: StationStore, made: Forecasted) -> tuple[str, dict[str, object]]:
        forecast = made.forecast
        told = {"origin": forecast.origin.isoformat(), "version": forecast.version, "quality": forecast.quality}
        if made.keep and not (resumed and _is_kept(kept, made)):
            with kept.locked():
                kept.keep_forecast(forecast)
                kept.remove_forecasts(forecast.origin - work.settings.forecast.keep_days * DAY)
        if made.said is not None and not work.dry_run:
            kept.keep_recall(made.said)
        return f"{forecast.version}, {forecast.quality}", told

    left = [name for name in stations if not ledger.done(name)]
    size = max(1, min(TOGETHER, len(left) // (TASKS_EACH * jobs)))
    yield from _run(work, left, executor, ledger, limits, partial(forecast_stations, work), keep, size,
                    lambda made: made.table)


def train_fleet(work: Work, stations: Sequence[str], executor: Executor, ledger: Ledger, *, limits: Limits,
                resumed: bool = False) -> Iterator[Line]:
    """Train the stations that the ledger does not have yet; each one's model becomes its champion.

    With `resumed` a station whose model was stored right before a kill is not trained twice: it becomes the champion,
    if it was not yet.
    """
    def keep(kept: StationStore, made: Trained) -> tuple[str, dict[str, object]]:
        with kept.locked():
            version = kept.versions.add(made.model, made.metrics, description=made.description)
            kept.versions.promote(version)
        return version, {"version": version, "days": round(made.days, 1), "seconds": round(made.seconds, 1)}

    # A version tells its time in whole seconds.
    begun = pd.Timestamp(str(ledger.run["started"])).floor("s")
    left = []
    for name in (name for name in stations if not ledger.done(name)):
        found = outcome_of(name, lambda name: _stored(work.job.store.station(name), begun) if resumed else None)
        if found.error is not None:
            yield _failed(ledger, name, found.error)
        elif found.result is not None:
            ledger.add(name, found.state, version=found.result)
        else:
            left.append(name)
    yield from _run(work, left, executor, ledger, limits, partial(train_stations, work), keep, 1, lambda _: None)


def _stored(kept: StationStore, begun: pd.Timestamp) -> str | None:
    """The version that was trained since the run has `begun`, which is the champion unless a later one is; None if
    there is none. Fine-tuned ones have a parent."""
    versions = [version for version in kept.versions.versions() if pd.Timestamp(version.created) >= begun]
    trained = [version.name for version in versions if kept.versions.manifest(version.name)["parent"] is None]
    if trained and not any(CHAMPION in version.aliases for version in versions):
        kept.versions.promote(trained[-1])
    return trained[-1] if trained else None


def _is_kept(kept: StationStore, made: Forecasted) -> bool:
    return any(other.origin == made.forecast.origin and other.issued == made.forecast.issued
               for other in kept.forecasts(made.forecast.origin))


def _run(work: Work, stations: Sequence[str], executor: Executor, ledger: Ledger, limits: Limits,
         function: Callable[[tuple[str, ...]], Outcomes[Result]],
         keep: Callable[[StationStore, Result], tuple[str, dict[str, object]]], size: int,
         table: Callable[[Result], pd.DataFrame | None]) -> Iterator[Line]:
    for outcome in in_batches(executor, function, stations, size, limits):
        name = str(outcome.station_id)
        kept = _kept(work, name, outcome, keep)
        if kept.error is not None:
            yield _failed(ledger, name, kept.error)
        elif kept.result is not None and outcome.result is not None:
            words, told = kept.result
            ledger.add(name, outcome.state, **told)
            yield Line(name, outcome.state, words, 0, table(outcome.result))


def _failed(ledger: Ledger, name: str, error: WattcastError) -> Line:
    ledger.add(name, FAILED, **error.to_dict())
    return Line(name, FAILED, error.what, error.exit_code)


def _kept(work: Work, name: str, outcome: Outcome[Result],
          keep: Callable[[StationStore, Result], tuple[str, dict[str, object]]]
          ) -> Outcome[tuple[str, dict[str, object]]]:
    """What is told of a station once its result is kept."""
    result = outcome.result
    if result is None:
        return Outcome(name, error=outcome.error)
    return outcome_of(name, lambda name: keep(work.job.store.station(name), result))
