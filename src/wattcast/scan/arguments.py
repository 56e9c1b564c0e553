"""The arguments of the scan and the convolution: checked before a kernel reads memory, and in one form for kernels."""

from collections.abc import Iterable, Sequence

from torch import Tensor

from wattcast.errors import ConfigError, nearest

DIRECTIONS = ("forward", "backward", "both")
GATES = ("silu", "mamba_plus")
WIDEST_FILTER = 8
"""Of the causal convolution at most: the kernels have as many places for them (`layout.TAPS`). [taps]"""


def check_word(name: str, word: str, known: Iterable[str]) -> None:
    """Raises ConfigError unless `word` is one of the known ones."""
    if word not in known:
        raise ConfigError(f"{name} {word!r} is unknown", expected=", ".join(known),
                          hint=f"did you mean {nearest(word, known)}?" if nearest(word, known) else None)


def check_shapes(tensors: dict[str, Tensor], expected: dict[str, tuple[int, ...]], direction: str) -> None:
    """Raises ValueError where a tensor has another shape, device or kind of number than it should."""
    lead = (2,) if direction == "both" else ()
    device = next(iter(tensors.values())).device
    for name, tensor in tensors.items():
        if tuple(tensor.shape) != (*lead, *expected[name]):
            raise ValueError(f"{name} has the shape {tuple(tensor.shape)}, expected {(*lead, *expected[name])} "
                             f"for direction={direction!r}")
        if tensor.device != device:
            raise ValueError(f"{name} is on {tensor.device}, the other tensors are on {device}")
        if not tensor.is_floating_point():
            raise ValueError(f"{name} holds {tensor.dtype}, expected floating-point numbers")


def check_axes(name: str, tensor: Tensor, axes: int, direction: str) -> tuple[int, ...]:
    """The last `axes` sizes of a tensor that has no others but that of the directions.

    Raises:
        ValueError: it has others, or one is 0.
    """
    total = axes + (direction == "both")
    if tensor.dim() != total or 0 in tensor.shape:
        raise ValueError(f"{name} has the shape {tuple(tensor.shape)}, expected {total} axes, none empty, "
                         f"for direction={direction!r}")
    return tuple(tensor.shape[-axes:])


def check_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
               direction: str, gate: str) -> None:
    """Raises ConfigError or ValueError where the arguments of `selective_scan` do not fit together."""
    check_word("direction", direction, DIRECTIONS)
    check_word("gate", gate, GATES)
    batch, length, channels = check_axes("u", u, 3, direction)
    states = check_axes("A", A, 2, direction)[1]
    by_step, by_channel, by_state = (batch, length, channels), (channels,), (batch, length, states)
    check_shapes({"u": u, "delta": delta, "A": A, "B": B, "C": C, "D": D, "z": z, "delta_bias": delta_bias},
                 {"u": by_step, "delta": by_step, "A": (channels, states), "B": by_state, "C": by_state,
                  "D": by_channel, "z": by_step, "delta_bias": by_channel}, direction)


def check_conv(x: Tensor, weight: Tensor, bias: Tensor, direction: str) -> None:
    """Raises ConfigError or ValueError where the arguments of `causal_conv` do not fit together."""
    check_word("direction", direction, DIRECTIONS)
    by_step = check_axes("x", x, 3, direction)
    taps = check_axes("weight", weight, 2, direction)[1]
    check_shapes({"x": x, "weight": weight, "bias": bias},
                 {"x": by_step, "weight": (by_step[2], taps), "bias": (by_step[2],)}, direction)
    if taps > WIDEST_FILTER:
        raise ValueError(f"weight has {taps} taps, expected at most {WIDEST_FILTER}")


def stacked(tensors: Sequence[Tensor], direction: str) -> list[Tensor]:
    """The tensors with a leading axis of directions."""
    return list(tensors) if direction == "both" else [tensor.unsqueeze(0) for tensor in tensors]


def first_backward(direction: str) -> int:
    """The index along the axis of directions from which they run backward in time."""
    return 0 if direction == "backward" else 1
