"""The page about a backtest: which weeks are shown, against whom, and what is worth knowing."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wattcast.contracts import Forecast
from wattcast.evaluation.backtest import REFERENCE, BacktestResult
from wattcast.evaluation.baselines import IN_WORDS
from wattcast.evaluation.horizon_view import PERFECT
from wattcast.evaluation.report import Section, write_report
from wattcast.evaluation.scorecard import number

RIVALS = 3
"""How many models are drawn beside the chosen one."""

WORST_DAYS = 10
"""The report lists so many: enough to see whether they have something in common. [days]"""


def write_backtest_report(path: Path, result: BacktestResult, sections: Sequence[Section] = ()) -> Path:
    """Write the page, with `sections` that others have made.

    Raises:
        DataError: the file cannot be written.
    """
    return write_report(
        path, title=f"Backtest of {result.station.id}", station=result.station, actual=_measured(result),
        scorecard=result.scorecard(references=result.rivals(RIVALS)), models=result.table(), weeks=_weeks(result),
        worst_days=_worst_days(result), rules=result.rule_scores(), sections=sections, notes=_notes(result),
        facts={"chosen": result.chosen, "weather": result.weather, "origins": str(len(result.origins)),
               "first origin": f"{result.origins[0]:%Y-%m-%d %H:%M}",
               "last origin": f"{result.origins[-1]:%Y-%m-%d %H:%M}"})


def _weeks(result: BacktestResult) -> dict[str, Forecast]:
    """The forecasts with the smallest, the middle and the largest error, the best first; fewer if there are fewer."""
    errors = result.origin_errors()
    places = {"best": 0, "middle": (len(errors) - 1) // 2, "worst": len(errors) - 1}
    shown = {places[name]: name for name in ("middle", "worst", "best")}
    return {f"The {name} forecast of {result.chosen}: from {errors.index[place]:%a %Y-%m-%d %H:%M}, "
            f"mean absolute error {number(errors.iloc[place])}": result.forecast(result.chosen, errors.index[place])
            for place, name in sorted(shown.items())}


def _worst_days(result: BacktestResult) -> list[dict[str, str]]:
    reference = f"MAE of {IN_WORDS[REFERENCE]}"
    return [{"day": f"{row.date:%a %Y-%m-%d}", "type": str(row.day_type), "day ahead": str(row.day),
             "mean measured": number(row.measured), "mean forecast": number(row.forecast), "MAE": number(row.mae),
             reference: number(row.reference)}
            for row in result.worst_days(WORST_DAYS).itertuples()]


def _notes(result: BacktestResult) -> list[str]:
    perfect = ["perfect weather: no forecast was kept as it was issued, so the models were given the weather that was "
               "measured afterwards; with a real weather forecast the errors are larger"]
    return [*(perfect if PERFECT in result.weather else ()), *result.notes, *result.left_out_in_words()]


def _measured(result: BacktestResult) -> pd.DataFrame:
    steps = result.steps[result.steps["model"] == result.chosen]
    return steps.pivot_table(index="time", columns="target", values="actual", aggfunc="first", dropna=False)
