"""What a search leaves for people and programs: the content of `hyperopt_results.json`, and a picture."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from wattcast.store.files import written_aside
from wattcast.tuning.search import SearchResult
from wattcast.tuning.space import noted, values_of
from wattcast.tuning.study import PRICE, REASON, WORKER, counts

FEWEST_TRIALS = 10
"""Complete trials below which nothing is said about what decides. [trials]"""


def results(found: SearchResult) -> dict[str, Any]:
    """The content of `hyperopt_results.json`.

    `best_params`, `best_score` and `n_trials` are the chosen trial's parameters (of all searched keys), its score and
    how many trials there were; the score is the mean pinball loss in scaled units on the search's origins.
    """
    choice = found.choice
    return {
        "best_params": values_of(found.recipe, noted()),
        "best_score": choice.score,
        "n_trials": sum(counts(trial) for trial in found.trials),
        "best_trial": choice.number,
        "today_trial": None if choice.today is None else choice.today.number,
        "today_score": None if choice.today is None else choice.today.score,
        "verdict": choice.verdict,
        "confirmation": {"origins": choice.origins,
                         "trials": [{**asdict(each), "better": each.better} for each in choice.confirmations]},
        "recipe_hash": found.recipe.recipe_hash(),
        "study": found.study,
        "sampler": found.config.sampler,
        "sampler_seed": found.config.sampler_seed,
        "pruner": found.config.pruner if found.config.optuna_pruning else None,
        "space": {key: list(values) for key, values in found.space.items()},
        "plan": {"epochs": found.plan.epochs, "windows_per_epoch": found.plan.windows,
                 "share_of_training": round(found.plan.share, 4), "seconds_of_today": round(found.plan.today, 1),
                 "seconds_at_most": round(found.plan.limit(found.config), 1),
                 "share_of_space_that_fits": found.fitting},
        "stopped": found.stopped or None,
        "seconds": round(found.seconds, 1),
        "trials": [_trial(trial) for trial in found.trials],
    }


def _trial(trial: FrozenTrial) -> dict[str, Any]:
    duration = None if trial.duration is None else round(trial.duration.total_seconds(), 2)
    return {"number": trial.number, "state": trial.state.name.lower(), "value": as_json(trial.value),
            "params": trial.params, "duration": duration, "price": trial.user_attrs.get(PRICE),
            "intermediate": {str(epoch): as_json(value) for epoch, value in trial.intermediate_values.items()},
            "reason": trial.user_attrs.get(REASON), "worker": trial.user_attrs.get(WORKER, {}).get("id")}


def as_json(value: float | None) -> float | None:
    """The number, or null for one that JSON does not have."""
    return None if value is None or not math.isfinite(value) else value


def importance(trials: Sequence[FrozenTrial]) -> dict[str, float]:
    """How much each key decides whether a trial is in the best quarter (PED-ANOVA, arXiv 2304.10255); they sum to 1.

    Empty where the complete trials are too few to tell.
    """
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if len(complete) < FEWEST_TRIALS:
        return {}
    study = optuna.create_study()
    study.add_trials(complete)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.25)
    found: dict[str, float] = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return found


def plot_history(path: Path, found: SearchResult) -> None:
    """Every trial's score and the best so far; beside it what decides."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    complete = [trial for trial in found.trials if trial.state == TrialState.COMPLETE]
    pruned = [trial for trial in found.trials if trial.state == TrialState.PRUNED and trial.intermediate_values]
    left.plot([trial.number for trial in complete], [trial.value for trial in complete], "o", label="complete")
    left.plot([trial.number for trial in pruned], [min(trial.intermediate_values.values()) for trial in pruned], "x",
              color="gray", label="pruned, best epoch")
    best = [min(trial.value for trial in complete[:count + 1]) for count in range(len(complete))]
    left.step([trial.number for trial in complete], best, where="post", label="best so far")
    if found.choice.today is not None:
        left.axhline(found.choice.today.score, color="black", linestyle="--", linewidth=1, label="today")
    left.set(title="Trials", xlabel="trial", ylabel="mean pinball loss, scaled")
    left.legend()
    shares = importance(found.trials)
    right.barh(list(shares), list(shares.values()))
    right.invert_yaxis()
    right.set(title="What decides" if shares else "Too few complete trials to tell what decides",
              xlabel="importance (PED-ANOVA)")
    with written_aside(path) as aside:
        figure.savefig(aside, format="png", dpi=120)
