"""Vectors of texts, kept by the texts' digests: ``text_vectors/<engine tag>/<digest>.parquet``.

Each file is a chunk of some thousand texts, named by their digests. So a text is embedded once per
encoder, whatever the tables and the nights that have it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import TextEncoder
from thumbnail_tasks.execution.bisection import split_on_oom
from thumbnail_tasks.fingerprints import make_tag
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.listing import list_revisions
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget

FOLDER: Final = "text_vectors"

_VERSION: Final = "1"
"""Raise it when this package's own code changes the texts or vectors of the same engine."""

_READ_AT_ONCE: Final = 64
_DIGEST_BYTES: Final = 16

Digests = NDArray[np.bytes_]
"""N digests of texts, as ``S16``; NumPy compares all of their bytes."""


def vectors_tag() -> str:
    """The engine tag of vectors: the encoder in the settings, and how texts are prepared for it.

    Raises:
        SettingsError: The settings select no engine.
    """
    engine = EmbedText.selected_engine()
    return make_tag(engine.name(), {"version": _VERSION, "engine": engine.about()})


def describe_wanted() -> list[object]:
    """What decides on the vectors of a table's own texts; empty if the settings want none.

    Raises:
        SettingsError: The settings select no engine, or the names of columns cannot be parsed.
    """
    options = settings.embedding()
    if not (options.names() or options.title_similarity):
        return []
    return [vectors_tag(), options.names(), options.title_similarity]


def digest_texts(texts: Sequence[str]) -> Digests:
    """Digests of N texts: BLAKE2b of 128 bits, so that no two of them meet."""
    digests = (hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest() for text in texts)
    return np.frombuffer(b"".join(digests), f"S{_DIGEST_BYTES}")


def sort_distinct(parts: Sequence[Digests]) -> Digests:
    """The distinct digests of one or more parts, sorted; np.unique takes 14 times as long."""
    digests = np.sort(np.concatenate(parts))
    is_first = np.ones(len(digests), bool)
    is_first[1:] = digests[1:] != digests[:-1]
    return digests[is_first]


def find_digests(wanted: Digests, known: Digests) -> NDArray[np.int64]:
    """The position of each of N digests among sorted ones; -1 if it is not there."""
    if not len(known):
        return np.full(len(wanted), -1)
    positions = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[positions] == wanted, positions, -1)


def to_arrow(digests: Digests) -> pa.FixedSizeBinaryArray:
    """Digests as an array of Arrow."""
    values = pa.py_buffer(np.ascontiguousarray(digests))
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(_DIGEST_BYTES), len(digests), [None, values]
    )


def from_arrow(digests: pa.ChunkedArray) -> Digests:
    """Digests of an array of Arrow without nulls."""
    array = digests.combine_chunks()
    values = array.buffers()[1].slice(array.offset * _DIGEST_BYTES, len(array) * _DIGEST_BYTES)
    return np.frombuffer(values, f"S{_DIGEST_BYTES}")


def embed_distinct(texts: Sequence[str], encode: TextEncoder) -> pa.Table:
    """Embed N distinct texts: N rows of ``digest`` and ``vector``, in order."""
    vectors = np.concatenate(split_on_oom(encode, texts))
    width = vectors.shape[1]
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel(), pa.float32()), width)
    return pa.table({"digest": to_arrow(digest_texts(texts)), "vector": column})


class Chunks:
    """The chunks of an encoder in a data directory."""

    def __init__(self, data_dir: str, tag: str) -> None:
        """``tag`` is the engine tag."""
        self.data_dir, self._folder = data_dir, f"{FOLDER}/{tag}"

    def names(self) -> list[str]:
        """The names of all chunks, sorted.

        Raises:
            StorageError: The folder cannot be read.
        """
        return list(list_revisions(self.data_dir, self._folder))

    def have(self, names: Sequence[str]) -> bool:
        """Whether there are chunks with these names, also if a bucket's listing lags behind.

        Raises:
            StorageError: The folder cannot be read.
        """
        unlisted = [self.target(name).path for name in {*names} - {*self.names()}]
        return all(files.find_all(self.data_dir, unlisted))

    def target(self, name: str) -> ParquetTarget:
        """A chunk: rows of ``digest`` and ``vector``, null if its text crashes the encoder."""
        key = f"{self._folder}/{name}"
        return ParquetTarget(f"{join(self.data_dir, key)}.parquet", key)

    def write(self, table: pa.Table) -> str:
        """Write a chunk, unless there is the same; returns its name.

        Raises:
            StorageError: It cannot be written.
        """
        digests = from_arrow(table["digest"])
        name = hashlib.sha256(digests.tobytes()).hexdigest()[:16]
        self.target(name).write_if_absent(table, {})
        return name

    def iter_digests(self, names: Sequence[str]) -> Iterator[tuple[str, Digests | None]]:
        """The digests of some chunks; None of those that are lost or damaged.

        Raises:
            StorageError: A file cannot be read.
        """

        def read(name: str) -> Digests | None:
            try:
                return from_arrow(self.target(name).read(["digest"])["digest"])
            except LostFileError:
                return None

        backend = files.backend_of(self.data_dir)
        for start in range(0, len(names), _READ_AT_ONCE):
            some = names[start : start + _READ_AT_ONCE]
            yield from zip(some, backend.map_reads(read, some), strict=True)
