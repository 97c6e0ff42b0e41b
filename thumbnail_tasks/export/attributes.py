"""The attributes of a plan's thumbnails: read from the stages' tables, all at once or as needed."""

import contextlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks import schemas
from thumbnail_tasks.execution.memory import release_free_memory
from thumbnail_tasks.export.joining import join_shard
from thumbnail_tasks.fingerprints import make_tag, short_digest
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.known import find_known, known_thumbnails
from thumbnail_tasks.stages.objects import DetectObjects
from thumbnail_tasks.stages.pipeline import last_stages, selected_stages
from thumbnail_tasks.stages.text_vectors import describe_wanted
from thumbnail_tasks.stages.texts import CorrectText, read_thresholds
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.listing import list_revisions
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget
from thumbnail_tasks.tasks.shard_files import PICTURES
from thumbnail_tasks.tasks.shard_task import ShardTask

VERSION: Final = "4"
"""Raise it when the same plan and engines give a different export."""

JOINED: Final = "joined"
"""Folder of the joined shards."""

IN_MEMORY_BYTES: Final = 512 * 2**20
"""Shards of so many bytes of attributes stay in memory once they are joined; others become files.

Of 586 shards, files take 10 s to write, and another 13 s to read again if each video has rows on
several days.
"""

_BYTES_BESIDE_VECTOR = 656  # of a thumbnail: measured 656
_BYTES_PER_NUMBER = 4
_KEPT_SHARDS = 32  # of the others, those last read: neighbouring rows mean the same

_TABLES: Mapping[type[ShardTask], list[str] | None] = {
    DownloadThumbnails: [
        *("thumbnail_id", "status", "width_px", "height_px", "sha256", "version", "fetched_at")
    ],
    RecognizeText: None,
    CorrectText: None,
    EmbedText: None,
    DetectFaces: None,
    ClassifyEmotions: None,
    MeasureAppearance: None,
    DetectObjects: ["thumbnail_id", "class"],
}
"""The stages whose tables ``join_shard`` takes, and the columns it needs; None: all."""

LOOKS: Final = ["thumbnail_id", "perceptual_hash", "color_mean"]
"""By which thumbnails look alike."""

_READ_TOGETHER = 64  # shards, of which a bucket reads several at a time

_COMPRESSION = "lz4"
"""Of joined shards, which are read several times: in two thirds of the time, and a tenth larger."""

_REVISION = "thumbnails"
"""Metadata key of a joined shard: the revision of the thumbnails that it was made from."""


def fingerprint(source: str, table_name: str, plan: int | str) -> str:
    """A digest of what an export is made from: the plan, and the engines in the settings.

    Args:
        source: Source of the pictures.
        table_name: Name of the table of videos.
        plan: The number of the plan, or its digest if it has none.
    """
    tags = [stage.tag(source) for stage in last_stages()]
    made_from: list[object] = [VERSION, [source, table_name, plan], tags]
    if texts := describe_wanted():
        made_from.append(texts)
    return short_digest(made_from, 16)


def joined_tag(source: str) -> str:
    """The folder of a source's joined shards: a digest of all that changes them but the pictures.

    Raises:
        SettingsError: The settings select no engine.
    """
    tags = [stage.tag(source) for stage in last_stages()]
    return make_tag("attributes", {"version": VERSION, "source": source, "stages": tags})


class Attributes:
    """The attributes of the thumbnails of a plan, whose shards are complete in all stages."""

    key = "thumbnail_id"

    def __init__(self, plan: pa.Table, source: str, data_dir: str) -> None:
        """``plan`` has N rows of ``schemas.PLANS``.

        Raises:
            StorageError: A shard's file is missing, damaged or misplaced.
        """
        self.source, self.data_dir = source, data_dir
        selected = selected_stages()
        self._tables = {stage: names for stage, names in _TABLES.items() if stage in selected}
        self._folders: dict[type[ShardTask], ShardTask] = {}
        self.ids: pa.Array = plan["thumbnail_id"].combine_chunks()
        encoded = plan["shard"].combine_chunks().dictionary_encode()
        self.shards: list[str] = encoded.dictionary.to_pylist()
        self.shard_of_row: NDArray[np.int32] = encoded.indices.to_numpy()
        """The number of each thumbnail's shard: N."""
        self.revisions = list_revisions(data_dir, f"{PICTURES}/{source}")
        self._tag = joined_tag(source)
        self._thresholds = read_thresholds()
        sizes = np.bincount(self.shard_of_row) * self._measure()
        self.n_in_memory = int(np.searchsorted(np.cumsum(sizes), IN_MEMORY_BYTES, "right"))
        """How many shards, from the first, stay in memory once they are read."""
        self._stay = frozenset(self.shards[: self.n_in_memory])
        self._kept: dict[str, pa.Table] = {}
        self._last_read: deque[str] = deque()  # those kept that do not stay
        release_free_memory()  # of earlier stages in this process

    def of(self, rows: NDArray[np.int32]) -> pa.Table:
        """The attributes of some rows of the plan.

        Args:
            rows: Their numbers, in ascending order and distinct.

        Returns:
            Rows of ``schemas.attributes``, in any order.

        Raises:
            LostFileError: A shard's file is missing, damaged or misplaced.
            StorageError: A file cannot be read or written.
        """
        if not len(rows):
            return self.read(self.shards[0]).slice(0, 0)
        # In one piece, as Arrow would make one piece of it for each batch of rows.
        return pa.concat_tables(self._iter_tables(rows)).combine_chunks()

    def statuses(self) -> pa.ChunkedArray:
        """The status of each thumbnail; in the order of the plan if not all are in memory.

        Raises:
            StorageError: A file cannot be read.
        """
        if self._are_all_in_memory():
            tables = self._iter_tables(
                np.arange(len(self.ids), dtype=np.int32), ["thumbnail_status"]
            )
            return pa.concat_tables(tables)["thumbnail_status"]
        known = known_thumbnails(self.data_dir, self.source)
        return find_known(pa.chunked_array([self.ids]), known)["status"].cast(pa.string())

    def iter_looks(self) -> Iterator[tuple[NDArray[np.intp], pa.Table]]:
        """``LOOKS`` of the thumbnails that have a picture, shard by shard.

        Yields:
            Rows of the plan, and the columns of these thumbnails.

        Raises:
            LostFileError: A shard's file is missing, damaged or misplaced.
            StorageError: A file cannot be read.
        """
        order = np.argsort(self.shard_of_row, kind="stable")
        starts = np.searchsorted(self.shard_of_row[order], np.arange(len(self.shards)))
        of_shards = np.split(order, starts[1:])
        has_picture = self._have_pictures()
        for start in range(0, len(self.shards), _READ_TOGETHER):
            tables = self._read_looks(self.shards[start : start + _READ_TOGETHER])
            for rows, table in zip(of_shards[start : start + len(tables)], tables, strict=True):
                known = rows[has_picture[rows]]
                looks = table.filter(table["perceptual_hash"].is_valid())
                found = pc.index_in(
                    self.ids.take(known), value_set=looks["thumbnail_id"].combine_chunks()
                )
                yield known[found.is_valid().to_numpy(False)], looks.take(found.drop_null())

    def _are_all_in_memory(self) -> bool:
        return self.n_in_memory == len(self.shards)

    def _have_pictures(self) -> NDArray[np.bool_]:
        """Whether each thumbnail may have a picture: not if it was quarantined after a stage."""
        if self._are_all_in_memory():
            return np.ones(len(self.ids), bool)  # and no look without one
        ok: NDArray[np.bool_] = pc.equal(self.statuses(), "ok").fill_null(False).to_numpy()
        return ok

    def _read_looks(self, shards: Sequence[str]) -> list[pa.Table]:
        if self._are_all_in_memory():
            return [self.read(shard).select(LOOKS) for shard in shards]
        targets = [self._output(MeasureAppearance, shard) for shard in shards]
        return files.backend_of(self.data_dir).map_reads(lambda each: each.read(LOOKS), targets)

    def _iter_tables(
        self, rows: NDArray[np.int32], columns: list[str] | None = None
    ) -> Iterator[pa.Table]:
        """The attributes of some rows of the plan, shard by shard, in the order of the shards."""
        order = rows[np.argsort(self.shard_of_row[rows], kind="stable")]
        numbers, starts = np.unique(self.shard_of_row[order], return_index=True)
        for number, of_shard in zip(numbers, np.split(order, starts[1:]), strict=True):
            table = self.read(self.shards[number])
            found = table.select(columns) if columns else table
            if len(of_shard) < len(table):
                ids = self.ids.take(of_shard)
                found = found.filter(pc.is_in(table["thumbnail_id"], value_set=ids))
            yield found

    def _measure(self) -> int:
        """Bytes of one thumbnail's attributes in memory."""
        target = self._output(EmbedText, self.shards[0])
        width = target.read_schema().field("ocr_embed").type.list_size
        return int(width * _BYTES_PER_NUMBER + _BYTES_BESIDE_VECTOR)

    def _join(self, shard: str) -> pa.Table:
        """Join the tables of one shard."""
        targets = [(self._output(stage, shard), columns) for stage, columns in self._tables.items()]
        tables = files.backend_of(self.data_dir).map_reads(
            lambda of_stage: of_stage[0].read(of_stage[1]), targets
        )
        return join_shard(*tables, thresholds=self._thresholds)

    def _output(self, stage: type[ShardTask], shard: str) -> ParquetTarget:
        """A stage's file of a shard; one task for all, as Luigi takes a millisecond to make one."""
        if stage not in self._folders:
            self._folders[stage] = stage.on(shard, self.source, self.data_dir)
        return self._folders[stage].output_for(shard)

    def read(self, shard: str) -> pa.Table:
        """A joined shard: from memory, or from its file, which is written if there is none.

        Raises:
            LostFileError: A stage's file is missing, damaged or misplaced.
            StorageError: A file cannot be read or written.
        """
        if shard in self._kept:
            return self._kept[shard]
        if shard in self._stay:
            self._kept[shard] = self._join(shard)
            return self._kept[shard]
        key = f"{JOINED}/{self._tag}/{shard}"
        target = ParquetTarget(f"{join(self.data_dir, key)}.parquet", key)
        made_from = {_REVISION: self.revisions.get(shard, "")}
        stored = None
        with contextlib.suppress(LostFileError):
            stored = target.read_if(made_from)
        if stored is not None:
            table = _with_descriptions(stored)
        else:
            table = self._join(shard)
            target.write(table, made_from, _COMPRESSION)
        self._kept[shard] = table
        self._last_read.append(shard)
        if len(self._last_read) > _KEPT_SHARDS:
            del self._kept[self._last_read.popleft()]
        return table


def _with_descriptions(attributes: pa.Table) -> pa.Table:
    """Attributes read from a file, whose columns have ids of Parquet instead of descriptions."""
    width = attributes.schema.field("thumbnail_ocr_embed").type.list_size
    has_objects = "object_counts" in attributes.column_names
    return pa.table(attributes.columns, schema=schemas.attributes(width, has_objects))
