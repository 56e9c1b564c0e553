"""The scan's backward kernel: one task walks one block of channels of one series back in time.

With p_t = exp(Δ_t A) and g_t = ∂loss/∂h_t, where h_t = p_t h_{t−1} + Δ_t u_t B_t and y_t = <C_t, h_t>:
    g_t = ∂y_t C_t + p_{t+1} g_{t+1}        ∂C_t = Σ_channels ∂y_t h_t          ∂B_t = Σ_channels Δ_t u_t g_t
    q_t = p_t g_t h_{t−1}                   ∂A = Σ_t Δ_t q_t                    ∂Δ_t = <A, q_t> + u_t <B_t, g_t>
Chunk by chunk from the end, the states are computed again from those that the forward kernel kept. Inside a chunk the
states are the outer loop: what one of them needs for all the chunk's steps then stays in the L1 cache.
"""

from collections.abc import Callable
from typing import Any

from numba import njit

from wattcast.scan.kernels import layout
from wattcast.scan.kernels.simd import (
    exp2,
    exp_of_magnitude,
    fma,
    folded_product,
    prefetcher,
    sigmoid,
    softplus,
    store,
    store_sum,
    vectors,
)
from wattcast.scan.kernels.tasks import at, coordinates, is_backward, walk, worker

LOG_2 = 0.6931471805599453
READ = (layout.U, layout.DELTA, layout.Z, layout.GRAD)
WRITTEN = (layout.DU, layout.DDELTA, layout.DZ)


def build(width: int) -> Callable[[Any], None]:
    """The kernel for blocks of `width` channels. Scratch: the chunk's rows, then ∂loss/∂h after the chunk, per state.

    The rows of one step lie side by side, so that no two of them fall on the same place in the cache.
    """
    row = 4 * width
    step_bytes = layout.BACKWARD_ROWS * row
    delta_at, slope_at, input_at, dy_at, y_at, along_b_at, along_a_at, decay_at, before_at = range(0, step_bytes, row)
    load, broadcast, fill = vectors(width)
    prefetch = prefetcher(width)

    @njit(forceinline=True)
    def prepare(table: Any, g: int, series: int, lane: int, start: int, steps: int, w: int) -> None:
        """Fills the rows that all states share, and clears those to which each of them adds."""
        bias = load(at(table, layout.DELTA_BIAS, g, 0, 0) + lane)
        u, u_step = walk(table, layout.U, g, series, start, lane)
        d, d_step = walk(table, layout.DELTA, g, series, start, lane)
        z, z_step = walk(table, layout.Z, g, series, start, lane)
        grad, grad_step = walk(table, layout.GRAD, g, series, start, lane)
        for t in range(steps):
            raw, gate = load(d + t * d_step) + bias, load(z + t * z_step)
            e = exp_of_magnitude(raw)
            delta = softplus(raw, e)
            store(w + delta_at, delta)
            store(w + slope_at, sigmoid(raw, e))
            store(w + input_at, delta * load(u + t * u_step))
            store(w + dy_at, load(grad + t * grad_step) * (gate * sigmoid(gate, exp_of_magnitude(gate))))
            for cleared in (y_at, along_b_at, along_a_at):
                store(w + cleared, fill(0.0))
            w += step_bytes

    @njit(forceinline=True)
    def fetch_ahead(table: Any, g: int, series: int, lane: int, start: int, steps: int, n: int) -> None:
        """State n's share of calling for the rows that the next chunk will read and this one will write."""
        t = start + n
        while t < start + steps:
            for tensor in READ:
                prefetch(walk(table, tensor, g, series, max(t - layout.CHUNK, 0), lane)[0])
            for tensor in WRITTEN:
                prefetch(walk(table, tensor, g, series, t, lane)[0])
            t += table[layout.STATES]

    @njit(forceinline=True)
    def replay(h: Any, a: Any, b: int, b_step: int, c: int, c_step: int, steps: int, w: int) -> Any:
        """Takes one state through the chunk again; keeps its decays and what it was before each step."""
        for t in range(steps):
            decay = exp2(load(w + delta_at) * a)
            store(w + decay_at, decay)
            store(w + before_at, h)
            h = fma(decay, h, load(w + input_at) * broadcast(b + t * b_step))
            store(w + y_at, fma(h, broadcast(c + t * c_step), load(w + y_at)))
            w += step_bytes
        return h

    @njit(forceinline=True)
    def walk_back(h: Any, a: Any, g: Any, b: int, b_step: int, c: int, c_step: int, to_b: int, to_c: int,
                  part_step: int, steps: int, w: int) -> tuple[Any, Any]:
        """Takes one state's gradient g back through the chunk; returns it, and the chunk's share of ∂A."""
        to_a = fill(0.0)
        for t in range(steps - 1, -1, -1):
            r = w + t * step_bytes
            dy = load(r + dy_at)
            g = fma(dy, broadcast(c + t * c_step), g)
            store_sum(to_b + t * part_step, folded_product(g, load(r + input_at)))
            store_sum(to_c + t * part_step, folded_product(h, dy))
            store(r + along_b_at, fma(g, broadcast(b + t * b_step), load(r + along_b_at)))
            h, g = load(r + before_at), g * load(r + decay_at)
            q = g * h
            to_a = fma(q, load(r + delta_at), to_a)
            store(r + along_a_at, fma(q, a, load(r + along_a_at)))
        return g, to_a

    @njit(forceinline=True)
    def finish(table: Any, g: int, series: int, lane: int, start: int, steps: int, w: int) -> tuple[Any, Any]:
        """Writes the chunk's gradients to u, delta and z; returns its share of those to D and delta_bias."""
        D, to_D, to_bias = load(at(table, layout.D, g, 0, 0) + lane), fill(0.0), fill(0.0)
        for t in range(start, start + steps):
            x = load(walk(table, layout.U, g, series, t, lane)[0])
            z = load(walk(table, layout.Z, g, series, t, lane)[0])
            grad = load(walk(table, layout.GRAD, g, series, t, lane)[0])
            y, along_b = load(w + y_at), load(w + along_b_at)
            s = sigmoid(z, exp_of_magnitude(z))
            silu_slope = s * fma(z, 1.0 - s, 1.0)
            if table[layout.MAMBA_PLUS] != 0:
                to_skip = grad * (1.0 - s)
                to_z = grad * (y * silu_slope) - to_skip * (D * x * s)
            else:
                to_skip = grad * (z * s)
                to_z = grad * (fma(D, x, y) * silu_slope)
            to_delta = fma(load(w + along_a_at), LOG_2, x * along_b) * load(w + slope_at)
            store(walk(table, layout.DU, g, series, t, lane)[0], fma(load(w + delta_at), along_b, to_skip * D))
            store(walk(table, layout.DDELTA, g, series, t, lane)[0], to_delta)
            store(walk(table, layout.DZ, g, series, t, lane)[0], to_z)
            to_D, to_bias = fma(to_skip, x, to_D), to_bias + to_delta
            w += step_bytes
        return to_D, to_bias

    @njit(forceinline=True)
    def add(address: int, share: Any) -> None:
        store(address, load(address) + share)

    @njit(error_model="numpy")
    def task(table: Any, number: int, w: int) -> None:
        g, series, block = coordinates(table, number)
        lane, states, length = block * row, table[layout.STATES], table[layout.LENGTH]
        a, kept = at(table, layout.A, g, block, 0), at(table, layout.KEPT, g, series, block)
        by_channel, after = at(table, layout.CHANNEL_PARTS, g, series, block), w + layout.CHUNK * step_bytes
        by_step, part_step = at(table, layout.STEP_PARTS, g, series, block), 8 * states
        if is_backward(table, g):
            by_step, part_step = by_step + (length - 1) * part_step, -part_step
        for n in range(states):
            store(after + n * row, fill(0.0))
        for n in range(states + 2):
            store(by_channel + n * row, fill(0.0))
        for chunk in range((length - 1) // layout.CHUNK, -1, -1):
            start, state = chunk * layout.CHUNK, kept + chunk * states * row
            steps = min(layout.CHUNK, length - start)
            b, b_step = walk(table, layout.B, g, series, start, 0)
            c, c_step = walk(table, layout.C, g, series, start, 0)
            prepare(table, g, series, lane, start, steps, w)
            for n in range(states):
                fetch_ahead(table, g, series, lane, start, steps, n)
                prefetch(state + (n - states) * row if chunk > 0 else state)
                a_n, to_b = load(a + n * row), by_step + start * part_step + 4 * n
                h = replay(load(state + n * row), a_n, b + 4 * n, b_step, c + 4 * n, c_step, steps, w)
                grad, to_a = walk_back(h, a_n, load(after + n * row), b + 4 * n, b_step, c + 4 * n, c_step,
                                       to_b, to_b + 4 * states, part_step, steps, w)
                store(after + n * row, grad)
                add(by_channel + n * row, to_a)
            to_D, to_bias = finish(table, g, series, lane, start, steps, w)
            add(by_channel + states * row, to_D)
            add(by_channel + (states + 1) * row, to_bias)

    return worker(task)
