"""All features of a station in one table, every column with its role."""

import logging
from collections.abc import Mapping
from copy import copy
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator

from wattcast.contracts import Config, Kind, Role, Station
from wattcast.data.cities import place_of
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError, WattcastError, listing
from wattcast.features.calendar import (
    DayKind,
    calendar_features,
    calendar_names,
    days_off,
    load_overrides,
    unpublished_years,
)
from wattcast.features.lags import lag_names
from wattcast.features.slots import IRRADIANCE, weather_slots
from wattcast.features.solar import SOLAR_NAMES, clear_sky, solar_features
from wattcast.features.table import FeatureTable, VintageTable, vintages_on_grid
from wattcast.features.weather import ColumnEncoder
from wattcast.timegrid import parse_step

__all__ = ["FeaturePipeline", "FeatureTable", "FeaturesConfig", "VintageTable"]

logger = logging.getLogger("wattcast")


class FeaturesConfig(Config):
    """What the network is told besides the power itself."""

    calendar: bool = Field(True, description="time of day, weekday, public holidays, adjusted workdays")
    holidays_file: str | None = Field(None, description="CSV date,kind[,name] that overrides the country's calendar; "
                                                        "kind is holiday or workday")
    day_of_year: bool = Field(False, description="the season; worth having from two years of data on")
    weather: bool = Field(True, description="the station's known-future columns")
    solar: bool = Field(True, description="the sun's elevation and clear-sky irradiance where the place is known, "
                                          "and the rule clear-sky")
    lag_weeks: tuple[Annotated[int, Field(ge=1, le=52)], ...] = Field(
        (1, 2, 3, 4), min_length=1, description="seasonal lags in weeks, all known over the horizon")
    vmd: bool = Field(False, description="variational mode decomposition of the past window")
    vmd_modes: int = Field(4, ge=2, le=16, description="modes of the decomposition")
    vmd_alpha: float = Field(2000.0, gt=0, description="bandwidth penalty of the decomposition: higher is narrower")

    @field_validator("lag_weeks")
    @classmethod
    def _distinct(cls, weeks: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(weeks)) < len(weeks):
            raise ValueError("a lag is named twice")
        return weeks


class FeaturePipeline:
    """Turns a station's rows into features, each row by itself: what comes later cannot change what came before.

    Only the vocabularies of categorical columns are learned, from the rows given to `fit`.
    """

    def __init__(self, config: FeaturesConfig, station: Station) -> None:
        self.config, self.station = config, station
        self.step = parse_step(station.step)
        self.overrides = load_overrides(Path(config.holidays_file)) if config.holidays_file else {}
        self._encoders: tuple[ColumnEncoder, ColumnEncoder] | None = None
        self._warned: set[int] = set()

    def fit(self, data: StationData) -> Self:
        """A pipeline that knows the categories in `data`'s rows and issued forecasts.

        Raises:
            DataError: two features would have the same name.
        """
        tables = [data.frame] if data.vintages is None else [data.frame, data.vintages.table]
        categorical = self.station.categorical
        fitted = copy(self)
        fitted._encoders = (ColumnEncoder.fit(self._weather_names, categorical, tables),
                            ColumnEncoder.fit(self.station.past_only, categorical, tables))
        # Each tells of estimated holidays for itself.
        fitted._warned = set()
        fitted.roles()
        return fitted

    def transform(self, frame: pd.DataFrame, vintages: WeatherVintages | None = None) -> FeatureTable:
        """Features of every row of `frame`: history, and perhaps horizon rows whose targets are missing.

        Args:
            frame: regular, tz-aware index; the station's columns.
            vintages: weather forecasts as they were issued.

        Raises:
            DataError: a column of the station is missing, or the index is not regular.
        """
        self._check(frame)
        return self._table(frame, vintages, self._calendar_and_sun(pd.DatetimeIndex(frame.index)), self.known_names)

    def transform_plain(self, frame: pd.DataFrame, vintages: WeatherVintages | None = None) -> FeatureTable:
        """The same with the days off and the weather alone: all that rules read which learn nothing."""
        self._check(frame)
        index, config = pd.DatetimeIndex(frame.index), self.config
        off = self._days_off(index)[:, None] if config.calendar else np.empty((len(index), 0), np.float32)
        return self._table(frame, vintages, [off],
                           (*(("is_day_off",) if config.calendar else ()), *self._fitted()[0].names))

    def _table(self, frame: pd.DataFrame, vintages: WeatherVintages | None, parts: list[NDArray[np.float32]],
               known_names: tuple[str, ...]) -> FeatureTable:
        """With the `parts` of what is known before the weather."""
        weather, past = self._fitted()
        index = pd.DatetimeIndex(frame.index)
        return FeatureTable(
            index=index,
            targets=np.stack([frame[name].to_numpy(np.float32, na_value=np.nan) for name in self.station.targets], 1),
            known=np.concatenate([*parts, weather.encode(frame)], 1),
            past=past.encode(frame),
            known_names=known_names,
            past_names=self.past_names,
            weather_columns=tuple(range(len(known_names) - len(weather.names), len(known_names))),
            vintages=None if vintages is None or not weather.names
            else vintages_on_grid(vintages.table, index[0], self.step, weather),
            clear_sky=self._clear_sky(index),
        )

    def unknown_categories(self, future: pd.DataFrame) -> dict[str, list[str]]:
        """Of each categorical column of the horizon, the categories that `fit` did not see."""
        return self._fitted()[0].unknown(future)

    @property
    def known_names(self) -> tuple[str, ...]:
        """The K known-future columns: calendar, sun, weather."""
        calendar = calendar_names(self.config.day_of_year) if self.config.calendar else ()
        return (*calendar, *(SOLAR_NAMES if self._has_sun else ()), *self._fitted()[0].names)

    @property
    def weather_places(self) -> dict[str, tuple[int, ...]]:
        """Where among the known-future columns each of the station's own stands, by its name."""
        encoder, names = self._fitted()[0], self.known_names
        return {column: tuple(names.index(name) for name in encoder.names_of(column)) for column in encoder.columns}

    @property
    def past_names(self) -> tuple[str, ...]:
        """The P past-only columns."""
        return self._fitted()[1].names

    def roles(self) -> dict[str, Role]:
        """Every feature that reaches the network: the table's columns, and the targets' seasonal lags and modes.

        Raises:
            DataError: two of them have the same name.
        """
        targets = self.station.targets
        modes = [f"{target}_mode_{number + 1}" for target in targets for number in range(self.config.vmd_modes)]
        features = [
            *((name, Role.TARGET) for name in targets),
            *((name, Role.KNOWN_FUTURE) for name in (*self.known_names, *lag_names(targets, self.config.lag_weeks))),
            *((name, Role.PAST_ONLY) for name in (*self.past_names, *(modes if self.config.vmd else ()))),
        ]
        names = [name for name, _ in features]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DataError(f"two features of station {self.station.id} have the same name", found=listing(twice),
                            hint="give the station's column another name, or leave it out of data.known_future and "
                                 "data.past_only")
        return dict(features)

    def classification(self) -> dict[str, list[str]]:
        """What of all this is known over the horizon, under the names of `feature_classification.json`."""
        roles = self.roles()
        return {
            "knowable_future_features": [name for name, role in roles.items() if role is Role.KNOWN_FUTURE],
            "unknowable_future_features": [name for name, role in roles.items() if role is not Role.KNOWN_FUTURE],
        }

    def state(self) -> dict[str, Any]:
        """All that `fit` learned and the days set by hand, ready for JSON."""
        weather, past = self._fitted()
        return {
            "vocabulary": {column: list(words) for encoder in (weather, past)
                           for column, words in encoder.vocabulary.items()},
            "overrides": {day.isoformat(): kind for day, kind in sorted(self.overrides.items())},
        }

    @classmethod
    def from_state(cls, config: FeaturesConfig, station: Station, state: Mapping[str, Any]) -> Self:
        """The pipeline whose `state` this is.

        The holidays file is read again where it still exists, so that next year's notice counts without training anew.
        """
        file = config.holidays_file
        present = file is not None and Path(file).exists()
        pipeline = cls(config if present else config.model_copy(update={"holidays_file": None}), station)
        pipeline.config = config
        stored: dict[date, DayKind] = {date.fromisoformat(day): kind for day, kind in state["overrides"].items()}
        pipeline.overrides = stored | pipeline.overrides
        vocabulary = {column: tuple(words) for column, words in state["vocabulary"].items()}
        pipeline._encoders = (ColumnEncoder(pipeline._weather_names, vocabulary),
                              ColumnEncoder(station.past_only, vocabulary))
        return pipeline

    @property
    def _weather_names(self) -> tuple[str, ...]:
        return self.station.known_future if self.config.weather else ()

    @property
    def _has_sun(self) -> bool:
        return self.config.solar and self.station.location.has_coordinates

    def _fitted(self) -> tuple[ColumnEncoder, ColumnEncoder]:
        if self._encoders is None:
            raise WattcastError("the feature pipeline was used before it was fitted",
                                hint="use the one that fit returns")
        return self._encoders

    def _check(self, frame: pd.DataFrame) -> None:
        if missing := [name for name in self.station.columns if name not in frame]:
            raise DataError(f"columns of station {self.station.id} are missing: {listing(missing)}",
                            found=listing(frame.columns), hint="a column without values must be there, empty")
        index = frame.index
        regular = isinstance(index, pd.DatetimeIndex) and index.tz is not None and len(index) > 0
        if not regular or (np.diff(index.as_unit("ns").asi8) != self.step.value).any():
            raise DataError(f"the rows of station {self.station.id} are not a regular series with a time zone",
                            expected=f"one row every {self.station.step}")

    def _calendar_and_sun(self, index: pd.DatetimeIndex) -> list[NDArray[np.float32]]:
        parts = []
        if self.config.calendar:
            country = self.station.location.country
            self._warn_of_estimated_holidays(unpublished_years(index, country))
            features = calendar_features(index, country, self.overrides, day_of_year=self.config.day_of_year)
            parts.append(features.to_numpy())
        if self._has_sun:
            parts.append(solar_features(index, self.station.location, self.step).to_numpy())
        return parts

    def _clear_sky(self, index: pd.DatetimeIndex) -> NDArray[np.float32] | None:
        """What an open sky would give `[T]`; None for what is no photovoltaics, whose irradiance is known, and where
        nothing tells in which country it stands."""
        lit = IRRADIANCE in weather_slots(self._fitted()[0].names)
        if lit or self.station.kind is not Kind.PV or not self.config.solar:
            return None
        place = place_of(self.station)
        return None if place is None else clear_sky(index, place, self.step)

    def _days_off(self, index: pd.DatetimeIndex) -> NDArray[np.float32]:
        country = self.station.location.country
        self._warn_of_estimated_holidays(unpublished_years(index, country))
        return days_off(index, country, self.overrides)

    def _warn_of_estimated_holidays(self, years: tuple[int, ...]) -> None:
        covered = {day.year for day in self.overrides} | self._warned
        if open_years := [year for year in years if year not in covered]:
            self._warned.update(open_years)
            logger.warning("station %s: the official holidays and adjusted workdays of %s are not known yet, estimates "
                           "are used; give the notice's days in a CSV file date,kind (holiday or workday) and name it "
                           "in features.holidays_file", self.station.id, listing(open_years))
