"""The convolution's forward kernel: depth-wise, causal in the direction of the scan, with SiLU."""

from collections.abc import Callable
from typing import Any

from numba import njit

from wattcast.scan.kernels import layout
from wattcast.scan.kernels.simd import exp_of_magnitude, fma, sigmoid, store, vectors
from wattcast.scan.kernels.tasks import at, coordinates, walk, worker


def weighted_sum(width: int) -> Any:
    """The Numba function that gives the convolution at step t before the SiLU; taps lie newest last."""
    row = 4 * width
    load = vectors(width)[0]

    @njit(forceinline=True)
    def total(x: int, x_step: int, weight: int, taps: int, bias: Any, t: int) -> Any:
        for back in range(min(taps, t + 1)):
            bias = fma(load(x + (t - back) * x_step), load(weight + (taps - 1 - back) * row), bias)
        return bias
    return total


def build(width: int) -> Callable[[Any], None]:
    """The kernel for blocks of `width` channels."""
    row = 4 * width
    load = vectors(width)[0]
    total = weighted_sum(width)

    @njit(error_model="numpy")
    def task(table: Any, number: int, _scratch: int) -> None:
        g, series, block = coordinates(table, number)
        lane, weight, taps = block * row, at(table, layout.WEIGHT, g, block, 0), table[layout.STATES]
        x, x_step = walk(table, layout.X, g, series, 0, lane)
        out, out_step = walk(table, layout.CONV_OUT, g, series, 0, lane)
        bias = load(at(table, layout.BIAS, g, 0, 0) + lane)
        for t in range(table[layout.LENGTH]):
            value = total(x, x_step, weight, taps, bias, t)
            store(out + t * out_step, value * sigmoid(value, exp_of_magnitude(value)))

    return worker(task)
