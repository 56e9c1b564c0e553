"""The order in which windows are learned from."""

import numpy as np
import pytest

from wattcast.windows.samplers import EpochSampler


def test_sampler__depends_on_seed_and_epoch_only() -> None:
    def epochs(seed: int, first: int = 0) -> list[list[list[int]]]:
        sampler, drawn = EpochSampler(np.arange(100), batch_size=8, batches=5, seed=seed), []
        for epoch in range(first, 4):
            sampler.set_epoch(epoch)
            drawn.append(list(sampler))
        return drawn

    assert epochs(seed=3) == epochs(seed=3)
    assert epochs(seed=3)[2:] == epochs(seed=3, first=2)
    assert epochs(seed=3) != epochs(seed=4)
    assert epochs(seed=3)[0] != epochs(seed=3)[1]


@pytest.mark.parametrize(("origins", "batch_size", "batches", "sizes"), [
    (100, 8, 5, [8] * 5), (40, 8, 9, [8] * 5), (41, 8, 9, [8] * 5), (5, 8, 9, [5]), (1, 8, 1, [1])])
def test_sampler__no_origin_twice_in_an_epoch(origins: int, batch_size: int, batches: int, sizes: list[int]) -> None:
    sampler = EpochSampler(np.arange(1000, 1000 + origins), batch_size, batches, seed=0)
    drawn = list(sampler)
    assert [len(batch) for batch in drawn] == sizes
    assert len(sampler) == len(sizes)
    flat = [origin for batch in drawn for origin in batch]
    assert len(set(flat)) == len(flat)
    assert set(flat) <= set(range(1000, 1000 + origins))


@pytest.mark.parametrize(("origins", "batch_size", "windows", "sizes"), [
    (999, 32, 1280, [32] * 7 + [31] * 25), (9999, 512, 1280, [427, 427, 426]), (9999, 128, 512, [128] * 4),
    (9999, 512, 512, [512]), (9999, 600, 512, [512]), (9999, 100, 512, [86, 86, 85, 85, 85, 85]), (5, 8, 9, [5])])
def test_sampler__windows_in_an_epoch_do_not_depend_on_the_batch(origins, batch_size, windows, sizes) -> None:
    sampler = EpochSampler(np.arange(origins), batch_size, 40, seed=0, windows=windows)
    drawn = list(sampler)
    assert [len(batch) for batch in drawn] == sizes
    assert len(sampler) == len(sizes)
    flat = [origin for batch in drawn for origin in batch]
    assert len(set(flat)) == min(windows, origins)


def test_sampler__of_as_many_windows_as_its_batches_hold_draws_the_same() -> None:
    assert list(EpochSampler(np.arange(99), 8, 5, 0, windows=40)) == list(EpochSampler(np.arange(99), 8, 5, 0))
