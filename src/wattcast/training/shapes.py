"""How a recipe cuts a station's history into windows."""

from wattcast.contracts import Station
from wattcast.data.schema import StationData
from wattcast.timegrid import station_horizon, steps_per_day
from wattcast.training.config import Recipe
from wattcast.windows.dataset import Decomposition, WindowShape
from wattcast.windows.splits import Split, split_origins


def window_shape(station: Station, recipe: Recipe) -> WindowShape:
    """The sizes of the station's windows, in its steps."""
    horizon = station_horizon(station)
    day = steps_per_day(horizon.step)
    return WindowShape(recipe.windows.lookback_days * day, horizon.steps, day, recipe.features.lag_weeks, station.kind,
                       station.by_wall_clock)


def history_split(data: StationData, recipe: Recipe) -> Split:
    """Which origins of a history train and which validate.

    Raises:
        DataError: fewer than 21 days.
    """
    shape = window_shape(data.station, recipe)
    return split_origins(len(data.frame), int(data.measured_rows.argmax()), shape.horizon, shape.day, recipe.windows)


def decomposition(recipe: Recipe) -> Decomposition | None:
    """Of the past window; None where the recipe wants none."""
    features = recipe.features
    return Decomposition(features.vmd_modes, features.vmd_alpha) if features.vmd else None
