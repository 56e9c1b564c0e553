"""What was known at one instant, and nothing else: the only window through which a forecaster sees a station.

The view copies what is permitted when it is made and keeps no reference to the rest, so a later measurement cannot be
reached through it, whatever is done with the tables it hands out.
"""

from functools import cached_property

import pandas as pd

from wattcast.contracts import Horizon, Station, WeatherUse
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import InputError, LeakageError
from wattcast.timegrid import horizon_index, parse_step

GIVEN, PERFECT, NONE = "given", "measured afterwards (perfect weather)", "none"
ISSUED = "issued"
"""The words with which a source of weather begins; an issued one goes on with the instant."""


class HorizonView:
    """A `contracts.View` of a station's data at one origin.

    Invariants: every row of `training_data()`, `rows()` and `history()` is stamped before the origin; `future()` holds
    known-future columns only, and where weather forecasts with their issue time exist, only those issued at or before
    the origin.

    Args:
        data: the station's data; rows after the origin may be there and stay out of reach.
        origin: the instant up to which measurements are known; on the data's grid.
        horizon: how far `future()` reaches.
        weather: `none` leaves every known-future column empty over the horizon.
        future_weather: known-future columns from elsewhere, indexed by tz-aware time, preferred cell by cell over what
            the data holds; it may cover the horizon in part.

    Raises:
        InputError: the origin is not on the data's grid.
    """

    def __init__(self, data: StationData, origin: pd.Timestamp, horizon: Horizon, *, weather: WeatherUse = "given",
                 future_weather: pd.DataFrame | None = None) -> None:
        _require_on_data_grid(data, origin)
        self.station: Station = data.station
        self.origin, self.horizon = origin, horizon
        self._known = data.until(origin)
        ahead, names = horizon_index(origin, horizon), list(self.station.known_future)
        self._future, self._source = self._known.frame.iloc[:0][names].reindex(ahead) if names else \
            pd.DataFrame(index=ahead), NONE
        if weather == "given" and self.station.known_future:
            own = _own_weather(data, self._known.vintages, origin)
            self._future, self._source = _filled(self._future, (future_weather, GIVEN), own)

    def training_data(self) -> StationData:
        """Everything measured or issued before the origin."""
        return StationData(self.station, self._known.frame.copy(deep=False), self._known.vintages)

    def rows(self, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
        """The rows with `first` ≤ time < `last`, in full: NaN where the data does not reach.

        Raises:
            LeakageError: the span reaches past the origin.
        """
        if max(first, last) > self.origin:
            raise LeakageError(f"rows from {first} to {last} were asked for at the origin {self.origin}",
                               expected="nothing after the origin", hint="future() holds what is known of the horizon")
        known, step = self._known.frame, self.horizon.step
        begin, end = known.index.searchsorted([first, last])
        if begin < end and end - begin == (last - first) / step and known.index[begin] == first \
                and known.index[end - 1] == last - step:
            return known.iloc[begin:end]       # every step is there: nothing has to be looked for
        return known.reindex(pd.date_range(first, last, freq=step, inclusive="left", name="time"))

    def history(self, steps: int) -> pd.DataFrame:
        """The last `steps` rows before the origin, NaN where the data begins later.

        Raises:
            LeakageError: `steps` is negative, which would be the rows after the origin.
        """
        return self.rows(self.origin - steps * self.horizon.step, self.origin)

    def future(self) -> pd.DataFrame:
        """`[H, known_future]` from the origin on; missing where not known."""
        return self._future.copy(deep=False)

    @cached_property
    def weather_coverage(self) -> float:
        """Share of the cells of `future()` that are known; 1 for a station without known-future columns."""
        return float(self._future.notna().to_numpy().mean()) if self._future.size else 1.0

    @property
    def weather_source(self) -> str:
        """Where `future()` comes from: `given`, `issued …`, `measured afterwards (perfect weather)` or `none`."""
        return self._source


def _require_on_data_grid(data: StationData, origin: pd.Timestamp) -> None:
    start, step = data.frame.index[0], parse_step(data.station.step)
    if (origin - start) % step != pd.Timedelta(0):
        raise InputError(f"the origin {origin} lies between two steps of station {data.station.id}",
                         expected=f"a whole number of steps of {data.station.step} from {start}")


def _filled(future: pd.DataFrame, *tables: tuple[pd.DataFrame | None, str]) -> tuple[pd.DataFrame, str]:
    """The empty `future` with the cells of the tables, the first one that knows a cell; and which ones were used."""
    sources = []
    for table, source in tables:
        if table is None:
            continue
        found = table.reindex(index=future.index, columns=future.columns)
        if (future.isna() & found.notna()).to_numpy().any():
            future = future.where(future.notna(), found.astype(future.dtypes.to_dict()))
            sources.append(source)
    return future, ", then ".join(sources) or NONE


def _own_weather(data: StationData, known: WeatherVintages | None,
                 origin: pd.Timestamp) -> tuple[pd.DataFrame | None, str]:
    """The data's own weather after the origin: as issued where that is `known`, else the rows of the table."""
    if known is None:
        after = data.frame.loc[data.frame.index >= origin]
        measured = after[list(data.station.targets)].notna().any(axis=None)
        return after, PERFECT if measured else GIVEN
    newest = known.as_of(origin)
    if newest is None:
        return None, NONE
    return newest, f"{ISSUED} {known.table.index.get_level_values('issued')[-1]:%Y-%m-%d %H:%M}"
