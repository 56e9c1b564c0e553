"""Two parts of a backtest's page: why its newest forecast is what it is, and why its worst day was wrong."""

from functools import partial

from wattcast.data.schema import DataConfig
from wattcast.evaluation.backtest import BacktestResult
from wattcast.evaluation.report import Section
from wattcast.explain.figure import explanation_figure, miss_figure
from wattcast.explain.words import day_rows
from wattcast.forecasting.predictor import NAME, NetworkForecaster
from wattcast.workflows.explain import told, units_of


def why_sections(result: BacktestResult, data: DataConfig) -> list[Section]:
    """Nothing where wattcast's own model did not take part."""
    forecaster = result.made.fitted.get(NAME) if result.made is not None else None
    if result.made is None or not isinstance(forecaster, NetworkForecaster):
        return []
    rolling, units = result.made.rolling, units_of(result.station, data)
    newest = told(forecaster, rolling.view(result.made.origins[-1]), rolling.data, 1, NAME, units)
    days = range(1, len(newest.explanation.days) + 1)
    actual = rolling.data.frame[list(result.station.targets)]
    sections = [Section(
        f"Why the newest forecast says so: from {newest.explanation.forecast.origin:%a %Y-%m-%d %H:%M}",
        [line for day in days for line in newest.of_day(day).sentences("en")],
        partial(explanation_figure, newest.explanation, "en", None, actual),
        {f"{target}, mean of each day": day_rows(newest.explanation, position, "en")
         for position, target in enumerate(newest.explanation.targets)})]
    worst = result.worst_days(1)
    if len(worst) and (origin := worst["origin"].iloc[0]) in result.made.origins:
        day = int(worst["day"].iloc[0])
        why = told(forecaster, rolling.view(origin), rolling.data, day, NAME, units, why_wrong=True)
        assert why.miss is not None
        sections.append(Section(f"Why the worst day was wrong: forecast from {origin:%a %Y-%m-%d %H:%M}",
                                [*why.sentences("en"), *why.notes], partial(miss_figure, why.miss, "en"), {}))
    return sections
