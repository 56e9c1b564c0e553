"""The network as a forecaster: fitted on a view, asked with a view."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from wattcast.contracts import QUANTILES, Forecast, View
from wattcast.errors import BundleError, WattcastError, listing
from wattcast.forecasting.postprocess import Limits, target_columns
from wattcast.training.config import Recipe
from wattcast.training.trained import EpochRecord, TrainedModel, decomposition
from wattcast.windows.dataset import WindowDataset, network_inputs

NAME = "wattcast"


class NetworkForecaster:
    """Implements `contracts.Forecaster`.

    Args:
        recipe: what `fit` trains.
        work_folder: where an interrupted `fit` is found again.
        on_epoch: told of each epoch of `fit`.
    """

    name = NAME

    def __init__(self, recipe: Recipe, *, work_folder: Path | None = None,
                 on_epoch: Callable[[EpochRecord], None] | None = None) -> None:
        self.recipe, self.work_folder, self.on_epoch = recipe, work_folder, on_epoch
        self.model: TrainedModel | None = None

    def __getstate__(self) -> dict[str, object]:
        """For another process: without whom to tell of epochs."""
        return {**self.__dict__, "on_epoch": None}

    @classmethod
    def of(cls, model: TrainedModel) -> "NetworkForecaster":
        """A forecaster that is fitted already."""
        forecaster = cls(model.recipe)
        forecaster.model = model
        return forecaster

    def fit(self, view: View) -> "NetworkForecaster":
        from wattcast.training.fit import fit_model

        self.model = fit_model(view.training_data(), self.recipe, work_folder=self.work_folder, on_epoch=self.on_epoch)
        return self

    def forecast(self, view: View) -> Forecast:
        """The next seven days from `view.origin`; no NaN, whatever is missing from the view.

        Raises:
            WattcastError: not fitted.
            BundleError: the view's station has other columns than the model was fitted on.
        """
        if self.model is None:
            raise WattcastError("this forecaster was not fitted", hint="call fit(view) or load a model first")
        model, station = self.model, view.station
        _check_station(model, view)
        shape = model.shape
        rows = max(shape.lookback, max(shape.lag_weeks) * shape.week + shape.day)
        history, future = view.history(rows), view.future()
        features = model.pipeline.transform(pd.concat([history, future.reindex(columns=history.columns)]))
        dataset = WindowDataset(features, model.scalers, shape, limit=rows, decomposition=decomposition(model.recipe))
        batch = dataset.batch(np.asarray([rows]))
        with torch.inference_mode():
            scaled = model.network(**network_inputs(batch))[0]                                  # [H, C, Q]
        table = _table(model, scaled.numpy(), pd.DatetimeIndex(future.index))
        table, notes = Limits(station, model.nonnegative).apply(table)
        return Forecast(station.id, view.origin, self.name, table, tuple(notes))


def _table(model: TrainedModel, scaled: np.ndarray, index: pd.DatetimeIndex) -> pd.DataFrame:
    columns: Mapping[str, np.ndarray] = {}
    middle = QUANTILES.index(0.5)
    for position, target in enumerate(model.station.targets):
        scaler = model.scalers.targets
        center, scale = float(scaler.center[position]), float(scaler.scale[position])
        values = scaled[:, position].astype(np.float64) * scale + center                       # [H, Q]
        names = target_columns(target)
        columns = {**columns, names[0]: values[:, middle], **dict(zip(names[1:], values.T, strict=True))}
    return pd.DataFrame(columns, index=index)


def _words(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else listing(value)


def _check_station(model: TrainedModel, view: View) -> None:
    trained, given = model.station, view.station
    for what in ("targets", "known_future", "past_only", "step", "horizon", "timezone"):
        if getattr(trained, what) != getattr(given, what):
            raise BundleError(f"the model and the data of station {given.id} differ in {what}",
                              found=_words(getattr(given, what)), expected=_words(getattr(trained, what)),
                              hint="use the description the model was trained with, or train again")
