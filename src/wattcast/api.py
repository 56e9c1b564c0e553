"""wattcast in Python, on plain data frames: the same parts as the command line."""

import logging
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import pandas as pd

from wattcast.contracts import WeatherUse
from wattcast.data.given_weather import WEATHER_FRAME, known_weather, weather_from_frame
from wattcast.data.reader import open_frame
from wattcast.data.schema import StationData
from wattcast.data.weather_units import like_history
from wattcast.errors import ConfigError, EmptyColumnError, InputError, WattcastError
from wattcast.evaluation.backtest import BacktestResult
from wattcast.evaluation.baselines import USUAL
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.finetune.gate import Decision
from wattcast.forecasting.output import forecast_table
from wattcast.forecasting.predictor import NAME, NetworkForecaster
from wattcast.settings import build_settings
from wattcast.store.bundle_folder import load_folder, read_manifest, save_folder
from wattcast.timegrid import parse_step, parse_time, require_on_grid, station_horizon
from wattcast.training.config import Recipe
from wattcast.workflows.backtest import backtest_station
from wattcast.workflows.evaluation import Evaluation, admit, evaluation_dict, holdout_weeks
from wattcast.workflows.explain import ExplainOutcome, day_of, origin_before, told, units_of
from wattcast.workflows.history import History

logger = logging.getLogger("wattcast")


class Forecaster:
    """Seven days of one station's power from a data frame.

    Args:
        config: nested settings, as in a YAML file: `{"data": {"targets": {"total_active_power": "load"}},
            "training": {"epochs": 10}}`. Without `data.targets` the columns must have the names of the merged file.

    Raises:
        ConfigError: an unknown key or a value of the wrong type.

    Example:
        >>> forecaster = Forecaster({"data": {"kind": "pv", "capacity": 50}}).fit(history)   # doctest: +SKIP
        >>> forecaster.predict(history)                                                      # doctest: +SKIP
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self.settings = build_settings(config or {})
        self._network: NetworkForecaster | None = None
        self._history: StationData | None = None
        self._evaluation: Evaluation | None = None

    def fit(self, df: pd.DataFrame) -> Self:
        """A forecaster trained on one station's rows in `df`; the one that this is called on stays as it is.

        It does what `wattcast train` does: the last `evaluation.holdout_weeks`, as far as there are days enough, are
        kept from training. A target for which what was trained is clearly worse there than a simple forecast is left to
        the simple forecasts alone (`simple_only`), and a warning is logged.

        The rows have their times in a column or in the index, and the described columns. Of a frame with several
        stations `data.station` names the one that is meant; from then on it is the model's. With
        `tuning.enable_hyperopt` the best configuration is searched for first; the study is not kept.

        Raises:
            DataError: the frame cannot be used, holds several stations, or fewer than 21 days.
        """
        data, quality = open_frame(df, self.settings.data).read()
        weeks, notes = holdout_weeks(data, self.settings)
        history, recipe = History(data, quality, weeks, tuple(notes)), self.settings.recipe()
        if self.settings.tuning.enable_hyperopt:
            from wattcast.tuning.search import search

            with TemporaryDirectory(prefix="wattcast-") as folder:
                recipe = search(history.view.training_data(), recipe, self.settings.tuning, Path(folder)).recipe
        fitted = copy(self)
        fitted._network, fitted._history, fitted._evaluation = NetworkForecaster(recipe).fit(history.view), data, None
        for note in notes:
            logger.info("station %s: %s", data.station.id, note)
        if weeks:
            fitted._network, fitted._evaluation = admit(fitted._network, history.view, data, history.kept, weeks)
            for decision in fitted._evaluation.gate:
                if decision.passed is False:
                    logger.warning("station %s: %s; it is left to the simple forecasts", data.station.id,
                                   decision.sentence)
            for note in fitted._evaluation.notes:
                logger.warning("station %s: %s", data.station.id, note)
        return fitted

    @property
    def simple_only(self) -> tuple[str, ...]:
        """Targets that are forecast by simple forecasts alone: what was trained did not pass the gate."""
        model = self._fitted().model
        return () if model is None or model.selection is None else model.selection.simple_only

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """How good forecasts of the weeks that `fit` kept are, and what the gate decided there; None without any."""
        return evaluation_dict(self._evaluation)

    def predict(self, df: pd.DataFrame, *, at: str | None = None, weather: pd.DataFrame | None = None,
                no_weather: bool = False) -> pd.DataFrame:
        """The next seven days from the end of the newest measurement, or from `at`; columns as in `forecast.csv`.

        Args:
            df: recent history, at least five weeks for full use of the seasonal lags.
            at: the origin; rows at or after it are not used, but for known-future columns.
            weather: known-future columns for the horizon, preferred over those of `df`, with times in a column or the
                index; read and cleaned as the file of `--weather`, and brought to the station's grid. If it tells when
                its forecasts were issued, the newest one up to the origin counts.
            no_weather: forecast as if no weather were known.

        Raises:
            InputError: a frame cannot be used, or `at` is no time, off the grid, or before the first measurement.
        """
        network, data = self._fitted(), self._data(df)
        view = self._view(data, at, weather, no_weather=no_weather)
        return forecast_table(network.forecast(view), data.station)

    def explain(self, df: pd.DataFrame, *, at: str | None = None, day: int | None = None, missed: str | None = None,
                weather: pd.DataFrame | None = None, no_weather: bool = False) -> ExplainOutcome:
        """Why `predict` says what it says, or why it was wrong: `sentences("en")`, numbers in `to_dict()`.

        Args:
            df: as for `predict`.
            at: as for `predict`.
            day: of the forecast, from 1, that the sentences are about.
            missed: a date that has passed, whose error is explained; the forecast is then the one from its beginning,
                or from `day` − 1 days before, unless `at` says otherwise.
            weather: as for `predict`.
            no_weather: as for `predict`.

        Raises:
            InputError: as for `predict`; the day lies outside of the forecast, or nothing was measured on it.
        """
        network, data = self._fitted(), self._data(df)
        at = origin_before(missed, day) if missed is not None and at is None else at
        view = self._view(data, at, weather, no_weather=no_weather)
        return told(network, view, data, day_of(data.station, view.origin, day, missed), NAME,
                    units_of(data.station, self.settings.data), why_wrong=missed is not None)

    def backtest(self, df: pd.DataFrame, *, first_origin: str, every: str = "7d", origins: int | None = None,
                 models: Sequence[str] = USUAL, weather: WeatherUse = "given", refit_every: int | None = None,
                 jobs: int = 1, rules: Sequence[str] = ()) -> BacktestResult:
        """Fit anew on what lies before `first_origin`, roll over `df`, and compare with simple models.

        Args:
            df: the history.
            first_origin: nothing from it on is fitted on.
            every: from one origin to the next.
            origins: how many; all that the data allows if None.
            models: names or sums of names, as of `wattcast backtest --models`; `wattcast` always takes part.
            weather: `none` forecasts as if no weather were known.
            refit_every: fit anew at every so many origins.
            jobs: processes that forecast; with more than one a script needs `if __name__ == "__main__":`.
            rules: grid codes to grade by, or YAML files of one's own.

        Raises:
            InputError: something that was given is wrong.
        """
        return backtest_station(self._data(df), self.settings, first_origin=first_origin, every=every, origins=origins,
                                models=list(dict.fromkeys((NAME, *models))), weather=weather, refit_every=refit_every,
                                jobs=jobs, rules=rules)

    def finetune(self, df: pd.DataFrame) -> Decision:
        """Fine-tune on the new rows in `df`; the result takes the model's place only if the gate lets it pass.

        Args:
            df: rows that follow those of `fit`, or the whole history; after `load` it must be the whole history.

        Returns:
            The decision: `promoted`, `reasons`, and all its numbers in `to_dict()`.

        Raises:
            DataError: the frame cannot be used, or holds only new rows after `load`.
        """
        from wattcast.finetune.attempt import attempt, check_new_rows, refuse_empty, with_history

        champion = self._fitted().model
        assert champion is not None
        try:
            new = self._data(df)
        except EmptyColumnError as error:
            return refuse_empty(error)
        merged = with_history(champion, self._history, new)
        data = merged.data
        decision = check_new_rows(champion, data, merged.rewritten)
        if decision is None:
            self._history = data
            made = attempt(champion, data, self.settings.finetune)
            decision = made.decision
            if decision.promoted and made.update is not None:
                self._network, self._evaluation = NetworkForecaster.of(made.update.model), None
        return decision

    def save(self, folder: str | Path) -> None:
        """Write the fitted model as a new folder."""
        model = self._fitted().model
        assert model is not None
        save_folder(Path(folder), model, self.evaluation or {}, description=self.settings.data.model_dump(mode="json"))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The model that `save`, or `wattcast train` as a version, wrote to `folder`.

        Raises:
            BundleError: missing or damaged.
        """
        model = load_folder(Path(folder))
        description = read_manifest(Path(folder))["description"] or {}
        forecaster = cls({**model.recipe.model_dump(include=set(Recipe.model_fields)), "data": description})
        forecaster._network = NetworkForecaster.of(model)
        return forecaster

    def _data(self, df: pd.DataFrame) -> StationData:
        """The rows of the model's station, taken for the kind that it was trained as; of several without a model."""
        model = self._network.model if self._network is not None else None
        if model is None:
            return open_frame(df, self.settings.data).read()[0]
        source = open_frame(df, self.settings.data.model_copy(update={"kind": model.station.kind}))
        # A frame without a column of stations has none to choose from, and one name for what it holds.
        several = model.station.id in source.station_ids or len(source.station_ids) > 1
        return source.read(model.station.id if several else None)[0]

    def _view(self, data: StationData, at: str | None, weather: pd.DataFrame | None, *,
              no_weather: bool) -> HorizonView:
        """What is known at the end of the newest measurement, or at `at`."""
        if weather is not None and no_weather:
            raise ConfigError("weather and no_weather contradict each other", hint="give one of them")
        origin = data.end
        if at is not None:
            origin = require_on_grid(parse_time(at, data.station.timezone), parse_step(data.station.step))
            if origin <= data.frame.index[0]:
                raise InputError(f"at={at!r} is before the first measurement",
                                 found=f"data from {data.frame.index[0]}")
        return HorizonView(data, origin, station_horizon(data.station), weather="none" if no_weather else "given",
                           future_weather=self._future_weather(weather, data, origin))

    def _future_weather(self, weather: pd.DataFrame | None, data: StationData,
                        origin: pd.Timestamp) -> pd.DataFrame | None:
        if weather is None:
            return None
        read = weather_from_frame(weather, data.station, self.settings.data)
        table, notes = like_history(known_weather(read, origin, WEATHER_FRAME),
                                    data.frame[data.frame.index < origin], data.station)
        for note in notes:
            logger.warning("%s: %s", WEATHER_FRAME, note)
        return table

    def _fitted(self) -> NetworkForecaster:
        if self._network is None:
            raise WattcastError("this forecaster was not fitted",
                                hint="use the one that fit(df) or Forecaster.load(folder) returns")
        return self._network
