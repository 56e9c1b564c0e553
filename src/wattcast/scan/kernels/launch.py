"""Runs kernels on the threads that torch's own operators use.

Torch's OpenMP threads keep spinning for a while after each operator, so threads of our own would compete with them for
the cores. The runtime that torch has loaded is therefore called directly. Where it has none of that kind (Windows, some
builds for macOS), a pool of threads does the same work. A forked child has lost its parent's threads and works alone.
"""

import ctypes
import functools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from wattcast.scan.kernels import layout
from wattcast.scan.kernels.cache import kernel_address

SMALL = 3_000_000
"""Multiply-adds below which other threads are not woken: on a busy machine that can cost more than the work itself."""

_parent = os.getpid()


def run(name: str, width: int, table: layout.ArgumentTable, *, work: int, scratch: int = 0) -> None:
    """Runs a kernel to its end.

    Args:
        name: the module in `wattcast.scan.kernels` that builds it.
        width: channels per block.
        table: its argument table, which serves for one call.
        work: multiply-adds in all, to decide whether threads pay.
        scratch: float32 numbers that each thread needs.
    """
    alone = work < SMALL or os.getpid() != _parent
    threads = 1 if alone else min(torch.get_num_threads(), table.tasks)
    buffer = torch.empty(threads * scratch)
    table.numbers[layout.SCRATCH] = buffer.data_ptr()
    table.numbers[layout.SCRATCH_BYTES] = buffer.element_size() * scratch
    address, argument = kernel_address(name, width), table.numbers.buffer_info()[0]
    if threads == 1:
        as_function(address)(argument)
    elif (parallel := openmp()) is not None:
        parallel(address, argument, threads, 0)
    else:
        run_in_pool(address, argument, threads)


@functools.cache
def as_function(address: int) -> Any:
    """A kernel as a function; the interpreter's lock is free while it runs."""
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)


@functools.cache
def openmp() -> Any | None:
    """GNU OpenMP's entry into a parallel region, as far as torch has loaded a runtime that has it."""
    try:
        parallel = ctypes.CDLL(None).GOMP_parallel
    except (OSError, TypeError, AttributeError):
        return None
    parallel.argtypes, parallel.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint), None
    return parallel


@functools.cache
def pool(threads: int) -> ThreadPoolExecutor:
    """The threads beside the calling one where OpenMP is not at hand."""
    return ThreadPoolExecutor(threads, thread_name_prefix="wattcast-scan")


def run_in_pool(address: int, argument: int, threads: int) -> None:
    """Runs a kernel on the calling thread and on those of the pool that wake up in time."""
    helpers = [pool(threads - 1).submit(as_function(address), argument) for _ in range(threads - 1)]
    try:
        as_function(address)(argument)
    finally:
        for helper in helpers:
            if not helper.cancel():
                helper.result()


def summed(parts: Tensor) -> Tensor:
    """`[G, P, n]` contiguous → `[G, n]`, added up in the same order whatever the number of threads; n divides by 16."""
    outer, count, size = parts.shape
    if count == 1:
        return parts[:, 0]
    total, width = parts.new_empty(outer, size), layout.FOLDED
    blocks = size // width
    table = layout.ArgumentTable(outer * blocks, [parts, total.view(outer, 1, size)], length=count, blocks=blocks)
    run("sums", width, table, work=parts.numel())
    return total

