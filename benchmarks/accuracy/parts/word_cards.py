"""The words of each labelled picture, to look at."""

from collections.abc import Sequence

from benchmarks.accuracy.gallery import Card, Overlay, Said
from benchmarks.accuracy.job import Results
from benchmarks.accuracy.labels import Thumbnail
from benchmarks.accuracy.words import judge_words, missed_words


def draw_words(labels: Sequence[Thumbnail], results: Results) -> list[Card]:
    """One card per picture: every box as it is judged, the words expected, said and missed."""
    cards = []
    for label in labels:
        row = results.attributes[label.video_id]
        overlays = []
        kept = []
        in_text = (row["thumbnail_ocr_raw"] or "").split()
        for word in results.words.get(label.video_id, []):
            box = (word["x_min"], word["y_min"], word["x_max"], word["y_max"])
            told = f"{word['text']} {word['confidence']:.2f}"
            # The text holds the words that were sure enough, in the order of this table.
            if in_text and word["text"] == in_text[0]:
                kept.append((box, told, in_text.pop(0)))
            else:
                overlays.append(Overlay(box, "dropped", told))
        verdicts = judge_words(label.words, label.optional_words, [text for *_, text in kept])
        overlays += [
            Overlay(box, verdict, told)
            for (box, told, _), verdict in zip(kept, verdicts, strict=True)
        ]
        said = (row["thumbnail_ocr"] or "").split()
        judged = list(judge_words(label.words, label.optional_words, said))
        missed = missed_words(label.words, " ".join(said))
        lines = {
            "expected": [Said("plain", label.words)],
            "optional": [Said("optional", label.optional_words)],
            "said": [Said(verdict, word) for verdict, word in zip(judged, said, strict=True)],
            "missed": [Said("missed", word) for word in missed],
        }
        cards.append(
            Card(label.video_id, label.picture, overlays, lines, len(missed), judged.count("false"))
        )
    return cards
