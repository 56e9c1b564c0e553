"""What a kernel is given: one table of int64 numbers with the sizes and with where each tensor lies.

One argument of one type means one compilation per kernel, whatever the shapes and strides.
"""

from array import array
from collections.abc import Sequence

from torch import Tensor

# Places in the head of the table. The first two count up while the kernel runs.
NEXT_TASK, NEXT_WORKER, TASKS, SCRATCH, SCRATCH_BYTES = range(5)
FIRST_BACKWARD, BATCH, LENGTH, BLOCKS, STATES, MAMBA_PLUS = range(5, 11)
HEAD = 11
FIELDS = 4
"""Numbers per tensor after the head: its address and the distances in bytes along its first three axes."""

# Places of the tensors of each kernel. PARTS are the sums of single tasks, to be added up over tasks afterwards.
U, DELTA, Z, B, C, A, D, DELTA_BIAS, KEPT, OUT = range(10)
GRAD, DU, DDELTA, DZ, STEP_PARTS, CHANNEL_PARTS = range(9, 15)
X, WEIGHT, BIAS, CONV_OUT = range(4)
CONV_GRAD, DX, WEIGHT_PARTS = range(3, 6)
PARTS, TOTAL = range(2)

FLOAT_BYTES = 4
CHUNK = 16
"""Steps between two states that the forward pass keeps for the backward pass; one chunk's rows fit the L1 cache."""
FOLDED = 16
"""Lanes that remain when sums over channels are folded; the last step, to one number, comes once per row."""
BACKWARD_ROWS = 9
"""Rows of scratch that the scan's backward kernel uses per step of a chunk."""
TAPS = 8
"""Places of the ring in which the convolution's backward pass keeps gradients: at least the widest filter's taps."""


class ArgumentTable:
    """The table for one call of a kernel, and a hold on the tensors whose addresses are in it.

    Args:
        tasks: how many independent tasks there are.
        tensors: float32 tensors of at least three axes, or None for one that is not needed (address 0).
        first_backward: the first direction that runs backward in time.
        batch, length, blocks: series, steps and blocks of channels.
        states: N of the scan, or K of the convolution.
        mamba_plus: whether the scan's gate is that of Mamba+.
    """

    def __init__(self, tasks: int, tensors: Sequence[Tensor | None], *, first_backward: int = 0, batch: int = 0,
                 length: int = 0, blocks: int = 0, states: int = 0, mamba_plus: bool = False) -> None:
        self.tasks, self.tensors = tasks, tensors
        numbers = [0, 0, tasks, 0, 0, first_backward, batch, length, blocks, states, mamba_plus]
        for tensor in tensors:
            if tensor is None:
                numbers += (0, 0, 0, 0)
            else:
                i, j, k, *_ = tensor.stride()
                numbers += (tensor.data_ptr(), FLOAT_BYTES * i, FLOAT_BYTES * j, FLOAT_BYTES * k)
        self.numbers = array("q", numbers)
