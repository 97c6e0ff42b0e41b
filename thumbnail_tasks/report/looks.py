"""What pictures look like, in few bytes each: perceptual hashes, and shares of colours."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

_HASH: Final = "perceptual_hash"
_HISTOGRAMS: Final = (
    *("hue_histogram_fixed", "saturation_histogram_fixed", "value_histogram_fixed"),
)


def describe_looks(
    export: pq.ParquetFile, rows: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.uint8]] | None:
    """The hash of each picture, and its shares of hues, saturations and values.

    Args:
        export: attributes.parquet.
        rows: N rows of it, ascending.

    Returns:
        (N, 8) bytes of the hashes, and (N, 28) shares of 0 to 255: ``schemas.HUE_BINS`` hues, then
        ``schemas.FIXED_BINS`` saturations and as many values. All bytes are 0 without a picture,
        and those of the hues without any colour. None if an earlier version made the export.
    """
    if not {_HASH, *_HISTOGRAMS} <= set(export.schema_arrow.names):
        return None
    table = export.read([_HASH, *_HISTOGRAMS]).take(rows).combine_chunks()
    hashes = np.zeros((len(rows), 8), np.uint8)
    has_hash = np.asarray(table[_HASH].is_valid())
    digits = "".join(table[_HASH].drop_null().to_pylist())
    hashes[has_hash] = np.frombuffer(bytes.fromhex(digits), np.uint8).reshape(-1, 8)
    shares = [_as_bytes(table[name], len(rows)) for name in _HISTOGRAMS]
    return hashes, np.concatenate(shares, axis=1)


def _as_bytes(histograms: pa.ChunkedArray, n: int) -> NDArray[np.uint8]:
    width = histograms.type.list_size
    shares = np.zeros((n, width), np.uint8)
    known = histograms.drop_null().combine_chunks().flatten().to_numpy(zero_copy_only=False)
    shares[np.asarray(histograms.is_valid())] = np.round(known.reshape(-1, width) * 255)
    return shares
