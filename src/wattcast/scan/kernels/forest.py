"""Sums of a forest's leaves, of blocks of rows at once: what `training.forest` has laid out, walked.

A block goes down a tree as a whole: at each node its rows are parted in two. Where all rows of a block have the same
value, as of what is told of a window as a whole, the node is decided once for all of them.
"""

from collections.abc import Callable
from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from wattcast.scan.kernels.forest_layout import (
    ALIKE,
    BINS,
    BLOCK,
    EDGES,
    FEATURE,
    INPUTS,
    LEAVES,
    LEFT,
    NODES,
    PLACES,
    RIGHT,
    ROOTS,
    ROWS,
    STACK,
    STARTS,
    SUMS,
    TEST,
    TREES,
    UNKNOWN,
    VALUES,
    ZEROS,
)


def cell(kind: Any) -> tuple[Any, Any]:
    """Two Numba functions that load and store a number of a kind at an address."""
    @intrinsic
    def load(_typing: Any, _address: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return builder.load(builder.inttoptr(values[0], context.get_data_type(kind).as_pointer()))
        return kind(types.int64), generate

    @intrinsic
    def store(_typing: Any, _address: Any, _number: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            builder.store(values[1], builder.inttoptr(values[0], context.get_data_type(kind).as_pointer()))
            return context.get_dummy_value()
        return types.void(types.int64, kind), generate

    return load, store


def build(_width: int) -> Callable[[Any], None]:
    """The kernel of a table of these places; it works on one thread."""
    (byte, set_byte), (whole, set_whole), (place, set_place), (real, set_real) = map(
        cell, (types.uint8, types.uint16, types.int32, types.float64))
    single, _ = cell(types.float32)

    @njit(error_model="numpy")
    def bin_of(value: float, edges: int, count: int) -> int:
        """How many of the sorted edges are below the value."""
        low = 0
        while count > 0:
            half = count >> 1
            if real(edges + 8 * (low + half)) < value:
                low += half + 1
                count -= half + 1
            else:
                count = half
        return low

    @njit(error_model="numpy")
    def binned(table: Any, first: int, rows: int) -> None:
        """The bins of a block `[F, BLOCK]`, and of which inputs all rows have the same one."""
        inputs = table[INPUTS]
        for feature in range(inputs):
            start = place(table[STARTS] + 4 * feature)
            edges, count = table[EDGES] + 8 * start, place(table[STARTS] + 4 * feature + 4) - start
            zero, bins = byte(table[ZEROS] + feature), table[BINS] + 2 * feature * table[BLOCK]
            before, told, alike = 0.0, -1, True
            for row in range(rows):
                value = types.float64(single(table[VALUES] + 4 * ((first + row) * inputs + feature)))
                if value != value and zero:
                    value = 0.0
                if told < 0 or value != before:
                    found = bin_of(value, edges, count) if value == value else UNKNOWN
                    alike = alike and (told < 0 or found == told)
                    before, told = value, found
                set_whole(bins + 2 * row, types.uint16(told))
            set_byte(table[ALIKE] + feature, types.uint8(alike))

    @njit(error_model="numpy")
    def parted(table: Any, bins: int, test: int, begin: int, end: int) -> int:
        """Bring the rows that go left before the others; where those begin."""
        shift, limit, middle = types.uint16(test & 1), types.uint16(test >> 1), begin
        for position in range(begin, end):
            row = place(table[PLACES] + 4 * position)
            left = types.uint16(whole(bins + 2 * row) + shift) <= limit
            set_place(table[PLACES] + 4 * position, place(table[PLACES] + 4 * middle))
            set_place(table[PLACES] + 4 * middle, row)
            middle += types.int64(left)
        return middle

    @njit(error_model="numpy")
    def walked(table: Any, root: int, sums: int, rows: int) -> None:
        """Add a tree's leaves to the block's sums."""
        stack, node, begin, end = table[STACK], types.int64(root), 0, rows
        while True:
            while node >= 0:
                entry = table[NODES] + 16 * node
                feature, test = place(entry + 4 * FEATURE), place(entry + 4 * TEST)
                bins = table[BINS] + 2 * feature * table[BLOCK]
                if byte(table[ALIKE] + feature):
                    left = types.uint16(whole(bins) + types.uint16(test & 1)) <= types.uint16(test >> 1)
                    middle = end if left else begin
                else:
                    middle = parted(table, bins, test, begin, end)
                if begin < middle < end:
                    set_place(stack, place(entry + 4 * RIGHT))
                    set_place(stack + 4, types.int32(middle))
                    set_place(stack + 8, types.int32(end))
                    stack += 12
                    end = middle
                node = types.int64(place(entry + 4 * (LEFT if middle > begin else RIGHT)))
            value = real(table[LEAVES] + 8 * ~node)
            for position in range(begin, end):
                at = sums + 8 * place(table[PLACES] + 4 * position)
                set_real(at, real(at) + value)
            if stack == table[STACK]:
                return
            stack -= 12
            node, begin, end = types.int64(place(stack)), place(stack + 4), place(stack + 8)

    def walk(table: Any) -> None:
        for first in range(0, table[ROWS], table[BLOCK]):
            rows = min(table[BLOCK], table[ROWS] - first)
            binned(table, first, rows)
            for row in range(rows):
                set_place(table[PLACES] + 4 * row, types.int32(row))
            for tree in range(table[TREES]):
                walked(table, place(table[ROOTS] + 4 * tree), table[SUMS] + 8 * first, rows)

    return walk
