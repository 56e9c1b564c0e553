"""What a fit tells of itself; whoever shows it needs no training engine, which takes seconds to import."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochRecord:
    """One epoch as the history keeps it and the progress bar shows it."""

    epoch: int
    epochs: int
    train_loss: float
    val_loss: float
    lr: float
    seconds: float
    best: bool
    member: int = 1
    members: int = 1
