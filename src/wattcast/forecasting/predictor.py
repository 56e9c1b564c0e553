"""What a training made, as a forecaster: fitted on a view, asked with a view."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import filterfalse
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from wattcast.contracts import MIDDLE, Fit, Forecast, Forecaster, Station, View
from wattcast.errors import BundleError, DataError, WattcastError, listing
from wattcast.experts.network import NETWORK
from wattcast.experts.shares import mixture
from wattcast.experts.trained import TrainedModel
from wattcast.features.table import FeatureTable
from wattcast.forecasting.calibrate import FloatArray
from wattcast.forecasting.inference import Inference
from wattcast.forecasting.levelled import Levelled, days_off, without_steps
from wattcast.forecasting.postprocess import Limits, target_columns, usual
from wattcast.forecasting.recall import Recall
from wattcast.forecasting.recent import Mornings, history_rows
from wattcast.forecasting.selection import calibrate_and_choose, follow_recent, selected
from wattcast.training.config import Recipe
from wattcast.training.record import EpochRecord

NAME = "wattcast"
NOTABLE = 10
"""By how many per cent the last weeks must change a band's width for a forecast to say so. [per cent]"""


@dataclass(frozen=True, eq=False)
class NetworkForecaster:
    """Implements `contracts.Forecaster`: the network, a simple forecast or a blend, as was chosen on validation.

    Attributes:
        recipe: what `fit` trains.
        work_folder: where an interrupted `fit` is found again.
        on_epoch: told of each epoch of `fit`.
        follows: whether shares, bands and the level of a load follow the weeks since training (`forecasting.recent`,
            `forecasting.levelled`).
        recall: what the model has said of past mornings; None to work it out each time.
        model: what was trained; None before `fit`.
    """

    recipe: Recipe
    work_folder: Path | None = field(default=None, kw_only=True)
    on_epoch: Callable[[EpochRecord], None] | None = field(default=None, kw_only=True)
    follows: bool = field(default=True, kw_only=True)
    recall: Recall | None = field(default=None, kw_only=True)
    model: TrainedModel | None = field(default=None, kw_only=True)
    name = NAME

    def __getstate__(self) -> dict[str, object]:
        """For another process: without whom to tell of epochs."""
        return {**self.__dict__, "on_epoch": None}

    @classmethod
    def of(cls, model: TrainedModel, *, follows: bool = True, recall: Recall | None = None) -> Self:
        """A forecaster that is fitted already."""
        return cls(model.recipe, follows=follows, recall=recall, model=model)

    def fit(self, view: View) -> Self:
        from wattcast.experts.fit import fit_model

        data = view.training_data()
        model = fit_model(data, self.recipe, work_folder=self.work_folder, on_epoch=self.on_epoch)
        return replace(self, recall=None, model=calibrate_and_choose(model, data))

    def forecast(self, view: View) -> Forecast:
        """The next seven days from `view.origin` as chosen; no NaN, whatever is missing from the view.

        Raises:
            WattcastError: not fitted.
            BundleError: the view's station has other columns than the model was fitted on.
            DataError: the history holds values so large that no number comes out.
        """
        return self.made(view)[1]

    def forecast_alone(self, view: View) -> Forecast:
        """The same by the network alone, whatever was chosen."""
        return self.finished(self.basis(view, alone=True), alone=True)

    def _fitted(self) -> TrainedModel:
        if self.model is None:
            raise WattcastError("this forecaster was not fitted", hint="call fit(view) or load a model first")
        return self.model

    def made(self, view: View) -> "tuple[Basis, Forecast]":
        """The forecast from `view.origin`, and what it is made of; raises as `forecast`."""
        basis = self.basis(view)
        return basis, self.finished(basis)

    def basis(self, view: View, *, alone: bool = False) -> "Basis":
        """What a forecast from `view.origin` is made of; raises as `forecast`."""
        fitted = self._fitted()
        _check_station(fitted, view)
        mornings = Mornings(fitted, view, follows=self.follows)
        levelled = without_steps(fitted, view, self.recall, mornings) if self.follows else None
        if levelled is not None:
            mornings = Mornings(fitted, levelled.view)
        recent = mornings.recent()
        model = fitted if recent is None else follow_recent(fitted, recent)
        found = mornings.today(() if alone or not model.selection else model.selection.used)
        basis = Basis(model, view, mornings.ahead, history_rows(fitted), found, levelled, recent,
                      selected(model, found, alone=alone)[0])
        basis = replace(basis, quantiles=basis.with_steps(basis.quantiles))
        _require_numbers(basis)
        return basis

    def finished(self, basis: "Basis", *, alone: bool = False) -> Forecast:
        """The forecast that a basis gives."""
        fitted, view, model, levelled = self._fitted(), basis.view, basis.model, basis.levelled
        table, notes = basis.limited(basis.quantiles)
        label = NETWORK if alone else f"{NAME}: {model.selection.label if model.selection else NETWORK}"
        facts = (*filter(usual, notes), *_changes(fitted, model))
        steps = () if levelled is None else levelled.steps
        notable = (*filterfalse(usual, notes), *map(str, steps))
        return Forecast(view.station.id, view.origin, label, table, notable, facts, steps)


@dataclass(frozen=True, eq=False)
class Basis:
    """What a forecast is made of, up to its limits.

    Attributes:
        model: with the shares and bands that hold at the origin.
        view: what is known there.
        features: `[T + H]` rows, the history without steps of level.
        rows: T, the origin's place among them.
        found: what the experts say that have a share.
        levelled: the steps of level that were taken out; None if there are none.
        recent: forecasts of the last weeks that shares and bands follow; None if there are none.
        quantiles: `[H, C, Q]`, with steps, before limits.
    """

    model: TrainedModel
    view: View
    features: FeatureTable
    rows: int
    found: Inference
    levelled: Levelled | None
    recent: Inference | None
    quantiles: FloatArray

    def with_steps(self, quantiles: FloatArray) -> FloatArray:
        """Quantiles `[H, C, Q]` as said without the steps of level, with them."""
        if self.levelled is None:
            return quantiles
        return self.levelled.with_steps(quantiles, days_off(self.features)[self.rows:])

    def limited(self, quantiles: FloatArray) -> tuple[pd.DataFrame, list[str]]:
        """Quantiles `[H, C, Q]` as a table within the limits, and a sentence for each limit that changed steps."""
        station = self.view.station
        table = _table(station, quantiles, self.features.index[self.rows:])
        return Limits.of(station, self.model.limits(station)).apply(table)


@dataclass(frozen=True, eq=False)
class NetworkAlone:
    """Implements `contracts.Composite`: the network of another forecaster, which is trained once for both."""

    owner: NetworkForecaster
    name = NETWORK

    def fit(self, view: View) -> Self:
        return replace(self, owner=self.owner.fit(view))

    def fit_with(self, fit: Fit) -> Self:
        return replace(self, owner=fit(self.owner))

    def forecast(self, view: View) -> Forecast:
        """As `NetworkForecaster.forecast_alone`."""
        return self.owner.forecast_alone(view)

    def forecast_with(self, view: View, ask: Callable[[Forecaster], Forecast]) -> Forecast:
        """What the owner forecasts, a blend perhaps, is not asked for."""
        return self.forecast(view)


def _require_numbers(basis: "Basis") -> None:
    station = basis.view.station
    wrong = [target for position, target in enumerate(station.targets)
             if not np.isfinite(basis.quantiles[:, position]).all()]
    if wrong:
        raise DataError(f"no forecast of {listing(wrong)} comes out: the last weeks hold values beyond all numbers",
                        found=f"station {station.id}, origin {basis.view.origin}",
                        hint="look at the last weeks' rows ('wattcast check'), and correct or leave out what cannot be")


def _table(station: Station, quantiles: FloatArray, index: pd.Index) -> pd.DataFrame:
    columns: dict[str, FloatArray] = {}
    for target, values in zip(station.targets, np.moveaxis(quantiles, 1, 0), strict=True):         # [H, Q]
        names = target_columns(target)
        columns |= {names[0]: values[:, MIDDLE], **dict(zip(names[1:], values.T, strict=True))}
    return pd.DataFrame(columns, index=pd.DatetimeIndex(index))


def _changes(before: TrainedModel, after: TrainedModel) -> list[str]:
    """What the last weeks have changed."""
    if before.selection is None or after.selection is None:
        return []
    notes = []
    for target, old in before.selection.targets.items():
        new = after.selection.targets[target]
        if new.weights != old.weights:
            notes.append(f"{target}: after the last weeks' errors, used is {mixture(new.weights)}")
        change = 100 * (np.mean(new.factors, 0)[-1] / np.mean(old.factors, 0)[-1] - 1)
        if abs(change) >= NOTABLE:
            notes.append(f"{target}: after the last weeks' errors, the band from 10 % to 90 % is {abs(change):.0f} % "
                         f"{'wider' if change > 0 else 'narrower'} than on the validation weeks")
    return notes


def _words(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else listing(value)


def _check_station(model: TrainedModel, view: View) -> None:
    trained, given = model.station, view.station
    for what in ("targets", "known_future", "past_only", "step", "horizon", "timezone"):
        if getattr(trained, what) != getattr(given, what):
            raise BundleError(f"the model and the data of station {given.id} differ in {what}",
                              found=_words(getattr(given, what)), expected=_words(getattr(trained, what)),
                              hint="use the description the model was trained with, or train again")
