"""What a search tells of itself while it runs."""

from collections.abc import Callable
from dataclasses import dataclass

from optuna.trial import TrialState

from wattcast.training.record import EpochRecord
from wattcast.tuning.stages import seconds
from wattcast.tuning.study import SharedStudy, asked_for


@dataclass(frozen=True)
class SearchProgress:
    """Where a search is, after an epoch or a trial.

    Attributes:
        finished: trials that ended or were set aside, of which `pruned` and `failed`.
        total: trials in all.
        best: number and score of the best trial so far that went to its end.
        today: score of today's configuration.
        number: of the trial.
        epoch: its newest epoch, None where it has ended.
        said: how it ended.
        seconds_left: an estimate; None before the first trial has ended.
    """

    finished: int
    pruned: int
    failed: int
    total: int
    best: tuple[int, float] | None
    today: float | None
    number: int
    epoch: EpochRecord | None
    said: str
    seconds_left: float | None


OnProgress = Callable[[SearchProgress | str], None]
"""Told of each finished epoch and trial, and in a sentence of what concerns all trials."""


def progress(study: SharedStudy, number: int, epoch: EpochRecord | None, said: str, left: float) -> SearchProgress:
    """Where a search is.

    Args:
        study: the search.
        number: of the trial that something is told of.
        epoch: its newest one.
        said: how it ended.
        left: seconds until the time for trials is over.
    """
    asked = asked_for(study.trials())
    ended = [trial for trial in asked if trial.state.is_finished()]
    best, today = study.best(), study.today()
    return SearchProgress(
        len(ended), sum(trial.state == TrialState.PRUNED for trial in ended),
        sum(trial.state == TrialState.FAIL for trial in ended), study.config.n_trials,
        None if best is None else (best.number, best.value),
        today.value if today.state == TrialState.COMPLETE else None, number, epoch, said,
        _seconds_left(study, len(ended), left))


def _seconds_left(study: SharedStudy, ended: int, left: float) -> float | None:
    if not ended:
        return None
    spent: float = sum(seconds(trial) for trial in study.trials() if trial.duration is not None)
    at_work = max(1, len(study.trials(TrialState.RUNNING)))
    return max(0.0, min(spent / ended * (study.config.n_trials - ended) / at_work, left))
