"""The convolution's backward kernel: walks back in time and computes the sums before the SiLU again."""

from collections.abc import Callable
from typing import Any

from numba import njit

from wattcast.scan.kernels import layout
from wattcast.scan.kernels.conv_forward import weighted_sum
from wattcast.scan.kernels.simd import exp_of_magnitude, fma, sigmoid, store, vectors
from wattcast.scan.kernels.tasks import at, coordinates, walk, worker


def build(width: int) -> Callable[[Any], None]:
    """The kernel for blocks of `width` channels. Scratch: a ring with the last steps' gradients before the SiLU."""
    row = 4 * width
    load, _, fill = vectors(width)
    total = weighted_sum(width)

    @njit(forceinline=True)
    def slope(value: Any) -> Any:
        s = sigmoid(value, exp_of_magnitude(value))
        return s * fma(value, 1.0 - s, 1.0)

    @njit(error_model="numpy")
    def task(table: Any, number: int, ring: int) -> None:
        g, series, block = coordinates(table, number)
        lane, taps, length = block * row, table[layout.STATES], table[layout.LENGTH]
        x, x_step = walk(table, layout.X, g, series, 0, lane)
        grad_out, grad_step = walk(table, layout.CONV_GRAD, g, series, 0, lane)
        dx, dx_step = walk(table, layout.DX, g, series, 0, lane)
        bias, weight = load(at(table, layout.BIAS, g, 0, 0) + lane), at(table, layout.WEIGHT, g, block, 0)
        parts = at(table, layout.WEIGHT_PARTS, g, series, block)
        for place in range(layout.TAPS):
            store(ring + place * row, fill(0.0))
        for tap in range(taps + 1):
            store(parts + tap * row, fill(0.0))
        for t in range(length - 1, -1, -1):
            grad = load(grad_out + t * grad_step) * slope(total(x, x_step, weight, taps, bias, t))
            store(ring + t % layout.TAPS * row, grad)
            to_x = fill(0.0)
            for ahead in range(taps):
                at_tap = (taps - 1 - ahead) * row
                to_x = fma(load(ring + (t + ahead) % layout.TAPS * row), load(weight + at_tap), to_x)
                if ahead <= t:
                    store(parts + at_tap, fma(load(x + (t - ahead) * x_step), grad, load(parts + at_tap)))
            store(parts + taps * row, load(parts + taps * row) + grad)
            store(dx + t * dx_step, to_x)

    return worker(task)
