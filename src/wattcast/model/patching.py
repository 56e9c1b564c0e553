"""Patches of steps, anchored at the origin: backwards over the past, forwards over the horizon, and back to steps.

Any patch length P and stride S <= P will do. A patch that reaches past the far end of its window is filled up with
zeros; masks are features like any other, so their zeros say "not measured" there.
"""

import torch
from torch import Tensor
from torch.nn import functional

from wattcast.errors import ConfigError


def patch_count(steps: int, patch_len: int, stride: int) -> int:
    """The fewest patches that cover `steps` steps, at least one.

    Raises:
        ConfigError: the stride is not in 1 … `patch_len`; patches would leave steps out.
    """
    if not 1 <= stride <= patch_len:
        raise ConfigError(f"patches of {patch_len} steps cannot be {stride} steps apart", found=stride,
                          expected=f"a stride in 1 … {patch_len}", hint="set a stride ratio in (0, 1]")
    return max(0, -(-(steps - patch_len) // stride)) + 1


def patch_counts(lookback: int, horizon: int, patch_len: int, stride: int) -> tuple[int, int]:
    """J patches of the past and K patches of the horizon."""
    return patch_count(lookback, patch_len, stride), patch_count(horizon, patch_len, stride)


def past_patches(x: Tensor, patch_len: int, stride: int) -> Tensor:
    """`[B, L, F]` as patches `[B, J, P, F]` in order of time; the last one ends with the last step."""
    missing = _missing(x.shape[1], patch_len, stride)
    return _windows(functional.pad(x, (0, 0, missing, 0)) if missing else x, patch_len, stride)


def horizon_patches(x: Tensor, patch_len: int, stride: int) -> Tensor:
    """`[B, H, F]` as patches `[B, K, P, F]`; the first one begins with the first step of the horizon."""
    missing = _missing(x.shape[1], patch_len, stride)
    return _windows(functional.pad(x, (0, 0, 0, missing)) if missing else x, patch_len, stride)


def merge_patches(y: Tensor, stride: int, length: int) -> Tensor:
    """Patches `[B, K, P, F]` back to steps `[B, length, F]`: each step is the mean of the patches that hold it.

    The inverse of `horizon_patches` for the same stride and `length` = H.
    """
    patches, patch_len = y.shape[1:3]
    if stride == patch_len:
        return y.flatten(1, 2)[:, :length]
    covered = (patches - 1) * stride + patch_len
    # fold and not index_add: its backward is a gather, deterministic on a GPU too.
    columns = y.permute(0, 3, 2, 1).flatten(1, 2)                                              # [B, F·P, K]
    total = functional.fold(columns, (1, covered), (1, patch_len), stride=(1, stride))         # [B, F, 1, covered]
    return total[:, :, 0, :length].mT / _holders(patches, patch_len, stride, length, y.device)[:, None]


def _missing(steps: int, patch_len: int, stride: int) -> int:
    """Steps that `patch_count` patches cover beyond `steps`."""
    return (patch_count(steps, patch_len, stride) - 1) * stride + patch_len - steps


def _windows(x: Tensor, patch_len: int, stride: int) -> Tensor:
    return x.unfold(1, patch_len, stride).mT                                                   # a view: [B, J, P, F]


def _holders(patches: int, patch_len: int, stride: int, length: int, device: torch.device) -> Tensor:
    """How many patches hold each step `[length]`: those that begin in (t − P, t]."""
    step = torch.arange(length, device=device)
    last = (step // stride).clamp(max=patches - 1)
    first = ((step - patch_len) // stride + 1).clamp(min=0)
    return last - first + 1
