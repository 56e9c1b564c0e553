"""wattcast in Python, on plain data frames: the same parts as the command line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import pandas as pd

from wattcast.contracts import WeatherUse
from wattcast.data.reader import open_frame
from wattcast.data.schema import StationData
from wattcast.errors import WattcastError
from wattcast.evaluation.backtest import BacktestResult, last_origin
from wattcast.evaluation.backtest import backtest as run_backtest
from wattcast.evaluation.baselines import USUAL
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.finetune.gate import Decision
from wattcast.forecasting.output import forecast_table
from wattcast.forecasting.predictor import NAME, NetworkForecaster
from wattcast.settings import build_settings
from wattcast.store.bundle import load_bundle, read_manifest, save_bundle
from wattcast.timegrid import parse_duration, parse_step, parse_time, require_on_grid, rolling_origins, station_horizon
from wattcast.training.config import Recipe
from wattcast.workflows.models import named_forecasters


class Forecaster:
    """Seven days of one station's power from a data frame.

    Args:
        config: nested settings, as in a YAML file: `{"data": {"targets": {"total_active_power": "load"}},
            "training": {"epochs": 10}}`. Without `data.targets` the columns must have the names of the merged file.

    Raises:
        ConfigError: an unknown key or a value of the wrong type.

    Example:
        >>> forecaster = Forecaster({"data": {"kind": "pv", "capacity": 50}})   # doctest: +SKIP
        >>> forecaster.fit(history).predict(history)                            # doctest: +SKIP
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self.settings = build_settings(config or {})
        self._network: NetworkForecaster | None = None
        self._history: StationData | None = None

    def fit(self, df: pd.DataFrame) -> Self:
        """Train on all rows of `df`: a column of times and the described columns; a station per frame.

        With `tuning.enable_hyperopt` the best configuration is searched for first; the study is not kept.

        Raises:
            DataError: the frame cannot be used or holds fewer than 21 days.
        """
        data = self._data(df)
        view, recipe = self._view(data, data.end), self.settings.recipe()
        if self.settings.tuning.enable_hyperopt:
            from wattcast.tuning.search import search

            with TemporaryDirectory(prefix="wattcast-") as folder:
                recipe = search(view.training_data(), recipe, self.settings.tuning, Path(folder)).recipe
        self._network, self._history = NetworkForecaster(recipe).fit(view), data
        return self

    def predict(self, df: pd.DataFrame, *, at: str | None = None, weather: pd.DataFrame | None = None) -> pd.DataFrame:
        """The next seven days from the end of the newest measurement, or from `at`; columns as in `forecast.csv`.

        Args:
            df: recent history, at least five weeks for full use of the seasonal lags.
            at: the origin; rows at or after it are not used, but for known-future columns.
            weather: known-future columns for the horizon, indexed by tz-aware time on the station's grid.
        """
        data = self._data(df)
        step = parse_step(data.station.step)
        origin = data.end if at is None else require_on_grid(parse_time(at, data.station.timezone), step)
        made = self._fitted().forecast(self._view(data, origin, future_weather=weather))
        return forecast_table(made, data.station)

    def backtest(self, df: pd.DataFrame, *, first_origin: str, every: str = "7d", origins: int | None = None,
                 models: Sequence[str] = USUAL, weather: WeatherUse = "given") -> BacktestResult:
        """Fit anew on what lies before `first_origin`, roll over `df`, and compare with simple models."""
        data = self._data(df)
        step = parse_step(data.station.step)
        horizon = station_horizon(data.station)
        first = require_on_grid(parse_time(first_origin, data.station.timezone), step)
        rolling = list(rolling_origins(first, parse_duration(every), last_origin(data, horizon), origins))
        forecasters = named_forecasters(list(dict.fromkeys((NAME, *models))), self.settings.recipe())
        return run_backtest(data, forecasters, rolling, horizon, weather=weather)

    def finetune(self, df: pd.DataFrame) -> Decision:
        """Fine-tune on the new rows in `df`; the result takes the model's place only if the gate lets it pass.

        Args:
            df: rows that follow those of `fit`, or the whole history; after `load` it must be the whole history.

        Returns:
            The decision: `promoted`, `reasons`, and all its numbers in `to_dict()`.

        Raises:
            DataError: the frame cannot be used, or holds only new rows after `load`.
        """
        from wattcast.finetune.attempt import attempt, check_new_rows, with_history

        champion = self._fitted().model
        assert champion is not None
        merged = with_history(champion, self._history, self._data(df))
        data = merged.data
        decision = check_new_rows(champion, data, merged.rewritten)
        if decision is None:
            self._history = data
            made = attempt(champion, data, self.settings.finetune)
            decision = made.decision
            if decision.promoted and made.update is not None:
                self._network = NetworkForecaster.of(made.update.model)
        return decision

    def save(self, folder: str | Path) -> None:
        """Write the fitted model as a new folder."""
        model = self._fitted().model
        assert model is not None
        save_bundle(Path(folder), model, {}, description=self.settings.data.model_dump(mode="json"))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The model that `save`, or `wattcast train` as a version, wrote to `folder`.

        Raises:
            BundleError: missing or damaged.
        """
        model = load_bundle(Path(folder))
        description = read_manifest(Path(folder))["description"] or {}
        forecaster = cls({**model.recipe.model_dump(include=set(Recipe.model_fields)), "data": description})
        forecaster._network = NetworkForecaster.of(model)
        return forecaster

    def _data(self, df: pd.DataFrame) -> StationData:
        return open_frame(df, self.settings.data).read()[0]

    def _view(self, data: StationData, origin: pd.Timestamp, *,
              future_weather: pd.DataFrame | None = None) -> HorizonView:
        return HorizonView(data, origin, station_horizon(data.station), future_weather=future_weather)

    def _fitted(self) -> NetworkForecaster:
        if self._network is None:
            raise WattcastError("this forecaster was not fitted", hint="call fit(df) or Forecaster.load(folder)")
        return self._network
