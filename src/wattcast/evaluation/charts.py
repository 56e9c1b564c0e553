"""The pictures of the reports: a forecast with its band, and where its errors are.

matplotlib is imported when something is drawn, and its figures are made without pyplot: no window, no global state.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wattcast.contracts import QUANTILES, TARGETS, Forecast, quantile_column
from wattcast.evaluation.baselines import IN_WORDS
from wattcast.evaluation.scorecard import LEVELS, Scorecard
from wattcast.features.calendar import DAY_TYPES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAST_DAYS = 3
"""How much measured power before the origin a forecast's picture shows. [days]"""

INK, MODEL, OTHERS = "#1f2328", "#0072b2", ("#e69f00", "#009e73", "#cc79a7", "#8c959f")
"""Measured, the model, and what it is compared with; distinguishable with colour-blind eyes (Okabe & Ito 2008)."""

CJK_FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimHei",
             "WenQuanYi Micro Hei")


def forecast_figure(forecast: Forecast, actual: pd.DataFrame | None = None,
                    references: Mapping[str, Forecast] | None = None, title: str | None = None) -> "Figure":
    """The forecast of every target with its 80 % band, what was measured, and the references.

    Args:
        forecast: the forecast to show.
        actual: measured targets by tz-aware time; the days before the origin and what is known of the horizon.
        references: simple forecasts from the same origin, by name.
        title: above the picture.
    """
    from matplotlib.figure import Figure

    targets = [target for target in TARGETS if target in forecast.table.columns]
    figure = Figure(figsize=(11, 0.6 + 3.4 * len(targets)), layout="constrained")
    axes = figure.subplots(len(targets), 1, sharex=True, squeeze=False)[:, 0]
    for axis, target in zip(axes, targets, strict=True):
        _draw_forecast(axis, target, forecast, actual, references or {})
    name_days(axes[-1], forecast)
    _legend_above(figure, axes[0])
    if title:
        axes[0].set_title(title, loc="left")
    return figure


def error_figure(card: Scorecard) -> "Figure":
    """Mean absolute error by lead day, hour of the day and, where known, type of day; a row per target.

    The model stands beside its references.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 0.4 + 2.9 * len(card.targets)), layout="constrained")
    types = "day_type" in card.steps
    grid = figure.subplots(len(card.targets), 3 if types else 2, squeeze=False,
                           width_ratios=(7, 7, 4) if types else (1, 1))
    models = (card.model, *card.references)
    for axes, target in zip(grid, card.targets, strict=True):
        steps = card.steps[card.steps["target"] == target]
        steps = steps.assign(error=(steps["actual"] - steps["median"]).abs(), hour=steps["time"].dt.hour)
        _bars(axes[0], _mean_error(steps, "day"), models)
        _lines(axes[1], _mean_error(steps, "hour"), models)
        if types:
            errors = _mean_error(steps, "day_type")
            _bars(axes[2], errors.loc[[name for name in DAY_TYPES if name in errors.index]], models)
        axes[0].set_ylabel(f"MAE of {target}")
    for axis, label in zip(grid[-1], ("day ahead", "hour of the day", "type of day"), strict=False):
        axis.set_xlabel(label)
    _legend_above(figure, grid[0, 0])
    return figure


def reliability_figure(card: Scorecard) -> "Figure":
    """How often the measured value was under each quantile, against how often it should be; a panel per target."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, squeeze=False)[0]
    models = (card.model, *card.references)
    for axis, target in zip(axes, card.targets, strict=False):
        axis.plot((0, 1), (0, 1), color="#8c959f", linewidth=0.8, linestyle=(0, (4, 2)))
        for model, colour in zip(models, (MODEL, *_colours(models[1:])), strict=True):
            shares = observed_shares(card.steps[(card.steps["target"] == target) & (card.steps["model"] == model)])
            axis.plot(QUANTILES, shares, color=colour, marker="o", markersize=3, label=IN_WORDS.get(model, model),
                      linewidth=2 if model == card.model else 1.1)
        axis.set(xlim=(0, 1), ylim=(0, 1), xlabel=f"quantile of {target}", ylabel="share measured under it")
    if len(card.targets) == 1:
        axes[1].axis("off")
        axes[1].legend(*axes[0].get_legend_handles_labels(), loc="center left", frameon=False)
    else:
        _legend_above(figure, axes[0])
    return figure


def _legend_above(figure: "Figure", axis: "Axes") -> None:
    """One legend for all panels, as the one panel has it."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)


def draws_chinese() -> bool:
    """Whether a font is installed that a PNG can show Chinese with."""
    from matplotlib.font_manager import fontManager

    return not set(CJK_FONTS).isdisjoint(fontManager.get_font_names())


def as_png(draw: Callable[[], "Figure"]) -> bytes:
    """A drawn figure as a PNG."""
    with _style():
        buffer = io.BytesIO()
        draw().savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()


def as_svg(draw: Callable[[], "Figure"], name: str) -> str:
    """A drawn figure as an `<svg>` element for a page: text stays text, ids begin with `name`, nothing is linked."""
    with _style():
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        draw().savefig(buffer, format="svg", metadata=nothing)
    svg = buffer.getvalue()
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg[svg.index("<svg"):])
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg)


@contextmanager
def _style() -> Iterator[None]:
    """One look for all pictures; a script that no installed font has is drawn by the browser, or as boxes in a PNG."""
    from matplotlib import rc_context
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    settings = {
        "font.family": ["DejaVu Sans", *(font for font in CJK_FONTS if font in installed)], "font.size": 9,
        "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#8c959f", "axes.labelcolor": INK,
        "axes.grid": True, "grid.color": "#e6e9ed", "axes.axisbelow": True, "xtick.color": INK, "ytick.color": INK,
        "svg.fonttype": "none", "svg.hashsalt": "wattcast",
    }
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _draw_forecast(axis: "Axes", target: str, forecast: Forecast, actual: pd.DataFrame | None,
                   references: Mapping[str, Forecast]) -> None:
    from matplotlib.dates import date2num

    table = forecast.table
    axis.fill_between(table.index, table[quantile_column(target, 0.1)], table[quantile_column(target, 0.9)],
                      color=MODEL, alpha=0.18, linewidth=0, label="80 % band")
    for colour, (name, reference) in zip(_colours(references), references.items(), strict=True):
        axis.plot(reference.table.index, reference.table[target], color=colour, linewidth=0.9, linestyle=(0, (4, 2)),
                  label=IN_WORDS.get(name, name))
    # Without what it was blended from: the legend has one line.
    name = forecast.model.partition(":")[0]
    axis.plot(table.index, table[target], color=MODEL, linewidth=1.5, label=f"forecast ({name})")
    if actual is not None and target in actual.columns:
        shown = actual[target][(actual.index >= forecast.origin - pd.Timedelta(days=PAST_DAYS))
                               & (actual.index <= table.index[-1])]
        axis.plot(shown.index, shown, color=INK, linewidth=1.1, label="measured")
    axis.axvline(date2num(forecast.origin), color="#8c959f", linewidth=0.8)
    axis.set_ylabel(target)
    axis.margins(x=0.01)


def name_days(axis: "Axes", forecast: Forecast) -> None:
    """The days of a forecast's station along an axis of time."""
    from matplotlib.dates import AutoDateLocator, DateFormatter

    zone = forecast.origin.tzinfo
    axis.xaxis.set_major_locator(AutoDateLocator(tz=zone, minticks=4, maxticks=12))
    axis.xaxis.set_major_formatter(DateFormatter("%a\n%m-%d", tz=zone))


def observed_shares(steps: pd.DataFrame) -> list[float]:
    """The share of measured steps under each quantile `[Q]`.

    A value that equals several quantiles is spread evenly over their levels: at night a photovoltaic plant and all
    quantiles of its power are zero, which is a perfect forecast (non-randomised probability integral transform: Czado,
    Gneiting & Held, *Biometrics* 65 (2009) 1254–1261, DOI 10.1111/j.1541-0420.2009.01191.x).
    """
    measured = steps[steps["actual"].notna()]
    actual, quantiles = measured["actual"].to_numpy()[:, None], measured[list(LEVELS)].to_numpy()
    levels = np.asarray(QUANTILES)
    above = np.where(quantiles < actual, levels, 0.0).max(axis=1)[:, None]
    below = np.where(quantiles > actual, levels, 1.0).min(axis=1)[:, None]
    shares: list[float] = np.clip((levels - above) / (below - above), 0.0, 1.0).mean(axis=0).tolist()
    return shares


def _mean_error(steps: pd.DataFrame, by: str) -> pd.DataFrame:
    """Mean of the absolute errors, a row per value of `by`, a column per model."""
    return pd.DataFrame({model: made.groupby(by)["error"].mean() for model, made in steps.groupby("model")})


def _bars(axis: "Axes", errors: pd.DataFrame, models: tuple[str, ...]) -> None:
    width = 0.8 / len(models)
    places = np.arange(len(errors))
    for position, (model, colour) in enumerate(zip(models, (MODEL, *_colours(models[1:])), strict=True)):
        offset = (position - (len(models) - 1) / 2) * width
        axis.bar(places + offset, errors[model], width * 0.92, color=colour,
                 label=IN_WORDS.get(model, model))
    axis.set_xticks(places, [str(name) for name in errors.index])
    axis.grid(axis="x", visible=False)


def _lines(axis: "Axes", errors: pd.DataFrame, models: tuple[str, ...]) -> None:
    for model, colour in zip(models, (MODEL, *_colours(models[1:])), strict=True):
        axis.plot(errors.index, errors[model], color=colour, linewidth=2 if model == models[0] else 1.1)
    axis.set_xticks(range(0, 24, 3))
    axis.set_ylim(bottom=0)


def _colours(others: Mapping[str, Forecast] | tuple[str, ...]) -> list[str]:
    return [OTHERS[position % len(OTHERS)] for position in range(len(others))]
