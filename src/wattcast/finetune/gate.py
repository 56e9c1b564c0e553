"""The gate: a candidate replaces the champion only if it is shown to be better and to break nothing.

It fails closed. What cannot be computed, what raises, and what was measured too rarely leave the champion in place.

| check | holds if |
|---|---|
| origins | at least `gate_origins` origins of the newest days, and two of the guard, could be scored |
| limits | every forecast of the candidate is finite and within the station's physical limits |
| error | pinball loss on the newest days below the champion's by more than `gate_margin`, absolute error below it too |
| days | lower pinball loss on more than half of the newest days |
| targets | no single target's pinball loss above the champion's by more than `guard_tolerance` |
| forgetting | absolute error on the guard above the champion's by at most `guard_tolerance`, pinball loss by twice |
| coverage | the 80 % band holds at most `coverage_tolerance` less than the champion's, or than 80 % |
| champion | the model in use is still the one that the candidate was compared with |

Errors are ratios to the champion's, averaged over the targets with their weights in the loss: a large target does not
drown a small one. On the guard the pinball loss may rise by more than the absolute error: who has seen a change is less
sure of how things were, and says so by wider bands.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wattcast.evaluation.scorecard import Scorecard, or_null, percent
from wattcast.finetune.comparison import CHAMPION, Evidence
from wattcast.finetune.config import FinetuneConfig
from wattcast.forecasting.predictor import NAME
from wattcast.timegrid import DAY

log = logging.getLogger("wattcast")

FEWEST_GUARD_ORIGINS = 2
"""Of the guard, without which nobody can tell what was forgotten. [origins]"""
BAND = 0.8
"""What the band from 10 % to 90 % should hold. [share]"""
MEASURES = ("pinball", "mae")


@dataclass(frozen=True)
class Check:
    """One condition, whether it holds, and in plain words what was found."""

    name: str
    holds: bool
    sentence: str


@dataclass(frozen=True)
class Decision:
    """Whether the candidate becomes the champion; `numbers` is what the checks were computed from."""

    checks: tuple[Check, ...]
    numbers: Mapping[str, Any]

    @property
    def promoted(self) -> bool:
        """All checks hold, and there were some."""
        return bool(self.checks) and all(check.holds for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not."""
        return tuple(check.sentence for check in self.checks if not check.holds)

    def to_dict(self) -> dict[str, Any]:
        checks = [{"check": check.name, "holds": check.holds, "found": check.sentence} for check in self.checks]
        return {"promoted": self.promoted, "reasons": list(self.reasons), "checks": checks, **self.numbers}


def superseded(decision: Decision, compared: str, in_use: str | None) -> Decision:
    """A decision for a candidate that was compared with a model which is no longer the one in use."""
    sentence = f"the candidate was compared with {compared}, but {in_use} has become the champion in the meantime"
    return replace(decision, checks=(*decision.checks, Check("champion", False, sentence)))


def refusal(name: str, *sentences: str, **numbers: Any) -> Decision:
    """A decision for the champion before anything could be compared."""
    return Decision(tuple(Check(name, False, sentence) for sentence in sentences), numbers)


def judge(gather: Callable[[], Evidence], config: FinetuneConfig,
          weights: Mapping[str, float]) -> tuple[Decision, Evidence | None]:
    """Gather the evidence and decide; whatever goes wrong is a decision for the champion."""
    try:
        evidence = gather()
        return decide(evidence, config, weights), evidence
    except Exception as error:      # fails closed, whatever it was
        log.warning("the models could not be compared: %s", error)
        return refusal("comparison", f"the models could not be compared: {error}"), None


def decide(evidence: Evidence, config: FinetuneConfig, weights: Mapping[str, float]) -> Decision:
    """The decision that the evidence and the settings come to.

    Args:
        evidence: what was measured.
        config: margins and tolerances.
        weights: of the targets.
    """
    origins, older = len(evidence.newest.origins), len(evidence.guard.origins)
    counted = Check("origins", origins >= config.gate_origins and older >= FEWEST_GUARD_ORIGINS,
                    f"{origins} origins of the newest days and {older} of the guard could be scored, needed are "
                    f"{config.gate_origins} and {FEWEST_GUARD_ORIGINS}")
    limits = Check("limits", not evidence.broken, "; ".join(evidence.broken) or "all forecasts are within the limits")
    if not counted.holds:
        return Decision((counted, limits), {"origins": origins, "guard_origins": older})
    checks = (counted, limits, _error(evidence.newest, config, weights), _days(evidence.newest, weights),
              *_targets(evidence.newest, config), _forgetting(evidence.guard, config, weights),
              *_coverage(evidence.newest, config, "the newest days"), *_coverage(evidence.guard, config, "the guard"))
    return Decision(checks, {"origins": origins, "guard_origins": older, "weather": evidence.weather,
                             "newest": _numbers(evidence.newest), "guard": _numbers(evidence.guard)})


def _ratio(card: Scorecard, measure: str, weights: Mapping[str, float]) -> float:
    """The candidate's error over the champion's, the mean over targets; NaN if any of them is not known."""
    ratios = [_over(card.scores(target)[measure], card.scores(target, model=CHAMPION)[measure])
              for target in card.targets]
    given = [weights[target] for target in card.targets]
    return float(np.average(ratios, weights=given)) if sum(given) > 0 else float("nan")


def _over(error: float, reference: float) -> float:
    return error / reference if reference > 0 else float("nan")


def _change(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"


def _error(card: Scorecard, config: FinetuneConfig, weights: Mapping[str, float]) -> Check:
    pinball, mae = (_ratio(card, measure, weights) for measure in MEASURES)
    return Check("error", bool(pinball < 1 - config.gate_margin and mae < 1),
                 f"on the newest days the pinball loss changes by {_change(pinball)} and the absolute error by "
                 f"{_change(mae)}; both must fall, the first by more than {percent(config.gate_margin)}")


def _days(card: Scorecard, weights: Mapping[str, float]) -> Check:
    steps = card.steps[card.steps["actual"].notna()]
    days = (steps["time"] - steps["origin"].min()) // DAY
    lower = [_ratio(replace(card, steps=day), "pinball", weights) < 1 for _, day in steps.groupby(days)]
    return Check("days", sum(lower) > len(lower) / 2, f"the candidate is better on {sum(lower)} of {len(lower)} days, "
                                                      "more than half are needed")


def _targets(card: Scorecard, config: FinetuneConfig) -> Iterator[Check]:
    for target in card.targets if len(card.targets) > 1 else ():
        ratio = _ratio(card, "pinball", {name: float(name == target) for name in card.targets})
        yield Check("targets", bool(ratio <= 1 + config.guard_tolerance),
                    f"{target}: the pinball loss on the newest days changes by {_change(ratio)}, allowed are "
                    f"{_change(1 + config.guard_tolerance)}")


def _forgetting(card: Scorecard, config: FinetuneConfig, weights: Mapping[str, float]) -> Check:
    pinball, mae = (_ratio(card, measure, weights) for measure in MEASURES)
    most = config.guard_tolerance
    return Check("forgetting", bool(mae <= 1 + most and pinball <= 1 + 2 * most),
                 f"on the older guard the absolute error changes by {_change(mae)} and the pinball loss by "
                 f"{_change(pinball)}, allowed are {_change(1 + most)} and {_change(1 + 2 * most)}")


def _coverage(card: Scorecard, config: FinetuneConfig, period: str) -> Iterator[Check]:
    for target in card.targets:
        ours, theirs = (card.scores(target, model=model)["coverage_80"] for model in (NAME, CHAMPION))
        yield Check("coverage", bool(ours >= min(theirs, BAND) - config.coverage_tolerance),
                    f"{target}: the 80 % band holds {percent(ours)} of {period}, the champion's {percent(theirs)}")


def _numbers(card: Scorecard) -> dict[str, Any]:
    return {target: {name: or_null(card.scores(target, model=model))
                     for name, model in (("candidate", NAME), *((other, other) for other in card.references))}
            for target in card.targets}
