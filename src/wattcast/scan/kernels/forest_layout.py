"""What the kernel of a forest is given: a table of int64 numbers, sizes and then addresses; and how nodes are written.

    VALUES  float32 [ROWS, INPUTS]      the inputs, NaN where not known
    EDGES   float64                     where the splits of the inputs lie, sorted, one input after the other
    STARTS  int32 [INPUTS + 1]          where those of each input begin
    ZEROS   uint8 [INPUTS]              1 where an input that is not known is taken for zero
    ROOTS   int32 [TREES]               the first node of each tree
    NODES   int32 [·, 4]                FEATURE, TEST, LEFT, RIGHT
    LEAVES  float64                     what the leaves add
    SUMS    float64 [ROWS]              what comes out, zero before
    BINS, ALIKE, PLACES, STACK          room to work in: uint16 [INPUTS, BLOCK], uint8 [INPUTS], int32 [BLOCK],
                                        int32 [BLOCK, 3]
"""

ROWS, BLOCK, INPUTS, TREES = range(4)
VALUES, EDGES, STARTS, ZEROS, ROOTS, NODES, LEAVES, SUMS, BINS, ALIKE, PLACES, STACK = range(4, 16)

FEATURE, TEST, LEFT, RIGHT = range(4)
"""Numbers of a node: its input, its test, its children; a leaf is the complement of its place.

The last bit of a test is 1 where what is not known goes left, the other bits are its limit: left goes a row whose bin,
with that bit added, is at most the limit. The bin `UNKNOWN`, the last one, comes first when it is added to."""

UNKNOWN = 0xFFFF
"""The bin of what is not known. A known value's bin is how many of its input's edges are below it."""
