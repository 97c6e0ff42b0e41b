"""``ExportProjector``: texts and vectors for TensorFlow's embedding projector.

As the notebook's ``write_embedding_files``: two files of tab-separated values without a header, a
line per text (https://projector.tensorflow.org, "Load"). Unlike the notebook's, texts have no line
breaks, which would shift all later labels, and each vector is that of the text on the same line.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks.commands.export import ExportAttributes, export_of
from thumbnail_tasks.commands.run_task import RunTask
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.file_target import FileTarget
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

_TEXT, _VECTOR = "thumbnail_ocr", "thumbnail_ocr_embed"
_CELL_ENDS: Final = re.compile("[\\t\\n\\v\\f\\r\\x1c-\\x1e\\x85\\u2028\\u2029]+")
"""The tab, and everything that a reader may treat as a line end (``str.splitlines``)."""


def iter_distinct_texts(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, str]]:
    """The distinct texts of an export and their vectors, each as one line without line end.

    Args:
        batches: All rows of an export, with its texts and vectors.

    Yields:
        A text, and its vector: ``width`` numbers separated by tabs, each in the shortest form of
        a 32-bit float. In the order of first mention; rows without text are skipped.
    """
    seen: set[str] = set()
    for batch in batches:
        cells = [_CELL_ENDS.sub(" ", text or "").strip() for text in batch[_TEXT].to_pylist()]
        rows = []
        for row, text in enumerate(cells):
            if text and text not in seen:
                seen.add(text)
                rows.append(row)
        vectors = batch[_VECTOR].take(pa.array(rows, pa.int64()))
        numbers = pc.cast(vectors.flatten(), pa.string()).to_pylist()
        width = vectors.type.list_size
        for position, row in enumerate(rows):
            start = position * width
            yield cells[row], "\t".join(numbers[start : start + width])


class ExportProjector(RunTask):
    """Write thumbnail_ocr_vecs.tsv and thumbnail_ocr_meta.tsv for the embedding projector.

    Open https://projector.tensorflow.org and load the two files there.
    """

    def requires(self) -> ExportAttributes:
        return export_of(self)

    def output(self) -> tuple[FileTarget, FileTarget]:
        folder = join(self.data_dir, "exports", "projector")
        vectors, texts = (join(folder, f"{_TEXT}_{part}.tsv") for part in ("vecs", "meta"))
        return FileTarget(vectors), FileTarget(texts)

    def complete(self) -> bool:
        """Whether both files were made from the current export."""
        if not self.requires().complete():
            return False
        made_from = self.requires().find().path
        return all(files.is_made_from(target.path, made_from) for target in self.output())

    @recover_lost_inputs
    def run(self) -> None:
        vectors, texts = (target.path for target in self.output())
        export = self.requires().find()
        n_texts = 0
        with (
            files.publish(vectors, made_from=export.path) as new_vectors,
            files.publish(texts, made_from=export.path) as new_texts,
            new_vectors.open("w", encoding="utf-8", newline="\n") as vector_lines,
            new_texts.open("w", encoding="utf-8", newline="\n") as text_lines,
        ):
            for text, vector in iter_distinct_texts(export.iter_batches([_TEXT, _VECTOR])):
                text_lines.write(f"{text}\n")
                vector_lines.write(f"{vector}\n")
                n_texts += 1
        report_progress(self, f"{n_texts} distinct texts: {vectors}, {texts}", 1)
