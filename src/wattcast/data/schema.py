"""What a station's data is: the columns we recognise, how a user describes a source, and the tables that come out."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, Self
from zoneinfo import available_timezones

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from wattcast.contracts import ADJUSTABLE, PART, TARGETS, TOTAL, Config, Kind, Location, PowerLimits, Station
from wattcast.data.by_target import Counter, require_targets
from wattcast.errors import ConfigError, listing, nearest
from wattcast.timegrid import parse_duration, parse_horizon, parse_step


@dataclass(frozen=True)
class Quantity:
    """A kind of column: its spellings, what is physically possible, and whether a constant reading means a fault.

    `limits` are wide enough for every unit in use. `varies` marks what cannot stay equal for hours unless the sensor is
    stuck, `coarse` what is often rounded to whole numbers, which may stay equal for longer. `text` marks codes.
    """

    aliases: tuple[str, ...] = ()
    limits: tuple[float | None, float | None] = (None, None)
    varies: bool = False
    coarse: bool = True
    text: bool = False


NAMELESS_INDEX = ("Unnamed: 0", "__index_level_0__")
"""What the index of a data frame is called in CSV and Parquet if it has no name: often the time."""

UTC_OFFSETS = ("utc_offset", "offset_utc", "gmt_offset", "tz_offset", "timezone_offset", "time_zone_offset",
               "utc_versatz", "utc_diff", "utc时差", "utc偏移", "时区偏移")
"""Columns whose bare numbers are hours, minutes or seconds from UTC; others that may tell it have to say so."""

GLOBAL_IRRADIANCE = ("irradiance", "ghi", "radiation")
"""Of `QUANTITIES` what the sun gives a level ground, the best one first."""

QUANTITIES = {
    "time": Quantity(("time", "ts", "timestamp", "datetime", "date", "ds",
                      "时间", "时刻", "日期时间", "数据时间", "采集时间", "zeitstempel", "start_time", "interval_start",
                      "period_start", "datum_von", "mtu", "end_time", "interval_end", "period_end", "datum", "日期",
                      "day", "zeit", "zeitpunkt", "datum_uhrzeit", "datum_zeit", "fecha", "fecha_hora", "horodate",
                      "utc", "von", "start", "start_date", "from", "beginn", "begin",
                      "date_and_time", "datum_und_uhrzeit", "statistical_period", "collection_time", "last_changed",
                      "统计时间", "日時", "計測日時", "計測時刻", "測定日時", "測定時刻", "日付", "日付時刻",
                      "時間", "日期時間", "일시", "측정일시", "시간", "날짜",
                      "数据日期", "采集日期", "统计日期", "记录时间", "测量时间", "监测时间", "上报时间", "冻结时间",
                      "抄表时间", "年月日", "年月日時", "時刻", "시각",
                      "date_heure", "date_et_heure", "fecha_y_hora", "data_ora", "data_e_ora", "data_hora",
                      "datum_tijd", "datum_en_tijd", "tidpunkt", "tidspunkt", "dato", "дата", "дата_и_время", "время",
                      "tarih", "tarih_saat", "zeit_von", "messzeitpunkt", "ab_datum", "data_time", "log_time",
                      "record_time", "reading_time", "read_time", "sample_time", "event_time", "measured_at",
                      "measurement_time", "local_time", "from_date", "from_time", "read_date", "reading_date",
                      "local_date", "t_stamp", "unix_time", "unix_timestamp", "epoch",
                      "开始时间", "起始时间", "开始时刻", "结束时间", "截止时间", "终止时间", "结束时刻",
                      *NAMELESS_INDEX)),
    "clock": Quantity(("time_of_day", "hour", "hour_ending", "he", "hour_beginning", "uhrzeit", "period",
                       "settlement_period", "interval", "小时", "时段", "时点", "heure", "heures",
                       "hora", "ora", "godzina", "tijd", "klokkeslæt", "saat", "čas", "hour_of_day", "viertelstunde",
                       "quarter_hour", "time_slot")),
    "offset": Quantity((*UTC_OFFSETS, "offset", "tz", "time_zone", "timezone", "tz_name", "zeitzone", "时区",
                        "fuseau_horaire", "zona_horaria")),
    "issued": Quantity(("issued", "issued_at", "issue_time", "init_time", "reference_time", "发布时间", "起报时间")),
    "station": Quantity(("station_ref_id", "station_id", "station", "site_id", "unique_id", "item_id",
                         "站点编号", "站点", "场站编号", "场站", "电站编号", "电站")),
    TOTAL: Quantity(("total_active_power", "active_power", "总有功功率", "有功功率", "总功率"), varies=True),
    PART: Quantity(("not_use_power", "不可用功率", "不可控负荷", "不可控功率", "不可调负荷", "不可调功率"),
                   varies=True),
    # °C, °F or K
    "temperature": Quantity(("temperature", "temp", "air_temperature", "温度", "气温"), (-90, 345), varies=True),
    # % or a fraction
    "humidity": Quantity(("humidity", "relative_humidity", "rh", "湿度", "相对湿度"), (0, 110), varies=True),
    # kPa, hPa or Pa
    "pressure": Quantity(("pressure", "air_pressure", "气压"), (30, 110_000), varies=True),
    # m/s or km/h
    "wind_speed": Quantity(("windSpeed", "wind", "ws", "风速"), (0, 200), varies=True),
    # degrees
    "wind_direction": Quantity(("wind_direction", "winddeg", "wind360", "wd"), (-180, 360)),
    # %, octas or a fraction
    "cloud": Quantity(("cloud", "clouds", "cloud_cover", "云量"), (0, 101)),
    # mm
    "rain": Quantity(("rain", "rainfall", "precip", "precipitation", "降水", "降水量", "降雨量"), (0, 500)),
    # W/m²
    "irradiance": Quantity(("irradiance", "total_irradiance", "总辐照度", "辐照度"), (-50, 2000),
                           varies=True, coarse=False),
    "ghi": Quantity(("ghi",), (-50, 2000), varies=True, coarse=False),
    "dni": Quantity(("dni",), (-50, 2000), varies=True, coarse=False),
    "dhi": Quantity(("dhi",), (-50, 2000), varies=True, coarse=False),
    # W/m² or J/m²
    "radiation": Quantity(("radiation", "shortwave_radiation", "辐射"), (-1000, 5e6), varies=True, coarse=False),
    "is_peak": Quantity(("is_peak", "peak", "是否高峰", "尖峰")),
    "text": Quantity(("text", "weather", "weather_text", "天气", "天气现象"), text=True),
    "code": Quantity(("code", "weather_code", "天气代码"), text=True),
    "holiday": Quantity(("holiday", "is_holiday", "节假日"), text=True),
}
"""The columns that need no description; spellings match without regard to case, `_`, `-` and units in brackets."""

POWER_UNITS = ("W", "kW", "MW", "GW", "瓦", "千瓦", "兆瓦")
ENERGY_UNITS = ("Wh", "kWh", "MWh", "GWh", "瓦时", "千瓦时", "兆瓦时", "度")
"""Of energy in the length of one interval."""

STRUCTURAL = ("time", "clock", "offset", "issued", "station")
"""Quantities that place a row and measure nothing."""

REDUNDANT = ("quarter", *NAMELESS_INDEX)
"""Columns that only repeat the time or number the rows."""


@lru_cache(maxsize=10_000)     # a folder of a year has the same few names in each of its files
def _spelling(name: str) -> str:
    bare = re.sub(r"[(\[].*?[)\]]", "", unicodedata.normalize("NFKC", name))
    return re.sub(r"[\W_]+", "", bare).casefold()


_BY_SPELLING = {_spelling(alias): name for name, quantity in QUANTITIES.items() for alias in quantity.aliases}


def recognise(column: str) -> str | None:
    """The name in `QUANTITIES` of what a column's spelling stands for, or None."""
    spelling = _spelling(column)
    if spelling not in _BY_SPELLING and (found := _BY_SPELLING.get(re.sub("^utc|utc$", "", spelling))) == "time":
        return found
    return _BY_SPELLING.get(spelling)


def alias_order(column: str, quantity: str) -> int:
    """Which of a quantity's spellings a column's name is, counted from 0: their number if it is none."""
    aliases, spelling = list(map(_spelling, QUANTITIES[quantity].aliases)), _spelling(column)
    return next((aliases.index(each) for each in (spelling, re.sub("^utc|utc$", "", spelling)) if each in aliases),
                len(aliases))


def spelt(column: str, *names: str) -> bool:
    """Whether a column's name is one of these, however it is spelt."""
    return _spelling(column) in map(_spelling, names)


def quantity_of(column: str) -> Quantity:
    """What a column's spelling tells about it; nothing special if it is not recognised."""
    return QUANTITIES.get(recognise(column) or "", Quantity())


def _of_key(key: str, parse: Callable[[str], pd.Timedelta], text: str) -> None:
    """Nothing, unless the text cannot be what the key holds.

    Raises:
        ConfigError: the message names the key.
    """
    try:
        parse(text)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error.what}", expected=error.expected, hint=error.hint) from None


class TimeConfig(Config):
    """How the source writes time."""

    column: str | None = Field(None, description="column with the time; recognised by its name if not given")
    clock: str | None = Field(None, description="column with the time of day, where `column` holds the date only")
    stamp: Literal["start", "end"] | None = Field(None, description="what the times tell of an interval; null: the "
                                                  "start, unless days end at 24:00 or hours are numbered 1 to 24")
    day_first: bool | None = Field(None, description="whether 01/02/2025 is in February; null: as other rows tell")
    timezone: str = Field("Asia/Shanghai", description="IANA zone of the station; times without an offset are in it")
    step: str = Field("15min", description="length of one interval; faster data is averaged to it, energy added up")
    daylight_saving: bool | None = Field(None, description="whether a load's days move with the clock where it is put "
                                         "forward and back; null: as two such changes show, else true")
    sampling: Literal["regular", "on_change"] | None = Field(
        None, description="on_change: a row when a value changes, which holds until the next; null: told by the rows")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _of_key("data.time.step", parse_step, self.step)
        try:
            pd.DatetimeTZDtype(tz=self.timezone)
        except (KeyError, ValueError, TypeError, IndexError, OSError):
            raise ConfigError(f"data.time.timezone {self.timezone!r} is not a time zone",
                              expected="an IANA name such as Asia/Shanghai, or a fixed offset such as Etc/GMT-8",
                              hint=_zone_for(self.timezone)) from None
        return self


_DISTANCE = re.compile(r"(?i)(?:utc|gmt)?\s*([-+−])\s*0?(\d{1,2})(?::?00)?")
_CITIES = {"beijing": "Asia/Shanghai", "peking": "Asia/Shanghai", "北京": "Asia/Shanghai", "上海": "Asia/Shanghai",
           "china": "Asia/Shanghai", "中国": "Asia/Shanghai"}
LIKE_A_ZONE = 0.8
"""How like a name must be to be proposed: half of the letters are those of some zone. [likeness from 0 to 1]"""


def _zone_for(text: str) -> str | None:
    """What to write for something that is no zone: of a distance from UTC the fixed zone, whose sign is reversed."""
    if match := _DISTANCE.fullmatch(text.strip()):
        sign = "-" if match[1] == "+" else "+"
        return f"write Etc/GMT{sign}{int(match[2])}, whose sign is reversed by convention"
    zones = available_timezones()
    places = {zone.rpartition("/")[2].casefold(): zone for zone in sorted(zones)} | _CITIES
    zone = nearest(text, zones, LIKE_A_ZONE) or places.get(nearest(text.casefold(), places, LIKE_A_ZONE) or "")
    return f"did you mean {zone}?" if zone else None


class WeatherForecastsConfig(Config):
    """A separate table of weather forecasts, each row with the instant at which it was issued."""

    path: str = Field(description="CSV or Parquet file, relative to the data's folder")
    issued: str = Field("issued", description="column with the instant of issue")
    time: str = Field("time", description="column with the start of the interval that the row is for")
    lead: str | None = Field(None, description="column with the hours from the issue to that start, instead of `time`")
    station: str | None = Field(None, description="column with the station's id; data.station_column if not given")


class DataConfig(Config):
    """A source of measurements; without `targets` its columns are recognised by their names.

    Raises:
        ConfigError: names contradict each other, or a time zone, step, duration or range makes no sense.
    """

    station: str | None = Field(None, coerce_numbers_to_str=True,
                                description="id of the station; the file's name without a station column")
    station_column: str | None = Field(None, description="column that tells several stations apart")
    time: TimeConfig = TimeConfig()
    targets: dict[str, str] = Field({}, description="our name (total_active_power, not_use_power): the source's column")
    only_power: bool | str = Field(True, description="whether the only column that can be the total power is taken for "
                                                     "it where no name says so; a name: that column or none")
    known_future: tuple[str, ...] = Field((), description="columns whose values are known over the horizon")
    past_only: tuple[str, ...] = Field((), description="columns that are known up to the origin only")
    categorical: tuple[str, ...] = Field((), description="those of the columns that hold codes or texts")
    horizon: str = Field("7d", description="how far ahead forecasts reach: whole days, 1d (24h) to 7d")
    kind: Kind | None = Field(None, description="load, pv or wind; null: pv if nothing but the sun explains when it "
                                                "rests, else load")
    capacity: float | None = Field(None, gt=0, description="in the target's unit")
    unit: str | dict[str, str] | None = Field(
        None, union_mode="left_to_right", description="of the targets, or of each by our name: kW, MW … (power) or "
                                                      "kWh, MWh … (energy per interval); null: told by the column's "
                                                      "name")
    counter: Counter | dict[str, Counter] | None = Field(
        None, union_mode="left_to_right", description="true: the targets, or each by our name, are a meter's readings, "
                                                      "whose differences are energy per interval; falling: what is "
                                                      "left of an amount paid before; hourly: energy that is added up "
                                                      "anew in each hour; null: an error if they look so")
    location: Location = Location()
    limits: PowerLimits = PowerLimits()
    weather_forecasts: WeatherForecastsConfig | None = None
    folder: Literal["stations", "one"] | None = Field(
        None, description="whether files beside each other are stations or parts of one; null: as names and times tell")
    overlap: Literal["error", "later"] = Field(
        "error", description="files of one station that disagree: an error, or the later one (by name) counts")
    sheet: str | None = Field(None, coerce_numbers_to_str=True,
                              description="sheet of a workbook (.xlsx); null: the first")
    skip_rows: int | None = Field(None, ge=0, description="rows before the one with the column names; null: found")
    decimal: Literal[".", ","] | None = Field(None, description="sign before decimals in text files; null: found")
    flat_line: str | None = Field("6h", description="a sensor whose reading is equal for longer is stuck; null: never")
    scale_faults: bool = Field(True, description="leave out power that is alone far outside all before it, for a day "
                                                 "or longer in another unit (1000, 60 or 4 times), or a code for no "
                                                 "value that is told by what came before (9999, -1)")
    valid_range: dict[str, tuple[float | None, float | None]] = Field(
        {}, description="column: [lowest, highest] possible value, null for no limit; replaces the built-in limits")
    missing_values: tuple[float, ...] = Field((
        -99, -999, -9999, 6553.5, -3276.7, -3276.8, 65535, 32767, -32768, 2147483647, -2147483648, 4294967295),
        description="numbers that loggers write for no value")
    missing_words: tuple[str, ...] = Field((), description="texts that stand for no value, besides the usual ones "
                                                           "(`-`, `NA`, `?`, `unavailable`, `bad`, `无效` …)")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _of_key("data.horizon", parse_horizon, self.horizon)
        if self.flat_line is not None:
            _of_key("data.flat_line", parse_duration, self.flat_line)
        self._check_targets()
        self._check_roles()
        for column, (low, high) in self.valid_range.items():
            if low is not None and high is not None and low > high:
                raise ConfigError(f"data.valid_range.{column} leaves nothing", found=f"[{low:g}, {high:g}]",
                                  expected="[lowest, highest]")
        require_targets("data.unit", self.unit)
        require_targets("data.counter", self.counter)
        units = (*POWER_UNITS, *ENERGY_UNITS)
        for unit in self.unit.values() if isinstance(self.unit, dict) else filter(None, [self.unit]):
            if unit.strip().lower() not in map(str.lower, units):
                close = nearest(unit, units)
                raise ConfigError(f"data.unit {unit!r} is not a unit of power or energy", expected=listing(units),
                                  hint=f"did you mean {close}?" if close else None)
        return self

    def _check_targets(self) -> None:
        unknown = [name for name in self.targets if name not in TARGETS]
        if unknown:
            close = nearest(unknown[0], TARGETS)
            raise ConfigError(f"data.targets has the unknown name {unknown[0]!r}",
                              expected=f"{TOTAL} and perhaps {PART}",
                              hint=f"did you mean {close}?" if close else f"our name comes first: {TOTAL}: your_column")
        if self.targets and TOTAL not in self.targets:
            raise ConfigError(f"data.targets lacks {TOTAL}", found=", ".join(self.targets))

    def _check_roles(self) -> None:
        others = (*self.known_future, *self.past_only)
        listed = [self.time.column, self.station_column, *self.targets.values(), *others]
        twice = [column for column in listed if column is not None and listed.count(column) > 1]
        if twice:
            raise ConfigError(f"data lists the column {twice[0]!r} more than once", expected="each column once: as the "
                              "time, as the station, or in targets, known_future or past_only")
        ours = [name for name in others if name in (*TARGETS, ADJUSTABLE)]
        if ours:
            raise ConfigError(f"data gives {ours[0]!r} a role other than target", hint="name it under data.targets")
        stray = [name for name in self.categorical if self.targets and name not in others]
        if stray:
            raise without_role(stray[0])


def without_role(column: str) -> ConfigError:
    """What to tell of a column that is named as categorical and as nothing else."""
    return ConfigError(f"data.categorical names {column!r}, which has no role",
                       hint="list it under data.known_future or data.past_only too")


def newest_of_each(rows: pd.DataFrame) -> pd.DataFrame:
    """For each `time`, cell by cell, the last value that is there: rows are in the order of their issue."""
    return rows.groupby(level="time").last()


@dataclass(frozen=True)
class WeatherVintages:
    """Weather forecasts with the instant each was issued.

    `table` has a MultiIndex (`issued`, `time`), both tz-aware in the station's zone, sorted, unique; its columns are a
    subset of the station's `known_future`.
    """

    table: pd.DataFrame

    def as_of(self, origin: pd.Timestamp) -> pd.DataFrame | None:
        """What was known at `origin`, indexed by `time`, from the newest forecast's first interval on.

        For each cell the newest forecast issued by then that tells it: a newer one that is shorter does not hide an
        older one that reaches further. None if there was none yet.
        """
        issued = self.table.index.get_level_values("issued")
        known = self.table.iloc[:issued.searchsorted(origin, side="right")]
        if known.empty:
            return None
        times = known.index.get_level_values("time")
        first = known.loc[known.index.get_level_values("issued")[-1]].index[0]
        return newest_of_each(known[times >= first])

    def until(self, origin: pd.Timestamp) -> "WeatherVintages":
        """Only those issued at or before `origin`, and no later one behind them in memory."""
        issued = self.table.index.get_level_values("issued")
        return WeatherVintages(self.table.iloc[:issued.searchsorted(origin, side="right")].copy())


@dataclass(frozen=True)
class StationData:
    """One station's measurements on a regular grid.

    `frame` has a tz-aware index named `time` (interval starts, every step present) and the columns `station.columns`
    in that order: float64, NaN where missing; categorical columns are strings (dtype `str`), missing where `isna`.
    Rows after the last measured target may be there, with known-future values only. `vintages` is None where only one
    version of the weather exists.
    """

    station: Station
    frame: pd.DataFrame
    vintages: WeatherVintages | None = None

    @property
    def measured(self) -> bool:
        """Whether any target has a value; without one there is no `end`."""
        return bool(self.measured_rows.any())

    @cached_property
    def measured_rows(self) -> NDArray[np.bool_]:
        """Which rows have a value of a target `[T]`."""
        targets = [self.frame[target].to_numpy(np.float64) for target in self.station.targets]
        known: NDArray[np.bool_] = np.logical_not(np.isnan(targets).all(axis=0))
        return known

    @property
    def end(self) -> pd.Timestamp:
        """The instant at which the last measured interval ends: the latest possible origin."""
        last: pd.Timestamp = self.frame.index[np.flatnonzero(self.measured_rows)[-1]]
        return last + parse_step(self.station.step)

    def until(self, origin: pd.Timestamp) -> "StationData":
        """The same without anything measured or issued at or after `origin` (known-future rows after it go too)."""
        vintages = None if self.vintages is None else self.vintages.until(origin)
        known = self.frame.iloc[:self.frame.index.searchsorted(origin)].copy()
        return StationData(self.station, known, vintages)
