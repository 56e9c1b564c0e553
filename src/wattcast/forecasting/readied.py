"""A station at an origin, made ready for the rules that learn nothing to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import View
from wattcast.errors import DataError, listing
from wattcast.experts.base import Expert, Lesson
from wattcast.experts.table import EXPERTS
from wattcast.experts.trained import by_name
from wattcast.features.pipeline import FeaturePipeline
from wattcast.features.table import FeatureTable
from wattcast.timegrid import steps_per_day
from wattcast.training.config import Recipe
from wattcast.training.prepared import Prepared
from wattcast.training.shapes import window_shape
from wattcast.windows.dataset import Scalers, WindowDataset, WindowShape
from wattcast.windows.splits import Split

RULES = tuple(expert for expert in EXPERTS if not expert.learned)
"""The experts that learn nothing from a station, in their order."""

READ_DAYS = 70
"""Of history at most: what the rule that reads furthest needs, and a week before that. [days]"""


@dataclass(frozen=True, eq=False)
class Readied:
    """What the rules read.

    Attributes:
        view: what is known at the origin.
        pipeline: fitted on it.
        table: features of `rows` rows of history, and of the horizon behind them.
        scalers: of that history.
        shape: of a window.
        rows: where the origin stands in the table.
        experts: the rules that are for such a station, by name.
    """

    view: View
    pipeline: FeaturePipeline
    table: FeatureTable
    scalers: Scalers
    shape: WindowShape
    rows: int
    experts: Mapping[str, Expert]

    @classmethod
    def of(cls, view: View, recipe: Recipe, alone: str | None = None, rows: int | None = None) -> Self:
        """A station of which something was measured.

        Args:
            view: what is known.
            recipe: says which features there are.
            alone: the one rule that is asked; None for all.
            rows: how many of history, where that was told before by more of it than the view holds.

        Raises:
            DataError: the rule that is asked alone is not for such a station.
        """
        station, shape = view.station, window_shape(view.station, recipe)
        data = view.training_data()
        rows = history_rows(view) if rows is None else rows
        pipeline = FeaturePipeline(recipe.features, station).fit(data)
        table = pipeline.transform_plain(_rows(view, rows))
        scalers = Scalers.fit(table, station.kind, slice(0, rows))
        nothing = Split(np.zeros(0, np.int64), rows, np.zeros(0, np.int64), rows)
        lesson = Lesson(Prepared(pipeline, table, scalers, shape, nothing), recipe)
        experts = by_name(expert.fit(lesson) for expert in RULES if alone in (None, expert.name))
        if not experts:
            raise DataError(f"{alone} has nothing to say of station {station.id}",
                            found=f"a {station.kind} with {listing(station.known_future) or 'no weather'}",
                            hint="it is for stations of another kind, or reads a column that is not there")
        return cls(view, pipeline, table, scalers, shape, rows, experts)

    @cached_property
    def windows(self) -> WindowDataset:
        """To be asked at the origin, `rows`."""
        return WindowDataset(self.table, self.scalers, self.shape)

    @cached_property
    def whole_table(self) -> FeatureTable:
        """`table` with the calendar and the sun, of which the rules read the days off alone."""
        return self.pipeline.transform(_rows(self.view, self.rows))

    @cached_property
    def past(self) -> WindowDataset:
        """To be asked at origins before, with the weather forecasts of their time; without any weather where none is
        known for the horizon either."""
        data, history, station = self.view.training_data(), self.view.history(self.rows), self.view.station
        hidden = weather_hidden(self.view)
        table = self.pipeline.transform_plain(
            history.assign(**dict.fromkeys(station.known_future, np.nan)) if hidden else history,
            None if hidden else data.vintages)
        return WindowDataset(table, self.scalers, self.shape)

    @property
    def measured(self) -> NDArray[np.float64]:
        """`[T, C]` before the origin, NaN where not measured."""
        return self.table.targets[:self.rows].astype(np.float64)


def _rows(view: View, rows: int) -> pd.DataFrame:
    """So many of history, and the horizon's."""
    history = view.history(rows)
    return pd.concat([history, view.future().reindex(columns=history.columns)])


def weather_hidden(view: View) -> bool:
    """Whether nothing is known of the horizon's weather."""
    weather = list(view.station.known_future)
    return bool(weather) and bool(view.future()[weather].isna().all(axis=None))


def history_rows(view: View) -> int:
    """Rows of history that the rules read: from the first measured one to the origin, however late the last one is, and
    no more than `READ_DAYS`."""
    known, step = view.training_data(), view.horizon.step
    first = known.frame.index[known.measured_rows.argmax()]
    return min(READ_DAYS * steps_per_day(step), int((view.origin - first) // step))
