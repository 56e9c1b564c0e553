"""What a model has said of past mornings, kept for the next forecast.

    models/<station>/recall.npz

It may go at any time: it is worked out again.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wattcast.store.base import OF_ALL_ROWS
from wattcast.store.files import written_aside

FloatArray = NDArray[np.float64]
NAME = "recall.npz"


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


def lasting(said: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """What is still true once rows have come in, of whatever time: what follows from rows that its key tells."""
    return {key: values for key, values in said.items() if not key.startswith(OF_ALL_ROWS)}


def packed_recall(said: Mapping[str, FloatArray]) -> bytes:
    file = io.BytesIO()
    values = np.stack(list(said.values())) if said else np.zeros(0)
    np.savez_compressed(file, keys=np.asarray(list(said)), values=values)
    return file.getvalue()


def unpacked_recall(content: bytes) -> dict[str, FloatArray]:
    """What `packed_recall` was given; nothing if it is damaged."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            return dict(zip(map(str, kept["keys"]), kept["values"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return {}
