"""The gate of a first training: what has learned is used only if it is not clearly worse than the simple forecasts.

A fine-tuned model is compared with the one in use (`finetune.gate`). A first one has no such rival: it is compared with
the simple forecasts on the weeks that were kept from training. It fails by a wide margin only, and not by one bad day:
a week is short, and what was chosen on the validation weeks is mostly right. Each target is judged by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattcast.evaluation.baselines import IN_WORDS
from wattcast.evaluation.scorecard import Scorecard, number, or_null
from wattcast.timegrid import DAY

FloatArray = NDArray[np.float64]

CLEARLY_WORSE = 2.0
"""How many times the best simple forecast's mean absolute error it must have to fail. One week tells little: in 12 % of
the 48 880 weeks of 446 public stations where “mean of the last 4 weeks” is better over all of them, it has more than
1.25 times the error of “same as 7 days ago”, and a larger one on five days at least; more than twice that in 2 %.
[times]"""

MOST_DAYS = 2 / 3
"""And on how large a part of the days a larger error. [share]"""

FEWEST_DAYS = 4
"""Measured days below which nothing is decided. [days]"""


@dataclass(frozen=True)
class DailyErrors:
    """Mean absolute errors of D days, those that were measured, in the target's unit.

    Attributes:
        steps: `[D]`, how many steps of each were measured, one at least.
        chosen: `[D]`, of the forecasts by what was trained.
        simple: each `[D]`, of the simple forecasts by name.
        still: whether all that was measured is the same value.
    """

    steps: NDArray[np.int64]
    chosen: FloatArray
    simple: Mapping[str, FloatArray]
    still: bool


@dataclass(frozen=True)
class FirstDecision:
    """Whether a target's forecasts may be used, why, and the numbers behind it; `passed` is None if nobody can tell."""

    target: str
    passed: bool | None
    sentence: str
    numbers: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        return {"passed": self.passed, "found": self.sentence, **or_null(self.numbers)}


def decide(target: str, errors: DailyErrors) -> FirstDecision:
    """The decision about one target; what cannot be told is no reason against what was trained."""
    days = len(errors.steps)
    if days < FEWEST_DAYS:
        return _cannot_tell(target, f"only {days} days of the weeks kept apart were measured")
    if errors.still:
        return _cannot_tell(target, "the station stood still in the weeks kept apart")
    error, *others = (float(np.average(each, weights=errors.steps))
                      for each in (errors.chosen, *errors.simple.values()))
    best, name = min(zip(others, errors.simple, strict=True))
    if best == 0:
        return _cannot_tell(target, f"“{IN_WORDS[name]}” had no error at all in the weeks kept apart")
    worse = int((errors.chosen > errors.simple[name]).sum())
    passed = error <= CLEARLY_WORSE * best or worse < MOST_DAYS * days
    sentence = (f"{target}: in the weeks kept apart what was trained has a mean absolute error of {number(error)}, "
                f"“{IN_WORDS[name]}” of {number(best)}, and the larger one on {worse} of {days} days")
    numbers = {"mae": error, "simple_mae": best, "worse_days": worse, "days": days}
    return FirstDecision(target, passed, sentence, numbers)


def judge(card: Scorecard) -> tuple[FirstDecision, ...]:
    """The decision about each target of an evaluation's scorecard, whose references are simple forecasts."""
    return tuple(decide(target, daily_errors(card, target)) for target in card.targets)


def daily_errors(card: Scorecard, target: str) -> DailyErrors:
    """A target's errors by day from the first origin on."""
    steps = card.steps[(card.steps["target"] == target) & card.steps["actual"].notna()]
    steps = steps.assign(error=(steps["median"] - steps["actual"]).abs(),
                         number=(steps["time"] - card.steps["origin"].min()) // DAY)
    by_day = {model: steps[steps["model"] == model].groupby("number")["error"]
              for model in (card.model, *card.references)}
    return DailyErrors(by_day[card.model].size().to_numpy(), by_day[card.model].mean().to_numpy(),
                       {name: by_day[name].mean().to_numpy() for name in card.references},
                       steps["actual"].nunique() <= 1)


def _cannot_tell(target: str, why: str) -> FirstDecision:
    return FirstDecision(target, None, f"{target}: whether what was trained is good enough cannot be told: {why}", {})
