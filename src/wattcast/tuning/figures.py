"""The pictures of a search: its history, which keys decide, and what the score cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optuna.trial import FrozenTrial, TrialState

from wattcast.evaluation.charts import INK, MODEL, OTHERS
from wattcast.tuning.results import importance
from wattcast.tuning.search import SearchResult
from wattcast.tuning.stages import began, newest, score, seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCORE = "mean pinball loss, scaled"
SHOWN = 1.6
"""Scores up to so many times the best one are shown: one that went astray would press the others together. [times]"""


def history_figure(found: SearchResult) -> "Figure":
    """Every training's score, the best so far, and beside it what decides."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    trials = [trial for trial in newest(found.trials).values() if trial.intermediate_values]
    _points(left, found, trials, [began(trial) for trial in trials])
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = [min(score(trial) for trial in complete[:count + 1]) for count in range(len(complete))]
    left.step([began(trial) for trial in complete], best, where="post", color=MODEL, linewidth=1, label="best so far")
    left.set(xlabel="trial", ylabel=SCORE)
    left.legend(frameon=False, fontsize=8)
    draw_importance(right, found)
    return figure


def cost_figure(found: SearchResult) -> "Figure":
    """What the trials took against how they ended."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    axis = figure.subplots()
    taken: dict[int, float] = {}
    for trial in found.trials:
        if trial.duration is not None:
            taken[began(trial)] = taken.get(began(trial), 0.0) + seconds(trial)
    trials = [trial for trial in newest(found.trials).values() if trial.intermediate_values and began(trial) in taken]
    _points(axis, found, trials, [taken[began(trial)] for trial in trials])
    axis.set(xlabel="seconds that the trial took, with all its stages", ylabel=SCORE, xscale="log")
    axis.legend(frameon=False, fontsize=8)
    return figure


def draw_importance(axis: "Axes", found: SearchResult) -> None:
    """Which keys decide after the first stage, which all trials made."""
    shares = importance(found.trials, found.plan.ends[0])
    axis.barh(list(shares), list(shares.values()), color=MODEL)
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.set(title="What decides" if shares else "Too few trials to tell what decides", xlabel="importance (PED-ANOVA)")


def _points(axis: "Axes", found: SearchResult, trials: Sequence[FrozenTrial], places: Sequence[float]) -> None:
    """A point for every training at its best score, marked by how far it went."""
    ends = found.plan.ends
    for stage in range(len(ends) + 1):
        kept = [(place, score(trial)) for place, trial in zip(places, trials, strict=True)
                if sum(end <= max(trial.intermediate_values) for end in ends) == stage]
        if kept:
            name = ("to the end" if stage == len(ends) else f"stopped in stage {stage + 1}" if stage == 0
                    else f"stage {stage}")
            axis.plot(*zip(*kept, strict=True), "o", markersize=5, label=name,
                      color=MODEL if stage == len(ends) else OTHERS[-1 - stage])
    if found.choice.today is not None:
        axis.axhline(found.choice.today[1], color=INK, linestyle="--", linewidth=1, label="today")
    chosen = [(place, score(trial)) for place, trial in zip(places, trials, strict=True)
              if trial.number == found.choice.number]
    axis.plot(*zip(*chosen, strict=True), "o", markersize=11, markerfacecolor="none", color=INK, label="chosen")
    scores = [score(trial) for trial in trials]
    axis.set_ylim(0.97 * min(scores), min(1.03 * max(scores), SHOWN * min(scores)))
