"""Forecasts of past mornings that were made before: what follows from the same rows is not worked out again."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wattcast import __version__
from wattcast.experts.pretrained import Pretrained
from wattcast.experts.trained import TrainedModel
from wattcast.experts.tuned import Tuned
from wattcast.features.table import FeatureTable

FloatArray = NDArray[np.float64]

FORMAT = 1
"""Of what is kept of past mornings; another one is not recalled. [version]"""


class Recall:
    """What a model has said, by a digest of the rows that it follows from.

    Recalled is the number itself; worked out anew beside other origins, its last bits may differ.

    Args:
        whose: tells from all others what has said it (`said_by`).
        known: of earlier runs.

    Attributes:
        used: what was asked for, from `known` or anew: worth keeping for the next run.
    """

    def __init__(self, whose: str, known: Mapping[str, FloatArray] | None = None) -> None:
        self.whose, self._known = whose, dict(known or {})
        self.used: dict[str, FloatArray] = {}

    @property
    def learned(self) -> bool:
        """Whether anything was worked out anew."""
        return not self.used.keys() <= self._known.keys()

    def filled(self, digests: Sequence[str], work_out: Callable[[NDArray[np.int64]], FloatArray]) -> FloatArray:
        """Of each digest what is known `[N, …]`; `work_out` is asked for the places `[M]` of the others, if any."""
        keys = [f"{self.whose}:{digest}" for digest in digests]
        known = {**self._known, **self.used}
        unknown = [place for place, key in enumerate(keys) if key not in known]
        if unknown:
            known |= zip((keys[place] for place in unknown), work_out(np.asarray(unknown)), strict=True)
        self.used |= {key: known[key] for key in keys}
        return np.stack([known[key] for key in keys])


def said_by(model: TrainedModel, version: str) -> str:
    """A digest of all that a model's forecasts follow from besides the rows: another wattcast, or another base in the
    place of the one that it was trained with, says other things of the same mornings.

    Args:
        model: with its experts.
        version: the digest of the version that it was loaded from.
    """
    bases = {each.digest if isinstance(each, Pretrained) else each.base.digest
             for each in model.experts.values() if isinstance(each, Pretrained | Tuned)}
    told = (FORMAT, __version__, version, sorted(map(str, bases)))
    return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()


def rows_digest(features: FeatureTable, origin: int, before: int, after: int) -> str:
    """Of all that a forecast from `origin`, a position on the grid, may follow from.

    Args:
        features: the table; an issued weather forecast that it knows replaces its rows from the origin on.
        origin: the position.
        before: rows that are read before it.
        after: rows of the horizon.
    """
    digest = hashlib.blake2b(features.index[origin].isoformat().encode(), digest_size=16)
    # Rows of many origins overlap: each is looked at once. What is measured later than the origin is not read.
    digest.update(features.row_digests[max(origin - before, 0):origin].tobytes())
    digest.update(features.ahead_digests[origin:origin + after].tobytes())
    if features.vintages is not None:
        ahead = origin + np.arange(after)[None]
        digest.update(features.vintages.as_of(np.asarray([origin]), ahead).tobytes())
    return digest.hexdigest()
