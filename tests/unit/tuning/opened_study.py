"""A study of three keys, opened as a process of a search does, and trials that end at once."""

from pathlib import Path

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.plan import Plan
from wattcast.tuning.study import SharedStudy

SPACE = {"d_model": (16, 32, 64), "lr": (0.001, 0.01), "n_layers": (1, 2, 3, 4)}
TODAY = {"d_model": 32, "lr": 0.01, "n_layers": 1}
PLAN = Plan(4, 12, 1.0, 3, 0.001, halving=True, even=1.0, times=1.0, low=1.0)


def opened(folder: Path, **config: object) -> SharedStudy:
    return SharedStudy(folder, TuningConfig(**{"n_trials": 6, "confirm": 2, **config}), SPACE, TODAY, lambda: PLAN)


def anything(_: object) -> bool:
    return True


def never(*_: object) -> bool:
    return False


def finish(study: SharedStudy, value: float) -> int:
    """Claim a trial and end it well."""
    trial = study.claim(anything, never)
    assert trial is not None
    study.complete(trial, value)
    return trial.number
