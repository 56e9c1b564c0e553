"""What all kernels share: finding their way in the argument table, and sharing the tasks out among threads."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from wattcast.scan.kernels import layout
from wattcast.scan.kernels.simd import flush_denormals, restore_denormals


@intrinsic
def claim(_typing: Any, table: Any, _place: Any) -> Any:
    """The number at a place of the table, which becomes one larger before any other thread can read it."""
    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.atomic_rmw("add", builder.gep(values[0], [values[1]]), ir.IntType(64)(1), "monotonic")
    return types.int64(table, types.int64), generate


@njit(forceinline=True, error_model="numpy")
def coordinates(table: Any, number: int) -> tuple[int, int, int]:
    """The direction, the series and the block of channels of a task."""
    batch, blocks = table[layout.BATCH], table[layout.BLOCKS]
    return number // (batch * blocks), number // blocks % batch, number % blocks


@njit(forceinline=True)
def at(table: Any, tensor: int, i: int, j: int, k: int) -> int:
    """The address of element [i, j, k] of a tensor."""
    entry = layout.HEAD + layout.FIELDS * tensor
    address: int = table[entry] + i * table[entry + 1] + j * table[entry + 2] + k * table[entry + 3]
    return address


@njit(forceinline=True)
def is_backward(table: Any, direction: int) -> bool:
    """Whether a direction runs from the last step to the first."""
    first: int = table[layout.FIRST_BACKWARD]
    return direction >= first


@njit(forceinline=True)
def walk(table: Any, tensor: int, direction: int, series: int, step: int, offset: int) -> tuple[int, int]:
    """The address of byte `offset` in the row that the scan meets at `step`, and the distance to the next step's."""
    distance = table[layout.HEAD + layout.FIELDS * tensor + 3]
    if is_backward(table, direction):
        return at(table, tensor, direction, series, table[layout.LENGTH] - 1 - step) + offset, -distance
    return at(table, tensor, direction, series, step) + offset, distance


def worker(task: Callable[..., None]) -> Callable[[Any], None]:
    """The kernel that runs `task(table, number, scratch)` until no task is left; any number of threads may run it.

    Tasks share nothing, so the results do not depend on which thread takes which one.
    """
    def work(table: Any) -> None:
        mode = flush_denormals()
        scratch = table[layout.SCRATCH] + claim(table, layout.NEXT_WORKER) * table[layout.SCRATCH_BYTES]
        number = claim(table, layout.NEXT_TASK)
        while number < table[layout.TASKS]:
            task(table, number, scratch)
            number = claim(table, layout.NEXT_TASK)
        restore_denormals(mode)
    return work
