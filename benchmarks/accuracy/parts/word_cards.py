"""Gallery cards with the words of each labelled picture."""

from collections.abc import Sequence

from benchmarks.accuracy.gallery import Card, Overlay, Snippet
from benchmarks.accuracy.job import Results
from benchmarks.accuracy.labels import Thumbnail
from benchmarks.accuracy.words import judge_words, missed_words


def draw_words(labels: Sequence[Thumbnail], results: Results) -> list[Card]:
    """Draw one card per picture: judged boxes, and words expected, reported and missed."""
    cards = []
    for label in labels:
        row = results.attributes[label.video_id]
        overlays = []
        kept = []
        in_text = (row["thumbnail_ocr_raw"] or "").split()
        for word in results.words.get(label.video_id, []):
            box = (word["x_min"], word["y_min"], word["x_max"], word["y_max"])
            tooltip = f"{word['text']} {word['confidence']:.2f}"
            # The text has the words with enough confidence, in the order of this table.
            if in_text and word["text"] == in_text[0]:
                kept.append((box, tooltip, in_text.pop(0)))
            else:
                overlays.append(Overlay(box, "dropped", tooltip))
        verdicts = judge_words(label.words, label.optional_words, [text for *_, text in kept])
        overlays += [
            Overlay(box, verdict, tooltip)
            for (box, tooltip, _), verdict in zip(kept, verdicts, strict=True)
        ]
        reported = (row["thumbnail_ocr"] or "").split()
        judged = list(judge_words(label.words, label.optional_words, reported))
        missed = missed_words(label.words, " ".join(reported))
        lines = {
            "expected": [Snippet("plain", label.words)],
            "optional": [Snippet("optional", label.optional_words)],
            "reported": [
                Snippet(verdict, word) for verdict, word in zip(judged, reported, strict=True)
            ],
            "missed": [Snippet("missed", word) for word in missed],
        }
        cards.append(
            Card(label.video_id, label.picture, overlays, lines, len(missed), judged.count("false"))
        )
    return cards
