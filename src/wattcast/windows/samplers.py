"""Which windows make a batch: origins in an order that the seed and the epoch decide alone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler


class SeededSampler(Sampler[list[int]]):
    """So many batches an epoch, drawn with `random`.

    The order depends on (seed, epoch) only, so a resumed run sees what an undisturbed one would have seen.
    """

    def __init__(self, batches: int, seed: int) -> None:
        self.batches, self.seed, self.epoch = batches, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def random(self) -> np.random.Generator:
        """The epoch's own random numbers, from their beginning."""
        return np.random.default_rng([self.seed, self.epoch])


class EpochSampler(SeededSampler):
    """Batches of training origins: each epoch draws `batches` of them without replacement.

    With `windows` an epoch holds so many, whatever a batch does: in as few batches as there can be, of equal size.
    """

    def __init__(self, origins: NDArray[np.int64], batch_size: int, batches: int, seed: int,
                 windows: int | None = None) -> None:
        if windows is None:
            batches = max(1, min(batches, len(origins) // batch_size))
            windows = batches * batch_size
        else:
            batches = -(-min(windows, len(origins)) // batch_size)
        super().__init__(batches, seed)
        self.origins, self.windows = origins, min(windows, len(origins))

    def __iter__(self) -> Iterator[list[int]]:
        drawn = self.random().choice(self.origins, size=self.windows, replace=False)
        for part in np.array_split(drawn, self.batches):
            yield part.tolist()
