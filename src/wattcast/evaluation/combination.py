"""Several forecasters as one: the plain mean of what they say."""

from collections.abc import Sequence

import pandas as pd

from wattcast.contracts import Forecast, Forecaster, View

PLUS = "+"
"""Between the names of the forecasters in a combination's name."""


class Shared:
    """A forecaster that several combinations use: fitted once on a view, asked once about a view."""

    def __init__(self, forecaster: Forecaster) -> None:
        self.forecaster, self.name = forecaster, forecaster.name
        self._fitted_on: View | None = None
        self._asked: tuple[View, Forecast] | None = None

    def __getstate__(self) -> dict[str, object]:
        """For another process: without the views, which hold a station's data."""
        return {**self.__dict__, "_fitted_on": None, "_asked": None}

    def fit(self, view: View) -> "Shared":
        if self._fitted_on is not view:
            self.forecaster = self.forecaster.fit(view)
            self._fitted_on, self._asked = view, None
        return self

    def forecast(self, view: View) -> Forecast:
        if self._asked is None or self._asked[0] is not view:
            self._asked = view, self.forecaster.forecast(view)
        return self._asked[1]


class Combination:
    """The mean of the medians, and of the quantiles level by level, of its parts, each with the same weight.

    Averaging quantiles rather than probabilities keeps the band as narrow as the parts' own (Lichtendahl,
    Grushka-Cockayne & Winkler, *Management Science* 59 (2013) 1594–1611, DOI 10.1287/mnsc.1120.1667).
    """

    def __init__(self, parts: Sequence[Forecaster]) -> None:
        self.parts = tuple(parts)
        self.name = PLUS.join(part.name for part in self.parts)

    def fit(self, view: View) -> "Combination":
        self.parts = tuple(part.fit(view) for part in self.parts)
        return self

    def forecast(self, view: View) -> Forecast:
        """The mean forecast; `notes` are those of all parts."""
        made = [part.forecast(view) for part in self.parts]
        columns = [column for column in made[0].table if all(column in each.table for each in made)]
        table: pd.DataFrame = sum(each.table[columns] for each in made) / len(made)
        notes = tuple(dict.fromkeys(note for each in made for note in each.notes))
        return Forecast(view.station.id, view.origin, self.name, table, notes)
