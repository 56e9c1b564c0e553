"""A station's history made ready to learn from: features, scales, and what trains and what validates."""

import hashlib
import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.data.cleaning import span_of
from wattcast.data.schema import StationData
from wattcast.features.pipeline import FeaturePipeline, FeatureTable
from wattcast.model.power import InputSizes
from wattcast.training.config import Recipe
from wattcast.training.shapes import decomposition, history_split, window_shape
from wattcast.windows.anchors import anchor_count
from wattcast.windows.dataset import Scalers, WindowDataset, WindowShape
from wattcast.windows.splits import Split

log = logging.getLogger("wattcast")


@dataclass(frozen=True)
class Prepared:
    """A history made ready: features, scalers and the split."""

    pipeline: FeaturePipeline
    table: FeatureTable
    scalers: Scalers
    shape: WindowShape
    split: Split

    def windows_until(self, limit: int, recipe: Recipe, weights: NDArray[np.float32] | None = None) -> WindowDataset:
        """Windows none of whose targets lie behind `limit`; `weights` `[T]` weigh them by their origins."""
        return WindowDataset(self.table, self.scalers, self.shape, limit=limit, decomposition=decomposition(recipe),
                             weights=weights)


def input_sizes(table: FeatureTable, shape: WindowShape, recipe: Recipe) -> InputSizes:
    """How many steps, columns and anchors the network is given of such windows."""
    targets = table.targets.shape[1]
    modes = recipe.features.vmd_modes * targets if recipe.features.vmd else 0
    lags = len(shape.lag_weeks)
    return InputSizes(shape.horizon, shape.week, targets, table.known.shape[1], table.past.shape[1] + modes, lags,
                      anchor_count(lags), table.weather_columns, shape.adjusted and bool(table.weather_columns))


def prepare(data: StationData, recipe: Recipe) -> Prepared:
    """Features and scalers of a history that ends at its last known instant.

    Raises:
        DataError: fewer than 21 days.
    """
    data = data.until(data.end)
    shape = window_shape(data.station, recipe)
    split = history_split(data, recipe)
    training = data.until(data.frame.index[split.train_limit])
    pipeline = FeaturePipeline(recipe.features, data.station).fit(training)
    table = pipeline.transform(data.frame, data.vintages)
    scalers = Scalers.fit(table, data.station.kind, slice(0, split.train_limit))
    prepared = Prepared(pipeline, table, scalers, shape, split)
    _tell_of_wild(prepared)
    return prepared


def _tell_of_wild(prepared: Prepared) -> None:
    """Log which readings of any column are not used."""
    table, scalers = prepared.table, prepared.scalers
    for names, scaler, rows in ((prepared.pipeline.station.targets, scalers.targets, table.targets),
                                (table.known_names, scalers.known, table.known),
                                (table.past_names, scalers.past, table.past)):
        beyond = scaler.beyond(scaler.apply(rows), prepared.shape.week)
        for name, values, wild in zip(names, rows.T, beyond.T, strict=True):
            if wild.any():
                times = table.index[wild]
                log.warning("%s: %d readings (%s, %s to %s) are out of all proportion to the others; nothing is "
                            "learned from them", name, len(times), span_of(values[wild]),
                            *(f"{time:%Y-%m-%d %H:%M}" for time in (times[0], times[-1])))


def hash_data(data: StationData) -> str:
    """A name for exactly these measurements."""
    digest = hashlib.sha256(data.station.model_dump_json().encode())
    digest.update(pd.util.hash_pandas_object(data.frame).to_numpy().tobytes())
    if data.vintages is not None:
        digest.update(pd.util.hash_pandas_object(data.vintages.table).to_numpy().tobytes())
    return digest.hexdigest()[:16]
