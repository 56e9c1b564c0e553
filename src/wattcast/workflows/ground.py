"""What a forecast stands on, measured: how old its rows are and how many, its weather, how the last ones did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from wattcast.contracts import Horizon
from wattcast.data.quality import measured_days
from wattcast.data.schema import StationData
from wattcast.evaluation.horizon_view import ISSUED, NONE, PERFECT, HorizonView
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.config import ForecastConfig
from wattcast.store.base import IssuedForecast
from wattcast.timegrid import DAY, in_words, midnight, parse_step
from wattcast.windows.splits import MINIMUM_DAYS
from wattcast.workflows.record import Record, records
from wattcast.workflows.rows import Rows, known_share

Mark = Literal["ok", "degraded", "stale"]
MARKS: tuple[Mark, ...] = ("ok", "degraded", "stale")


@dataclass(frozen=True)
class Reason:
    """Why a forecast is not `ok`: a word for programs, how bad it is, a sentence for people."""

    code: str
    mark: Mark
    sentence: str

    def to_dict(self) -> dict[str, str]:
        return {"code": self.code, "mark": self.mark, "sentence": self.sentence}


@dataclass(frozen=True)
class Quality:
    """The worst of the reasons' marks; `ok` without a reason."""

    reasons: tuple[Reason, ...] = ()

    @property
    def mark(self) -> Mark:
        return max((reason.mark for reason in self.reasons), key=MARKS.index, default="ok")

    def to_dict(self) -> dict[str, Any]:
        return {"quality": self.mark, "reasons": [reason.to_dict() for reason in self.reasons]}


@dataclass(frozen=True)
class Moment:
    """When a forecast is made, and from where.

    Attributes:
        now: when it is made.
        asked: the instant by which its rows are judged: now, or the time that was asked for as the origin.
        origin: of the forecast.
        past: whether the origin was asked for in spite of newer rows, and on another day.
    """

    now: pd.Timestamp
    asked: pd.Timestamp
    origin: pd.Timestamp
    past: bool = False


@dataclass(frozen=True, eq=False)
class Ground:
    """What a forecast stands on.

    Attributes:
        quality: whether that is as it should be.
        rows: the measured rows and where they come from.
        newest: where the measurements before the origin end, by target.
        age: of the older of these.
        weather: the kind of the horizon's weather (`weather_kind`).
        weather_coverage: share of the horizon for which it is known.
        records: how the last issued forecasts did, by target.
    """

    quality: Quality
    rows: Rows
    newest: dict[str, pd.Timestamp]
    age: pd.Timedelta | None
    weather: str
    weather_coverage: float
    records: tuple[Record, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the age in hours."""
        given, stored = (None if span is None else span.to_dict() for span in (self.rows.given, self.rows.stored))
        return {"rows_given": given, "rows_stored": stored,
                "newest": {target: end.isoformat() for target, end in self.newest.items()},
                "age_hours": None if self.age is None else round(self.age / pd.Timedelta(hours=1), 2),
                "weather": self.weather, "weather_coverage": round(self.weather_coverage, 4),
                "issued_forecasts": [record.to_dict() for record in self.records]}


def stand_on(rows: Rows, moment: Moment, view: HorizonView, model: TrainedModel | None, kept: Iterable[IssuedForecast],
             version: str, config: ForecastConfig, *, unmodelled: bool) -> Ground:
    """Measure it.

    Args:
        rows: that the forecast is made from.
        moment: when it is made.
        view: what it knows.
        model: that makes it; None if there is none.
        kept: forecasts that were issued.
        version: the model's, or what stands for it.
        config: from where on it is not as it should be.
        unmodelled: whether the station has no model at all.
    """
    newest = newest_before(rows.data, moment.origin)
    late = age_reasons(moment, newest, view.horizon, config)
    lookback = model.shape.lookback * view.horizon.step if model else DAY
    spans = () if any(reason.mark == "stale" for reason in late) else (lookback,) if late else (DAY, lookback)
    few = row_reasons(rows.data, moment.origin, spans, config)
    did = records(kept, rows.data, moment.origin, version, config)
    reasons = (*((no_model(rows),) if unmodelled else ()), *late, *few,
               *weather_reasons(view, model.recipe.features.weather if model else True, config),
               *record_reasons(did, unmodelled=unmodelled))
    age = moment.asked - min(newest.values()) if newest else None
    return Ground(Quality(reasons), rows, newest, age, weather_kind(view), view.weather_coverage, tuple(did))


def no_model(rows: Rows) -> Reason:
    """That a station is forecast by rules, and what would make it better."""
    days, station = measured_days(rows.data) if rows.data.measured else 0.0, rows.data.station.id
    then = ("'wattcast train' would learn from the whole history" if days >= MINIMUM_DAYS else
            f"'wattcast train' can learn from {MINIMUM_DAYS} days on")
    by = f"rules that read its last weeks ({days:.1f} days are there)" if days else "its kind and capacity alone"
    return Reason("no_model", "degraded", f"station {station} has no model and is forecast by {by}; {then}")


def newest_before(data: StationData, origin: pd.Timestamp) -> dict[str, pd.Timestamp]:
    """Where the measurements of each target end that lie before the origin."""
    index, step = data.frame.index, parse_step(data.station.step)
    before, found = int(index.searchsorted(origin)), {}
    for target in data.station.targets:
        known = np.flatnonzero(~np.isnan(data.frame[target].to_numpy(np.float64)[:before]))
        if len(known):
            found[target] = index[known[-1]] + step
    return found


def age_reasons(moment: Moment, newest: dict[str, pd.Timestamp], horizon: Horizon,
                config: ForecastConfig) -> list[Reason]:
    """Rows that should be there by now and are not, or that are from the future: one reason for all targets."""
    if not newest:
        return [Reason("stale", "stale", "nothing was measured before the origin")]
    oldest, latest = min(newest.values()), max(newest.values())
    if latest > moment.now + horizon.step:
        return [Reason("ahead", "degraded", f"rows are stamped up to {_minute(latest)}, "
                       f"{in_words(_whole(latest - moment.now))} from now: is data.time.timezone right?")]
    expected, age = midnight(moment.asked) - config.late_days * DAY, moment.asked - oldest
    late = [target for target, end in newest.items() if end < expected]
    if not late:
        return []
    whose = "" if len(late) == len(newest) else f" of {', '.join(late)}"
    when = " at the origin" if moment.asked == moment.origin else ""
    said = f"the newest row{whose} is {in_words(_whole(age))} old{when}"
    if age > config.stale_days * DAY:
        return [Reason("stale", "stale", f"{said}: what is forecast from it explores the past")]
    return [Reason("late", "degraded", f"{said}; {_covered(moment, oldest, horizon)}")]


def _covered(moment: Moment, oldest: pd.Timestamp, horizon: Horizon) -> str:
    """Which week the file covers, and which one it should; or what is missing before it."""
    length, today = horizon.steps * horizon.step, midnight(moment.now)
    if moment.origin >= midnight(moment.asked) or moment.asked < today:
        return f"missing before the origin: {in_words(moment.origin - oldest)}"
    return (f"the file covers {_minute(moment.origin)} to {_minute(moment.origin + length)}, not {_minute(today)} to "
            f"{_minute(today + length)}; --at today forecasts from today's midnight")


def row_reasons(data: StationData, origin: pd.Timestamp, spans: Sequence[pd.Timedelta],
                config: ForecastConfig) -> list[Reason]:
    """Targets of which too little was measured in the last day, or in what the model looks back on; `spans` says in
    how long before the origin."""
    step = parse_step(data.station.step)
    reasons = []
    for target in data.station.targets:
        shares = ((known_share(data, target, origin, int(span // step)), span) for span in spans)
        share, span = min(shares, key=lambda each: each[0], default=(1.0, DAY))
        if share < config.measured_share:
            reasons.append(Reason("few_rows", "degraded", f"{target}: only {share:.0%} of the {in_words(span)} before "
                                                          "the origin were measured"))
    return reasons


def weather_reasons(view: HorizonView, used: bool, config: ForecastConfig) -> list[Reason]:
    """Weather that the model uses and that is not known for enough of the horizon; where it ends."""
    if not used or not view.station.known_future or view.weather_coverage >= config.weather_share:
        return []
    if view.weather_coverage == 0:
        return [Reason("no_weather", "degraded", "no weather was known for the horizon: it was masked; the forecast "
                                                 "rests on history and calendar")]
    return [Reason("short_weather", "degraded", weather_gap(view))]


def weather_gap(view: HorizonView) -> str:
    """How much of the horizon's weather is known, and where it ends, or what is missing."""
    known = view.future().notna()
    last = known.index[known.any(axis=1).to_numpy()][-1] + view.horizon.step
    end = view.origin + view.horizon.steps * view.horizon.step
    absent = [name for name in known if not known[name].any()]
    where = f"; it ends at {_minute(last)}, {in_words(end - last)} before the horizon does" if last < end else ""
    what = f"; nothing is known of {', '.join(absent)}" if absent else ""
    return f"weather was known for {view.weather_coverage:.0%} of the horizon; the rest was masked{where}{what}"


def weather_kind(view: HorizonView) -> str:
    """The horizon's weather in a word: `measured` afterwards, `given`, `issued` or `none`."""
    source = view.weather_source
    if PERFECT in source:
        return "measured"
    return source.partition(" ")[0] if source.startswith((ISSUED, NONE)) else "given"


def record_reasons(records: Sequence[Record], *, unmodelled: bool = False) -> list[Reason]:
    """Targets whose issued forecasts have mostly been worse than last week's values."""
    return [Reason("worse_than_last_week", "degraded", record.sentence(unmodelled=unmodelled))
            for record in records if record.lost]


def _minute(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def _whole(duration: pd.Timedelta) -> pd.Timedelta:
    """Without seconds."""
    return duration.floor("min")
