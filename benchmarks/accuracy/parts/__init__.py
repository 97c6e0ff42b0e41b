"""The parts of the table; each measures its engines and returns rows and gallery cards."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.accuracy.gallery import Card
from benchmarks.accuracy.job import Results, run_on_pictures
from benchmarks.accuracy.labels import QUALITY, Thumbnail, read_thumbnails
from benchmarks.accuracy.table import Row, skipped


@dataclass
class Measured:
    """Results of one part."""

    rows: list[Row]
    cards: Mapping[str, Sequence[Card]] = field(default_factory=dict)
    """Heading in the gallery to its cards."""


class Setting:
    """The data, the fonts, and one run of the main job that the parts share."""

    def __init__(self, data: Path, out: Path, fonts: Path | None = None) -> None:
        self.data, self.out, self.fonts = data, out, fonts
        self.cache = out / "cache"

    @functools.cached_property
    def _labelled(self) -> tuple[list[Thumbnail], list[str]]:
        return read_thumbnails(self.data)

    @property
    def thumbnails(self) -> list[Thumbnail]:
        """The labelled thumbnails with a picture."""
        return self._labelled[0]

    def rows_left_out(self, part: str) -> list[Row]:
        """One row for the labels without a picture; none if there are no such labels."""
        ids = self._labelled[1]
        reason = f"no {QUALITY} of {', '.join(ids)}"
        return [skipped(part, f"{len(ids)} labelled pictures", "all", reason)] if ids else []

    @functools.cached_property
    def results(self) -> Results:
        """Results of the main job on the labelled thumbnails."""
        pictures = {label.video_id: label.picture for label in self.thumbnails}
        return run_on_pictures(pictures, self.data / "thumbnails" / "videos.csv")
