"""What a training made, as a forecaster: fitted on a view, asked with a view."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.contracts import Forecast, Station, View
from wattcast.errors import BundleError, WattcastError, listing
from wattcast.forecasting.calibrate import MIDDLE, FloatArray
from wattcast.forecasting.choice import NETWORK, TREES
from wattcast.forecasting.inference import infer
from wattcast.forecasting.level import WEEKS
from wattcast.forecasting.postprocess import Limits, target_columns
from wattcast.forecasting.selection import calibrate_and_choose, selected
from wattcast.training.config import Recipe
from wattcast.training.trained import EpochRecord, TrainedModel

NAME = "wattcast"


class NetworkForecaster:
    """Implements `contracts.Forecaster`: the network, a simple forecast or a blend, as was chosen on validation.

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

        data = view.training_data()
        model = fit_model(data, self.recipe, work_folder=self.work_folder, on_epoch=self.on_epoch)
        self.model = calibrate_and_choose(model, data)
        return self

    def forecast(self, view: View) -> Forecast:
        """The next seven days from `view.origin` as chosen; no NaN, whatever is missing from the view.

        Raises:
            WattcastError: not fitted.
            BundleError: the view's station has other columns than the model was fitted on.
        """
        selection = self._fitted().selection
        return self._forecast(view, f"{NAME}: {selection.label if selection else NETWORK}", alone=False)

    def forecast_alone(self, view: View) -> Forecast:
        """The same by the network alone, whatever was chosen."""
        return self._forecast(view, NETWORK, alone=True)

    def _fitted(self) -> TrainedModel:
        if self.model is None:
            raise WattcastError("this forecaster was not fitted", hint="call fit(view) or load a model first")
        return self.model

    def _forecast(self, view: View, label: str, *, alone: bool) -> Forecast:
        model, station = self._fitted(), view.station
        _check_station(model, view)
        shape = model.shape
        level = model.selection is not None and model.selection.follows_level
        rows = max(shape.lookback, max(shape.lag_weeks) * shape.week + shape.day) + level * WEEKS * shape.week
        history, future = view.history(rows), view.future()
        features = model.pipeline.transform(pd.concat([history, future.reindex(columns=history.columns)]))
        # Loading LightGBM takes longer than a forecast: only where the trees have a share.
        asked = not alone and model.selection is not None and model.selection.uses(TREES)
        trees = model.trees.newest if asked and model.trees is not None else None
        found = infer(model, features, np.asarray([rows]), trees, ratio=level)
        quantiles = selected(model, found, alone=alone)[0]                                             # [H, C, Q]
        table, notes = Limits(station, model.nonnegative).apply(_table(station, quantiles, future.index))
        return Forecast(station.id, view.origin, label, table, tuple(notes))


class NetworkAlone:
    """Implements `contracts.Forecaster`: the network of another forecaster, without training it twice.

    Args:
        owner: fitted before this one is.
    """

    name = NETWORK

    def __init__(self, owner: NetworkForecaster) -> None:
        self.owner = owner

    def fit(self, view: View) -> "NetworkAlone":
        """Nothing is left to learn."""
        return self

    def forecast(self, view: View) -> Forecast:
        """As `NetworkForecaster.forecast_alone`."""
        return self.owner.forecast_alone(view)


def _table(station: Station, quantiles: FloatArray, index: pd.Index) -> pd.DataFrame:
    columns: dict[str, FloatArray] = {}
    for target, values in zip(station.targets, np.moveaxis(quantiles, 1, 0), strict=True):         # [H, Q]
        names = target_columns(target)
        columns |= {names[0]: values[:, MIDDLE], **dict(zip(names[1:], values.T, strict=True))}
    return pd.DataFrame(columns, index=pd.DatetimeIndex(index))


def _words(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else listing(value)


def _check_station(model: TrainedModel, view: View) -> None:
    trained, given = model.station, view.station
    for what in ("targets", "known_future", "past_only", "step", "horizon", "timezone"):
        if getattr(trained, what) != getattr(given, what):
            raise BundleError(f"the model and the data of station {given.id} differ in {what}",
                              found=_words(getattr(given, what)), expected=_words(getattr(trained, what)),
                              hint="use the description the model was trained with, or train again")
