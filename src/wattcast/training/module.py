"""The network as Lightning trains it: loss, optimiser, learning rate, one seed for each step."""

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast.contracts import QUANTILES
from wattcast.model.ensemble import Network
from wattcast.model.losses import entry_weights, pinball, weighted_mean
from wattcast.training.config import TrainingConfig
from wattcast.training.optimizing import optimizer_of, rate
from wattcast.windows.dataset import Batch, hide_weather, network_inputs, parts_of


class PowerModule(lightning.LightningModule):
    """Fits a network with the masked pinball loss.

    Args:
        network: a `PowerNetwork`, or several as one.
        config: settings of training.
        horizon_weights: `[H]`, mean 1.
        target_weights: `[C]`.
        steps: optimiser steps if no stop comes early.
        validation_weights: `[C]`, instead of `target_weights` in validation.
        at_once: windows that go through the network together; a batch of more goes in parts, with the same gradient.
    """

    levels: Tensor
    horizon_weights: Tensor
    target_weights: Tensor
    validation_weights: Tensor

    def __init__(self, network: Network, config: TrainingConfig, horizon_weights: NDArray[np.float32],
                 target_weights: list[float], steps: int, validation_weights: list[float] | None = None,
                 at_once: int | None = None) -> None:
        super().__init__()
        self.network, self.config, self.steps, self.at_once = network, config, steps, at_once
        self.register_buffer("levels", torch.tensor(QUANTILES), persistent=False)
        self.register_buffer("horizon_weights", torch.from_numpy(horizon_weights)[None, :, None], persistent=False)
        self.register_buffer("target_weights", torch.tensor(target_weights), persistent=False)
        self.register_buffer("validation_weights", torch.tensor(validation_weights or target_weights), persistent=False)

    def loss(self, batch: Batch, target_weights: Tensor | None = None, whole: Tensor | None = None) -> Tensor:
        """The loss of a batch; with `whole`, the share of a larger one's that these windows have."""
        forecast = self.network(**network_inputs(batch))                                      # [B, H, C, Q]
        loss = pinball(forecast, batch["target"], self.levels)                                # [B, H, C]
        return weighted_mean(loss, *self._counted(batch, target_weights), whole=whole)

    def _counted(self, batch: Batch, target_weights: Tensor | None = None) -> tuple[Tensor, ...]:
        """Mask and weights, to be broadcast to `[B, H, C]`."""
        return (batch["target_mask"], self.horizon_weights,
                self.target_weights if target_weights is None else target_weights, batch["weight"][:, None, None])

    def training_step(self, batch: Batch) -> Tensor:
        # Dropout depends on (seed, step) only: a resumed run continues as if it had never stopped. Once an epoch would
        # not do: how many random numbers are drawn before its first step differs after a resume.
        torch.manual_seed((self.config.seed + 1) * 1_000_003 + self.global_step)
        batch, windows = self._hide_weather(batch), len(batch["target"])
        whole = self.at_once is None or windows <= self.at_once
        loss = self.loss(batch) if whole else self.loss_in_parts(batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=windows)
        return loss

    def loss_in_parts(self, batch: Batch) -> Tensor:
        """The loss of a batch of which `at_once` windows after the other are kept in memory.

        Each part is led back at once. What is returned has the value of the whole batch's loss and its gradient: the
        mean is over what the whole batch measured, not a mean of the parts' means.
        """
        assert self.at_once is not None
        learning = [value for value in self.network.parameters() if value.requires_grad]
        gradients: list[Tensor | None] = [None] * len(learning)
        whole, value = entry_weights(*self._counted(batch)).sum(), torch.zeros((), device=self.levels.device)
        for part in parts_of(batch, self.at_once):
            loss = self.loss(part, whole=whole)
            found = torch.autograd.grad(loss, learning, allow_unused=True)
            gradients = [new if sum_ is None else sum_ if new is None else sum_.add_(new)
                         for sum_, new in zip(gradients, found, strict=True)]
            value += loss.detach()
        # A term for each parameter that is zero and whose derivative is the gradient found.
        terms = [(gradient * (parameter - parameter.detach())).sum()
                 for gradient, parameter in zip(gradients, learning, strict=True) if gradient is not None]
        return value + torch.stack(terms).sum()

    def _hide_weather(self, batch: Batch) -> Batch:
        """Some windows do without the horizon's weather, so that the network can when it is missing."""
        share, weather = self.network.config.weather_dropout, self.network.sizes.weather
        if not weather or share == 0:
            return batch
        drawn = torch.rand(len(batch["target"]), device=batch["target"].device)
        return hide_weather(batch, drawn < share, torch.tensor(weather))

    def validation_step(self, batch: Batch) -> None:
        self.log("val_loss", self.loss(batch, self.validation_weights), batch_size=len(batch["target"]))

    def configure_optimizers(self):  # type: ignore[no-untyped-def]  # Lightning's own union type is not exported
        optimizer = optimizer_of(self.network.named_parameters(), self.config.lr, self.config.weight_decay)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, self.steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
