"""Forecasts from many origins, one after the other or spread over processes; the same whichever way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from wattcast.contracts import Forecast, Forecaster, Horizon, WeatherUse
from wattcast.data.schema import StationData
from wattcast.errors import WattcastError
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.scorecard import scored_steps
from wattcast.evaluation.together import fit_all, forecast_all
from wattcast.forked import CONTEXT, preload
from wattcast.timegrid import horizon_index

Progress = Callable[[int, int, str], None]
"""Called after each forecast with how many are done, how many there will be, and which it was."""

Origins = Mapping[pd.Timestamp, Sequence[str]]
"""Origins with the targets that are scored there."""

PRELOADED = ("wattcast.evaluation.rolling", "wattcast.experts.table")
"""What forecasters need to be unpickled: imported once for all processes."""

PARTS_PER_PROCESS = 4
"""Into how many parts the origins of each process are cut, so that none waits long for another at the end. [number]"""


@dataclass(frozen=True)
class Rolled:
    """The scored steps of some origins, and where the weather of each came from."""

    steps: list[pd.DataFrame]
    sources: list[str]


@dataclass(frozen=True)
class Rolling:
    """What all forecasts of a backtest have in common."""

    data: StationData
    horizon: Horizon
    weather: WeatherUse

    def view(self, origin: pd.Timestamp) -> HorizonView:
        return HorizonView(self.data, origin, self.horizon, weather=self.weather)

    def forecast(self, fitted: Mapping[str, Forecaster], origins: Origins,
                 tell: Callable[[str], None] | None = None) -> Rolled:
        """All forecasts from some origins, scored.

        Raises:
            WattcastError: a forecaster returned a forecast with another index or with missing values.
        """
        steps, sources = [], []
        for origin, targets in origins.items():
            view = self.view(origin)
            sources.append(view.weather_source)
            for name, forecast in forecast_all(fitted, view):
                _require_horizon(forecast, view, name)
                steps += [scored_steps(self.data.frame, forecast, target, name) for target in targets]
                if tell:
                    tell(f"{name} at {origin:%Y-%m-%d %H:%M}")
        return Rolled(steps, sources)


def roll(rolling: Rolling, fitted: Mapping[str, Forecaster], origins: Origins, *, refit_every: int | None,
         jobs: int, progress: Progress | None) -> list[Rolled]:
    """Forecast from every origin, in order; fit anew at every so many of them.

    With more than one job new processes forecast; they start without the state of this one, since neither the threads
    of torch nor those of Numba survive a fork. Fitting stays here.
    """
    counter = _Counter(len(origins) * len(fitted), progress)
    stretches = _cut(origins, -(-len(origins) // refit_every) if refit_every else 1, refit_every)
    if jobs == 1:
        return [rolling.forecast(ready, stretch, counter.one) for ready, stretch in _fits(rolling, fitted, stretches)]
    with _pool(rolling, min(jobs, len(origins))) as pool:
        futures: list[Future[Rolled]] = []
        for ready, stretch in _fits(rolling, fitted, stretches):
            parts = _cut(stretch, min(len(stretch), jobs * PARTS_PER_PROCESS))
            futures += [pool.submit(_forecast, ready, part) for part in parts]
        rolled = []
        for future in futures:
            rolled.append(future.result())
            counter.several(len(rolled[-1].sources) * len(fitted), "forecasts")
    return rolled


def _fits(rolling: Rolling, fitted: Mapping[str, Forecaster],
          stretches: Sequence[Origins]) -> Iterator[tuple[Mapping[str, Forecaster], Origins]]:
    """Each stretch of origins with the forecasters fitted at its first one; they come fitted for the first stretch."""
    for position, stretch in enumerate(stretches):
        if position:
            view = rolling.view(next(iter(stretch)))
            fitted = fit_all(fitted, view)
        yield fitted, stretch


def _cut(origins: Origins, parts: int, length: int | None = None) -> list[Origins]:
    """The origins in `parts` runs, of `length` each or as equal as possible."""
    items = list(origins.items())
    bounds = np.arange(parts + 1) * length if length else np.linspace(0, len(items), parts + 1).round().astype(int)
    return [dict(items[first:last]) for first, last in pairwise(bounds)]


class _Counter:
    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def one(self, what: str) -> None:
        self.several(1, what)

    def several(self, count: int, what: str) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, self.total, what)


@contextmanager
def _pool(rolling: Rolling, jobs: int) -> Iterator[ProcessPoolExecutor]:
    preload(PRELOADED)
    with ProcessPoolExecutor(jobs, CONTEXT, _start, (rolling,)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_rolling: Rolling
"""In a process of the pool: what it works on."""


def _start(rolling: Rolling) -> None:
    global _rolling
    _rolling = rolling


def _forecast(fitted: Mapping[str, Forecaster], origins: Origins) -> Rolled:
    return _rolling.forecast(fitted, origins)


def _require_horizon(forecast: Forecast, view: HorizonView, name: str) -> None:
    expected = horizon_index(view.origin, view.horizon)
    if len(forecast.table) != len(expected) or (forecast.table.index != expected).any():
        raise WattcastError(f"{name} forecast other steps than the horizon",
                            found=f"{len(forecast.table)} steps from {forecast.table.index.min()}",
                            expected=f"{len(expected)} steps from {expected[0]}")
