"""What happens at the end of an epoch: remember the best weights, write down where we are, tell the user."""

import io
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint, EMAWeightAveraging
from torch import Tensor

from wattcast.errors import ConfigError
from wattcast.training.record import EpochRecord


class Averaging(EMAWeightAveraging):
    """The running average of the weights that leaves frozen ones alone, bit for bit.

    In floating point 0.99 w + 0.01 w is not always w.
    """

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any,
                           batch: Any, batch_idx: int) -> None:
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        assert self._average_model is not None
        for average, weight in zip(self._average_model.module.parameters(), pl_module.parameters(), strict=True):
            if not weight.requires_grad:
                average.data.copy_(weight.data)


class EpochKeeper(Checkpoint):
    """Keeps the best averaged weights and a checkpoint of the last epoch that survives a kill at any instant.

    A `Checkpoint`, because Lightning calls those last: the early stopping that is saved has seen the epoch, too.

    Args:
        folder: where `best.pt` and `last.ckpt` are kept while training runs.
        on_epoch: told of each finished epoch.
    """

    LAST = "last.ckpt"

    def __init__(self, folder: Path, on_epoch: Callable[[EpochRecord], None] | None) -> None:
        self.folder, self.on_epoch = folder, on_epoch
        self.history: list[EpochRecord] = []
        self.best = float("inf")
        self._started = 0.0

    @property
    def last(self) -> Path:
        return self.folder / self.LAST

    def best_weights(self) -> dict[str, Tensor]:
        """Those of the epoch with the lowest validation loss.

        Raises:
            ConfigError: there is no such epoch, as the loss was never a number.
        """
        if not self.history or not any(record.best for record in self.history):
            raise ConfigError("training went astray: the validation loss was never a number",
                              hint="lower training.lr, for example --set training.lr=0.0005")
        weights: dict[str, Tensor] = torch.load(self.folder / "best.pt", weights_only=True)
        return weights

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        train, validation = (trainer.callback_metrics[name].item() for name in ("train_loss", "val_loss"))
        better = validation < self.best
        self.best = min(self.best, validation)
        record = EpochRecord(trainer.current_epoch + 1, trainer.max_epochs or 0, train, validation,
                             trainer.optimizers[0].param_groups[0]["lr"], time.perf_counter() - self._started, better)
        self.history.append(record)
        self._write(trainer, better)
        if self.on_epoch is not None:
            self.on_epoch(record)

    def _write(self, trainer: lightning.Trainer, better: bool) -> None:
        """The best weights first: killed in between, the repeated epoch writes the same best weights again."""
        aside = self.folder / "writing.ckpt"
        trainer.save_checkpoint(aside)
        if better:
            averaged = torch.load(aside, weights_only=True)["state_dict"]
            prefix = "network."
            weights = {name.removeprefix(prefix): value for name, value in averaged.items() if name.startswith(prefix)}
            buffer = io.BytesIO()      # of a full disk torch itself says that it found an unexpected position
            torch.save(weights, buffer)
            (self.folder / "writing.pt").write_bytes(buffer.getvalue())
            os.replace(self.folder / "writing.pt", self.folder / "best.pt")
        os.replace(aside, self.last)

    @classmethod
    def recorded(cls, folder: Path) -> tuple[EpochRecord, ...]:
        """The epochs after which the run in `folder` can go on; none where there is no run."""
        keeper = cls(folder, None)
        if keeper.last.exists():
            keeper.load_state_dict(torch.load(keeper.last, weights_only=True)["callbacks"][keeper.state_key])
        return tuple(keeper.history)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "history": [asdict(record) for record in self.history]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = state_dict["best"]
        self.history = [EpochRecord(**record) for record in state_dict["history"]]
