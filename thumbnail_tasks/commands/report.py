"""Build the report of an export; rank its texts by what they mean."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import luigi
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks.commands.export import ExportAttributes, RunTask, of_run
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.report.building import is_built, report_folder
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.plan import PlanShards
from thumbnail_tasks.tasks.recovery import mending


class BuildReport(RunTask):
    """Write exports/report/: open its index.html in a browser."""

    def requires(self) -> ExportAttributes:
        return ExportAttributes(**self.param_kwargs)

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(str(report_folder(self.data_dir) / "index.html"))

    def complete(self) -> bool:
        """Whether the report is of the export as it is now."""
        export = self.requires()
        return export.complete() and is_built(
            report_folder(self.data_dir), Path(export.output()[0].path), export.made_of()
        )

    @mending
    def run(self) -> Iterator[Sequence[luigi.Task]]:
        plan = PlanShards(**self.param_kwargs).output().read()
        export = self.requires()
        lost = [task for task in export.stages_of(plan) if not task.complete()]
        yield lost

        with self.claim(export.output()[0]):
            if not self.complete():  # another run may have been quicker
                export.build_report(plan)


class SearchTexts(RunTask):
    """Rank the texts of an export by how near in meaning they are to --query."""

    query = luigi.Parameter(description="What is looked for, in words")
    most = luigi.IntParameter(default=20, description="Texts that are listed")

    def requires(self) -> ExportAttributes:
        return ExportAttributes(**of_run(self.param_kwargs))

    def complete(self) -> bool:
        """Whether this very task has answered: the answer is on the terminal, and kept nowhere."""
        return bool(getattr(self, "_has_answered", False))

    @mending
    def run(self) -> None:
        if self.most < 1:
            raise SettingsError(f"--most: expected 1 or more; found: {self.most}")
        columns = ["thumbnail_id", "thumbnail_ocr", "thumbnail_ocr_embed"]
        table = self.requires().output()[0].read(columns)
        (vector,) = EmbedText.chosen().load()([self.query])
        for cosine, thumbnail_id, text in rank_texts(table, vector, self.most):
            shown = "".join(letter if letter.isprintable() else " " for letter in text)
            print(f"{cosine:6.3f}  {thumbnail_id}  {shown}", flush=True)
        self._has_answered = True


def rank_texts(
    attributes: pa.Table, vector: NDArray[np.float32], most: int
) -> list[tuple[float, str, str]]:
    """The texts nearest to a vector.

    Args:
        attributes: ``thumbnail_id``, ``thumbnail_ocr`` and ``thumbnail_ocr_embed`` of an export.
        vector: Numbers of the same encoder.
        most: How many texts are given.

    Returns:
        Cosine, id of the first thumbnail that has it, and text: each text once, nearest first.
    """
    has_text = pc.greater(pc.utf8_length(attributes["thumbnail_ocr"]), 0)
    rows = attributes.filter(has_text)
    numbered = rows.append_column("row", pa.array(range(len(rows)), pa.int64()))
    first = numbered.group_by("thumbnail_ocr", use_threads=False).aggregate([("row", "min")])
    rows = rows.take(first["row_min"])
    numbers = pc.list_flatten(rows["thumbnail_ocr_embed"]).to_numpy()
    vectors = numbers.reshape(len(rows), len(vector))
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
    cosines = vectors @ vector / np.maximum(lengths, 1e-12)
    nearest = np.argsort(-cosines, kind="stable")[:most]
    ids, texts = (rows[name].to_pylist() for name in ("thumbnail_id", "thumbnail_ocr"))
    return [(float(cosines[row]), ids[row], texts[row]) for row in nearest]
