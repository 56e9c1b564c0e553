"""The verb `backtest`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from wattcast.contracts import Forecaster, WeatherUse
from wattcast.errors import ConfigError, InputError, nearest
from wattcast.evaluation.backtest import BacktestResult, last_origin
from wattcast.evaluation.backtest import backtest as run_backtest
from wattcast.evaluation.baselines import BASELINE_NAMES, baseline
from wattcast.evaluation.report import write_report
from wattcast.forecasting.choice import NETWORK
from wattcast.forecasting.predictor import NAME, NetworkAlone, NetworkForecaster
from wattcast.store.files import write_json
from wattcast.timegrid import parse_duration, parse_step, parse_time, require_on_grid, rolling_origins, week_horizon
from wattcast.training.config import Recipe
from wattcast.workflows.job import Job, OnEpoch


def backtest(job: Job, *, first_origin: str, every: str = "7d", origins: int | None = None,
             models: Sequence[str] = (NAME, *BASELINE_NAMES), no_weather: bool = False,
             refit_every: int | None = None, on_epoch: OnEpoch | None = None,
             progress: Callable[[int, int, str], None] | None = None) -> BacktestResult:
    """Fit on everything before the first origin, then forecast from each origin and score.

    Raises:
        InputError: something the user gave is wrong.
    """
    data, _ = job.read()
    step = parse_step(data.station.step)
    first = require_on_grid(parse_time(first_origin, data.station.timezone), step)
    horizon = week_horizon(step)
    weather: WeatherUse = "none" if no_weather else "given"
    forecasters = _forecasters(models, job.settings.recipe(), on_epoch)
    rolling = list(rolling_origins(first, parse_duration(every), last_origin(data, horizon), origins))
    if not rolling:
        raise InputError(f"--first-origin {first_origin} leaves no week to forecast", found=f"data until {data.end}")
    return run_backtest(data, forecasters, rolling, horizon, weather=weather, refit_every=refit_every,
                        progress=progress)


KNOWN = (NAME, NETWORK, *BASELINE_NAMES)


def _forecasters(names: Sequence[str], recipe: Recipe, on_epoch: OnEpoch | None) -> dict[str, Forecaster]:
    """By name, in the order to fit them in: `wattcast` and `network` share one training, so one comes with the other.

    Raises:
        ConfigError: no model has this name; the message names the nearest.
    """
    for name in names:
        if name not in KNOWN:
            guess = nearest(name, KNOWN)
            raise ConfigError(f"unknown model {name!r}", expected=", ".join(KNOWN),
                              hint=f"did you mean {guess!r}?" if guess else None)
    made: dict[str, Forecaster] = {}
    if {NAME, NETWORK} & {*names}:
        ours = NetworkForecaster(recipe, on_epoch=on_epoch)
        made = {NAME: ours, **({NETWORK: NetworkAlone(ours)} if NETWORK in names else {})}
    return made | {name: baseline(name) for name in names if name in BASELINE_NAMES}


def save_backtest(result: BacktestResult, json_file: Path | None, report: Path | None) -> None:
    """The result as the JSON contract and as a page, where asked for."""
    if json_file is not None:
        write_json(json_file, result.to_dict())
    if report is not None:
        origin, model = result.origins[-1], result.chosen
        others = {name: result.forecast(name, origin) for name in result.models if name != model}
        write_report(report, title=f"Backtest of {result.station.id}", station=result.station,
                     forecast=result.forecast(model, origin), actual=_measured(result), references=others,
                     scorecard=result.scorecard(), models=result.table(), facts={"weather": result.weather},
                     notes=[f"left out: {each.origin}, only {each.measured:.0%} of {each.target} was measured"
                            for each in result.left_out])


def _measured(result: BacktestResult) -> pd.DataFrame:
    steps = result.steps[result.steps["model"] == result.chosen]
    return steps.pivot_table(index="time", columns="target", values="actual", aggfunc="first", dropna=False)
