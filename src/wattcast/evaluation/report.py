"""One offline HTML page about a forecast or a test, and the forecast's picture as a PNG."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from wattcast.contracts import TARGETS, Forecast, Station
from wattcast.evaluation.baselines import IN_WORDS
from wattcast.evaluation.charts import as_png, as_svg, error_figure, forecast_figure, reliability_figure
from wattcast.evaluation.html import write_page
from wattcast.evaluation.rule_scores import RuleScore
from wattcast.evaluation.rules import Rule
from wattcast.evaluation.scorecard import Scorecard, number, percent
from wattcast.store.files import written_aside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL_COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "mae": ("MAE", number), "rmse": ("RMSE", number), "wape": ("WAPE", percent), "accuracy": ("1-MAPE", percent),
    "nmae": ("nMAE", percent), "nrmse": ("nRMSE", percent), "mase": ("MASE", number),
    "skill": ("skill", partial(percent, sign="+")), "pinball": ("pinball", number),
    "coverage_80": ("inside 80 % band", percent),
}
"""The measures of a backtest's table as a page shows them."""


@dataclass(frozen=True)
class Section:
    """A part of a page that others have made.

    Attributes:
        heading: of the part.
        lines: in words.
        draw: its picture.
        tables: by what stands above each.
    """

    heading: str
    lines: Sequence[str]
    draw: "Callable[[], Figure]"
    tables: Mapping[str, Sequence[Mapping[str, str]]]


def write_report(path: Path, *, title: str, station: Station, forecast: Forecast | None = None,
                 actual: pd.DataFrame | None = None, references: Mapping[str, Forecast] | None = None,
                 scorecard: Scorecard | None = None, models: pd.DataFrame | None = None,
                 weeks: Mapping[str, Forecast] | None = None, worst_days: Sequence[Mapping[str, str]] = (),
                 rules: Sequence[RuleScore] = (), sections: Sequence[Section] = (), quality: Sequence[str] = (),
                 facts: Mapping[str, str] | None = None, notes: Sequence[str] = ()) -> Path:
    """Write a self-contained page: styles and pictures inside, nothing fetched, readable without a network.

    A section appears where there is something to show in it.

    Args:
        path: the `.html` file; written aside and renamed, so a reader never sees half a page.
        title: the page's headline.
        station: the station it is about.
        forecast: shown as picture and as a table by day; its notes are listed with `notes`, each once.
        actual: measured targets by tz-aware time, before and after the forecast's origin.
        references: simple forecasts to draw beside it.
        scorecard: verdict, table by lead day and error pictures.
        models: a backtest's `table()`, to compare models.
        weeks: further forecasts to draw, heading → forecast, with what was measured then.
        worst_days: a table of the days with the largest errors.
        rules: what grid codes make of each model.
        sections: what else there is to show.
        quality: lines about the data's quality.
        facts: what the model is, label → text.
        notes: what limited or degraded the result, in plain words.

    Raises:
        DataError: the file cannot be written.
    """
    pictures = {}
    if forecast is not None:
        pictures["forecast"] = as_svg(partial(forecast_figure, forecast, actual, references), "forecast")
    if scorecard is not None:
        pictures["errors"] = as_svg(partial(error_figure, scorecard), "errors")
        pictures["reliability"] = as_svg(partial(reliability_figure, scorecard), "reliability")
    drawn = {heading: as_svg(partial(forecast_figure, each, actual, None, None), f"week{position}")
             for position, (heading, each) in enumerate((weeks or {}).items())}
    shown = [(section, as_svg(section.draw, f"section{position}")) for position, section in enumerate(sections)]
    write_page(
        path, "wattcast.evaluation", "report.html", title=title, station=station, forecast=forecast,
        pictures=pictures, days=_days(forecast) if forecast else {},
        verdicts=[scorecard.verdict(target) for target in scorecard.targets] if scorecard else [],
        scores=_by_target(scorecard.rows()) if scorecard else {}, card=scorecard,
        models=_by_target(model_rows(models)) if models is not None else {},
        weeks=drawn, sections=shown, worst_days=worst_days, rules=rule_tables(rules), quality=quality,
        facts=facts or {},
        notes=list(dict.fromkeys((*notes, *(forecast.notes if forecast else ())))))
    return path


def plot_forecast(path: Path, forecast: Forecast, *, actual: pd.DataFrame | None = None,
                  references: Mapping[str, Forecast] | None = None, title: str | None = None) -> Path:
    """The forecast's picture as a PNG; arguments as in `write_report`.

    Raises:
        DataError: the file cannot be written.
    """
    title = title or f"{forecast.station_id}, from {forecast.origin:%Y-%m-%d %H:%M}"
    with written_aside(path) as aside:
        aside.write_bytes(as_png(partial(forecast_figure, forecast, actual, references, title)))
    return path


def _days(forecast: Forecast) -> dict[str, list[dict[str, str]]]:
    """Per target one row a local calendar day: mean, lowest and highest of the forecast."""
    days = pd.DatetimeIndex(forecast.table.index).strftime("%a %Y-%m-%d")
    return {target: [{"day": str(day), "mean": number(values.mean()), "lowest": number(values.min()),
                      "highest": number(values.max())}
                     for day, values in forecast.table[target].groupby(days, sort=False)]
            for target in TARGETS if target in forecast.table.columns}


def model_rows(models: pd.DataFrame) -> list[dict[str, str]]:
    """A backtest's table as text, without the measures that no model has."""
    numbers = models[list(MODEL_COLUMNS)].astype(float)
    shown = {name: MODEL_COLUMNS[name] for name in numbers.columns[numbers.notna().any()]}
    return [{"target": target, "model": IN_WORDS.get(model, model),
             **{heading: write(values[name]) for name, (heading, write) in shown.items()}}
            for target, model, (_, values) in zip(models["target"], models["model"], numbers.iterrows(), strict=True)]


def rule_tables(scores: Sequence[RuleScore]) -> list[tuple[Rule, list[dict[str, str]]]]:
    """Each rule with a table of the models under it, in words."""
    tables: dict[str, tuple[Rule, list[dict[str, str]]]] = {}
    for score in scores:
        row = score.row()
        tables.setdefault(score.rule.name, (score.rule, []))[1].append(
            {**row, "model": IN_WORDS.get(score.model, score.model)})
    return list(tables.values())


def _by_target(rows: Sequence[Mapping[str, str]]) -> dict[str, list[dict[str, str]]]:
    """Rows grouped by their `target`, which leaves the rows."""
    tables: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        tables.setdefault(row["target"], []).append({name: text for name, text in row.items() if name != "target"})
    return tables
