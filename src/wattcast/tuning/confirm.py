"""What is chosen: what was found, if trained in full it beats today's configuration where no trial was scored.

Both are trained as a training would, with today's seed, and compared on the other origins. The search's origins tell
when to stop, so neither has seen the others. What the trainings came to is kept in the study, their checkpoints until
then: a comparison that was killed goes on, and one that was made is not made again.
"""

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from wattcast.errors import WattcastError
from wattcast.evaluation.scorecard import percent
from wattcast.training.record import EpochRecord
from wattcast.tuning.objective import Objective
from wattcast.tuning.plan import duration
from wattcast.tuning.progress import OnProgress, progress
from wattcast.tuning.space import Value
from wattcast.tuning.stages import ahead, score
from wattcast.tuning.study import SharedStudy


@dataclass(frozen=True)
class Confirmation:
    """One configuration, trained in full, on the other origins.

    Attributes:
        number: of the trial.
        score: that it was searched by.
        loss: mean over the other origins.
        difference: of that mean to today's.
        noise: standard error of the paired differences.
        weeks: that the other origins lie in.
        weeks_better: in how many of them its mean is below today's.
        seconds: that its training took.
    """

    number: int
    score: float
    loss: float
    difference: float
    noise: float
    weeks: int
    weeks_better: int
    seconds: float

    @property
    def better(self) -> bool:
        """Whether it beats today's configuration by more than the noise."""
        return -self.difference > self.noise


@dataclass(frozen=True)
class Choice:
    """The chosen trial, and what it was compared with.

    Attributes:
        number: of the chosen trial.
        score: that it was searched by.
        today: today's configuration's trial and score; None if it could not be trained.
        origins: how many others there were.
        confirmations: today's configuration first, then the best few; empty if nothing was to be compared.
        verdict: in plain words.
    """

    number: int
    score: float
    today: tuple[int, float] | None
    origins: int
    confirmations: tuple[Confirmation, ...]
    verdict: str


def choose(study: SharedStudy, objective: Objective, on_search: OnProgress | None = None) -> Choice:
    """Train today's configuration and the best few that were scored better in full, and compare them."""
    today, origins = study.today(), len(objective.other_origins)
    if today.state != TrialState.COMPLETE:
        return _without_today(study, origins)
    kept = partial(Choice, today.number, score(today), (today.number, score(today)), origins)
    found = _worth_it(study, objective, ahead(study.trials(), study.plan.ends)[:study.config.confirm])
    if not found:
        return kept(confirmations=(), verdict="no trial was better than today's configuration: it is kept")
    with FileLock(study.folder / "full.lock"):       # the others wait for the same trainings
        made = {trial.number: _trained(study, objective, trial, on_search) for trial in (today, *found)}
    reasons = {number: str(result["failed"]) for number, result in made.items() if "failed" in result}
    found = [trial for trial in found if trial.number not in reasons]
    if not found:
        return kept(confirmations=(), verdict="what was found could not be trained in full "
                                              f"({next(iter(reasons.values()))}): today's configuration is kept")
    if today.number in reasons:
        return Choice(found[0].number, score(found[0]), (today.number, score(today)), origins, (),
                      f"today's configuration could not be trained in full ({reasons[today.number]}); trial "
                      f"{found[0].number} could")
    compared = tuple(compare(trial.number, score(trial), made[trial.number], made[today.number], objective)
                     for trial in (today, *found))
    chosen = chosen_of(compared)
    return Choice(chosen.number, chosen.score, (today.number, score(today)), origins, compared,
                  verdict(chosen, compared))


def _worth_it(study: SharedStudy, objective: Objective, found: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The best, and of the next ones as many as can be trained, today's configuration included, in the time that the
    search had."""
    prices = [_price(study, objective, trial.params) for trial in (study.today(), *found)]
    return [trial for place, trial in enumerate(found)
            if place == 0 or sum(prices[:place + 2]) <= study.config.optuna_timeout]


def _without_today(study: SharedStudy, origins: int) -> Choice:
    best = study.best()
    if best is None:
        raise WattcastError("no trial of the search came to its end", found=f"{len(study.trials())} trials",
                            hint="give the same command again with a higher tuning.optuna_timeout: it goes on")
    return Choice(best.number, score(best), None, origins, (), "today's configuration could not be trained; trial "
                  f"{best.number} is the best of those that could")


def _trained(study: SharedStudy, objective: Objective, trial: FrozenTrial,
             on_search: OnProgress | None) -> Mapping[str, object]:
    """Losses at the other origins and seconds of a training in full, or why it failed."""
    kept = study.full(trial.number)
    if kept is not None:
        return kept
    whose = "today's configuration" if trial.number == study.today().number else f"trial {trial.number}"
    if on_search is not None:
        on_search(f"training {whose} in full to compare with, at most about "
                  f"{duration(_price(study, objective, trial.params))}")

    def on_epoch(record: EpochRecord) -> None:
        if on_search is not None:
            on_search(progress(study, trial.number, record, "", 0.0))

    folder, started = study.folder / "full" / str(trial.number), time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, object]
    try:
        losses = objective.train_in_full(trial.params, folder, on_epoch=on_epoch)
        made = {"losses": losses.tolist(), "seconds": round(time.perf_counter() - started, 1)}
    except WattcastError as error:
        made = {"failed": str(error).partition("\n")[0]}
    study.keep_full(trial.number, made)
    shutil.rmtree(folder, ignore_errors=True)
    return made


def _price(study: SharedStudy, objective: Objective, values: Mapping[str, Value]) -> float:
    times = study.timed(objective.shape(values)) or objective.times_today(values)
    return study.plan.window * times * objective.recipe.training.epochs * objective.windows(values)


def compare(number: int, score: float, made: Mapping[str, object], today: Mapping[str, object],
            objective: Objective) -> Confirmation:
    """What a training came to beside today's."""
    losses, reference = np.asarray(made["losses"], np.float64), np.asarray(today["losses"], np.float64)
    differences, week = losses - reference, objective.week_of_others
    by_week = [float(differences[week == each].mean()) for each in np.unique(week)]
    return Confirmation(number, score, float(losses.mean()), float(differences.mean()),
                        standard_error(differences, objective.other_weeks), len(by_week),
                        sum(each < 0 for each in by_week), float(str(made["seconds"])))


def standard_error(differences: NDArray[np.float64], weeks: float) -> float:
    """Of the mean of `differences`, one an origin, at least two.

    Origins whose horizons overlap share most of their errors: together they count for no more than the `weeks` that
    do not overlap.
    """
    return float(differences.std(ddof=1)) / math.sqrt(min(len(differences), max(weeks, 1.0)))


def chosen_of(compared: tuple[Confirmation, ...]) -> Confirmation:
    """The best of those that beat today's configuration, the first of them, else that."""
    return min((each for each in compared if each.better), key=lambda each: each.loss, default=compared[0])


def verdict(chosen: Confirmation, compared: tuple[Confirmation, ...]) -> str:
    """What the gain is and how sure."""
    today = compared[0]
    best = chosen if chosen is not today else min(compared[1:], key=lambda each: each.loss)
    change = best.difference / today.loss
    measured = (f"trial {best.number} is {percent(abs(change))} {'better' if change < 0 else 'worse'} than today's "
                f"configuration, better in {best.weeks_better} of {best.weeks} weeks that no trial was scored on, both "
                f"trained in full (noise {percent(best.noise / today.loss)})")
    return measured if chosen is not today else f"{measured}: not beyond the noise, today's is kept"
