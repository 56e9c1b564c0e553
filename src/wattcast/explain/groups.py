"""What makes a forecast, in groups that an operator thinks in, and the rows as they would be if some were as usual."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from wattcast.contracts import Forecast, Kind
from wattcast.data.schema import recognise
from wattcast.explain.usual import BoolArray, Clock, Days, FloatArray, Levels
from wattcast.features.calendar import calendar_features, calendar_names
from wattcast.features.table import FeatureTable
from wattcast.features.weather import is_direction
from wattcast.forecasting.predictor import Basis
from wattcast.timegrid import parse_step

USUAL, LEARNED, RULES, DAY_TYPE, LEVEL, BASE_GROUP, LIMITS = (
    "usual_day", "learned", "rules", "day_type", "level", "base", "limits")
OTHER_WEATHER, OTHER_COLUMNS = "other_weather", "other_columns"

SUN, TEMPERATURE, WIND, HUMIDITY, CLOUD, RAIN, PRESSURE, SKY = (
    "irradiance", "temperature", "wind", "humidity", "cloud", "rain", "pressure", "sky")
WEATHER = (SUN, TEMPERATURE, WIND, HUMIDITY, CLOUD, RAIN, PRESSURE, SKY)
_QUANTITIES = {"irradiance": SUN, "ghi": SUN, "dni": SUN, "dhi": SUN, "radiation": SUN, "temperature": TEMPERATURE,
               "wind_speed": WIND, "wind_direction": WIND, "humidity": HUMIDITY, "cloud": CLOUD, "rain": RAIN,
               "pressure": PRESSURE, "text": SKY, "code": SKY}
_HEIGHT = re.compile(r"_?\d+_?m?$", re.IGNORECASE)


@dataclass(frozen=True)
class Group:
    """Known-future columns of the station that are changed together; without any, what `key` says."""

    key: str
    columns: tuple[str, ...] = ()


def column_groups(columns: Iterable[str]) -> list[Group]:
    """The station's known-future columns by what they measure; each that is not recognised by itself."""
    found: dict[str, list[str]] = {}
    for column in columns:
        found.setdefault(measured_by(column) or column, []).append(column)
    return [Group(key, tuple(names)) for key, names in found.items()]


def measured_by(column: str) -> str | None:
    """Which part of the weather a column tells, of `WEATHER`; None for any other."""
    if is_direction(column):
        return WIND
    return _QUANTITIES.get(recognise(column) or recognise(_HEIGHT.sub("", column)) or "")


def merged(groups: Iterable[Group], effects: Mapping[str, float], most: int) -> list[Group]:
    """At most so many groups: those of small effect become "other weather" and "other columns"."""
    ranked = sorted(groups, key=lambda group: -effects[group.key])
    for kept in range(len(ranked), -1, -1):
        rest = ranked[kept:]
        others = [Group(key, tuple(name for group in rest if (group.key in WEATHER) == weather
                                   for name in group.columns))
                  for key, weather in ((OTHER_WEATHER, True), (OTHER_COLUMNS, False))]
        found = [*ranked[:kept], *(group for group in others if group.columns)]
        if len(found) <= most:
            return found
    return []


@dataclass(frozen=True, eq=False)
class Scene:
    """The rows of a forecast, T of history and H of horizon, with what would be usual in their place.

    Attributes:
        basis: of the forecast.
        forecast: as it is filed.
        measured: `[T, C]`, the history with steps of level, as it was.
    """

    basis: Basis
    forecast: Forecast
    measured: FloatArray

    @classmethod
    def of(cls, basis: Basis, forecast: Forecast) -> "Scene":
        history = basis.view.history(basis.rows)
        return cls(basis, forecast, history[list(basis.model.station.targets)].to_numpy(np.float64, na_value=np.nan))

    @cached_property
    def clock(self) -> Clock:
        model = self.basis.model
        return Clock.of(self.features.index, model.station, parse_step(model.station.step), self.basis.rows,
                        model.shape.day)

    @property
    def features(self) -> FeatureTable:
        return self.basis.features

    @cached_property
    def ordinary_known(self) -> FloatArray:
        """The known columns `[T + H, K]` with the calendar of weeks without holidays."""
        known = self.features.known.astype(np.float64)
        config = self.basis.model.pipeline.config
        if config.calendar:
            names = list(calendar_names(config.day_of_year))
            ordinary = calendar_features(self.features.index, None, {}, day_of_year=config.day_of_year)
            known[:, :len(names)] = ordinary[names].to_numpy()
        return known

    @cached_property
    def ordinary(self) -> BoolArray:
        """Which rows `[T + H]` lie on days that are as they would be in a week without holidays."""
        if self.basis.model.station.kind is not Kind.LOAD or "is_day_off" not in self.features.known_names:
            return np.ones(len(self.features.index), bool)
        place = self.features.known_names.index("is_day_off")
        same: BoolArray = self.features.known[:, place] == self.ordinary_known[:, place]
        return same

    @cached_property
    def typical(self) -> FloatArray:
        """For each row the mean of the last weeks' days of its type `[T + H, C]`; 0 where nothing was ever measured."""
        return np.nan_to_num(self.clock.usual(self.measured, self.ordinary[:self.basis.rows], "type"))

    @cached_property
    def days(self) -> Days:
        """The days of the history."""
        rows, weather = self.basis.rows, list(self.features.weather_columns)
        unusual = (self.features.known - self.usual_known)[:rows, weather]
        return Days.of(self.measured, self.typical[:rows], unusual, self.ordinary[:rows], self.clock.day)

    @cached_property
    def levels(self) -> Levels:
        return Levels.of(self.days)

    @cached_property
    def flat(self) -> FloatArray:
        """The history's targets `[T, C]` without what the days ran above or below the usual level."""
        return self.levels.flattened(self.measured)

    @cached_property
    def usual(self) -> FloatArray:
        """The usual power of each row `[T + H, C]`; 0 where nothing was ever measured.

        The mean of the last four days of the same weekday, each brought to the usual level and the usual weather.
        """
        days = self.days.at_usual_weather(self.flat)
        return np.nan_to_num(self.clock.usual(days, self.ordinary[:self.basis.rows], "weekday"))

    @cached_property
    def usual_known(self) -> FloatArray:
        """The known columns `[T + H, K]` with the weather as usual at that time of day, and the calendar as it is; NaN
        where nothing is known, as it is where nothing is usual."""
        known, weather = self.features.known.astype(np.float64), list(self.features.weather_columns)
        rows = self.basis.rows
        usual = self.clock.usual(known[:rows, weather], np.ones(rows, bool), "none")
        known[:, weather] = np.where(np.isnan(known[:, weather]) | np.isnan(usual), known[:, weather], usual)
        return known

    def places(self, group: Group) -> list[int]:
        """Where the known columns of a group stand; those of the day type are all that are not the weather's."""
        if group.key == DAY_TYPE:
            weather = self.features.weather_columns
            return [place for place in range(self.features.known.shape[1]) if place not in weather]
        found = self.basis.model.pipeline.weather_places
        return [place for name in group.columns for place in found.get(name, ())]

    def differs(self, group: Group) -> bool:
        """Whether anything of a group is other than usual."""
        rows, known = self.basis.rows, self.features.known
        usual = self.ordinary_known if group.key == DAY_TYPE else self.usual_known
        places = self.places(group)
        return bool(np.nan_to_num(known[rows:, places] - usual[rows:, places].astype(np.float32)).any())

    def table(self, groups: Collection[Group], present: Collection[str]) -> FeatureTable:
        """The rows with all `groups` as usual but those whose keys are `present`."""
        rows, known = self.basis.rows, self.features.known.copy()
        targets = self.features.targets
        for group in groups:
            if group.key in present:
                continue
            if group.key == LEVEL:
                targets = np.concatenate([self.flat.astype(np.float32), targets[rows:]])
            else:
                places, usual = self.places(group), self.ordinary_known if group.key == DAY_TYPE else self.usual_known
                known[rows:, places] = usual[rows:, places]
        return replace(self.features, targets=targets, known=known)
