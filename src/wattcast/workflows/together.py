"""The verb `forecast` for many stored stations at once: those without a model go through the rules together."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from wattcast.contracts import Forecast
from wattcast.experts.bands import FloatArray
from wattcast.forecasting.batched import Rules, Standing, kept_origin, said_together
from wattcast.forecasting.readied import READ_DAYS
from wattcast.forecasting.untrained import capacity_alone, finished, require_capacity
from wattcast.timegrid import DAY, parse_time
from wattcast.workflows.forecast import NOW, TODAY, ForecastOutcome, Opened, forecast, open_station, told
from wattcast.workflows.job import Job
from wattcast.workflows.many import Outcome, outcome_of

READ = (READ_DAYS + 1) * DAY
"""What is read of a station whose shares are kept: an hour more than the rules read, as clocks may have gone back."""


@dataclass(frozen=True, eq=False)
class Made:
    """A station's forecast, and what is to be kept to be recalled next time; None if that is kept already."""

    outcome: ForecastOutcome
    shares: dict[str, FloatArray] | None = None


def forecast_together(job: Job, station_ids: Sequence[str], *, at: str | None = None, now: str | None = None,
                      dry_run: bool = False) -> list[Outcome[Made]]:
    """The forecasts of some stations of the job's store, the same numbers as one by one. Nothing is written.

    How the issued forecasts of stations without a model did is not read again each night: `review` says that.

    Args:
        job: settings and store; without data.
        station_ids: the stations.
        at: as of `forecast`.
        now: as of `forecast`.
        dry_run: as of `forecast`.
    """
    rules = Rules(job.settings.recipe())
    opened = {name: outcome_of(name, lambda name: _opened(job, rules, name, at, now)) for name in station_ids}
    standing = {name: each.result.standing for name, each in opened.items() if each.result and each.result.standing}
    said = dict(zip(standing, said_together(list(standing.values())), strict=True))

    def made(name: str) -> Made:
        ready = opened[name].result
        if ready is None:
            return Made(forecast(job, name, at=at, now=now, dry_run=dry_run))
        if ready.standing is None:
            return Made(told(ready.opened, ready.unmeasured(), dry_run=dry_run, judged=False))
        forecasted = finished(ready.opened.view, ready.standing.judged, said[name])
        return Made(told(ready.opened, forecasted, dry_run=dry_run, judged=False),
                    ready.standing.kept if ready.standing.new else None)

    return [Outcome(name, error=each.error) if each.error else outcome_of(name, made) for name, each in opened.items()]


def remember(job: Job, station_id: str) -> bool:
    """Work out the shares of a stored station's rules and keep them for the next forecast from the end of its rows,
    unless it has a model or they are kept already. To be called when rows have come in.

    Returns:
        Whether anything new is kept.
    """
    ready = _opened(job, Rules(job.settings.recipe()), station_id, None, None)
    if ready is None or ready.standing is None or not ready.standing.new:
        return False
    ready.opened.kept.keep_recall(ready.standing.kept)
    return True


@dataclass(frozen=True, eq=False)
class _Ready:
    """A station without a model; `standing` is None where nothing was measured."""

    opened: Opened
    standing: Standing | None

    def unmeasured(self) -> Forecast:
        view = self.opened.view
        require_capacity(view, view.station.targets[0])
        return capacity_alone(view)


def _opened(job: Job, rules: Rules, name: str, at: str | None, now: str | None) -> _Ready | None:
    """A station that is ready to be asked; None for one with a model."""
    kept = job.store.station(name)
    if kept.versions.champion() is not None:
        return None
    recalled = kept.recall()
    origin = kept_origin(recalled)
    if origin is not None and _may_be_from(origin, at, now):
        opened = open_station(job, name, at=at, now=now, since=origin - READ)
        station = opened.view.station
        # Which codes and texts count, all of the history decides.
        key = rules.key(opened.view)
        if key in recalled and not set(station.categorical) & set(station.known_future):
            return _Ready(opened, rules.stand(opened.view, recalled, key))
    opened = open_station(job, name, at=at, now=now)
    if not opened.view.training_data().measured:
        return _Ready(opened, None)
    return _Ready(opened, rules.stand(opened.view, recalled))


def _may_be_from(origin: pd.Timestamp, at: str | None, now: str | None) -> bool:
    """Whether what is asked for may be a forecast from `origin`. Of one from long before, the rows that are read of a
    station whose shares are kept hold nothing. A day's doubt, as the station's time zone is not known yet."""
    asked = now if at in (None, TODAY, NOW) else at
    return asked is None or bool(parse_time(asked, "UTC") >= origin - DAY)
