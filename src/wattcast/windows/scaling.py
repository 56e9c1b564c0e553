"""Affine scaling of every column with statistics of the training rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import Kind

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Scaler:
    """`scaled = (x − center) / scale`, a column at a time; NaN stays NaN.

    Attributes:
        center: `[F]`, in the column's unit.
        scale: `[F]`, in the column's unit, never zero.
    """

    center: FloatArray
    scale: FloatArray

    @classmethod
    def fit(cls, values: FloatArray, *, centered: bool = True) -> "Scaler":
        """From the rows `values` `[T, F]`; a column without a value or without variation is only shifted.

        Args:
            values: training rows, NaN where missing.
            centered: False keeps zero at zero, for power that is zero by nature at night or in a calm.
        """
        mean, deviation = np.zeros(values.shape[1], np.float32), np.ones(values.shape[1], np.float32)
        for column in range(values.shape[1]):
            known = values[:, column][np.isfinite(values[:, column])].astype(np.float64)
            if len(known):
                mean[column] = known.mean() if centered else 0.0
                deviation[column] = np.sqrt(np.mean((known - mean[column]) ** 2))
        # Below float32's resolution of the mean a spread is rounding noise.
        deviation[deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-6)] = 1.0
        return cls(mean, deviation)

    @classmethod
    def for_targets(cls, values: FloatArray, kind: Kind) -> "Scaler":
        """Targets `[T, C]`: loads are centred, photovoltaic and wind power keep their zero."""
        return cls.fit(values, centered=kind is Kind.LOAD)

    def apply(self, values: FloatArray) -> FloatArray:
        return (values - self.center) / self.scale

    def invert(self, values: FloatArray) -> FloatArray:
        return values * self.scale + self.center

    def state(self) -> dict[str, list[float]]:
        """JSON form; `from_state` reads it back exactly."""
        return {"center": self.center.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_state(cls, state: dict[str, list[float]]) -> "Scaler":
        return cls(np.asarray(state["center"], np.float32), np.asarray(state["scale"], np.float32))
