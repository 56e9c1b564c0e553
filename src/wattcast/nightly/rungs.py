"""What each step down from the champion forecasts with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.contracts import TARGETS, Forecast, Station
from wattcast.errors import BundleError, DataError, WattcastError
from wattcast.forecasting.output import forecast_table
from wattcast.forecasting.untrained import NAME as UNTRAINED
from wattcast.nightly.ladder import Rung
from wattcast.nightly.spare import WEEKS, by_capacity, issued_again, station_of
from wattcast.nightly.work import Made
from wattcast.store.aliases import CHAMPION, PREVIOUS
from wattcast.store.base import IssuedForecast, StationStore
from wattcast.timegrid import DAY, midnight, parse_step
from wattcast.workflows.forecast import LAST_WEEK, TODAY, ForecastOutcome, forecast, keep_issued
from wattcast.workflows.ground import Quality, Reason
from wattcast.workflows.job import Job

BASE, OF_LAST_WEEK, LAST_ISSUED, CAPACITY = "base", "last_week", "last_issued", "capacity"
"""Marks of what stands in for a champion, besides `previous`."""


@dataclass(frozen=True)
class Rungs:
    """The ways to forecast a station.

    Attributes:
        station: what is kept of it.
        job: with the settings.
        now: as of when.
    """

    station: StationStore
    job: Job
    now: pd.Timestamp

    def all(self, hurried: bool) -> list[Rung[Made]]:
        """From the champion down; if `hurried`, those that ask no model."""
        spare = [Rung(OF_LAST_WEEK, "last week's values", self._by(LAST_WEEK)),
                 Rung(LAST_ISSUED, "the forecast issued last", self._issued_again),
                 Rung(CAPACITY, "kind and capacity alone", self._by_capacity)]
        if hurried:
            return spare
        try:
            aliases = self.station.versions.aliases()
        except WattcastError as error:
            return [Rung(CHAMPION, "its champion", _raising(error)), self._rules(UNTRAINED), *spare]
        if CHAMPION not in aliases:
            return [self._rules(CHAMPION), *spare]
        versions = [Rung(CHAMPION, f"its champion {aliases[CHAMPION]}", self._by(CHAMPION))]
        if PREVIOUS in aliases:
            versions.append(Rung(PREVIOUS, f"its previous version {aliases[PREVIOUS]}", self._by(PREVIOUS)))
        return [*versions, self._rules(UNTRAINED), *spare]

    def _rules(self, by: str) -> Rung[Made]:
        return Rung(BASE, "the rules that need no training", self._by(by))

    def _by(self, by: str) -> Callable[[], Made]:
        def make() -> Made:
            made = forecast(self.job, self.station.station_id, at=TODAY, now=self.now.isoformat(), by=by)
            ground = made.ground
            quality = Quality((*ground.quality.reasons, *self._ahead()))
            told = {"origin": made.forecast.origin.isoformat(), **quality.to_dict(), "notes": list(made.notes),
                    "age_hours": None if ground.age is None else round(ground.age / pd.Timedelta(hours=1), 2)}
            return Made(_whole(made.table), made.version, told, lambda mark: self._keep(made, mark))
        return make

    def _ahead(self) -> list[Reason]:
        """That rows are stamped after they can have been measured; a night may be made up for when later ones are
        there."""
        clock = max(self.now, pd.Timestamp.now(self.now.tz))
        data = self.station.measurements(since=clock)
        if data is None or not data.measured or data.end <= clock + parse_step(data.station.step):
            return []
        return [Reason("ahead", "degraded", f"rows are stamped up to {data.end:%Y-%m-%d %H:%M}, which is not yet: is "
                                            "data.time.timezone right?")]

    def _keep(self, made: ForecastOutcome, mark: str | None) -> None:
        """As issued, unless a night that was killed kept it already.

        Raises:
            DataError: it is no forecast as it would have been issued.
        """
        if made.keep_in is None:
            raise DataError(f"{made.version} learned from what was measured after "
                            f"{made.forecast.origin:%Y-%m-%d %H:%M}")
        if not self._is_kept(made.forecast, made.version):
            keep_issued(made, mark)

    def _is_kept(self, made: Forecast, version: str) -> bool:
        return any(each.origin == made.origin and each.version == version and _same(each.table, made.table)
                   for each in self.station.forecasts(made.origin))

    def _issued_again(self) -> Made:
        last = _last(self.station.forecasts(self.now - 7 * WEEKS * DAY), self.now)
        if last is None:
            raise DataError(f"no forecast of station {self.station.station_id} was issued lately")
        station = self._described(last.table.index)
        return self._spare(issued_again(last, station, self._origin(station)), station)

    def _by_capacity(self) -> Made:
        station = self._described(None)
        return self._spare(by_capacity(station, self._origin(station), self.job.settings.recipe()), station)

    def _described(self, index: pd.DatetimeIndex | None) -> Station:
        """As its champion knows it, else as it is described; its grid as its forecasts have it, if there are some."""
        try:
            return Station(**self.station.versions.manifest(CHAMPION)["station"])
        except BundleError:
            station = station_of(self.station.station_id, self.station.description())
        if index is None:
            return station
        return station.model_copy(update={"step": str(index[1] - index[0]), "timezone": str(index.tz)})

    def _origin(self, station: Station) -> pd.Timestamp:
        return midnight(self.now.tz_convert(station.timezone))

    def _spare(self, made: Forecast, station: Station) -> Made:
        """Made without measurements."""
        station = station.model_copy(update={"targets": tuple(name for name in TARGETS if name in made.table)})
        told = {"origin": made.origin.isoformat(), "quality": "stale", "notes": list(made.notes), "age_hours": None,
                "reasons": [{"code": "no_rows", "mark": "stale", "sentence": "it rests on no measurement"}]}

        def keep(mark: str | None) -> None:
            if not self._is_kept(made, str(mark)):
                self.station.keep_forecast(IssuedForecast(made.origin, str(mark), made.table, self.now, "none", None,
                                                          "stale", mark, made.notes))
        return Made(_whole(forecast_table(made, station)), made.model, told, keep)


def _raising(error: WattcastError) -> Callable[[], Made]:
    def make() -> Made:
        raise error
    return make


def _last(forecasts: Iterable[IssuedForecast], now: pd.Timestamp) -> IssuedForecast | None:
    """The newest that was made by a model or a rule, and not from another one."""
    found = [each for each in forecasts if each.origin <= now and each.fallback != LAST_ISSUED]
    return found[-1] if found else None


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """The table itself.

    Raises:
        DataError: a number is missing in it, or is none.
    """
    values = table.select_dtypes("number").to_numpy(np.float64)
    if not len(table) or not np.isfinite(values).all():
        raise DataError("the forecast is not whole", found=f"{int((~np.isfinite(values)).sum())} values are missing")
    return table


def _same(kept: pd.DataFrame, made: pd.DataFrame) -> bool:
    """Whether the medians are the same; quantiles are kept with fewer digits."""
    targets = [name for name in TARGETS if name in made]
    return (all(name in kept for name in targets) and kept.index.equals(made.index)
            and all(np.array_equal(kept[name].to_numpy(), made[name].to_numpy()) for name in targets))
