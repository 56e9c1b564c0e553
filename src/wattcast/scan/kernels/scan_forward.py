"""The scan's forward kernel: one task carries the states of one block of channels through one series."""

from collections.abc import Callable
from typing import Any

from numba import njit

from wattcast.scan.kernels import layout
from wattcast.scan.kernels.simd import exp2, exp_of_magnitude, fma, sigmoid, softplus, store, vectors
from wattcast.scan.kernels.tasks import at, coordinates, walk, worker


@njit(forceinline=True)
def gated(y: Any, skip: Any, z: Any, mamba_plus: int) -> Any:
    """What leaves the scan: the states' output y and the skip D·u, gated by z."""
    s = sigmoid(z, exp_of_magnitude(z))
    if mamba_plus != 0:
        return fma(y, z * s, skip * (1.0 - s))
    return (y + skip) * (z * s)


def build(width: int) -> Callable[[Any], None]:
    """The kernel for blocks of `width` channels. Scratch: the states, one row each."""
    row = 4 * width
    load, broadcast, fill = vectors(width)

    @njit(forceinline=True)
    def advance(h: int, delta: Any, x: Any, a: int, b: int, c: int, states: int) -> Any:
        """Moves the states at h by one step; returns their output."""
        scaled, y = delta * x, fill(0.0)
        for n in range(states):
            state = fma(exp2(delta * load(a + n * row)), load(h + n * row), scaled * broadcast(b + 4 * n))
            store(h + n * row, state)
            y = fma(state, broadcast(c + 4 * n), y)
        return y

    @njit(forceinline=True)
    def keep(h: int, kept: int, states: int) -> None:
        for n in range(states):
            store(kept + n * row, load(h + n * row))

    @njit(error_model="numpy")
    def task(table: Any, number: int, h: int) -> None:
        g, series, block = coordinates(table, number)
        lane, states, mamba_plus = block * row, table[layout.STATES], table[layout.MAMBA_PLUS]
        u, u_step = walk(table, layout.U, g, series, 0, lane)
        d, d_step = walk(table, layout.DELTA, g, series, 0, lane)
        z, z_step = walk(table, layout.Z, g, series, 0, lane)
        b, b_step = walk(table, layout.B, g, series, 0, 0)
        c, c_step = walk(table, layout.C, g, series, 0, 0)
        out, out_step = walk(table, layout.OUT, g, series, 0, lane)
        a, kept = at(table, layout.A, g, block, 0), at(table, layout.KEPT, g, series, block)
        skip, bias = load(at(table, layout.D, g, 0, 0) + lane), load(at(table, layout.DELTA_BIAS, g, 0, 0) + lane)
        for n in range(states):
            store(h + n * row, fill(0.0))
        for t in range(table[layout.LENGTH]):
            if kept != 0 and t % layout.CHUNK == 0:
                keep(h, kept + t // layout.CHUNK * states * row, states)
            raw, x = load(d + t * d_step) + bias, load(u + t * u_step)
            delta = softplus(raw, exp_of_magnitude(raw))
            y = advance(h, delta, x, a, b + t * b_step, c + t * c_step, states)
            store(out + t * out_step, gated(y, skip * x, load(z + t * z_step), mamba_plus))

    return worker(task)
