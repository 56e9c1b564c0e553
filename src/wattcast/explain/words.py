"""An explanation in a sentence, in English and in Chinese, with numbers and without the words of the trade."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from wattcast.contracts import Kind
from wattcast.data.schema import ENERGY_UNITS
from wattcast.evaluation.scorecard import number
from wattcast.explain import groups as keys
from wattcast.explain.contributions import Explanation, Weather
from wattcast.explain.shown import apportioned, decimals_of, shown
from wattcast.timegrid import midnight

Language = Literal["en", "zh"]

FAIR = 0.5
"""A day's usual sum below that share of the sum of its sizes, as where feed-in and use are about equal, is nothing to
tell per cent of. [share]"""

CLEAR, USUALLY_CLEAR = {keys.PRESSURE: 0.002}, 0.03
"""By what share a quantity's mean must differ from the usual to be called more or less: below, what it does within the
day counts for more."""

_PREFIXES = ("", "k", "M", "G", "T")
_SI = {"瓦": "W", "千瓦": "kW", "兆瓦": "MW", "瓦时": "Wh", "千瓦时": "kWh", "兆瓦时": "MWh", "度": "kWh"}


@dataclass(frozen=True)
class Unit:
    """Of a target, as far as it is known; steps are so many `hours` long."""

    name: str | None
    hours: float

    def total(self, values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        """The energy of some steps where the unit is known, in Wh times the unit's factor; else their mean."""
        if self.name is None:
            return float(values.mean())
        return float(values.sum()) * (1.0 if self._energy else self.hours)

    @property
    def _energy(self) -> bool:
        return self.name in ENERGY_UNITS

    def amount(self, total: float, sign: str = "") -> str:
        """`412 MWh` from a total of 412000 in a unit of kW; the bare number where no unit is known."""
        if self.name is None:
            return _signed(total, sign)
        si = _SI.get(self.name, self.name)
        prefix = si.removesuffix("h").removesuffix("W")
        if prefix not in _PREFIXES:
            return f"{_signed(total, sign)} {self.name}" + ("" if self._energy else "·h")
        place = _PREFIXES.index(prefix)
        while abs(total) >= 1000 and place < len(_PREFIXES) - 1:
            total, place = total / 1000, place + 1
        while 0 < abs(total) < 1 and place > 0:
            total, place = total * 1000, place - 1
        return f"{_signed(total, sign)} {_PREFIXES[place]}Wh"


@dataclass(frozen=True)
class Vocabulary:
    """What a language calls things; a function takes what it has to fill in."""

    weekdays: tuple[str, ...]
    names: Mapping[str, str]
    more: Mapping[str, tuple[str, str]]
    day: Callable[[pd.Timestamp, str], str]
    span: Callable[[pd.Timestamp], str]
    usual: Callable[[str | None], str]
    mean: Callable[[str], str]
    against: Callable[[str, str, str, bool], str]
    same: Callable[[str], str]
    degrees: Callable[[str, bool], str]
    percent: Callable[[str, str], str]
    colon: str
    comma: str
    stop: str


def _signed(value: float, sign: str) -> str:
    text = number(abs(value)) if abs(value) >= 1000 or not value else f"{abs(value):.3g}"
    if "e" in text:
        text = number(abs(value))
    return f"−{text}" if value < 0 else f"{sign}{text}"


ENGLISH = Vocabulary(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    names={keys.USUAL: "usual day", keys.DAY_TYPE: "day type and holidays", "nearby": "days off nearby",
           "holiday": "holiday", "exchanged": "worked in exchange", keys.LEVEL: "level of the last days",
           keys.SUN: "sun", keys.TEMPERATURE: "temperature", keys.WIND: "wind", keys.HUMIDITY: "humidity",
           keys.CLOUD: "clouds", keys.RAIN: "rain", keys.PRESSURE: "air pressure", keys.SKY: "kind of weather",
           keys.OTHER_WEATHER: "other weather", keys.OTHER_COLUMNS: "other known columns",
           keys.LEARNED: "what the model has learned", keys.RULES: "what the rules read from the last weeks",
           keys.BASE_GROUP: "what other stations know",
           keys.LIMITS: "limits", "median": "forecast", "week": "all days", "part": "part"},
    more={keys.HUMIDITY: ("more humid air", "drier air"), keys.CLOUD: ("more clouds", "fewer clouds"),
          keys.RAIN: ("more rain", "less rain"), keys.PRESSURE: ("higher air pressure", "lower air pressure"),
          keys.SUN: ("more sun", "less sun"), keys.WIND: ("more wind", "less wind")},
    day=lambda time, weekday: f"{weekday} {time:%Y-%m-%d}",
    span=lambda time: f"The 24 hours from {time:%Y-%m-%d %H:%M}",
    usual=lambda weekday: "a usual day" if weekday is None else f"a usual {weekday}",
    mean=lambda amount: f"a mean of {amount}",
    against=lambda amount, change, usual, above: f"{amount}, {change} {'above' if above else 'below'} {usual}",
    same=lambda usual: f"as on {usual}",
    degrees=lambda degrees, up: f"{degrees}° {'warmer' if up else 'colder'}",
    percent=lambda share, words: f"{share} % {words}",
    colon=": ", comma=", ", stop=".")

CHINESE = Vocabulary(
    weekdays=("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
    names={keys.USUAL: "平常的一天", keys.DAY_TYPE: "日类型与节假日", "nearby": "临近休息日",
           "holiday": "节假日", "exchanged": "调休上班",
           keys.LEVEL: "近几日水平", keys.SUN: "日照", keys.TEMPERATURE: "气温", keys.WIND: "风", keys.HUMIDITY: "湿度",
           keys.CLOUD: "云量", keys.RAIN: "降水", keys.PRESSURE: "气压", keys.SKY: "天气现象",
           keys.OTHER_WEATHER: "其他气象", keys.OTHER_COLUMNS: "其他已知列", keys.LEARNED: "模型学到的规律",
           keys.RULES: "规则从近几周读出的规律",
           keys.BASE_GROUP: "其他站点的经验", keys.LIMITS: "限值", "median": "预测", "week": "全部天数",
           "part": "组成"},
    more={keys.HUMIDITY: ("空气更湿", "空气更干"), keys.CLOUD: ("云更多", "云更少"),
          keys.RAIN: ("降水更多", "降水更少"), keys.PRESSURE: ("气压更高", "气压更低"),
          keys.SUN: ("日照多", "日照少"), keys.WIND: ("风大", "风小")},
    day=lambda time, weekday: f"{time:%Y-%m-%d}（{weekday}）",
    span=lambda time: f"自 {time:%Y-%m-%d %H:%M} 起的 24 小时",
    usual=lambda weekday: "平常的一天" if weekday is None else f"平常的{weekday}",
    mean=lambda amount: f"平均 {amount}",
    against=lambda amount, change, usual, above: f"{amount}，比{usual}{'高' if above else '低'} {change}",
    same=lambda usual: f"与{usual}相同",
    degrees=lambda degrees, up: f"气温{'高' if up else '低'} {degrees} 度",
    percent=lambda share, words: f"{words} {share} %",
    colon="：", comma="，", stop="。")

VOCABULARIES: Mapping[Language, Vocabulary] = {"en": ENGLISH, "zh": CHINESE}


def sentence(explanation: Explanation, target: int, day: int, unit: Unit, language: Language) -> str:
    """One day in a sentence: how much, against a usual such day, and what of it is due to what.

    Args:
        explanation: of a forecast.
        target: its place among the targets.
        day: from 1.
        unit: the target's.
        language: of the sentence.
    """
    said, steps = VOCABULARIES[language], explanation.days[day - 1]
    usual_day = said.usual(_weekday(explanation, steps, said) if explanation.kind is Kind.LOAD else None)
    median, usual = (unit.total(of[steps, target]) for of in (explanation.median, explanation.usual))
    amount = unit.amount(median) if unit.name is not None else said.mean(unit.amount(median))
    shares = {key: unit.total(part[steps, target]) for key, part in explanation.parts.items()}
    change, told = in_shares(shares, median, usual, unit.total(np.abs(explanation.usual[steps, target])), unit)
    against = (said.against(amount, change, usual_day, median > usual) if change else
               f"{amount}{said.comma}{said.same(usual_day)}")
    parts = [f"{_group(explanation, key, steps, said)} {share}" for key, share in told.items()]
    what = named_day(explanation, steps, language)
    return f"{what}{said.colon}{against}{said.colon if parts else ''}{said.comma.join(parts)}{said.stop}"


def named_day(explanation: Explanation, steps: slice, language: Language) -> str:
    """The day that begins with the steps, by weekday and date; the time it begins at where that is not midnight."""
    said, first = VOCABULARIES[language], explanation.index[steps][0]
    weekday = _weekday(explanation, steps, said)
    return said.span(first) if weekday is None else said.day(first, weekday)


def in_shares(shares: Mapping[str, float], value: float, against: float, size: float,
              unit: Unit) -> tuple[str, dict[str, str]]:
    """How far a value is from another one, and what each share adds to that, the largest first.

    In per cent of the other one, which add up as shown, or in the unit where per cent of it mean nothing.

    Args:
        shares: which add up to the difference.
        value: what is told of.
        against: what it is compared with.
        size: the sum of the sizes of what that is the sum of.
        unit: of all of them.

    Returns:
        The difference without a sign, empty where there is none to be shown; the shares by their names.
    """
    if abs(against) > FAIR * size > 0:
        return _percent(shares, value, against)
    return _amounts(shares, value, against, unit)


def _weekday(explanation: Explanation, steps: slice, said: Vocabulary) -> str | None:
    """The day's name; None where the steps do not begin at midnight."""
    first = explanation.index[steps][0]
    return said.weekdays[first.day_of_week] if first == midnight(first) else None


def name_of(key: str, language: Language) -> str:
    """What a group is called; a column that is not recognised keeps its own name."""
    return VOCABULARIES[language].names.get(key, key)


def day_rows(explanation: Explanation, target: int, language: Language) -> list[dict[str, str]]:
    """A table for people: a row for the usual day, each part and the forecast, a column for each day and for all; every
    column adds up as it is shown. Parts that are nothing are left out."""
    said = VOCABULARIES[language]
    decimals = decimals_of(explanation.median[:, target])
    columns = {f"{explanation.index[steps][0]:%m-%d}": shown(explanation, target, steps, decimals)
               for steps in explanation.days}
    columns |= {said.names["week"]: shown(explanation, target, slice(0, len(explanation.index)), decimals)}
    return [{said.names["part"]: name_of(key, language),
             **{heading: f"{values[key]:.{decimals}f}" for heading, values in columns.items()}}
            for key in next(iter(columns.values())) if any(values[key] for values in columns.values())]


def _percent(shares: Mapping[str, float], median: float, usual: float) -> tuple[str, dict[str, str]]:
    parts, total = apportioned(np.asarray(list(shares.values()))[:, None] * 100 / abs(usual),
                               np.asarray([median - usual]) * 100 / abs(usual), 0)
    told = _largest_first(dict(zip(shares, parts[:, 0], strict=True)))
    change = abs(total[0])
    return (f"{change:.0f} %" if change else ""), {key: f"{_signed(share, '+')} %" for key, share in told.items()}


def _amounts(shares: Mapping[str, float], median: float, usual: float, unit: Unit) -> tuple[str, dict[str, str]]:
    told = _largest_first(shares)
    least = 0.01 * max((abs(share) for share in told.values()), default=0.0)
    return unit.amount(abs(median - usual)), {key: unit.amount(share, "+") for key, share in told.items()
                                              if abs(share) >= least}


def _largest_first(shares: Mapping[str, float]) -> dict[str, float]:
    """Without those that are nothing."""
    return {key: share for key, share in sorted(shares.items(), key=lambda each: -abs(each[1])) if share}


def _group(explanation: Explanation, key: str, steps: slice, said: Vocabulary) -> str:
    if key == keys.DAY_TYPE:
        holiday, exchanged = (bool(of[steps].any()) for of in (explanation.holiday, explanation.exchanged))
        return said.names["holiday" if holiday else "exchanged" if exchanged else "nearby"]
    given = [change for column in explanation.weather.get(key, ()) if (change := _change(column, steps)) is not None]
    if not given or key not in (*said.more, keys.TEMPERATURE):
        return said.names.get(key, key)
    now, usual = given[0]
    up = now > usual
    if key == keys.TEMPERATURE:
        return said.degrees(f"{abs(now - usual):.0f}", up) if round(abs(now - usual)) else said.names[key]
    share = abs(now / usual - 1) if usual > 0 else np.inf
    if share < CLEAR.get(key, USUALLY_CLEAR):
        return said.names[key]
    words = said.more[key][0 if up else 1]
    return said.percent(f"{100 * share:.0f}", words) if key in (keys.SUN, keys.WIND) and usual > 0 else words


def _change(column: Weather, steps: slice) -> tuple[float, float] | None:
    """The means over some steps as given and as usual, where both are known; None if that is nowhere."""
    given, usual = column.given[steps], column.usual[steps]
    known = np.isfinite(given) & np.isfinite(usual)
    return (float(given[known].mean()), float(usual[known].mean())) if known.any() else None
