import numpy as np
import pytest

from wattcast.errors import TooFewRowsError
from wattcast.finetune.config import FinetuneConfig
from wattcast.finetune.update import ReplaySampler, run_config, split_update
from wattcast.training.config import TrainingConfig
from wattcast.windows.dataset import WindowShape

DAY = 24
SHAPE = WindowShape(14 * DAY, 7 * DAY, DAY, (1, 2, 3, 4))
NEW, ROWS = 100 * DAY, 128 * DAY
GUARD = (86 * DAY, 100 * DAY)


def split(config: FinetuneConfig | None = None, new: int = NEW, rows: int = ROWS, guard: tuple[int, int] = GUARD):
    return split_update(new, rows, 5, guard, SHAPE, config or FinetuneConfig())


def test_split__nothing_of_the_newest_days_is_fitted_or_stopped_on() -> None:
    found = split()
    assert found.gate == ROWS - 7 * DAY
    assert found.limit == found.gate - 4 * DAY
    assert (found.recent[0], found.recent[-1]) == (NEW, found.limit - DAY)
    new = found.stop[found.stop >= NEW]
    assert found.limit == new[0] < new[-1] == found.gate - DAY
    assert set(found.stop[found.stop < NEW]) <= set(found.replay)


def test_split__old_windows_end_before_the_guard_begins() -> None:
    found = split()
    assert found.replay[0] == 5 + DAY
    assert found.replay[-1] + SHAPE.horizon == GUARD[0]


def test_split__rows_between_an_older_guard_and_the_new_rows_are_old_too() -> None:
    found = split(guard=(40 * DAY, 54 * DAY))
    touched = np.unique(found.replay[:, None] + np.arange(SHAPE.horizon))
    assert not np.isin(touched, np.arange(40 * DAY, 54 * DAY)).any()
    assert 54 * DAY in found.replay
    assert touched[-1] == NEW - 1


def test_split__settings_decide_the_days() -> None:
    found = split(FinetuneConfig(gate_days=5, stop_days=2, recent_days=10))
    assert (found.gate, found.limit) == (ROWS - 5 * DAY, ROWS - 7 * DAY)
    assert found.recent[0] == found.limit - 10 * DAY


@pytest.mark.parametrize(("days", "enough"), [(12, False), (13, True)])
def test_split__too_few_new_rows_say_how_many_are_needed(days: int, enough: bool) -> None:
    if enough:
        assert len(split(rows=NEW + days * DAY).recent)
        return
    with pytest.raises(TooFewRowsError, match="too few new rows") as caught:
        split(rows=NEW + days * DAY)
    assert caught.value.found == "12.0 days"


def test_sampler__draws_the_share_of_old_windows_and_depends_on_seed_and_epoch_only() -> None:
    def drawn(seed: int, epoch: int, share: float = 0.25) -> list[list[int]]:
        sampler = ReplaySampler(np.arange(1000, 1100), np.arange(100), 8, 3, share, seed)
        sampler.set_epoch(epoch)
        assert len(sampler) == 3
        return list(sampler)

    for batch in drawn(0, 0):
        assert len(batch) == 8
        assert sum(origin < 100 for origin in batch) == 2
    assert drawn(0, 1) == drawn(0, 1) != drawn(0, 2)
    assert drawn(0, 1) != drawn(1, 1)
    assert all(origin >= 1000 for batch in drawn(0, 0, share=0.0) for origin in batch)


def test_sampler__without_old_windows_draws_recent_ones_only() -> None:
    sampler = ReplaySampler(np.arange(1000, 1100), np.arange(0), 8, 2, 0.5, 0)
    assert [len(batch) for batch in sampler] == [8, 8]


def test_run_config__fine_tuning_has_its_own_pace() -> None:
    training = TrainingConfig(lr=0.002, epochs=3, patience=2, batches_per_epoch=40, seed=7)
    config = run_config(training, FinetuneConfig(finetune_lr_ratio=0.3, finetune_epochs=9, finetune_patience=4,
                                                 finetune_batches=6))
    assert config.lr == pytest.approx(0.0006)
    assert (config.epochs, config.patience, config.batches_per_epoch, config.seed) == (9, 4, 6, 7)
