"""What a search leaves for programs: the content of `hyperopt_results.json`."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from wattcast.tuning.search import SearchResult
from wattcast.tuning.space import noted, values_of
from wattcast.tuning.stages import STAGE, began, expected_epochs, seconds
from wattcast.tuning.study import PRICE, REASON, WORKER, asked_for

FEWEST_TRIALS = 10
"""Complete trials below which nothing is said about what decides. [trials]"""


def results(found: SearchResult) -> dict[str, Any]:
    """The content of `hyperopt_results.json`.

    `best_params`, `best_score` and `n_trials` are the chosen trial's parameters (of all searched keys), its score and
    how many trials there were; the score is the mean pinball loss in scaled units on the search's origins.
    """
    choice = found.choice
    number, score = choice.today or (None, None)
    return {
        "best_params": values_of(found.recipe, noted()),
        "best_score": choice.score,
        "n_trials": len(asked_for(found.trials)),
        "ended": dict(Counter(trial.state.name.lower() for trial in asked_for(found.trials))),
        "best_trial": choice.number,
        "today_trial": number,
        "today_score": score,
        "verdict": choice.verdict,
        "comparison": {"origins": choice.origins,
                       "trials": [{**asdict(each), "better": each.better} for each in choice.confirmations]},
        "recipe_hash": found.recipe.recipe_hash(),
        "study": found.study,
        "sampler": found.config.sampler,
        "sampler_seed": found.config.sampler_seed,
        "pruner": found.config.pruner if found.config.optuna_pruning else None,
        "space": {key: list(values) for key, values in found.space.items()},
        "fidelity": _fidelity(found),
        "cost": _cost(found),
        "stopped": found.stopped or None,
        "seconds": round(found.seconds, 1),
        "trials": [_trial(trial) for trial in found.trials],
    }


def _fidelity(found: SearchResult) -> dict[str, Any]:
    """How much of a training a trial was."""
    plan = found.plan
    return {"fidelity": found.config.fidelity, "epochs": plan.epochs, "windows_per_epoch": plan.windows,
            "stage_ends": list(plan.ends), "epochs_on_average": round(expected_epochs(plan.ends), 2),
            "share_of_training": round(plan.share, 4), "origins": plan.scored}


def _cost(found: SearchResult) -> dict[str, Any]:
    """What it was thought to take [s], and what it took."""
    plan = found.plan
    ended = [trial for trial in found.trials if trial.duration is not None]
    return {"today": round(plan.today, 1), "trial_on_average": round(plan.average, 1),
            "times_today_on_average": round(plan.times, 2), "trials_that_fit": found.fitting,
            "priced": round(sum(trial.user_attrs.get(PRICE, 0.0) for trial in ended), 1),
            "of_these_taken": round(sum(seconds(trial) for trial in ended if PRICE in trial.user_attrs), 1),
            "taken": round(sum(map(seconds, ended)), 1),
            "trainings_in_full": round(sum(each.seconds for each in found.choice.confirmations), 1)}


def _trial(trial: FrozenTrial) -> dict[str, Any]:
    return {"number": trial.number, "state": trial.state.name.lower(), "value": as_json(trial.value),
            "params": trial.params, "duration": None if trial.duration is None else round(seconds(trial), 2),
            "price": trial.user_attrs.get(PRICE), "stage": trial.user_attrs.get(STAGE, 0), "began_as": began(trial),
            "intermediate": {str(epoch): as_json(value) for epoch, value in trial.intermediate_values.items()},
            "reason": trial.user_attrs.get(REASON), "worker": trial.user_attrs.get(WORKER, {}).get("id")}


def as_json(value: float | None) -> float | None:
    """The number, or null for one that JSON does not have."""
    return None if value is None or not math.isfinite(value) else value


def importance(trials: Sequence[FrozenTrial], epoch: int) -> dict[str, float]:
    """How much each key decides whether a trial is in the best quarter (PED-ANOVA, arXiv 2304.10255); they sum to 1.

    Of the scores after one epoch, which all trainings have that were not stopped before; empty where they are too few
    to tell.
    """
    scored = {began(trial): trial for trial in trials if epoch in trial.intermediate_values}
    if len(scored) < FEWEST_TRIALS:
        return {}
    study = optuna.create_study()
    study.add_trials([optuna.trial.create_trial(
        state=TrialState.COMPLETE, params=trial.params, distributions=trial.distributions,
        value=min(value for at, value in trial.intermediate_values.items() if at <= epoch))
        for trial in scored.values()])
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.25)
    found: dict[str, float] = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return found
