"""Affine scaling of every column with statistics of the training rows, and which readings are too far off to use."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import Kind

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

WILD_SHARE = 200
"""One reading of so many, the farthest from the median, may be wild; in a shorter column none is taken for it.
[readings]"""

OUT_OF_PROPORTION = 4.0
"""How many times the spread of the other readings the spread of all must be for those few to be wild. It is at most 1.9
in any of 1331 columns of 575 public stations and seven public sets. [times]"""

LEAST_REACH = 100.0
"""In spreads: readings nearer than that are always used. The farthest in those columns lies at 46. [spreads]"""

REACH = 2.0
"""How many times as far from the centre as any training reading (but for wild ones) another one may lie to be used.
[times]"""

RARE, LEAST_RARE = 20, 2
"""Of the rows of the week that ends with a reading beyond reach, one in so many, or the least number, may be beyond. If
more are, that is how the station is from now on: one that stood still in training and runs is seen as it is. [rows]"""


@dataclass(frozen=True)
class Scaler:
    """`scaled = (x − center) / scale`, a column at a time; NaN stays NaN.

    Attributes:
        center: `[F]`, in the column's unit.
        scale: `[F]`, in the column's unit, never zero.
        reach: `[F]`, in scaled units: farther from the centre a rare reading is not used (`usable`); infinite where
            there was no variation to tell by. None: infinite in all columns.
    """

    center: FloatArray
    scale: FloatArray
    reach: FloatArray | None = None

    @classmethod
    def fit(cls, values: FloatArray, *, centered: bool = True) -> "Scaler":
        """From the rows `values` `[T, F]`; a column without a value or without variation is only shifted.

        A few wild readings that would make the scale by themselves are left out of it.

        Args:
            values: training rows, NaN where missing.
            centered: False keeps zero at zero, for power that is zero by nature at night or in a calm.
        """
        mean, deviation = np.zeros(values.shape[1], np.float32), np.ones(values.shape[1], np.float32)
        reach = np.full(values.shape[1], np.inf, np.float32)
        for column in range(values.shape[1]):
            known = values[:, column][np.isfinite(values[:, column])].astype(np.float64)
            if not len(known):
                continue
            known = _without_wild(known, centered)
            mean[column], deviation[column] = _center_and_spread(known, centered)
            # Below float32's resolution of the mean a spread is rounding noise.
            if deviation[column] <= 1e-6 * max(abs(mean[column]), 1e-6):
                deviation[column] = 1.0
            else:
                farthest = np.abs(known - mean[column]).max() / deviation[column]
                reach[column] = max(LEAST_REACH, REACH * farthest)
        return cls(mean, deviation, reach)

    @classmethod
    def for_targets(cls, values: FloatArray, kind: Kind) -> "Scaler":
        """Targets `[T, C]`: loads are centred, photovoltaic and wind power keep their zero."""
        return cls.fit(values, centered=kind is Kind.LOAD)

    def apply(self, values: FloatArray) -> FloatArray:
        return (values - self.center) / self.scale

    def invert(self, values: FloatArray) -> FloatArray:
        return values * self.scale + self.center

    def usable(self, values: FloatArray, week: int) -> FloatArray:
        """Scaled rows `[T, F]` without those that are beyond reach and rare: NaN, as if they were missing.

        Whether a reading is used depends on the rows up to it alone.

        Args:
            values: rows as `apply` makes them.
            week: rows of a week.
        """
        far = self.beyond(values, week)
        return np.where(far, np.float32(np.nan), values) if far.any() else values

    def beyond(self, values: FloatArray, week: int) -> BoolArray:
        """Which scaled readings `[T, F]` are beyond reach and rare in the `week` rows that end with them."""
        if self.reach is None:
            return np.zeros(values.shape, np.bool_)
        far: BoolArray = np.abs(values) > self.reach
        if not far.any():
            return far
        count: NDArray[np.int64] = np.cumsum(far, axis=0, dtype=np.int64)
        before = np.zeros_like(count)
        before[week:] = count[:-week]
        rare: BoolArray = far & (count - before <= max(LEAST_RARE, week // RARE))
        return rare

    def of(self, columns: NDArray[np.int64]) -> "Scaler":
        """The scaler of some columns."""
        return Scaler(self.center[columns], self.scale[columns], None if self.reach is None else self.reach[columns])

    def usable_issues(self, values: FloatArray) -> FloatArray:
        """Scaled forecasts `[V, S, F]`, each issued as a whole, without what is beyond reach and rare in its issue."""
        if self.reach is None or not (far := np.abs(values) > self.reach).any():
            return values
        rare = far.sum(axis=1, keepdims=True) <= max(LEAST_RARE, values.shape[1] // RARE)
        return np.where(far & rare, np.float32(np.nan), values)

    def state(self) -> dict[str, list[float | None]]:
        """JSON form; `from_state` reads it back exactly. An infinite reach is null."""
        reach = np.full(len(self.scale), np.inf) if self.reach is None else self.reach
        return {"center": self.center.tolist(), "scale": self.scale.tolist(),
                "reach": [each if np.isfinite(each) else None for each in reach.tolist()]}

    @classmethod
    def from_state(cls, state: dict[str, list[float | None]]) -> "Scaler":
        """Of models that tell no reach it is infinite."""
        reach = [np.inf if each is None else each for each in state.get("reach", [None] * len(state["scale"]))]
        return cls(*(np.asarray(values, np.float32) for values in (state["center"], state["scale"], reach)))


def _center_and_spread(known: NDArray[np.float64], centered: bool) -> tuple[np.float32, np.float32]:
    center = np.float32(known.mean() if centered else 0.0)
    return center, np.float32(np.sqrt(np.mean((known - center) ** 2)))


def _without_wild(known: NDArray[np.float64], centered: bool) -> NDArray[np.float64]:
    """The readings `[N]`, but for the farthest few where all of the spread is theirs.

    Where the others have none, such as in a column that is nearly always zero, nothing tells wild from rare.
    """
    if len(known) < WILD_SHARE:
        return known
    few = -(-len(known) // WILD_SHARE)
    others = known[np.argpartition(np.abs(known - np.median(known)), -few)[:-few]]
    spread = _center_and_spread(others, centered)[1]
    return others if 0 < OUT_OF_PROPORTION * spread < _center_and_spread(known, centered)[1] else known
