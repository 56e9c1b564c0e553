"""Tables and files as bytes in a row of a database: small, without loss, quick to read."""

import io
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CODEC, LEVEL = "zstd", 3
"""A month of measurements with weather takes 39 kB; with Parquet's dictionaries it would be 52 kB, at level 9 38 kB in
twice the time. [zstd's level]"""


def packed_frame(frame: pd.DataFrame) -> bytes:
    """As Parquet, with the index; without dictionaries, which measured values are too many for."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame), file, compression=CODEC, compression_level=LEVEL, use_dictionary=False)
    return file.getvalue()


def unpacked_frame(parts: Iterable[bytes]) -> pd.DataFrame:
    """What was packed in parts, one below the other.

    Raises:
        OSError, ValueError: damaged.
    """
    table = pa.concat_tables(pq.read_table(io.BytesIO(part)) for part in parts)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def packed_bytes(content: bytes) -> bytes:
    """Compressed; how many bytes they were has to be kept beside it."""
    packed: bytes = pa.compress(content, codec=CODEC, asbytes=True)
    return packed


def unpacked_bytes(packed: bytes, size: int) -> bytes:
    """What `packed_bytes` was given, which had so many bytes.

    Raises:
        OSError, ValueError: damaged.
    """
    content: bytes = pa.decompress(packed, decompressed_size=size, codec=CODEC, asbytes=True)
    return content
