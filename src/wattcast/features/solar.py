"""Where the sun stands and what it would yield under a clear sky: known for any instant and place."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Location
from wattcast.data.sun import solar_position

SOLAR_NAMES = ("solar_elevation_sine", "clear_sky_irradiance", "daylight")


def solar_features(index: pd.DatetimeIndex, location: Location, step: pd.Timedelta) -> pd.DataFrame:
    """The sun at the centre of every interval.

    Args:
        index: tz-aware interval starts `[T]`.
        location: a place with coordinates.
        step: length of an interval.

    Returns:
        float32 columns `SOLAR_NAMES`: sine of the sun's elevation, zero below the horizon [-]; global horizontal
        irradiance under a clear sky [kW/m²] by Ineichen & Perez with climatological turbidity
        (DOI 10.1016/S0038-092X(02)00045-2); 1 where the sun is above the horizon.
    """
    import pvlib

    centre = index + step / 2
    position = solar_position(centre, location)
    place = pvlib.location.Location(location.latitude, location.longitude)
    ineichen = place.get_clearsky(centre, model="ineichen", solar_position=position)["ghi"].to_numpy()
    sine = np.sin(np.deg2rad(position["elevation"].to_numpy()))
    columns = np.stack([np.clip(sine, 0, None), ineichen / 1000, sine > 0], 1)
    return pd.DataFrame(columns.astype(np.float32), index=index, columns=list(SOLAR_NAMES))


def clear_sky(index: pd.DatetimeIndex, location: Location, step: pd.Timedelta) -> NDArray[np.float32]:
    """Global horizontal irradiance under a clear sky at the centre of every interval `[T]` [W/m²], by Haurwitz
    (DOI 10.1175/1520-0469(1945)002<0154:IIRTCD>2.0.CO;2): the sun's elevation alone decides.

    Args:
        index: tz-aware interval starts `[T]`.
        location: a place with coordinates.
        step: length of an interval.
    """
    import pvlib

    zenith = solar_position(index + step / 2, location)["apparent_zenith"]
    return np.asarray(pvlib.clearsky.haurwitz(zenith)["ghi"], np.float32)


def is_night(index: pd.DatetimeIndex, location: Location, step: pd.Timedelta) -> NDArray[np.bool_]:
    """Whether the sun stays below the horizon from the start to the end of each interval.

    Args:
        index: tz-aware interval starts `[T]`.
        location: a place with coordinates.
        step: length of an interval; looked at are both ends, and every hour between them.
    """
    parts = max(1, math.ceil(step / pd.Timedelta(hours=1)))
    elevations = [solar_position(index + part / parts * step, location)["apparent_elevation"].to_numpy()
                  for part in range(parts + 1)]
    return np.asarray((np.stack(elevations) < 0).all(axis=0))
