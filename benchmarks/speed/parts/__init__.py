"""The parts of the table: each lets its contenders take turns and gives rows."""

import functools
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.labels import QUALITY, MissingError, read_rows, read_titles
from benchmarks.tables import Bar
from thumbnail_tasks.pictures.decoding import NotAnImageError, decode_image

EXAMPLES = ROOT / "examples"
N_PICTURES = 246
"""Most of the whole job."""


@dataclass(frozen=True)
class Setting:
    """What the parts measure on."""

    data: Path
    """Need not be there."""
    out: Path
    n_rounds: int = 5
    is_full: bool = False
    """Measure a million rows and 5,000 pictures, too."""

    @functools.cached_property
    def pictures(self) -> list[Path]:
        """Real thumbnails, or those of the drawn sample that are whole; named by video id."""
        real = sorted((self.data / "thumbnails" / QUALITY).glob("*.jpg"))
        return real or [
            path for path in sorted((EXAMPLES / "images").glob("*.jpg")) if _is_whole(path)
        ]

    @property
    def is_sample(self) -> bool:
        """Whether the pictures are the drawn sample's."""
        return self.pictures[0].is_relative_to(EXAMPLES)

    @property
    def videos(self) -> Path:
        """The table that the pictures stand in."""
        folder = EXAMPLES if self.is_sample else self.data / "thumbnails"
        return folder / "videos.csv"

    @property
    def note(self) -> str:
        """What is to be said of the pictures."""
        return "the drawn sample" if self.is_sample else ""

    def judge(self, bar: Bar) -> Bar | None:
        """The bar on real pictures; the sample is too small, and its words are too well known."""
        return None if self.is_sample else bar

    @property
    def job_dir(self) -> Path:
        """The data directory of the whole job's first run; not there before the part ``job``."""
        return self.out / "job" / "first"

    def read_titles(self) -> tuple[str, list[str]]:
        """The name of the table with most distinct titles, and they."""
        try:
            return read_titles(self.data)
        except MissingError:
            titles = dict.fromkeys(row["title"] for row in read_rows(EXAMPLES / "videos.csv"))
            return "the drawn sample", [title for title in titles if title]


def _is_whole(path: Path) -> bool:
    try:
        decode_image(path.read_bytes())
    except NotAnImageError:
        return False
    return True
