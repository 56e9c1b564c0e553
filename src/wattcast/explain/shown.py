"""An explanation as numbers that add up to the last digit shown: by step, by day, and over the whole horizon."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wattcast.contracts import quantile_column
from wattcast.explain.contributions import Explanation
from wattcast.explain.groups import USUAL
from wattcast.explain.replay import FloatArray
from wattcast.forecasting.output import DECIMALS

DIGITS = 5
"""Significant digits with which people are shown the largest median of a target, and the decimals that gives all else.
[digits]
"""


def decimals_of(values: FloatArray) -> int:
    """How many decimals show the largest of some values with `DIGITS` digits."""
    largest = float(np.abs(values).max(initial=0.0))
    return max(0, DIGITS - 1 - (int(np.floor(np.log10(largest))) if largest > 0 else 0))


def apportioned(parts: FloatArray, total: FloatArray, decimals: int) -> tuple[FloatArray, FloatArray]:
    """Parts and total rounded so that the parts add up to the total as they are shown.

    Each part is rounded up or down; those that lose most by rounding down are rounded up, until the sum is right
    (largest remainders, as seats are given to parties).

    Args:
        parts: `[P, N]`, which add up to the total but for rounding in double precision.
        total: `[N]`.
        decimals: how many are shown.
    """
    scale = 10.0 ** decimals
    whole = np.rint(total * scale)
    down = np.floor(parts * scale)
    missing = np.rint(whole - down.sum(0)).astype(np.int64)                                         # [N]
    rank = np.argsort(np.argsort(-(parts * scale - down), axis=0, kind="stable"), axis=0, kind="stable")
    # Rounding in double precision may leave a unit more or less than there are parts to take it.
    each, rest = np.divmod(missing, len(parts))
    rounded = down + each + (rank < rest)
    return np.round(rounded / scale, decimals), np.round(whole / scale, decimals)


def to_dict(explanation: Explanation) -> dict[str, Any]:
    """Plain values for JSON: of each target the groups, and by step, by day and over the horizon the usual day, what
    each group adds, and the median as it is filed; means of power, in the target's unit."""
    forecast = explanation.forecast
    groups = [{"key": key, "columns": list(explanation.groups[key].columns) if key in explanation.groups else []}
              for key in explanation.parts]
    return {"station": forecast.station_id, "origin": forecast.origin.isoformat(), "model": forecast.model,
            "groups": groups,
            "targets": {target: _target(explanation, position, target)
                        for position, target in enumerate(explanation.targets)}}


def shown(explanation: Explanation, target: int, steps: slice, decimals: int) -> dict[str, float]:
    """The means over some steps: the usual day, each group's, and the median; they add up as shown."""
    values = np.stack([explanation.usual[steps, target].mean(keepdims=True),
                       *(part[steps, target].mean(keepdims=True) for part in explanation.parts.values())])
    parts, total = apportioned(values, explanation.median[steps, target].mean(keepdims=True), decimals)
    return _row(explanation, parts[:, 0], total[0])


def _target(explanation: Explanation, position: int, name: str) -> dict[str, Any]:
    index, table = explanation.index, explanation.forecast.table
    values = np.stack([explanation.usual[:, position], *(part[:, position] for part in explanation.parts.values())])
    parts, total = apportioned(values, explanation.median[:, position], DECIMALS)
    low, high = (table[quantile_column(name, level)].to_numpy().round(DECIMALS) for level in (0.1, 0.9))
    steps = [{"time": time.isoformat(), **_row(explanation, parts[:, step], total[step]), "q10": float(low[step]),
              "q90": float(high[step])} for step, time in enumerate(index)]
    days = [{"day": number, "from": index[of][0].isoformat(), "steps": of.stop - of.start,
             **shown(explanation, position, of, DECIMALS)} for number, of in enumerate(explanation.days, start=1)]
    return {"steps": steps, "days": days, "week": shown(explanation, position, slice(0, len(index)), DECIMALS)}


def _row(explanation: Explanation, parts: FloatArray, total: float) -> dict[str, float]:
    names = (USUAL, *explanation.parts)
    found: Mapping[str, float] = dict(zip(names, map(float, parts), strict=True))
    return {**found, "median": float(total)}

