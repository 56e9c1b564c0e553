"""Where the sun stands, for any instant and place."""

import pandas as pd

from wattcast.contracts import Location


def solar_position(times: pd.DatetimeIndex, location: Location) -> pd.DataFrame:
    """Elevations and zeniths [°] by the short ephemeris: hundredths of a degree from the full one, ten times faster."""
    import pvlib

    position: pd.DataFrame = pvlib.solarposition.get_solarposition(
        times, location.latitude, location.longitude, method="ephemeris")
    return position
