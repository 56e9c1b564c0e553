"""Which trial is chosen: one that beats today's configuration beyond the noise, on origins it was not searched on."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from optuna.trial import TrialState

from wattcast.tuning.objective import Objective
from wattcast.tuning.study import SharedStudy


@dataclass(frozen=True)
class Confirmation:
    """One trial on the other origins.

    Attributes:
        number: of the trial.
        score: that it was searched by.
        loss: mean over the other origins.
        difference: of that mean to today's; None where today's configuration failed.
        noise: standard error of the paired differences; None where today's configuration failed.
    """

    number: int
    score: float
    loss: float
    difference: float | None
    noise: float | None

    @property
    def better(self) -> bool:
        """Whether it beats today's configuration by more than the noise."""
        return self.difference is not None and self.noise is not None and -self.difference > self.noise


@dataclass(frozen=True)
class Choice:
    """The chosen trial, and what it was compared with.

    Attributes:
        number: of the chosen trial.
        score: that it was searched by.
        origins: how many others there were.
        confirmations: today's configuration first, if it succeeded, then the best few.
        verdict: in plain words.
    """

    number: int
    score: float
    origins: int
    confirmations: tuple[Confirmation, ...]
    verdict: str

    @property
    def today(self) -> Confirmation | None:
        """Today's configuration, unless it failed."""
        return None if self.confirmations[0].difference is None else self.confirmations[0]


def choose(study: SharedStudy, objective: Objective) -> Choice:
    """Compare today's configuration and the best few, each with the weights it ended with, on the other origins."""
    best = [trial for trial in study.best(study.config.confirm) if study.weights(trial.number).exists()]
    today = study.today()
    losses = {trial.number: objective.losses(trial.params, study.weights(trial.number))
              for trial in ([today] if today.state == TrialState.COMPLETE else []) + best}
    reference = losses.get(today.number)
    scores = {trial.number: float(trial.value) for trial in [*best, today] if trial.number in losses}
    confirmations = tuple(_confirmation(number, scores[number], found, reference, objective.other_weeks)
                          for number, found in losses.items())
    chosen = _chosen(confirmations)
    return Choice(chosen.number, chosen.score, len(objective.other_origins), confirmations,
                  _verdict(chosen, confirmations))


def _confirmation(number: int, score: float, losses: NDArray[np.float64], reference: NDArray[np.float64] | None,
                  weeks: float) -> Confirmation:
    loss = float(losses.mean())
    if reference is None:
        return Confirmation(number, score, loss, None, None)
    differences = losses - reference
    return Confirmation(number, score, loss, float(differences.mean()), standard_error(differences, weeks))


def standard_error(differences: NDArray[np.float64], weeks: float) -> float:
    """Of the mean of `differences`, one an origin, at least two.

    Origins whose horizons overlap share most of their errors: together they count for no more than the `weeks` that
    do not overlap.
    """
    return float(differences.std(ddof=1)) / math.sqrt(min(len(differences), max(weeks, 1.0)))


def _chosen(confirmations: tuple[Confirmation, ...]) -> Confirmation:
    """The best of those that beat today's configuration, else that; the best of all where that failed."""
    if confirmations[0].difference is None:
        return min(confirmations, key=lambda each: each.loss)
    return min((each for each in confirmations if each.better), key=lambda each: each.loss, default=confirmations[0])


def _verdict(chosen: Confirmation, confirmations: tuple[Confirmation, ...]) -> str:
    today = confirmations[0]
    if chosen.difference is None:
        return f"today's configuration could not be trained; trial {chosen.number} is the best of those that could"
    if chosen is not today:
        return (f"trial {chosen.number} is {-chosen.difference / today.loss:.1%} better than today's configuration on "
                f"origins that were not searched on ({chosen.loss:.5f} against {today.loss:.5f}, noise "
                f"{chosen.noise:.5f})")
    if len(confirmations) == 1:
        return "no trial was better than today's configuration: it is kept"
    closest = min(confirmations[1:], key=lambda each: each.loss)
    return (f"no trial beats today's configuration beyond the noise on origins that were not searched on: it is kept "
            f"(trial {closest.number} {closest.loss:.5f} against {today.loss:.5f}, noise {closest.noise:.5f})")
