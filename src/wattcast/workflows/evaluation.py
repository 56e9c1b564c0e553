"""How a trained model does on the weeks that were kept from training."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from wattcast.contracts import Forecast, Forecaster
from wattcast.data.quality import measured_days
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.evaluation.baselines import baseline
from wattcast.evaluation.first_gate import FirstDecision, judge
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.scorecard import Scorecard, pool, score_week
from wattcast.experts.pretrained import flattering
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.forecasting.selection import calibrate_and_choose
from wattcast.settings import Settings
from wattcast.timegrid import DAY, rolling_origins, station_horizon
from wattcast.windows.splits import MINIMUM_DAYS

REFERENCES = ("seasonal-naive", "weekly-mean")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Forecasts of the weeks that were kept from training, and how good they were.

    `gate` is what was decided there about a model that was trained from the start, before it was put in use; `notes`
    say what else its figures are to be read with.
    """

    card: Scorecard
    forecasts: tuple[Forecast, ...]
    references: tuple[Mapping[str, Forecast], ...]
    weather: str
    gate: tuple[FirstDecision, ...] = ()
    notes: tuple[str, ...] = ()


def evaluation_dict(evaluation: Evaluation | None) -> dict[str, Any] | None:
    """The evaluation as `metrics.json` keeps it."""
    if evaluation is None:
        return None
    gate = {decision.target: decision.to_dict() for decision in evaluation.gate}
    return {**evaluation.card.to_dict(), "weather": evaluation.weather, **({"first_gate": gate} if gate else {}),
            **({"notes": list(evaluation.notes)} if evaluation.notes else {})}


def holdout_weeks(data: StationData, settings: Settings) -> tuple[int, list[str]]:
    """How many weeks at the end are kept from training, and why none is.

    Raises:
        DataError: fewer days are measured than a training needs.
    """
    weeks, days = settings.evaluation.holdout_weeks, measured_days(data)
    if days < MINIMUM_DAYS:
        raise DataError(f"station {data.station.id} has too little data to train on", found=f"{days:.1f} days",
                        expected=f"at least {MINIMUM_DAYS} days, and a week more to evaluate on",
                        hint="add older data; until then 'wattcast forecast' forecasts without a model")
    possible = min(weeks, int((days - MINIMUM_DAYS) // 7))
    if weeks and not possible:
        return 0, [f"nothing was kept to evaluate on: {days:.0f} days of data are less than {MINIMUM_DAYS + 7}"]
    return possible, [] if weeks else ["nothing was kept to evaluate on: evaluation.holdout_weeks is 0"]


def evaluate(network: Forecaster, data: StationData, first: pd.Timestamp, weeks: int) -> Evaluation:
    """Forecast the weeks that were kept, a horizon of days on the wall at a time.

    The references know what the network was fitted on.
    """
    horizon = station_horizon(data.station)
    view = HorizonView(data, first, horizon)
    references = {name: baseline(name).fit(view) for name in REFERENCES}
    cards, forecasts, compared, sources = [], [], [], []
    length = horizon.steps * horizon.step
    for origin in rolling_origins(first, length, data.end, weeks * 7 * DAY // length, step=horizon.step):
        view = HorizonView(data, origin, horizon)
        forecasts.append(network.forecast(view))
        compared.append({name: reference.forecast(view) for name, reference in references.items()})
        # Shares follow the weeks before each origin, and a forecast's name tells them: all go by that of the first.
        made = replace(forecasts[-1], model=forecasts[0].model)
        cards.append(score_week(data.frame, made, compared[-1], data.station.capacity))
        sources.append(view.weather_source)
    return Evaluation(pool(cards), tuple(forecasts), tuple(compared), "; ".join(dict.fromkeys(sources)))


def admit(network: NetworkForecaster, view: HorizonView, data: StationData, first: pd.Timestamp,
          weeks: int) -> tuple[NetworkForecaster, Evaluation]:
    """What of a first training may be used, and its evaluation.

    Targets for which what was trained is clearly worse than a simple forecast are left to the simple forecasts alone.

    Args:
        network: fitted.
        view: what it was fitted on.
        data: the whole history.
        first: where the weeks that were kept begin.
        weeks: how many.
    """
    assert network.model is not None
    evaluation, notes = evaluate(network, data, first, weeks), flattered(network.model)
    gate = judge(evaluation.card)
    failed = [decision.target for decision in gate if decision.passed is False]
    if failed:
        chosen = calibrate_and_choose(network.model, view.training_data(), simple_only=failed)
        network = replace(network, model=chosen)
        evaluation = evaluate(network, data, first, weeks)
    return network, replace(evaluation, gate=gate, notes=notes)


def flattered(model: TrainedModel) -> tuple[str, ...]:
    """What to tell of a choice and figures whose weeks the base in use knows from learning; mostly nothing."""
    return flattering(model.recipe.model.base, model.station.id, model.validation[0])
