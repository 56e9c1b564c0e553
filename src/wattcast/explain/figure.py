"""The picture of an explanation: the usual day and the forecast above, what makes the difference below."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wattcast.contracts import quantile_column
from wattcast.evaluation.charts import INK, MODEL, name_days
from wattcast.explain.contributions import Explanation
from wattcast.explain.groups import BASE_GROUP, DAY_TYPE, LEARNED, LEVEL, LIMITS, RULES, USUAL
from wattcast.explain.miss import REST, WEATHER_FORECAST, Miss
from wattcast.explain.miss_words import part_names
from wattcast.explain.replay import FloatArray
from wattcast.explain.words import Language, name_of
from wattcast.timegrid import DAY

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIXED = {DAY_TYPE: "#d55e00", LEVEL: "#56b4e9", LEARNED: "#8c959f", RULES: "#8c959f", BASE_GROUP: "#f0e442",
         LIMITS: "#1f2328", REST: "#8c959f", WEATHER_FORECAST: "#e69f00"}
COLUMNS = ("#e69f00", "#009e73", "#cc79a7", "#7f6a00", "#b3261e", "#4b3f72")
"""Colours of the parts that there always are, and of columns in their order; distinguishable with colour-blind eyes
(Okabe & Ito 2008)."""

USUAL_COLOUR = "#59636e"
MARGIN = 0.01
"""Free on both sides of a day. [share]"""

ABREAST = 6
"""In a line of the legend, or as many as it has room for. [names]"""


def explanation_figure(explanation: Explanation, language: Language, day: int | None = None,
                       actual: pd.DataFrame | None = None) -> "Figure":
    """Two panels a target: usual day, median and band; and under it what the parts add, stacked.

    Args:
        explanation: of a forecast.
        language: of the legend.
        day: one that is shaded, from 1.
        actual: what was measured, by time; drawn where it is given.
    """
    axes, figure = _panels(len(explanation.targets))
    for position, target in enumerate(explanation.targets):
        above, below = axes[2 * position], axes[2 * position + 1]
        _forecast(above, explanation, position, slice(0, len(explanation.index)), language)
        if actual is not None and target in actual:
            shown = actual[target].reindex(explanation.index)
            above.plot(shown.index, shown, color=INK, linewidth=1.1, label=_MEASURED[language])
        parts = {key: part[:, position] for key, part in explanation.parts.items()}
        _stacked(below, explanation.index, parts, {key: name_of(key, language) for key in parts}, _DIFFERENCE[language])
        if day is not None:
            steps = explanation.days[day - 1]
            for axis in (above, below):
                axis.axvspan(explanation.index[steps][0], explanation.index[steps][-1], color="#f6e8b1", zorder=0,
                             alpha=0.6, linewidth=0)
    name_days(axes[-1], explanation.forecast)
    _legend(figure, axes)
    axes[0].set_title(f"{explanation.forecast.station_id}, {explanation.forecast.origin:%Y-%m-%d %H:%M}", loc="left")
    return figure


def miss_figure(miss: Miss, language: Language) -> "Figure":
    """Two panels a target of a day that has passed: forecast, band and measured; and under it the error's parts."""
    explanation, steps = miss.explanation, miss.steps
    axes, figure = _panels(len(explanation.targets))
    for position in range(len(explanation.targets)):
        above, below = axes[2 * position], axes[2 * position + 1]
        _forecast(above, explanation, position, steps, language)
        above.plot(explanation.index[steps], miss.actual[:, position], color=INK, linewidth=1.1,
                   marker=_marker(explanation.index[steps]), label=_MEASURED[language])
        _stacked(below, explanation.index[steps], {key: part[:, position] for key, part in miss.parts.items()},
                 part_names(miss, language), _ERROR[language])
    _name_hours(axes[-1], explanation.index[steps])
    _legend(figure, axes)
    axes[0].set_title(f"{explanation.forecast.station_id}, {explanation.index[steps][0]:%Y-%m-%d}", loc="left")
    return figure


_MEASURED: Mapping[Language, str] = {"en": "measured", "zh": "实测"}
_BAND: Mapping[Language, str] = {"en": "80 % band", "zh": "80 % 预测区间"}
_DIFFERENCE: Mapping[Language, str] = {"en": "against the usual day", "zh": "与平常的一天相比"}
_ERROR: Mapping[Language, str] = {"en": "measured less forecast", "zh": "实测减预测"}


def _panels(targets: int) -> "tuple[Sequence[Axes], Figure]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 0.8 + 5.6 * targets), layout="constrained")
    return list(figure.subplots(2 * targets, 1, sharex=True, squeeze=False)[:, 0]), figure


def _forecast(axis: "Axes", explanation: Explanation, position: int, steps: slice, language: Language) -> None:
    target, table, index = explanation.targets[position], explanation.forecast.table, explanation.index[steps]
    low, high = (table[quantile_column(target, level)].to_numpy()[steps] for level in (0.1, 0.9))
    axis.fill_between(index, low, high, color=MODEL, alpha=0.18, linewidth=0, label=_BAND[language])
    axis.plot(index, explanation.usual[steps, position], color=USUAL_COLOUR, linewidth=1.1, linestyle=(0, (4, 2)),
              marker=_marker(index), label=name_of(USUAL, language))
    axis.plot(index, explanation.median[steps, position], color=MODEL, linewidth=1.5, marker=_marker(index),
              label=name_of("median", language))
    axis.set_ylabel(target)
    axis.margins(x=0.01)


def _stacked(axis: "Axes", index: pd.DatetimeIndex, parts: Mapping[str, FloatArray], names: Mapping[str, str],
             label: str) -> None:
    """What is above zero stacked upwards, what is below it downwards; parts that are nothing are left out."""
    columns = cycle(COLUMNS)
    colours = {key: FIXED.get(key) or next(columns) for key in parts}
    shown = {key: np.nan_to_num(part) for key, part in parts.items() if np.nan_to_num(part).any()}
    up, down = np.zeros(len(index)), np.zeros(len(index))
    for key, part in shown.items():
        above, below = up + part.clip(min=0), down + part.clip(max=0)
        axis.fill_between(index, up, above, color=colours[key], linewidth=0, step="mid", label=names[key])
        axis.fill_between(index, down, below, color=colours[key], linewidth=0, step="mid")
        up, down = above, below
    axis.plot(index, up + down, color=INK, linewidth=0.9, drawstyle="steps-mid", marker=_marker(index), label=label)
    axis.axhline(0, color="#8c959f", linewidth=0.8)
    axis.set_ylabel(label)


def _legend(figure: "Figure", axes: "Sequence[Axes]") -> None:
    found: dict[str, Artist] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    for columns in range(ABREAST, 0, -1):
        legend = figure.legend([*found.values()], list(found), loc="outside upper center", ncols=columns, frameon=False)
        if legend.get_window_extent().width <= figure.bbox.width or columns == 1:
            return
        legend.remove()             # the names of columns may be long


def _marker(index: pd.DatetimeIndex) -> str:
    """A line of one step is a point, or nothing would be seen of it."""
    return "o" if len(index) == 1 else ""


def _name_hours(axis: "Axes", index: pd.DatetimeIndex) -> None:
    from matplotlib.dates import DateFormatter, HourLocator

    # A day of one step has no width by itself: as wide as is chosen for it, its hours would be thousands.
    axis.set_xlim(index[0] - MARGIN * DAY, index[0] + (1 + MARGIN) * DAY)
    axis.xaxis.set_major_locator(HourLocator(byhour=range(0, 24, 3), tz=index.tz))
    axis.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=index.tz))

