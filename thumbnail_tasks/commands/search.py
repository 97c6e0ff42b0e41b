"""``SearchTexts``: rank the texts of an export by meaning."""

from collections.abc import Sequence

import luigi
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks.commands.export import ExportAttributes, export_of
from thumbnail_tasks.commands.run_task import RunTask
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.tasks.recovery import recover_lost_inputs


class SearchTexts(RunTask):
    """Rank the texts of an export by similarity of meaning to --query."""

    query: str = luigi.Parameter(description="Text to search for")
    most: int = luigi.IntParameter(default=20, description="Number of texts to list")

    _has_run = False

    def requires(self) -> ExportAttributes:
        return export_of(self)

    def complete(self) -> bool:
        """Whether this task object has run: its result is printed, not stored."""
        return self._has_run

    @recover_lost_inputs
    def run(self) -> None:
        if self.most < 1:
            raise SettingsError(f"--most: expected 1 or more; found: {self.most}")
        columns = ["thumbnail_id", "thumbnail_ocr", "thumbnail_ocr_embed"]
        (vector,) = EmbedText.selected_engine().load()([self.query])
        nearest: list[tuple[float, str, str]] = []
        for part in self.requires().find().parts:
            nearest = merge_nearest(nearest, rank_texts(part.read(columns), vector, self.most))
        for cosine, thumbnail_id, text in nearest[: self.most]:
            shown = "".join(letter if letter.isprintable() else " " for letter in text)
            print(f"{cosine:6.3f}  {thumbnail_id}  {shown}", flush=True)
        self._has_run = True


def rank_texts(
    attributes: pa.Table, vector: NDArray[np.float32], most: int
) -> list[tuple[float, str, str]]:
    """The texts nearest to a vector.

    Args:
        attributes: ``thumbnail_id``, ``thumbnail_ocr`` and ``thumbnail_ocr_embed`` of an export.
        vector: A vector of the same encoder.
        most: Number of texts.

    Returns:
        Cosine similarity, id of the first thumbnail with the text, and text; each distinct text
        once, nearest first.
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


def merge_nearest(
    earlier: Sequence[tuple[float, str, str]], later: Sequence[tuple[float, str, str]]
) -> list[tuple[float, str, str]]:
    """The texts of two parts of an export, nearest first; a text of both counts in the first.

    Args:
        earlier: From ``rank_texts`` of the earlier part, or from here.
        later: From ``rank_texts`` of the later part.
    """
    known = {text for _, _, text in earlier}
    both = [*earlier, *(each for each in later if each[2] not in known)]
    return sorted(both, key=lambda each: -each[0])
