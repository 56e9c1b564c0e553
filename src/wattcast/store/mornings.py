"""What a model has said of past mornings, kept for the next forecast.

    models/<station>/recall.bin

It may go at any time: it is worked out again.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wattcast.store.base import OF_ALL_ROWS
from wattcast.store.files import written_aside

FloatArray = NDArray[np.float64]
NAME, EARLY_NAME = "recall.bin", "recall.npz"
"""The second is what early versions of the program wrote and nobody reads."""


def load_recall(folder: Path) -> dict[str, FloatArray]:
    """What is kept there; nothing where there is no file, or a damaged one."""
    try:
        return unpacked_recall((folder / NAME).read_bytes())
    except OSError:
        return {}


def save_recall(folder: Path, said: Mapping[str, FloatArray]) -> None:
    """Keep it, and nothing that was kept before.

    Raises:
        DataError: the folder cannot be written to.
    """
    with written_aside(folder / NAME) as aside:
        aside.write_bytes(packed_recall(said))
    (folder / EARLY_NAME).unlink(missing_ok=True)


def lasting(said: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """What is still true once rows have come in, of whatever time: what follows from rows that its key tells."""
    return {key: values for key, values in said.items() if not key.startswith(OF_ALL_ROWS)}


def packed_recall(said: Mapping[str, FloatArray]) -> bytes:
    """A line of JSON with keys and shape, and the numbers: an archive takes longer to open than they to read."""
    values = np.stack(list(said.values())).astype("<f8") if said else np.zeros(0)
    head = json.dumps({"keys": list(said), "shape": values.shape}, ensure_ascii=False)
    return head.encode() + b"\n" + zlib.compress(values.tobytes(), 1)


def unpacked_recall(content: bytes) -> dict[str, FloatArray]:
    """What `packed_recall` was given; nothing if it is damaged."""
    head, _, rest = content.partition(b"\n")
    try:
        told = json.loads(head)
        values = np.frombuffer(bytearray(zlib.decompress(rest)), "<f8").reshape(told["shape"])
        return dict(zip(told["keys"], values, strict=True))
    except (ValueError, KeyError, TypeError, zlib.error):
        return {}
