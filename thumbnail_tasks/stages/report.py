"""Write the report: a folder that shows the export in a browser."""

import shutil
import uuid
from importlib import metadata
from pathlib import Path

import luigi
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import sources
from thumbnail_tasks.mending import mending
from thumbnail_tasks.report.pictures import write_small_pictures
from thumbnail_tasks.report.site import write_site
from thumbnail_tasks.shards import ShardTask, short_digest
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.export import STAGES, ExportAttributes, RunTask
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.plan import PlanShards
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.targets import date_as, is_dated_as, place, writing
from thumbnail_tasks.terminal import say_from

_REPORT_VERSION = "1"
"""Raise it when the same export becomes another page."""

_FOUND: dict[str, tuple[type[ShardTask], list[str] | None]] = {
    "words": (RecognizeText, None),
    "faces": (DetectFaces, None),
    "emotions": (ClassifyEmotions, None),
    "thumbnails": (DownloadThumbnails, ["thumbnail_id", "detail", "width_px", "height_px"]),
}
"""What is shown of each thumbnail besides the export: stages and their columns; None for all."""


class BuildReport(RunTask):
    """Write exports/report/: open its index.html in a browser."""

    def requires(self) -> ExportAttributes:
        return ExportAttributes(**self.param_kwargs)

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(str(self._folder / "index.html"))

    @property
    def _folder(self) -> Path:
        return Path(self.data_dir, "exports", "report")

    @property
    def _made_of(self) -> str:
        return short_digest([_REPORT_VERSION, self.requires().made_of()], 16)

    def complete(self) -> bool:
        """Whether the report is of the export as it is now, and looks as this version's do."""
        if not self.requires().complete():
            return False
        page, made_of = Path(self.output().path), self._folder / "made_of.txt"
        return (
            page.exists()
            and is_dated_as(page, Path(self.requires().output()[0].path))
            and made_of.exists()
            and made_of.read_text() == self._made_of
        )

    @mending
    def run(self) -> None:
        parquet, table = self.requires().output()
        parquet.open_reader()  # all of it is checked before it is believed
        plan = PlanShards(**self.param_kwargs).output().read()
        source = sources.source_tag(self.images_dir)
        new = self._folder.parent / f".writing-{uuid.uuid4().hex}"
        with self.claim(parquet):
            if self.complete():  # another run may have been quicker
                return
            try:
                with writing(self._folder):
                    new.mkdir()
                    found = read_found(plan, source, self.data_dir)
                    tags = {stage.__name__: stage.tag(source) for stage in STAGES}
                    about = {
                        "version": metadata.version("thumbnail-tasks"),
                        "videos": Path(self.videos).name,
                        **tags,
                    }
                    write_site(new, Path(parquet.path), Path(table.path), found, about)
                    self._write_pictures(plan, source, new / "pictures")
                    (new / "made_of.txt").write_text(self._made_of)
                    date_as(new / "index.html", Path(parquet.path))
                    _replace(self._folder, new)
            finally:
                shutil.rmtree(new, ignore_errors=True)
        say_from("BuildReport", f"open {self.output().path} in a browser")

    def _write_pictures(self, plan: pa.Table, source: str, folder: Path) -> None:
        shards = pc.unique(plan["shard"]).to_pylist()
        for number, shard in enumerate(shards, 1):
            stage = DownloadThumbnails.on(shard, source, self.data_dir)
            table = stage.output_for(shard).read(["thumbnail_id", "sha256", "image"])
            write_small_pictures(_of_shard(table, plan, shard), folder, self._folder / "pictures")
            self.set_progress_percentage(100 * number / len(shards))


class SearchTexts(RunTask):
    """Rank the texts of an export by how near in meaning they are to --query."""

    query = luigi.Parameter(description="What is looked for, in words")
    most = luigi.IntParameter(default=20, description="Texts that are listed")

    def requires(self) -> ExportAttributes:
        return ExportAttributes(
            **{k: self.param_kwargs[k] for k in ExportAttributes.get_param_names()}
        )

    def complete(self) -> bool:
        """Whether it was answered in this process."""
        return getattr(self, "_is_answered", False)

    @mending
    def run(self) -> None:
        table = (
            self.requires()
            .output()[0]
            .read(["thumbnail_id", "thumbnail_ocr", "thumbnail_ocr_embed"])
        )
        encode = EmbedText.chosen().load()
        for score, thumbnail_id, text in rank_texts(table, encode([self.query])[0], self.most):
            print(f"{score:6.3f}  {thumbnail_id}  {text}", flush=True)
        self._is_answered = True


def rank_texts(table: pa.Table, vector: np.ndarray, most: int) -> list[tuple[float, str, str]]:
    """The texts nearest to a vector.

    Args:
        table: Rows of ``thumbnail_id``, ``thumbnail_ocr`` and ``thumbnail_ocr_embed``.
        vector: The query's, of the same encoder.
        most: How many are given.

    Returns:
        Cosine, id of the first thumbnail that has it, and text: each text once, nearest first.
    """
    table = table.filter(pc.greater(pc.utf8_length(table["thumbnail_ocr"]), 0))
    first = table.append_column("row", pa.array(range(len(table)), pa.int64()))
    first = first.group_by("thumbnail_ocr").aggregate([("row", "min")])
    table = table.take(first["row_min"])
    vectors = (
        np.stack(table["thumbnail_ocr_embed"].to_numpy(zero_copy_only=False))
        if len(table)
        else np.zeros((0, len(vector)))
    )
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
    cosines = vectors @ vector / np.maximum(lengths, 1e-12)
    nearest = np.argsort(-cosines, kind="stable")[:most]
    ids, texts = (table[name].to_pylist() for name in ("thumbnail_id", "thumbnail_ocr"))
    return [(float(cosines[row]), ids[row], texts[row]) for row in nearest]


def read_found(plan: pa.Table, source: str, data_dir: str) -> dict[str, pa.Table]:
    """What the stages found on the thumbnails of a plan, as ``write_site`` takes it.

    Raises:
        StorageError: A shard's file is missing, damaged or foreign.
    """
    shards = pc.unique(plan["shard"]).to_pylist()
    return {
        name: pa.concat_tables(
            _of_shard(
                stage.on(shard, source, data_dir).output_for(shard).read(columns), plan, shard
            )
            for shard in shards
        )
        for name, (stage, columns) in _FOUND.items()
    }


def _of_shard(table: pa.Table, plan: pa.Table, shard: str) -> pa.Table:
    """The rows of those thumbnails whose latest try is this shard's."""
    ids = plan.filter(pc.equal(plan["shard"], shard))["thumbnail_id"].combine_chunks()
    return table.filter(pc.is_in(table["thumbnail_id"], value_set=ids))


def _replace(folder: Path, new: Path) -> None:
    """Put a folder in another's place. Killed in between: there is none, and it is made anew."""
    old = new.with_name(f"{new.name}-old")
    if folder.exists():
        folder.rename(old)
    place(new, folder)
    shutil.rmtree(old, ignore_errors=True)
