"""The parts of the table; each runs its contenders in turns and returns rows."""

import functools
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.labels import QUALITY, MissingError, read_rows, read_titles
from benchmarks.tables import Target
from thumbnail_tasks.pictures.decoding import NotAnImageError, decode_image

EXAMPLES = ROOT / "examples"
N_PICTURES = 246
"""Maximum number of pictures of the whole job."""


@dataclass(frozen=True)
class Setting:
    """The data and the options of a measurement."""

    data: Path
    """May not exist."""
    out: Path
    n_rounds: int = 5
    is_full: bool = False
    """Whether to also measure a million rows and 5,000 pictures."""

    @functools.cached_property
    def pictures(self) -> list[Path]:
        """Real thumbnails, or the undamaged ones of the drawn sample; named by video id."""
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
        """The table of the pictures' videos."""
        folder = EXAMPLES if self.is_sample else self.data / "thumbnails"
        return folder / "videos.csv"

    @property
    def note(self) -> str:
        """The note on the pictures in the table."""
        return "the drawn sample" if self.is_sample else ""

    def judge(self, target: Target) -> Target | None:
        """The target, on real pictures only: the sample is too small, and its words too common."""
        return None if self.is_sample else target

    @property
    def job_dir(self) -> Path:
        """The data directory of the whole job's first run, which the part ``job`` creates."""
        return self.out / "job" / "first"

    def read_titles(self) -> tuple[str, list[str]]:
        """Read the table with the most distinct titles; return its name and the titles."""
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
