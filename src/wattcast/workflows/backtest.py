"""The verb `backtest`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from wattcast.contracts import WeatherUse
from wattcast.data.schema import DataConfig, StationData
from wattcast.errors import InputError
from wattcast.evaluation.backtest import BacktestResult, last_origin
from wattcast.evaluation.backtest import backtest as run_backtest
from wattcast.evaluation.backtest_report import write_backtest_report
from wattcast.evaluation.baselines import USUAL
from wattcast.evaluation.rules import load_rules
from wattcast.experts.pretrained import flattering
from wattcast.features.calendar import load_overrides
from wattcast.forecasting.predictor import NAME
from wattcast.settings import Settings
from wattcast.store.files import write_json
from wattcast.timegrid import parse_duration, parse_step, parse_time, require_on_grid, rolling_origins, station_horizon
from wattcast.workflows.backtest_why import why_sections
from wattcast.workflows.job import Job, OnEpoch
from wattcast.workflows.models import named_forecasters


def backtest(job: Job, *, first_origin: str, every: str = "7d", origins: int | None = None,
             models: Sequence[str] = (NAME, *USUAL), no_weather: bool = False,
             refit_every: int | None = None, jobs: int = 1, rules: Sequence[str] = (),
             on_epoch: OnEpoch | None = None,
             progress: Callable[[int, int, str], None] | None = None) -> BacktestResult:
    """Fit on everything before the first origin, then forecast from each origin and score.

    Raises:
        InputError: something the user gave is wrong.
    """
    return backtest_station(job.read()[0], job.settings, first_origin=first_origin, every=every, origins=origins,
                            models=models, weather="none" if no_weather else "given", refit_every=refit_every,
                            jobs=jobs, rules=rules, on_epoch=on_epoch, progress=progress)


def backtest_station(data: StationData, settings: Settings, *, first_origin: str, every: str, origins: int | None,
                     models: Sequence[str], weather: WeatherUse, refit_every: int | None, jobs: int,
                     rules: Sequence[str], on_epoch: OnEpoch | None = None,
                     progress: Callable[[int, int, str], None] | None = None) -> BacktestResult:
    """`backtest` on data that is read already; raises as it does."""
    graded = load_rules(rules, data.station)
    step = parse_step(data.station.step)
    first = require_on_grid(parse_time(first_origin, data.station.timezone), step)
    horizon = station_horizon(data.station)
    forecasters = named_forecasters(models, settings.recipe(), on_epoch)
    holidays = settings.features.holidays_file
    rolling = list(rolling_origins(first, parse_duration(every), last_origin(data, horizon), origins, step=step))
    if not rolling:
        raise InputError(f"the first origin {first_origin} leaves nothing to forecast", found=f"data until {data.end}")
    made = run_backtest(data, forecasters, rolling, horizon, weather=weather, refit_every=refit_every, jobs=jobs,
                        overrides=load_overrides(Path(holidays)) if holidays else None, rules=graded, progress=progress)
    return replace(made, notes=flattering(settings.model.base, data.station.id, first))


def save_backtest(result: BacktestResult, json_file: Path | None, report: Path | None, data: DataConfig) -> None:
    """The result as the JSON contract and as a page, where asked for; `data` may tell the targets' units."""
    if json_file is not None:
        write_json(json_file, result.to_dict())
    if report is not None:
        write_backtest_report(report, result, why_sections(result, data))
