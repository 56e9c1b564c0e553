"""The error of a day that has passed, in sentences and as numbers that add up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wattcast.explain.groups import DAY_TYPE, LEVEL
from wattcast.explain.miss import REST, WEATHER_FORECAST, Miss
from wattcast.explain.shown import apportioned
from wattcast.explain.words import VOCABULARIES, Language, Unit, in_shares, named_day
from wattcast.forecasting.output import DECIMALS


@dataclass(frozen=True)
class _Vocabulary:
    names: Mapping[str, str]
    off: tuple[str, str]
    error: Callable[[str, str, str, bool], str]
    right: Callable[[str], str]
    inside: Callable[[int, int, str | None], str]


_ENGLISH = _Vocabulary(
    names={WEATHER_FORECAST: "weather forecast", LEVEL: "level", REST: "the rest"},
    off=("ran like a working day", "ran like a day off"),
    error=lambda measured, forecast, change, above:
    f"measured {measured}, {change} {'above' if above else 'below'} the forecast of {forecast}",
    right=lambda measured: f"measured {measured}, as was forecast",
    inside=lambda inside, known, lately: f"{inside} of {known} steps lay inside the 80 % band" + (
        "" if lately is None else f"; in the last weeks {lately} did"))
_CHINESE = _Vocabulary(
    names={WEATHER_FORECAST: "气象预报", LEVEL: "水平", REST: "其余"},
    off=("像工作日一样运行", "像休息日一样运行"),
    error=lambda measured, forecast, change, above:
    f"实测 {measured}，比预测的 {forecast} {'高' if above else '低'} {change}",
    right=lambda measured: f"实测 {measured}，与预测相同",
    inside=lambda inside, known, lately: f"{known} 个时段中有 {inside} 个在 80 % 预测区间内" + (
        "" if lately is None else f"；最近几周为 {lately}"))
_VOCABULARIES: Mapping[Language, _Vocabulary] = {"en": _ENGLISH, "zh": _CHINESE}


def miss_sentences(miss: Miss, target: int, unit: Unit, language: Language) -> tuple[str, str]:
    """How far the forecast of the day was off and why, and how its band did; over the steps that were measured."""
    said, marks = _VOCABULARIES[language], VOCABULARIES[language]
    known = np.isfinite(miss.actual[:, target])
    day = named_day(miss.explanation, miss.steps, language)
    if not known.any():
        return f"{day}{marks.colon}–{marks.stop}", f"–{marks.stop}"
    measured, forecast = (unit.total(of[known, target]) for of in (miss.actual, miss.median))
    size = unit.total(np.abs(miss.median[known, target]))
    shares = {key: unit.total(part[known, target]) for key, part in miss.parts.items()}
    change, told = in_shares(shares, measured, forecast, size, unit)
    amounts = unit.amount(measured), unit.amount(forecast)
    error = said.error(*amounts, change, measured > forecast) if change else said.right(amounts[0])
    names = part_names(miss, language)
    parts = [f"{names[key]} {share}" for key, share in told.items()]
    lately = miss.lately[target]
    band = said.inside(int(miss.inside[known, target].sum()), int(known.sum()),
                       None if lately is None else f"{100 * lately:.0f} %")
    told_of = f"{error}{marks.colon if parts else ''}{marks.comma.join(parts)}"
    return f"{day}{marks.colon}{told_of}{marks.stop}", band + marks.stop


def part_names(miss: Miss, language: Language) -> dict[str, str]:
    """What the parts of an error are called."""
    said = _VOCABULARIES[language]
    return {key: said.off[int(bool(miss.off))] if key == DAY_TYPE else said.names[key] for key in miss.parts}


def miss_to_dict(miss: Miss) -> dict[str, Any]:
    """Plain values for JSON, means of power over the measured steps of the day in the target's unit; the parts add up
    to the error, what was measured less what was forecast."""
    explanation, told = miss.explanation, dict[str, dict[str, Any] | None]()
    for position, target in enumerate(miss.explanation.targets):
        known = np.isfinite(miss.actual[:, position])
        if not known.any():
            told[target] = None
            continue
        actual, median = miss.actual[known, position], miss.median[known, position]
        means = np.stack([part[known, position].mean(keepdims=True) for part in miss.parts.values()])
        parts, error = apportioned(means, (actual - median).mean(keepdims=True), DECIMALS)
        lately = miss.lately[position]
        told[target] = {
            "steps_measured": int(known.sum()), "measured": round(float(actual.mean()), DECIMALS),
            "forecast": round(float(median.mean()), DECIMALS), "error": float(error[0]),
            "parts": dict(zip(miss.parts, map(float, parts[:, 0]), strict=True)),
            "steps_inside_band": int(miss.inside[known, position].sum()),
            "inside_band_lately": None if lately is None else round(lately, 4)}
    return {"station": miss.forecast.station_id, "origin": miss.forecast.origin.isoformat(),
            "day": explanation.index[miss.steps][0].isoformat(), "ran_like_day_off": miss.off, "targets": told}
