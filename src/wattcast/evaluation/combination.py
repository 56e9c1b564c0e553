"""Several forecasters as one: the plain mean of what they say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import pandas as pd

from wattcast.contracts import Fit, Forecast, Forecaster, View
from wattcast.evaluation.together import fit_all, forecast_all

PLUS = "+"
"""Between the names of the forecasters in a combination's name."""


@dataclass(frozen=True, eq=False)
class Combination:
    """The mean of the medians, and of the quantiles level by level, of its parts, each with the same weight.

    Averaging quantiles rather than probabilities keeps the band as narrow as the parts' own (Lichtendahl,
    Grushka-Cockayne & Winkler, *Management Science* 59 (2013) 1594–1611, DOI 10.1287/mnsc.1120.1667).
    Implements `contracts.Composite`.
    """

    parts: tuple[Forecaster, ...]

    @property
    def name(self) -> str:
        return PLUS.join(part.name for part in self.parts)

    def fit(self, view: View) -> Self:
        """All parts fitted, each once."""
        fitted = fit_all({self.name: self}, view)[self.name]
        assert isinstance(fitted, type(self))
        return fitted

    def fit_with(self, fit: Fit) -> Self:
        return replace(self, parts=tuple(fit(part) for part in self.parts))

    def forecast(self, view: View) -> Forecast:
        """The mean forecast; `notes` are those of all parts."""
        return next(made for _, made in forecast_all({self.name: self}, view))

    def forecast_with(self, view: View, ask: Callable[[Forecaster], Forecast]) -> Forecast:
        made = [ask(part) for part in self.parts]
        columns = [column for column in made[0].table if all(column in each.table for each in made)]
        table: pd.DataFrame = sum(each.table[columns] for each in made) / len(made)
        notes = tuple(dict.fromkeys(note for each in made for note in each.notes))
        return Forecast(view.station.id, view.origin, self.name, table, notes)
