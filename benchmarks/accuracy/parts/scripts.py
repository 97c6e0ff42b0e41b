"""Words on thumbnails in many languages, by script: ours, and RapidOCR with its defaults."""

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.accuracy.intervals import bootstrap, ratio
from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.ours import our_text
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.peers.plain_rapidocr import plain_rapidocr
from benchmarks.accuracy.table import Row, Target
from benchmarks.accuracy.timing import run_contest

PART: Final = "scripts"
_RECALL, _PRECISION = "word recall", "word precision"
_BY_CHARACTERS: Final = frozenset({"ja", "zh", "th"})
"""Languages without spaces: their characters are compared."""

_GROUPS: Final = {
    "Latn": "Latin letters",
    "Cyrl": "Cyrillic",
    "Hans": "Chinese, Japanese",
    "Hant": "Chinese, Japanese",
    "Jpan": "Chinese, Japanese",
}
_TARGETS: Final = {
    "Latin letters": (Target("≥", 0.88), Target("≥", 0.88)),
    "Chinese, Japanese": (Target("≥", 0.95), Target("≥", 0.95)),
    "Cyrillic": (Target("≥", 0.70), Target("≥", 0.75)),
}
_OTHERS: Final = (Target("≥", 0.5), Target("≥", 0.5))


class Label(NamedTuple):
    """A picture and the words on it."""

    picture: Path
    group: str
    language: str
    words: str
    optional_words: str

    def count(self, reported: str) -> tuple[int, int, int]:
        """Words that were found, wanted, and reported without the optional ones."""
        wanted, optional, found = (
            Counter(split_words(text, self.language))
            for text in (self.words, self.optional_words, reported)
        )
        counted = found - (optional - wanted)
        return (wanted & found).total(), wanted.total(), counted.total()


def split_words(text: str, language: str) -> list[str]:
    """Words in lower case, without signs; characters of languages without spaces.

    Example:
        ``Größe: 5!`` gives ``grösse``, ``5``.
    """
    plain = unicodedata.normalize("NFC", text).casefold()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in plain).split()
    return list("".join(words)) if language in _BY_CHARACTERS else words


def read_labels(folder: Path) -> Iterator[Label]:
    """The labelled pictures of ``languages/labels.csv`` that are there.

    Raises:
        MissingError: There is no such file.
    """
    path = folder / "languages" / "labels.csv"
    if not path.exists():
        raise MissingError(f"no {path}")
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            picture = path.parent / "hqdefault" / f"{row['video_id']}.jpg"
            if picture.exists():
                group = _GROUPS.get(row["script"], row["script"])
                words = (row["words"], row["optional_words"])
                yield Label(picture, group, row["language"], *words)


def measure_scripts(setting: Setting) -> Measured:
    """Score the words of labelled thumbnails by script, before corrections.

    Raises:
        MissingError: There are no labelled thumbnails in other languages.
    """
    labels = list(read_labels(setting.data))
    engines = [our_text(), plain_rapidocr()]
    pictures = [label.picture for label in labels]
    outcomes = run_contest(engines, pictures, setting.cache, "text in other languages")
    rows = []
    for group in dict.fromkeys(label.group for label in labels):
        for engine, outcome in zip(engines, outcomes, strict=True):
            counts = [
                label.count(result if isinstance(result, str) else " ".join(result))
                for label, result in zip(labels, outcome.results, strict=True)
                if label.group == group
            ]
            pairs = {
                _RECALL: [(hits, wanted) for hits, wanted, _ in counts],
                _PRECISION: [(hits, reported) for hits, _, reported in counts],
            }
            for (measured, cases), target in zip(
                pairs.items(), _TARGETS.get(group, _OTHERS), strict=True
            ):
                name = f"{measured}, {group}"
                about = (len(cases), "pictures", bootstrap(cases, ratio))
                is_ours = engine is engines[0]
                rows.append(
                    Row(PART, name, engine.name, *about, target=target if is_ours else None)
                )
    return Measured(rows, {})
