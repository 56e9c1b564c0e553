"""One function for each verb; the only place where the parts are wired together."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from wattcast.contracts import PART, TOTAL, Forecast, Forecaster, WeatherUse
from wattcast.data.quality import QualityReport, measured_days
from wattcast.data.reader import Source, open_source, read_weather
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.data.simulate import simulate_station
from wattcast.errors import ConfigError, DataError, InputError, nearest
from wattcast.evaluation.backtest import BacktestResult, last_origin
from wattcast.evaluation.backtest import backtest as run_backtest
from wattcast.evaluation.baselines import BASELINE_NAMES, baseline
from wattcast.evaluation.horizon_view import PERFECT, HorizonView
from wattcast.evaluation.report import plot_forecast, write_report
from wattcast.evaluation.scorecard import Scorecard, pool, score_week
from wattcast.forecasting.output import forecast_table, write_forecasts
from wattcast.forecasting.predictor import NAME, NetworkForecaster
from wattcast.settings import Settings
from wattcast.store.files import require_writable, write_json
from wattcast.store.registry import Registry
from wattcast.timegrid import (
    DAY,
    in_words,
    parse_duration,
    parse_step,
    parse_time,
    require_on_grid,
    rolling_origins,
    week_horizon,
)
from wattcast.training.config import Recipe
from wattcast.training.trained import EpochRecord
from wattcast.windows.splits import MINIMUM_DAYS

REFERENCES = ("seasonal-naive", "weekly-mean")
ALL_STATIONS = "all"
OnEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True)
class Job:
    """What every verb is told: where the data is, which station, the settings, where models are kept."""

    data: Path
    station: str | None = None
    settings: Settings = field(default_factory=Settings)
    models_dir: Path = Path("models")

    @cached_property
    def source(self) -> Source:
        return open_source(self.data, self.settings.data)

    def read(self, station_id: str | None = None) -> tuple[StationData, QualityReport]:
        return self.source.read(station_id or self.station)

    def station_ids(self) -> tuple[str | None, ...]:
        """The stations to work on: all of them for `all`, else the one named or the only one there is."""
        return self.source.station_ids if self.station == ALL_STATIONS else (self.station,)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Forecasts of the weeks that were kept from training, and how good they were."""

    card: Scorecard
    forecasts: tuple[Forecast, ...]
    references: tuple[Mapping[str, Forecast], ...]
    weather: str


@dataclass(frozen=True, eq=False)
class TrainOutcome:
    """What `train` did for one station."""

    data: StationData
    quality: QualityReport
    version: str
    folder: Path
    evaluation: Evaluation | None
    epochs: int
    seconds: float
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.data.station.id, "version": self.version, "folder": str(self.folder),
                "epochs": self.epochs, "seconds": round(self.seconds, 1), "notes": list(self.notes),
                "evaluation": evaluation_dict(self.evaluation)}


@dataclass(frozen=True, eq=False)
class ForecastOutcome:
    """What `forecast` made for one station."""

    forecast: Forecast
    table: pd.DataFrame
    version: str
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.forecast.station_id, "origin": self.forecast.origin.isoformat(),
                "version": self.version, "rows": len(self.table), "notes": list(self.notes)}


def evaluation_dict(evaluation: Evaluation | None) -> dict[str, Any] | None:
    """The evaluation as `metrics.json` keeps it."""
    return None if evaluation is None else {**evaluation.card.to_dict(), "weather": evaluation.weather}


def check(job: Job) -> list[QualityReport]:
    """What is wrong with each station's data and what will be done about it."""
    return [job.read(station_id)[1] for station_id in job.station_ids()]


def train(job: Job, station_id: str | None = None, *, until: str | None = None,
          on_epoch: OnEpoch | None = None) -> TrainOutcome:
    """Train, evaluate on the weeks kept from training, store, and make the new version the champion.

    Args:
        job: data, settings and models folder.
        station_id: the station; the only one if None.
        until: nothing measured at or after this time is seen.
        on_epoch: told of each finished epoch.

    Raises:
        InputError: something the user gave is wrong.
    """
    started = time.perf_counter()
    data, quality = job.read(station_id)
    if until is not None:
        data = _cut(data, until)
    weeks, notes = _holdout_weeks(data, job.settings)
    training_end = data.end - weeks * 7 * DAY
    registry = Registry(job.models_dir, data.station.id)
    horizon = week_horizon(parse_step(data.station.step))
    network = NetworkForecaster(job.settings.recipe(), work_folder=registry.work_folder, on_epoch=on_epoch)
    network.fit(HorizonView(data, training_end, horizon))
    evaluation = _evaluate(network, data, training_end, weeks) if weeks else None
    model = network.model
    assert model is not None
    version = registry.add(model, evaluation_dict(evaluation) or {"note": notes[0]},
                           description=job.settings.data.model_dump(mode="json"))
    registry.promote(version)
    return TrainOutcome(data, quality, version, registry.folder, evaluation, len(model.history),
                        time.perf_counter() - started, tuple(notes))


def _cut(data: StationData, until: str) -> StationData:
    origin = require_on_grid(parse_time(until, data.station.timezone), parse_step(data.station.step))
    if origin <= data.frame.index[0]:
        raise InputError(f"--until {until} is before the first measurement", found=f"data from {data.frame.index[0]}")
    return data.until(origin)


def _holdout_weeks(data: StationData, settings: Settings) -> tuple[int, list[str]]:
    weeks, days = settings.evaluation.holdout_weeks, measured_days(data)
    if days < MINIMUM_DAYS:
        raise DataError(f"station {data.station.id} has too little data to train on", found=f"{days:.1f} days",
                        expected=f"at least {MINIMUM_DAYS} days, and a week more to evaluate on",
                        hint="add older data; until then 'same as 7 days ago' is the forecast to use")
    possible = min(weeks, int((days - MINIMUM_DAYS) // 7))
    if weeks and not possible:
        return 0, [f"nothing was kept to evaluate on: {days:.0f} days of data are less than {MINIMUM_DAYS + 7}"]
    return possible, [] if weeks else ["nothing was kept to evaluate on: evaluation.holdout_weeks is 0"]


def _evaluate(network: Forecaster, data: StationData, first: pd.Timestamp, weeks: int) -> Evaluation:
    """Forecast each week that was kept, with the references fitted on what the network was fitted on."""
    horizon = week_horizon(parse_step(data.station.step))
    view = HorizonView(data, first, horizon)
    references = {name: baseline(name).fit(view) for name in REFERENCES}
    cards, forecasts, compared, sources = [], [], [], []
    for origin in rolling_origins(first, 7 * DAY, data.end, weeks):
        view = HorizonView(data, origin, horizon)
        forecasts.append(network.forecast(view))
        compared.append({name: reference.forecast(view) for name, reference in references.items()})
        cards.append(score_week(data.frame, forecasts[-1], compared[-1], data.station.capacity))
        sources.append(view.weather_source)
    return Evaluation(pool(cards), tuple(forecasts), tuple(compared), "; ".join(dict.fromkeys(sources)))


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
    data, _ = job.read(station_id)
    station = data.station
    step = parse_step(station.step)
    origin = data.end if at is None else require_on_grid(parse_time(at, station.timezone), step)
    if origin <= data.frame.index[0]:
        raise InputError(f"--at {at} is before the first measurement", found=f"data from {data.frame.index[0]}")
    registry = Registry(job.models_dir, station.id)
    model = registry.load()
    view = HorizonView(data, origin, week_horizon(step), weather="none" if no_weather else "given",
                       future_weather=_future_weather(weather, data, origin, job))
    made = NetworkForecaster.of(model).forecast(view)
    notes = [*_weather_notes(view), *_age_notes(data, origin, model.span[1] + step), *made.notes]
    return ForecastOutcome(made, forecast_table(made, station), registry.champion() or "", tuple(notes))


def save_forecasts(outcomes: Sequence[ForecastOutcome], path: Path) -> None:
    """All stations' forecasts in one file."""
    write_forecasts([outcome.table for outcome in outcomes], path)


def _future_weather(path: Path | None, data: StationData, origin: pd.Timestamp, job: Job) -> pd.DataFrame | None:
    if path is None:
        return None
    weather = read_weather(path, data.station, job.settings.data)
    table = weather.as_of(origin) if isinstance(weather, WeatherVintages) else weather
    if table is None:
        raise DataError(f"no weather forecast in {path} was issued before {origin}",
                        hint="give an older one, or --no-weather")
    return table


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
    forecasters = {name: _forecaster(name, job.settings.recipe(), on_epoch) for name in models}
    rolling = list(rolling_origins(first, parse_duration(every), last_origin(data, horizon), origins))
    if not rolling:
        raise InputError(f"--first-origin {first_origin} leaves no week to forecast", found=f"data until {data.end}")
    return run_backtest(data, forecasters, rolling, horizon, weather=weather, refit_every=refit_every,
                        progress=progress)


def _forecaster(name: str, recipe: Recipe, on_epoch: OnEpoch | None) -> Forecaster:
    if name == NAME:
        return NetworkForecaster(recipe, on_epoch=on_epoch)
    if name not in BASELINE_NAMES:
        guess = nearest(name, (NAME, *BASELINE_NAMES))
        raise ConfigError(f"unknown model {name!r}", expected=", ".join((NAME, *BASELINE_NAMES)),
                          hint=f"did you mean {guess!r}?" if guess else None)
    return baseline(name)


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


def doctor() -> dict[str, Any]:
    """Versions, processors and the implementations of the scan that can run here."""
    import platform
    from importlib.metadata import version

    import torch

    from wattcast.scan import available_backends, resolve_backend

    packages = ("torch", "lightning", "numba", "pandas", "numpy", "pydantic")
    cuda = torch.cuda.is_available()
    environment = {"wattcast": version("wattcast"), "python": platform.python_version(),
                   "platform": platform.platform(), **{name: version(name) for name in packages},
                   "CPU threads": torch.get_num_threads(), "GPU": torch.cuda.get_device_name() if cuda else "none"}
    devices = ["cuda", "cpu"] if cuda else ["cpu"]
    scan = [{"name": status.name, "device": device, "usable": status.usable, "reason": status.reason}
            for device in devices for status in available_backends(device)]
    return {"environment": environment, "scan": scan, "chosen": resolve_backend("auto", device=devices[0])}


def demo(folder: Path, settings: Settings, *, on_epoch: OnEpoch, say: Callable[[str], None],
         show: Callable[[Scorecard], None]) -> None:
    """A simulated station from data to forecast, compared with what the simulation then lets happen.

    Args:
        folder: where everything is written.
        settings: of the training.
        on_epoch: told of each finished epoch.
        say: prints a line.
        show: prints a scorecard.
    """
    started = time.perf_counter()
    require_writable(folder)
    say("simulating a year of a virtual-power-plant station, with the weather forecasts of every day")
    simulate_station(folder / "data", truth=True)
    job = Job(folder / "data", None, settings, folder / "models")
    for line in check(job)[0].lines():
        say(line)
    say("training; the last week is kept to evaluate on")
    trained = train(job, on_epoch=on_epoch)
    made = forecast(job)
    save_forecasts([made], folder / "forecast.csv")

    data = trained.data
    view = HorizonView(data, made.forecast.origin, week_horizon(parse_step(data.station.step)))
    references = {name: baseline(name).fit(view).forecast(view) for name in REFERENCES}
    actual = pd.concat([data.frame[list(data.station.targets)], _truth(folder / "data", data.station.timezone)])
    card = score_week(actual, made.forecast, references, data.station.capacity)
    show(card)
    plot_forecast(folder / "forecast.png", made.forecast, actual=actual, references=references)
    write_report(folder / "report.html", title=f"{data.station.id}: the next seven days", station=data.station,
                 forecast=made.forecast, actual=actual, references=references, scorecard=card,
                 quality=trained.quality.lines(), facts=_facts(trained), notes=made.notes)
    say(f"done in {time.perf_counter() - started:.0f} s: forecast.csv, forecast.png and report.html (opens offline) "
        f"are in {folder}")
    say("next, on your own data: wattcast check --data PATH, then train and forecast "
        f"(the demo's: --data {folder}/data)")


def _truth(folder: Path, timezone: str) -> pd.DataFrame:
    """What the simulation lets happen after the data's end, under wattcast's names."""
    truth = pd.read_csv(folder / "truth.csv", index_col="time", parse_dates=True)
    return truth.rename(columns={"meter": TOTAL, "load": PART}).tz_localize(timezone)


def _facts(trained: TrainOutcome) -> dict[str, str]:
    """What a report says of the model."""
    first, last = trained.data.frame.index[0], trained.data.end
    return {"version": trained.version, "epochs": str(trained.epochs),
            "training and evaluation": f"{trained.seconds:.0f} s",
            "data": f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"}
