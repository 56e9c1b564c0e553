import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import wattcast.training.prepared as prepared
from wattcast.contracts import PART, QUANTILES, TOTAL, Kind, Station
from wattcast.data.schema import StationData
from wattcast.errors import DataError, WattcastError
from wattcast.experts.fit import fit_model
from wattcast.experts.trained import TrainedModel
from wattcast.model.power import InputSizes, ModelConfig, PowerNetwork
from wattcast.settings import build_settings
from wattcast.training.config import Recipe, TrainingConfig
from wattcast.training.fit import SEEDS_APART
from wattcast.training.module import PowerModule
from wattcast.training.record import EpochRecord
from wattcast.windows.anchors import anchor_count
from wattcast.windows.dataset import Batch, WindowDataset, hide_weather

DAY = 24
HORIZON = 7 * DAY


class Killed(BaseException):
    """The process ends here."""


def station_data(weeks: int = 5, missing: float = 0.0) -> StationData:
    """Two targets, a weather column and a past-only one, every hour."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2025-03-03", periods=weeks * HORIZON, freq="1h", tz="Asia/Shanghai", name="time")
    total = 500 + 100 * np.sin(index.hour.to_numpy() / 4) + rng.normal(0, 20, len(index))
    frame = pd.DataFrame({TOTAL: total, PART: 0.6 * total, "temperature": rng.normal(15, 4, len(index)),
                          "reactive": rng.normal(0, 1, len(index))}, index=index)
    frame[[TOTAL, PART]] = frame[[TOTAL, PART]].mask(rng.random((len(index), 2)) < missing)
    station = Station(id="works", targets=(TOTAL, PART), known_future=("temperature",), past_only=("reactive",),
                      step="1h")
    return StationData(station, frame)


def recipe(**training: object) -> Recipe:
    """A tiny network, with dropout and hidden weather as in the defaults."""
    return build_settings({
        "model": {"d_model": 16, "n_layers": 1, "patch_len": 24, "d_state": 4},
        "training": {"epochs": 4, "batches_per_epoch": 3, "batch_size": 4, "lr": 0.01, "members": 1,
                     "boosted_trees": False, "base_windows": 0, **training},
        "windows": {"validation_origins": 3, "lookback_days": 7}}).recipe()


# Steps so long that the validation loss soon rises again.
RESTLESS = recipe(epochs=12, patience=1, lr=0.1, ema_decay=0.0)


def same_weights(one: TrainedModel, other: TrainedModel) -> bool:
    weights = other.network.state_dict()
    return all(torch.equal(value, weights[name]) for name, value in one.network.state_dict().items())


def losses(model: TrainedModel) -> list[tuple[float, float, bool]]:
    return [(record.train_loss, record.val_loss, record.best) for record in model.history]


@pytest.fixture(scope="module")
def data() -> StationData:
    return station_data()


@pytest.fixture(scope="module")
def undisturbed(data: StationData) -> TrainedModel:
    return fit_model(data, recipe())


# The loss.

@pytest.fixture
def module() -> Callable[..., PowerModule]:
    """A module whose network is at its start, so that each target has its own outputs."""
    def make(horizon_weights: np.ndarray | None = None, target_weights: tuple[float, ...] = (1.0, 1.0)) -> PowerModule:
        torch.manual_seed(0)
        sizes = InputSizes(HORIZON, HORIZON, 2, 2, 1, 2, anchor_count(2), (1,))
        network = PowerNetwork(ModelConfig(d_model=16, n_layers=1, patch_len=24, d_state=4, drop_rate=0.0,
                                           weather_dropout=0.0), sizes)
        weights = np.ones(HORIZON, np.float32) if horizon_weights is None else horizon_weights
        return PowerModule(network, TrainingConfig(), weights, list(target_weights), steps=10)
    return make


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(3, *shape, generator=generator)

    known = noise(2 * HORIZON, 2)
    return Batch(
        past_target=noise(HORIZON, 2), past_target_mask=torch.ones(3, HORIZON, 2), past_covariates=noise(HORIZON, 1),
        past_covariates_mask=torch.ones(3, HORIZON, 1), known=known, known_mask=torch.ones_like(known),
        anchors=noise(HORIZON, 2, anchor_count(2)), target=noise(HORIZON, 2), target_mask=torch.ones(3, HORIZON, 2),
        weight=torch.ones(3))


def output_gradients(module: PowerModule, batch: Batch) -> torch.Tensor:
    """The gradient of each target's own outputs `[C, …]`."""
    module.zero_grad()
    module.loss(batch).backward()
    return module.network.head.out.bias.grad.unflatten(0, (2, -1))


def test_training_step__hides_the_weather_of_its_share_of_the_windows(module, batch, monkeypatch) -> None:
    learner = module()
    torch.nn.init.normal_(learner.network.head.out.weight, std=0.3)
    monkeypatch.setattr(learner, "log", lambda *_, **__: None)
    everyone = torch.ones(3, dtype=torch.bool)
    plain, blind = (learner.loss(each).item() for each in (batch, hide_weather(batch, everyone, torch.tensor([1]))))
    assert learner.training_step(batch).item() == plain != blind
    learner.network.config = learner.network.config.model_copy(update={"weather_dropout": 1 - 1e-9})
    assert learner.training_step(batch).item() == blind


@pytest.mark.parametrize(("weights", "silent"), [((1.0, 0.0), 1), ((0.0, 1.0), 0)])
def test_target_weight__of_zero_leaves_the_target_without_a_gradient(module, batch, weights, silent) -> None:
    gradients = output_gradients(module(target_weights=weights), batch)
    assert (gradients[silent] == 0).all()
    assert gradients[1 - silent].abs().sum() > 0


def test_target_weight__the_loss_is_the_weighted_mean(module, batch) -> None:
    total, part, both = (module(target_weights=weights).loss(batch).item()
                         for weights in ((1.0, 0.0), (0.0, 1.0), (1.2, 0.4)))
    assert both == pytest.approx((1.2 * total + 0.4 * part) / 1.6)


def test_horizon_weight__of_zero_takes_a_day_out(module, batch) -> None:
    weights = np.ones(HORIZON, np.float32)
    weights[2 * DAY:3 * DAY] = 0
    weighted, plain = module(weights), module()
    before = weighted.loss(batch).item(), plain.loss(batch).item()
    batch["target"][:, 2 * DAY:3 * DAY] += 100
    assert weighted.loss(batch).item() == before[0]
    assert plain.loss(batch).item() > before[1] + 1


def test_mask__what_is_not_measured_does_not_count(module, batch) -> None:
    batch["target_mask"][:, 10:20, 0] = 0
    plain = module()
    before = plain.loss(batch).item()
    batch["target"][:, 10:20, 0] = 1e6
    assert plain.loss(batch).item() == before


def test_mask__a_batch_without_any_target_gives_zero_and_no_gradient(module, batch) -> None:
    batch["target_mask"][:] = 0
    plain = module()
    assert plain.loss(batch).item() == 0
    assert (output_gradients(plain, batch) == 0).all()


def test_window_weight__of_zero_takes_a_window_out(module, batch) -> None:
    batch["weight"] = torch.tensor([1.0, 0.0, 1.0])
    plain = module()
    before = plain.loss(batch).item()
    batch["target"][1] += 100
    assert plain.loss(batch).item() == before


# A whole training.

def test_fit__ends_with_finite_weights_in_evaluation_mode(undisturbed, data) -> None:
    assert len(undisturbed.history) == 4
    assert [record.epoch for record in undisturbed.history] == [1, 2, 3, 4]
    assert all(np.isfinite(loss) for record in losses(undisturbed) for loss in record[:2])
    assert all(value.isfinite().all() for value in undisturbed.network.state_dict().values())
    assert not undisturbed.network.training
    assert undisturbed.span == (data.frame.index[0], data.frame.index[-1])
    assert undisturbed.nonnegative == (TOTAL, PART)


def test_fit__learns_something() -> None:
    history = fit_model(station_data(), recipe(epochs=8, ema_decay=0.0, lr=0.001)).history
    assert min(record.val_loss for record in history) < history[0].val_loss
    assert history[-1].train_loss < history[0].train_loss


@pytest.mark.parametrize("missing", [0.4, 0.9])
def test_fit__gaps_do_no_harm(missing: float) -> None:
    model = fit_model(station_data(missing=missing), recipe(epochs=2))
    assert all(np.isfinite(loss) for record in losses(model) for loss in record[:2])
    assert all(value.isfinite().all() for value in model.network.state_dict().values())


def test_fit__the_seed_decides_the_bits(undisturbed, data) -> None:
    again = fit_model(data, recipe())
    assert same_weights(again, undisturbed)
    assert losses(again) == losses(undisturbed)
    assert not same_weights(fit_model(data, recipe(seed=1)), undisturbed)


@pytest.mark.parametrize("change", [
    {"power_weight": 0.5}, {"not_use_power_weight": 0.0}, {"horizon_weights": [2, 1, 1, 1, 1, 1, 0]},
    {"recency_half_life_days": 5}, {"lr": 0.02}, {"weight_decay": 0.5}, {"gradient_clip": 0.01}, {"ema_decay": 0.5},
])
def test_fit__every_setting_has_a_say(undisturbed, data, change) -> None:
    assert not same_weights(fit_model(data, recipe(**change)), undisturbed)


def test_fit__horizon_weights_count_relative_to_each_other(undisturbed, data) -> None:
    assert same_weights(fit_model(data, recipe(horizon_weights=[3.0] * 7)), undisturbed)


def test_recency__halves_a_window_s_weight_in_a_half_life(data, monkeypatch) -> None:
    made = []

    def remember(*arguments: object, **options: object) -> WindowDataset:
        made.append(options)
        return WindowDataset(*arguments, **options)

    monkeypatch.setattr(prepared, "WindowDataset", remember)
    fit_model(data, recipe(epochs=1, recency_half_life_days=5))
    training, validation = made
    weights, limit = training["weights"], training["limit"]
    assert weights[limit] == 1
    assert weights[limit - 5 * DAY] == pytest.approx(0.5)
    assert weights[limit - 10 * DAY] == pytest.approx(0.25)
    assert validation["weights"] is None


def test_fit__validation_sees_levels_and_columns_as_they_are(data, monkeypatch) -> None:
    """Averaging is for weights: constants that are averaged, too, drift, and column numbers become other columns."""
    seen = []
    honest = PowerModule.validation_step

    def look(module: PowerModule, batch: Batch) -> None:
        seen.append({name: value.clone() for name, value in module.named_buffers()})
        honest(module, batch)

    monkeypatch.setattr(PowerModule, "validation_step", look)
    model = fit_model(data, recipe(ema_decay=0.9))
    assert len(seen) == 4
    for buffers in seen:
        assert buffers["levels"].tolist() == torch.tensor(QUANTILES).tolist()
        assert buffers["network.weather"].tolist() == list(model.network.sizes.weather)
        assert (buffers["horizon_weights"] == 1).all()


def test_early_stopping__ends_after_so_many_epochs_without_a_better_one(data) -> None:
    model = fit_model(data, RESTLESS)
    validation = [record.val_loss for record in model.history]
    best = int(np.argmin(validation))
    assert len(validation) == best + 1 + 1 < 12
    assert [record.best for record in model.history] == [
        loss < min(validation[:epoch], default=np.inf) for epoch, loss in enumerate(validation)]


def test_early_stopping__keeps_the_weights_of_the_best_epoch(data, tmp_path) -> None:
    kept = []

    def snapshot(record: EpochRecord) -> None:
        if record.best:
            kept.append(torch.load(next(tmp_path.rglob("best.pt")), weights_only=True))

    model = fit_model(data, RESTLESS, work_folder=tmp_path, on_epoch=snapshot)
    assert not model.history[-1].best
    weights = model.network.state_dict()
    assert all(torch.equal(value, weights["members.0." + name]) for name, value in kept[-1].items())


def test_members__are_what_each_of_their_seeds_trains_alone(data) -> None:
    told = []
    both = fit_model(data, recipe(members=2, epochs=2, seed=5), on_epoch=told.append)
    weights = both.network.state_dict()
    for number, seed in enumerate((5, 5 + SEEDS_APART)):
        alone = fit_model(data, recipe(epochs=2, seed=seed)).network.state_dict()
        assert all(torch.equal(value, weights[name.replace(".0.", f".{number}.", 1)]) for name, value in alone.items())
    assert [(record.member, record.epoch, record.members) for record in told] == [(1, 1, 2), (1, 2, 2), (2, 1, 2),
                                                                                 (2, 2, 2)]
    assert list(both.history) == told


@pytest.mark.parametrize("dies", [(1, 2), (2, 1), (2, 3)])
def test_members__killed_at_either_goes_on_where_it_was(data, tmp_path, dies) -> None:
    undisturbed = fit_model(data, recipe(members=2, epochs=3))

    def die(record: EpochRecord) -> None:
        if (record.member, record.epoch) == dies:
            raise Killed

    with pytest.raises(Killed):
        fit_model(data, recipe(members=2, epochs=3), work_folder=tmp_path / "work", on_epoch=die)
    trained = []
    again = fit_model(data, recipe(members=2, epochs=3), work_folder=tmp_path / "work", on_epoch=trained.append)
    assert [(record.member, record.epoch) for record in trained] == [
        (member, epoch) for member in (1, 2) for epoch in (1, 2, 3) if (member, epoch) > dies]
    assert same_weights(again, undisturbed)
    assert losses(again) == losses(undisturbed)
    assert not any(tmp_path.iterdir())


def test_fit__too_little_data_says_what_there_is() -> None:
    with pytest.raises(DataError, match="too little history") as caught:
        fit_model(station_data(weeks=2), recipe())
    assert "14.0 days" in str(caught.value)
    assert "21 days" in str(caught.value)


def test_fit__a_loss_that_is_no_number_says_what_to_lower(data, tmp_path) -> None:
    with pytest.raises(WattcastError) as caught:
        fit_model(data, recipe(lr=1e6), work_folder=tmp_path)
    assert "training.lr" in str(caught.value)


# Killed and started again.

def interrupted(data: StationData, how: Recipe, folder: Path, after: int) -> None:
    def kill(record: EpochRecord) -> None:
        if record.epoch == after:
            raise Killed

    with pytest.raises(Killed):
        fit_model(data, how, work_folder=folder, on_epoch=kill)


@pytest.mark.parametrize("after", [1, 3, 4])
def test_resume__ends_as_if_undisturbed(undisturbed, data, tmp_path, after: int) -> None:
    interrupted(data, recipe(), tmp_path / "training", after)
    epochs = []
    again = fit_model(data, recipe(), work_folder=tmp_path / "training",
                      on_epoch=lambda record: epochs.append(record.epoch))
    assert epochs == list(range(after + 1, 5))
    assert losses(again) == losses(undisturbed)
    assert same_weights(again, undisturbed)
    assert not list(tmp_path.iterdir())


def test_interrupt__is_passed_on_and_continued(undisturbed, data, tmp_path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit_model(data, recipe(), work_folder=tmp_path, on_epoch=interrupt)
    assert signal.getsignal(signal.SIGINT) is before
    assert same_weights(fit_model(data, recipe(), work_folder=tmp_path), undisturbed)


def test_resume__twice(undisturbed, data, tmp_path) -> None:
    for after in (1, 2, 3):
        interrupted(data, recipe(), tmp_path, after)
    assert same_weights(fit_model(data, recipe(), work_folder=tmp_path), undisturbed)


@pytest.mark.parametrize("name", ["best.pt", "last.ckpt"])
@pytest.mark.parametrize("epoch", [1, 2])
def test_resume__killed_while_the_checkpoint_is_written(undisturbed, data, tmp_path, monkeypatch, name, epoch) -> None:
    honest, count = os.replace, 0

    def killed(source: str | Path, target: str | Path) -> None:
        nonlocal count
        count += Path(target).name == name
        if count == epoch:
            raise Killed
        honest(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(Killed):
            fit_model(data, recipe(), work_folder=tmp_path)
    again = fit_model(data, recipe(), work_folder=tmp_path)
    assert losses(again) == losses(undisturbed)
    assert same_weights(again, undisturbed)


@pytest.mark.parametrize("before_the_end", [0, 1])
def test_resume__an_early_stop_stays_where_it_was(data, tmp_path, before_the_end: int) -> None:
    whole = fit_model(data, RESTLESS)
    interrupted(data, RESTLESS, tmp_path, len(whole.history) - before_the_end)
    again = fit_model(data, RESTLESS, work_folder=tmp_path)
    assert losses(again) == losses(whole)
    assert same_weights(again, whole)


@pytest.mark.parametrize("change", ["data", "recipe"])
def test_resume__never_with_other_data_or_another_recipe(data, tmp_path, change: str) -> None:
    other = StationData(data.station, data.frame.assign(reactive=data.frame["reactive"] + 1))
    interrupted(other if change == "data" else data, recipe(lr=0.02 if change == "recipe" else 0.01), tmp_path, 2)
    epochs = []
    fit_model(data, recipe(), work_folder=tmp_path, on_epoch=lambda record: epochs.append(record.epoch))
    assert epochs == [1, 2, 3, 4]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("kind", "asked", "count"), [(Kind.LOAD, None, 1), (Kind.PV, None, 2), (Kind.WIND, None, 2),
                                                      (Kind.PV, 1, 1), (Kind.LOAD, 3, 3)])
def test_networks__are_as_many_as_asked_for_or_as_the_kind_wants(kind, asked, count) -> None:
    assert recipe(members=asked).training.networks(kind) == count
