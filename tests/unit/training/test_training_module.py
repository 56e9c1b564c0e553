from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.model.ensemble import Ensemble, Network
from wattcast.model.power import PowerNetwork
from wattcast.settings import build_settings
from wattcast.training.module import PowerModule
from wattcast.training.prepared import input_sizes, prepare
from wattcast.windows.dataset import Batch, WindowDataset

DAY = 24


@dataclass(frozen=True)
class Case:
    """A network without dropout, how it is trained, and a batch of eleven windows, gaps and all."""

    network: Network
    training: object
    horizon_weights: np.ndarray
    batch: Batch

    def module(self, at_once: int | None) -> PowerModule:
        return PowerModule(self.network, self.training, self.horizon_weights, [1.2, 0.5], 100, at_once=at_once)

    def gradients(self, at_once: int | None, *, loss: str) -> tuple[float, list[torch.Tensor | None]]:
        self.network.zero_grad()
        found = getattr(self.module(at_once), loss)(self.batch)
        found.backward()
        return found.item(), [value.grad for value in self.network.parameters()]


@pytest.fixture(params=[1, 2], ids=["one network", "two networks"])
def case(request: pytest.FixtureRequest) -> Case:
    rng = np.random.default_rng(5)
    index = pd.date_range("2025-03-03", periods=5 * 7 * DAY, freq="1h", tz="Asia/Shanghai", name="time")
    total = 500 + 100 * np.sin(index.hour.to_numpy() / 4) + rng.normal(0, 20, len(index))
    frame = pd.DataFrame({TOTAL: total, PART: 300 - 0.3 * total}, index=index)
    # A hundred hours in a row, so that windows hold very different numbers of measured steps, and single ones.
    frame.iloc[500:600] = np.nan
    data = StationData(Station(id="works", targets=(TOTAL, PART), step="1h"),
                       frame.mask(rng.random(frame.shape) < 0.2))
    recipe = build_settings({"model": {"d_model": 16, "n_layers": 2, "patch_len": 24, "d_state": 4, "drop_rate": 0.0},
                             "windows": {"validation_origins": 9, "lookback_days": 7}}).recipe()
    ready = prepare(data, recipe)
    torch.manual_seed(0)
    networks = [PowerNetwork(recipe.model, input_sizes(ready.table, ready.shape, recipe)) for _ in range(request.param)]
    for value in (value for network in networks for value in network.parameters()):
        value.data += 0.05 * torch.randn_like(value)       # nothing is zero, as the head's last layer is at first
    recency = np.linspace(0.1, 2, len(ready.table.index)).astype(np.float32)
    dataset = WindowDataset(ready.table, ready.scalers, ready.shape, limit=600, weights=recency)
    batch = dataset.batch(np.asarray([200, 300, 400, 401, 450, 490, 500, 510, 560, 595, 599]))
    return Case(networks[0] if len(networks) == 1 else Ensemble(networks), recipe.training,
                np.linspace(0.5, 1.5, ready.shape.horizon).astype(np.float32), batch)


@pytest.mark.parametrize("at_once", [1, 2, 4, 8, 10])
def test_loss_in_parts__has_value_and_gradient_of_the_whole_batch(case: Case, at_once: int) -> None:
    value, whole = case.gradients(None, loss="loss")
    found, parts = case.gradients(at_once, loss="loss_in_parts")
    assert found == pytest.approx(value, rel=1e-6)
    scale = max(float(gradient.abs().max()) for gradient in whole if gradient is not None)
    assert scale > 1e-3
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-5 * scale)


def test_loss_in_parts__is_not_the_mean_of_the_parts_means(case: Case) -> None:
    module = case.module(1)
    means = [module.loss({name: value[at:at + 1] for name, value in case.batch.items()}).item() for at in range(11)]
    assert abs(np.mean(means) - module.loss(case.batch).item()) > 1e-3


def test_loss_in_parts__leaves_frozen_parameters_without_a_gradient(case: Case) -> None:
    frozen = next(case.network.parameters())
    frozen.requires_grad_(False)
    _, parts = case.gradients(4, loss="loss_in_parts")
    assert parts[0] is None
    assert any(gradient is not None for gradient in parts)


def test_loss_in_parts__of_windows_that_measured_nothing_is_zero(case: Case) -> None:
    case.batch["target_mask"].zero_()
    value, parts = case.gradients(4, loss="loss_in_parts")
    assert value == 0
    assert all((gradient == 0).all() for gradient in parts if gradient is not None)


@pytest.mark.parametrize(("at_once", "passes"), [(None, 1), (11, 1), (64, 1), (4, 3), (2, 6), (1, 11)])
def test_training_step__sends_no_more_windows_through_at_once(case: Case, monkeypatch, at_once, passes) -> None:
    sent: list[int] = []
    honest = type(case.network).forward

    def forward(self: Network, **inputs: torch.Tensor) -> torch.Tensor:
        sent.append(len(inputs["anchors"]))
        return honest(self, **inputs)

    monkeypatch.setattr(type(case.network), "forward", forward)
    monkeypatch.setattr(PowerModule, "log", lambda *_, **__: None)
    case.module(at_once).training_step(case.batch)
    assert (len(sent), sum(sent)) == (passes, 11)
    assert max(sent) <= (at_once or 11)
