from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.model.encoder import BiMambaEncoder
from wattcast.training.callbacks import EpochKeeper
from wattcast.training.module import PowerModule
from wattcast.training.record import EpochRecord
from wattcast.tuning.config import TuningConfig
from wattcast.tuning.objective import Objective, Unpromising
from wattcast.tuning.plan import Plan
from wattcast.windows.dataset import Batch, WindowDataset


def nothing(*_: object) -> None:
    pass


PLAN = Plan(1, 12, 0.25, 3, 0.001, halving=True, even=1.0, times=1.0, low=1.0)
"""An epoch of twelve windows: three of today's batches."""

STILL = 1e-12
"""A learning rate that moves nothing: what is scored is the network before training."""


@pytest.fixture(scope="module")
def objective(data, recipe) -> Objective:
    return Objective(data, recipe, TuningConfig(search_origins=3, trial_epochs=1))


@pytest.fixture
def score(objective, tmp_path):
    def train(**values: float) -> float:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return objective.train(values, PLAN, folder, on_epoch=nothing)
    return train


def test_origins__of_training_s_validation_are_divided(objective) -> None:
    origins, others = objective.origins, objective.other_origins
    assert (len(origins), len(others)) == (3, 6)
    assert not set(origins) & set(others)
    assert np.array_equal(objective.prepared.split.validation_origins, origins)


def test_origins__at_most_half_are_searched_on(data, recipe) -> None:
    assert len(Objective(data, recipe, TuningConfig(search_origins=99)).origins) == 4


def test_origins__too_few_to_divide(data, recipe) -> None:
    short = StationData(data.station, data.frame.iloc[:21 * 24])
    with pytest.raises(DataError, match="too little history to search on"):
        Objective(short, recipe, TuningConfig())


@pytest.mark.parametrize("change", [{"power_weight": 7.0}, {"not_use_power_weight": 0.0}, {"batch_size": 1}])
def test_measure__does_not_depend_on_what_a_trial_weighs_or_batches(score, change) -> None:
    assert score(lr=STILL, **change) == score(lr=STILL)


def test_measure__weighs_targets_as_today_s_configuration(data, recipe, score, tmp_path) -> None:
    heavy = recipe.model_copy(update={"training": recipe.training.model_copy(update={"power_weight": 7.0})})
    objective = Objective(data, heavy, TuningConfig(search_origins=3, trial_epochs=1))
    (tmp_path / "heavy").mkdir()
    found = objective.train({"lr": STILL}, PLAN, tmp_path / "heavy", on_epoch=nothing)
    assert abs(found - score(lr=STILL)) > 1e-4


def test_loss_weights__still_decide_what_is_learned(score) -> None:
    assert score(lr=0.05, power_weight=7.0) != score(lr=0.05)


def test_losses__at_the_search_s_own_origins_are_the_score(data, recipe, tmp_path) -> None:
    """The same measure in both places: with full origins the mean over them is what the trial reported."""
    full = StationData(data.station, data.frame.interpolate(limit_direction="both"))
    objective = Objective(full, recipe, TuningConfig(search_origins=3, trial_epochs=1))
    score = objective.train({"lr": STILL}, PLAN, tmp_path, on_epoch=nothing)
    objective.other_origins = objective.origins
    (tmp_path / "full").mkdir()
    assert objective.train_in_full({"lr": STILL}, tmp_path / "full").mean() == pytest.approx(score, rel=1e-5)


def test_training_in_full__sees_the_search_s_origins_only(objective, tmp_path, monkeypatch) -> None:
    asked: list[np.ndarray] = []
    honest = WindowDataset.batch

    def batch(self: WindowDataset, origins: np.ndarray) -> Batch:
        asked.append(origins)
        return honest(self, origins)

    monkeypatch.setattr(objective, "losses", lambda _: np.zeros(1))
    monkeypatch.setattr(WindowDataset, "batch", batch)
    objective.train_in_full({"lr": STILL}, tmp_path)
    assert not set(np.concatenate(asked)) & set(objective.other_origins)
    assert set(np.concatenate(asked)) >= set(objective.origins)


def test_trial__that_was_ended_goes_on_as_if_it_had_not_been(objective, tmp_path) -> None:
    plan = Plan(3, 12, 0.75, 3, 0.001, halving=True, even=1.0, times=1.0, low=1.0)
    whole: list[float] = []
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    best = objective.train({}, plan, tmp_path / "whole", on_epoch=lambda record: whole.append(record.val_loss))
    parts: list[float] = []

    def end(record: EpochRecord) -> None:
        parts.append(record.val_loss)
        if len(parts) < 3:
            raise Unpromising

    for _ in range(2):
        with pytest.raises(Unpromising):
            objective.train({}, plan, tmp_path / "parts", on_epoch=end)
        assert [record.val_loss for record in EpochKeeper.recorded(tmp_path / "parts")] == parts
    assert objective.train({}, plan, tmp_path / "parts", on_epoch=end) == best
    assert parts == whole


def test_trained_network__has_the_sizes_that_follow_the_ratios(objective, tmp_path, monkeypatch) -> None:
    tokens = []
    honest = BiMambaEncoder.forward

    def look(self: BiMambaEncoder, x: torch.Tensor) -> torch.Tensor:
        tokens.append(x.shape[1:])
        return honest(self, x)

    monkeypatch.setattr(BiMambaEncoder, "forward", look)
    values = {"d_model": 24, "d_ff_ratio": 3.0, "stride_ratio": 0.5, "patch_len": 12, "expand": 2.5, "n_layers": 2,
              "d_state": 8, "d_conv": 4}
    objective.train(values, PLAN, tmp_path, on_epoch=nothing)
    weights = torch.load(tmp_path / "best.pt", weights_only=True)
    assert weights["encoder.layers.1.feed_forward.0.weight"].shape == (72, 24)
    assert weights["encoder.layers.1.mamba.A_log"].shape == (2, 60, 8)
    assert weights["encoder.layers.1.mamba.conv_weight"].shape == (2, 60, 4)
    assert "encoder.layers.2.norm.weight" not in weights
    # 168 hours in patches of 12 that are 6 apart: 27 of the past and 27 of the horizon.
    assert set(tokens) == {(54, 24)}


def test_memory__a_combination_that_cannot_fit_is_refused(data, recipe) -> None:
    with pytest.raises(Unpromising, match=r"GiB of memory of 0\.00 GiB"):
        Objective(data, recipe, TuningConfig(memory_limit=1e-6)).require_memory({"d_model": 64})
    Objective(data, recipe, TuningConfig(memory_limit=8)).require_memory({"d_model": 64})
    Objective(data, recipe, TuningConfig()).require_memory({"d_model": 64})


def test_trial_epochs__shorten_trials_only(objective, recipe, tmp_path: Path) -> None:
    epochs = []
    objective.train({}, PLAN, tmp_path, on_epoch=lambda record: epochs.append(record.epoch))
    assert epochs == [1]
    assert recipe.training.epochs > 1


def test_trial__sees_as_many_windows_whatever_its_batch(objective, tmp_path, monkeypatch) -> None:
    seen: list[int] = []
    honest = PowerModule.training_step

    def step(self: PowerModule, batch: Batch) -> torch.Tensor:
        seen.append(len(batch["target"]))
        return honest(self, batch)

    monkeypatch.setattr(PowerModule, "training_step", step)
    for batch_size in (1, 4, 5, 12, 512):
        seen.clear()
        folder = tmp_path / str(batch_size)
        folder.mkdir()
        objective.train({"batch_size": batch_size}, PLAN, folder, on_epoch=nothing)
        assert sum(seen) == PLAN.windows
        assert max(seen) <= batch_size


def test_trial__its_average_spans_the_same_share_of_the_steps(objective, recipe) -> None:
    # Twelve steps are a training, of which the average spans 100; three are a trial, a quarter.
    whole, trial = recipe.training, objective.recipe_of({}, PLAN).training
    assert (whole.ema_decay, trial.ema_decay) == (0.99, pytest.approx(0.96))
    assert objective.recipe_of({"batch_size": 8}, PLAN).training.ema_decay == pytest.approx(0.92)
    assert objective.recipe_of({}, replace(PLAN, epochs=4, share=1.0)).training == whole


def test_plan__counts_the_windows_of_today_s_training(objective) -> None:
    found = objective.plan_trials({"batch_size": (2, 8)})
    assert (found.epochs, found.windows, found.scored) == (1, 12, 3)
    assert 0 < found.window < 60
    assert found.times == 1


def test_shape__is_that_of_all_values_that_a_window_takes_as_long_with(objective) -> None:
    shape = objective.shape({"d_model": 24, "d_conv": 3, "lr": 0.01, "batch_size": 8, "drop_rate": 0.1})
    assert shape == objective.shape({"d_model": 24, "d_conv": 3, "lr": 0.5, "batch_size": 128, "drop_rate": 0.5})
    assert shape != objective.shape({"d_model": 24, "d_conv": 4, "lr": 0.01, "batch_size": 8, "drop_rate": 0.1})


def test_times_today__is_one_for_today_and_grows_with_the_network(objective) -> None:
    assert objective.times_today({}) == 1
    assert objective.times_today({"lr": 0.5, "batch_size": 512}) == 1
    assert objective.times_today({"d_model": 512}) > objective.times_today({"d_model": 64}) > 1


def test_seconds_per_window__leaves_the_random_numbers_of_training_alone(objective, score) -> None:
    before = score(lr=0.01)
    objective.seconds_per_window({"d_model": 24})
    assert score(lr=0.01) == before
