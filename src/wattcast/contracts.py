"""The words that all parts share: roles, targets, quantiles, the station, the horizon, the forecast, the forecaster."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import pandas as pd

    from wattcast.data.schema import StationData

TOTAL = "total_active_power"
PART = "not_use_power"
ADJUSTABLE = "adjustable_power"
TARGETS = (TOTAL, PART)
"""The two coupled quantities: the station's total active power and the part of it that cannot be dispatched."""

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Levels of every probabilistic forecast; the point forecast is the median. [probability]"""

MIDDLE = QUANTILES.index(0.5)

HORIZON_DAYS = 7
"""How far ahead a forecast reaches at most, and unless told otherwise: lags of a week are known over all of it.
[days]"""


class Config(BaseModel):
    """Base of all configuration sections and stored descriptions: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Role(StrEnum):
    """What is known of a column when a forecast is made."""

    TARGET = "target"
    KNOWN_FUTURE = "known_future"
    PAST_ONLY = "past_only"


class Kind(StrEnum):
    """What a station is; decides physical limits and scaling."""

    LOAD = "load"
    PV = "pv"
    WIND = "wind"


class Location(Config):
    """Where a station stands: degrees north, degrees east, ISO 3166 country code."""

    latitude: float | None = Field(None, ge=-90, le=90, description="degrees north")
    longitude: float | None = Field(None, ge=-180, le=180, description="degrees east")
    country: str | None = Field(
        None, description="ISO 3166 code of the country whose holidays hold; CN by default in a Chinese time zone")

    @property
    def has_coordinates(self) -> bool:
        return self.latitude is not None and self.longitude is not None


class PowerLimits(Config):
    """What a station's power is said to keep to; null: what its history keeps to."""

    nonnegative: bool | None = Field(None, description="whether forecasts stay at or above zero; null: of each target "
                                                       "whose history does")
    part_of_total: bool | None = Field(None, description="whether not_use_power stays at or below total_active_power; "
                                                         "null: if it does in the history")


class Station(Config):
    """A metered site and its columns under wattcast's own names.

    `targets` holds `total_active_power` and perhaps `not_use_power`; `known_future` and `past_only` name the other
    columns by role; `categorical` is the subset of those that holds codes or texts instead of quantities.
    """

    id: str
    targets: tuple[str, ...] = (TOTAL,)
    known_future: tuple[str, ...] = ()
    past_only: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    kind: Kind = Kind.LOAD
    capacity: float | None = Field(None, gt=0)
    location: Location = Location()
    limits: PowerLimits = PowerLimits()
    timezone: str = "Asia/Shanghai"
    step: str = "15min"
    horizon: str = "7d"
    """How far ahead its forecasts reach, whole days."""
    daylight_saving: bool = True
    """Whether a load's days move with the clock where it is put forward and back; sun and wind never do."""
    naive_time: bool = True
    """Whether the source wrote local times without an offset; forecasts are then written the same way."""

    @property
    def by_wall_clock(self) -> bool:
        """Whether what it repeats, it repeats by the clock on the wall; otherwise by absolute time."""
        return self.kind is Kind.LOAD and self.daylight_saving

    @property
    def columns(self) -> tuple[str, ...]:
        return self.targets + self.known_future + self.past_only


@dataclass(frozen=True)
class Horizon:
    """How far ahead: `steps` intervals of `step` each; lead k (1 … steps) starts at origin + (k − 1)·step."""

    steps: int
    step: "pd.Timedelta"


class View(Protocol):
    """What may be known at an origin; asking for more raises `LeakageError`.

    The origin is the last instant whose measurements are known. Stamps mark the start of an interval, so rows before
    the origin are past, and the first forecast interval is stamped with the origin itself.
    """

    @property
    def station(self) -> Station: ...

    @property
    def origin(self) -> "pd.Timestamp": ...

    @property
    def horizon(self) -> Horizon: ...

    def training_data(self) -> "StationData":
        """Everything measured or issued before the origin, to fit on."""
        ...

    def history(self, steps: int) -> "pd.DataFrame":
        """The last `steps` rows before the origin; columns as in `station.columns`."""
        ...

    def future(self) -> "pd.DataFrame":
        """`horizon.steps` rows from the origin on with the columns `station.known_future`; NaN where not known."""
        ...


@dataclass(frozen=True)
class LevelStep:
    """A load's level that has stepped and stayed there.

    `share` is what the step adds, as a share of what was forecast without it on the days that have it: all days, or
    those worked only. It is `followed` unless the latest day was as before.
    """

    target: str
    since: "pd.Timestamp"
    share: float
    worked_only: bool
    followed: bool

    def __str__(self) -> str:
        way, runs = "above" if self.share > 0 else "below", "runs" if self.followed else "ran"
        then = "the forecast follows" if self.followed else "the last day no longer, and the forecast does not follow"
        return (f"{self.target}: since {self.since:%Y-%m-%d} {'on working days ' if self.worked_only else ''}it {runs} "
                f"{100 * abs(self.share):.0f} % {way} what was forecast; {then}")

    def to_dict(self) -> dict[str, str | float | bool]:
        return {"target": self.target, "since": self.since.isoformat(), "share": round(self.share, 4),
                "worked_only": self.worked_only, "followed": self.followed}


@dataclass(frozen=True)
class Forecast:
    """A forecast from one origin.

    `table` is indexed by `time` (tz-aware, `horizon.steps` rows) with one column a target (the median) and one a
    quantile (`quantile_column`), in the target's unit. `notes` says in plain words what limited or degraded it, `facts`
    what does so every day; `steps` are the steps of level that were seen.
    """

    station_id: str
    origin: "pd.Timestamp"
    model: str
    table: "pd.DataFrame"
    notes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    steps: tuple[LevelStep, ...] = ()


class Forecaster(Protocol):
    """Anything that turns a view into a forecast: a value, of which nothing changes in place.

    `fit` sees a view whose origin is where training data ends, and returns a new forecaster that is fitted; the one it
    is asked of stays as it is, so that a later fit changes no forecaster that is in use.
    """

    @property
    def name(self) -> str: ...

    def fit(self, view: View) -> Self: ...

    def forecast(self, view: View) -> Forecast: ...


AnyForecaster = TypeVar("AnyForecaster", bound=Forecaster)


class Fit(Protocol):
    """Hands out what a forecaster is once it is fitted."""

    def __call__(self, forecaster: AnyForecaster, /) -> AnyForecaster: ...


@runtime_checkable
class Composite(Forecaster, Protocol):
    """A forecaster made of others; who works with several of them fits and asks each part once."""

    def fit_with(self, fit: Fit) -> Self:
        """`fit`, with its parts fitted by another."""
        ...

    def forecast_with(self, view: View, ask: Callable[[Forecaster], Forecast]) -> Forecast:
        """`forecast`, with its parts asked by another."""
        ...


def quantile_column(target: str, level: float) -> str:
    """`total_active_power_q10` for the 10 % quantile of the total."""
    return f"{target}_q{round(100 * level):02d}"


WeatherUse = Literal["given", "none"]
"""Whether known-future columns other than the calendar may be used over the horizon."""
