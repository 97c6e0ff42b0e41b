"""``ExportProjector``: texts and vectors for TensorFlow's embedding projector.

As the notebook's ``write_embedding_files``: two files of tab-separated values for each column, a
line per text. Unlike the notebook's, texts have no line breaks, which would shift all later labels,
and each vector is that of the text on the same line. ``export/projector.py`` has the formats.
"""

import contextlib
import re
from collections.abc import Sequence
from typing import Final

import luigi
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.commands.export import ExportAttributes, export_of
from thumbnail_tasks.commands.run_task import RunTask
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.export.projector import (
    CONFIG_NAME,
    MAX_PICTURES,
    METADATA,
    OCR,
    PointColumns,
    Sprite,
    describe_files,
    file_name,
    iter_points,
)
from thumbnail_tasks.export.published import Export
from thumbnail_tasks.pictures.decoding import NotAnImageError, TooManyPixelsError, decode_image
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join, name_of
from thumbnail_tasks.storage.file_target import FileTarget
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

_QUALITY: Final = 85


class ExportProjector(RunTask):
    """Write exports/projector/, for TensorFlow's embedding projector.

    Each column has a pair of files, as thumbnail_ocr_vecs.tsv and thumbnail_ocr_meta.tsv: load it
    at https://projector.tensorflow.org, or all with tensorboard --logdir data/exports/projector.
    """

    columns: str = luigi.Parameter(
        default=OCR,
        description="Columns whose texts are shown, separated by commas: thumbnail_ocr, or those "
        "of --embed-columns",
    )
    sprite: bool = luigi.BoolParameter(
        default=False, description="Also draw the thumbnails as one picture for each column"
    )

    def requires(self) -> ExportAttributes:
        return export_of(self)

    def output(self) -> list[FileTarget]:
        parts = ["vecs.tsv", "meta.tsv", *(["sprite.jpg"] if self.sprite else [])]
        names = [file_name(name, part) for name in self._names() for part in parts]
        return [self._file(name) for name in (*names, CONFIG_NAME)]

    def _names(self) -> list[str]:
        return settings.parse_names(self.columns, "--columns")

    def _file(self, name: str) -> FileTarget:
        return FileTarget(join(self.data_dir, "exports", "projector", name))

    def complete(self) -> bool:
        """Whether all files were made from the current export, and the last names the others."""
        if not self.requires().complete():
            return False
        made_from = self.requires().find().path
        paths = [target.path for target in self.output()]
        if not all(files.is_made_from(path, made_from) for path in paths):
            return False
        named = re.findall(r'_path: "(.*?)"', files.read_text(paths[-1]))
        return {*named} == {name_of(path) for path in paths[:-1]}

    @recover_lost_inputs
    def run(self) -> None:
        export = self.requires().find()
        schema = export.parts[0].read_schema()
        names = self._names()
        vectors = schemas.vectors_among(schema.names)
        for name in names:
            if schemas.name_vector(name) not in vectors:
                known = ", ".join(sorted(each.removesuffix("_embed") for each in vectors))
                raise InputError(
                    f"--columns {name}: expected a column with vectors in {export.path}; found: "
                    f"{known}. Add others with --embed-columns"
                )
        cells_px = []
        for name in names:
            ids = self._write_points(export, PointColumns(schema, name), name)
            if self.sprite:
                cells_px.append(self._draw(export, ids[:MAX_PICTURES], name))
        config = self._file(CONFIG_NAME).path
        with files.publish(config, made_from=export.path) as path:
            path.write_text(describe_files(names, cells_px), encoding="utf-8")

    def _write_points(self, export: Export, columns: PointColumns, name: str) -> list[str]:
        """Write a pair of files; returns the thumbnail of each point."""
        vectors, texts = (
            self._file(file_name(name, part)).path for part in ("vecs.tsv", "meta.tsv")
        )
        ids = []
        with (
            files.publish(vectors, made_from=export.path) as new_vectors,
            files.publish(texts, made_from=export.path) as new_texts,
            new_vectors.open("w", encoding="utf-8", newline="\n") as vector_lines,
            new_texts.open("w", encoding="utf-8", newline="\n") as text_lines,
        ):
            text_lines.write("\t".join(METADATA) + "\n")
            for point in iter_points(export.iter_batches(columns.names()), columns):
                text_lines.write("\t".join(point.cells) + "\n")
                vector_lines.write(f"{point.vector}\n")
                ids.append(point.cells[METADATA.index("thumbnail_id")])
        report_progress(self, f"{len(ids)} distinct texts: {vectors}, {texts}", 1)
        return ids

    def _draw(self, export: Export, ids: Sequence[str], name: str) -> int:
        """Draw the thumbnails of a column's points; returns the side of one in pixels."""
        sprite = Sprite(len(ids))
        plan = self.requires().input()["plan"].read()
        wanted = pa.array(ids, pa.string())
        planned = pc.index_in(wanted, value_set=plan["thumbnail_id"].combine_chunks())
        shards = plan["shard"].take(planned).combine_chunks()
        source = self.requires().source
        for shard in pc.unique(shards).drop_null().to_pylist():
            numbers = np.flatnonzero(pc.equal(shards, shard).fill_null(False))
            target = DownloadThumbnails.on(shard, source, self.data_dir).output_for(shard)
            pictures = target.read(["thumbnail_id", "image"])
            rows = pc.index_in(
                wanted.take(numbers), value_set=pictures["thumbnail_id"].combine_chunks()
            )
            for number, data in zip(numbers, pictures["image"].take(rows).to_pylist(), strict=True):
                if data is not None:
                    with contextlib.suppress(NotAnImageError, TooManyPixelsError):
                        sprite.paste(int(number), decode_image(data))
        path = self._file(file_name(name, "sprite.jpg")).path
        with files.publish(path, made_from=export.path) as new:
            sprite.image.save(new, "JPEG", quality=_QUALITY, subsampling=0)
        report_progress(self, f"{len(ids)} thumbnails: {path}", 1)
        return sprite.cell_px
