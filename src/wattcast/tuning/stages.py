"""Successive halving: every trial is trained a little, the best third go on, and of these the best third again.

What was set aside goes on from its own checkpoint under a new number, so that each of Optuna's trials ends once and for
all: a chain of trials is one training. Who goes on is decided whenever a process asks for work, from the scores that
there are by then (Li et al., arXiv 1810.05934): nobody waits for a stage to be full. Unlike there, no more than a third
of a stage ever go on, though each of many that the sampler improves is among the best third when it comes. Today's
configuration makes all stages at once and takes nobody's place.
"""

from collections.abc import Iterator, Sequence

from optuna.trial import FrozenTrial, TrialState

KEEP = 3
"""One of so many goes on, and a stage is so many times as long as the one before. [trials]"""
STAGES = 3
"""How many lengths a trial can have, each as many times as long as the one before as `KEEP` says. [stages]"""
TODAY = 0
"""Number under which today's configuration begins. [number]"""

BEGAN, STAGE, ASIDE = "began", "stage", "aside"
"""Attributes of trials: the number under which its training began, the stage that it goes on to (counted from 0, where
it is not told), and after which one it was set aside."""
INTERRUPTED, TWIN, DEAR = "interrupted", "twin", "dear"
"""Whether its process died, which one of the same values it takes its score from, whether it was too dear to be
started."""


def stage_ends(epochs: int, halving: bool) -> tuple[int, ...]:
    """The last epoch of each stage of a trial that has so many at most."""
    if not halving:
        return (epochs,)
    return tuple(sorted({max(1, round(epochs / KEEP**stage)) for stage in range(STAGES)}))


def expected_epochs(ends: Sequence[int]) -> float:
    """That a trial is trained for on average, if one of `KEEP` goes on from each stage."""
    begins = (0, *ends[:-1])
    return sum((end - begin) / float(KEEP**stage) for stage, (begin, end) in enumerate(zip(begins, ends, strict=True)))


def began(trial: FrozenTrial) -> int:
    """The number under which this trial's training began."""
    number: int = trial.user_attrs.get(BEGAN, trial.number)
    return number


def newest(trials: Sequence[FrozenTrial]) -> dict[int, FrozenTrial]:
    """Of every training the trial that it goes on as, or ended as, by the number under which it began."""
    return {began(trial): trial for trial in trials}


def scores(trials: Sequence[FrozenTrial]) -> dict[int, dict[int, float]]:
    """Of every training its scores by epoch, whichever of its trials made them."""
    found: dict[int, dict[int, float]] = {}
    for trial in trials:
        found.setdefault(began(trial), {}).update(trial.intermediate_values)
    return found


def ranking(trials: Sequence[FrozenTrial], end: int) -> list[FrozenTrial]:
    """Trainings that were scored until epoch `end`, or ended by their score before it; the best first.

    All of them have seen as many windows by then, and were scored on the same origins.
    """
    made, found = scores(trials), []
    for number, trial in newest(trials).items():
        until = [value for epoch, value in made[number].items() if epoch <= end]
        ended = trial.state == TrialState.COMPLETE or (trial.state == TrialState.PRUNED
                                                       and ASIDE not in trial.user_attrs)
        if until and (ended or end in made[number]) and TWIN not in trial.user_attrs:
            found.append((min(until), number, trial))
    return [trial for _, _, trial in sorted(found, key=lambda each: each[:2])]


def score(trial: FrozenTrial) -> float:
    """That it ended with, its best."""
    return float(min(trial.intermediate_values.values()) if trial.value is None or trial.state != TrialState.COMPLETE
                 else trial.value)


def seconds(trial: FrozenTrial) -> float:
    """That a trial took, what was there to go on from not counted."""
    return float(trial.duration.total_seconds())


def ahead(trials: Sequence[FrozenTrial], ends: Sequence[int]) -> list[FrozenTrial]:
    """Trials that are ahead of today's where they ended, in the last stage in which there are some; the best first."""
    for stage in reversed(range(len(ends))):
        ranked = ranking(trials, ends[stage])
        position = next((at for at, trial in enumerate(ranked) if began(trial) == TODAY), 0)
        found = [trial for trial in ranked[:position] if trial.state == TrialState.COMPLETE
                 or _aside_after(trial, stage)]
        if found:
            return found
    return []


def to_go_on(trials: Sequence[FrozenTrial], ends: Sequence[int], *, last: bool = False,
             wanted: int = 0) -> Iterator[FrozenTrial]:
    """Trials that were set aside and are among the best of their stage, of the last stage first.

    Args:
        trials: of the study.
        ends: last epoch of each stage.
        last: no others will come: a third is rounded up, and the best of a stage goes on whoever went before.
        wanted: trials that there will be; more of a stage's would then be among its best.
    """
    for stage in reversed(range(len(ends) - 1)):
        ranked = [trial for trial in ranking(trials, ends[stage]) if began(trial) != TODAY]
        size = max(len(ranked), wanted)
        best = ranked[:-(-size // KEEP) if last else size // KEEP]
        aside = [trial for trial in best if _aside_after(trial, stage)]
        gone_on = sum(trial.user_attrs.get(STAGE, 0) > stage for trial in ranked)
        first = last and bool(aside) and aside[0] is ranked[0]
        yield from aside[:max(int(first), len(best) - gone_on)]


def _aside_after(trial: FrozenTrial, stage: int) -> bool:
    return bool(trial.state == TrialState.PRUNED and trial.user_attrs.get(ASIDE) == stage)
