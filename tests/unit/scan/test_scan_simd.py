"""The vector functions against NumPy in float64, over the whole range that kernels meet."""

from typing import Any

import numpy as np
import pytest

numba = pytest.importorskip("numba")
simd = pytest.importorskip("wattcast.scan.kernels.simd")

LANES = 32
load, broadcast, fill = simd.vectors(LANES)
exp2, exp_of_magnitude, softplus, sigmoid = simd.exp2, simd.exp_of_magnitude, simd.softplus, simd.sigmoid
store, store_sum, folded_product = simd.store, simd.store_sum, simd.folded_product


@numba.njit
def functions(x: int, powers: int, steps: int, gates: int, count: int) -> None:
    for i in range(0, 4 * count, 4 * LANES):
        vector = load(x + i)
        e = exp_of_magnitude(vector)
        store(powers + i, exp2(vector))
        store(steps + i, softplus(vector, e))
        store(gates + i, sigmoid(vector, e))


@numba.njit
def sums(x: int, y: int, out: int) -> None:
    store_sum(out, load(x))
    store_sum(out + 4, folded_product(load(x), load(y)))
    store(out + 8, broadcast(x) * 2.0 + fill(1.0) - 1.0 / fill(4.0))


def evaluate(numbers: Any) -> tuple[Any, ...]:
    """2^x, softplus and sigmoid of float32 numbers, their count a multiple of the lanes."""
    outputs = tuple(np.empty_like(numbers) for _ in range(3))
    functions(*(array.ctypes.data for array in (numbers, *outputs)), len(numbers))
    return outputs


def largest_error(found: Any, right: Any) -> float:
    return float(np.max(np.abs(found - right) / right))


def test_functions__are_right_to_float32() -> None:
    x = np.concatenate([np.linspace(-87, 0, 64 * LANES), -np.logspace(-30, 0, 64 * LANES)]).astype(np.float32)
    exact = x.astype(np.float64)
    powers, steps, gates = evaluate(x)
    assert largest_error(powers, np.exp2(exact)) < 1.5e-7
    assert largest_error(steps, np.log1p(np.exp(exact))) < 4e-7
    assert largest_error(gates, 1 / (1 + np.exp(-exact))) < 4e-7
    _, steps, gates = evaluate(-x)
    assert largest_error(steps, -exact + np.log1p(np.exp(exact))) < 4e-7
    assert largest_error(gates, 1 / (1 + np.exp(exact))) < 4e-7


def test_functions__have_their_limits_at_the_ends() -> None:
    x = np.resize(np.array([-np.inf, -1e30, -3e38, 0, 200, 1e30, 3e38, -200], np.float32), LANES)
    powers, steps, gates = evaluate(x)
    assert (powers[:3] < 2e-38).all()
    assert powers[3] == 1.0
    assert (steps[:3] < 2e-38).all()
    np.testing.assert_array_equal(steps[4:7], x[4:7])
    assert (gates[:3] < 2e-38).all()
    assert (gates[4:7] == 1.0).all()
    assert gates[3] == 0.5


def test_functions__pass_on_what_is_not_a_number() -> None:
    assert all(np.isnan(values).all() for values in evaluate(np.full(LANES, np.nan, np.float32)))


def test_sums__take_every_lane() -> None:
    x, y = np.arange(1, LANES + 1, dtype=np.float32), np.arange(LANES, dtype=np.float32)
    out = np.empty(2 + LANES, np.float32)
    sums(x.ctypes.data, y.ctypes.data, out.ctypes.data)
    assert out[0] == x.sum()
    assert out[1] == x @ y
    assert (out[2:] == 2.75).all()
