"""Adds up what the tasks of a backward kernel left, always in one order: gradients must not depend on threads."""

from collections.abc import Callable
from typing import Any

from numba import njit

from wattcast.scan.kernels import layout
from wattcast.scan.kernels.simd import store, vectors
from wattcast.scan.kernels.tasks import at, worker

GROUP = 16
"""Parts that are added up before they join the total, which keeps the rounding error of long sums small."""


def build(width: int) -> Callable[[Any], None]:
    """The kernel that sums PARTS `[BATCH, LENGTH, BLOCKS · width]` over its second axis; one task, one block."""
    row = 4 * width
    load, _, fill = vectors(width)

    @njit(error_model="numpy")
    def task(table: Any, number: int, _scratch: int) -> None:
        outer, block = number // table[layout.BLOCKS], number % table[layout.BLOCKS]
        total = fill(0.0)
        for first in range(0, table[layout.LENGTH], GROUP):
            group = fill(0.0)
            for part in range(first, min(first + GROUP, table[layout.LENGTH])):
                group = group + load(at(table, layout.PARTS, outer, part, 0) + block * row)
            total = total + group
        store(at(table, layout.TOTAL, outer, 0, 0) + block * row, total)

    return worker(task)
