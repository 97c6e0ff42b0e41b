"""Put each thumbnail's words together and correct their spelling."""

from collections.abc import Callable, Mapping, Sequence

import luigi
import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.engines import Engine, choose, spelling
from thumbnail_tasks.engines.spelling import TextCorrector
from thumbnail_tasks.shards import ShardTask
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.stages.vocabulary import Vocabulary
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.terminal import Progress

CORRECTORS: Mapping[str, Engine] = {"pyspellchecker": spelling.ENGINE}


def correct_texts(
    thumbnails: pa.Table,
    words: pa.Table,
    correct: TextCorrector,
    min_confidence: float,
    sure_confidence: float,
    advance: Callable[[int], None],
) -> pa.Table:
    """Put each thumbnail's words together and correct their spelling.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        words: Rows of ``schemas.WORDS`` on these thumbnails, in reading order.
        correct: Maps words to as many corrected words.
        min_confidence: Words below it are left out; 0 to 1.
        sure_confidence: Words from it on are right as they are; 0 to 1.
        advance: Told how many more thumbnails are done.

    Returns:
        N rows of ``schemas.TEXTS``. Without a picture: nulls; without words: empty and 0.
    """
    words_of: dict[str, list[tuple[str, str]]] = {}
    for word in words.select(["thumbnail_id", "text", "confidence"]).to_pylist():
        if word["confidence"] >= min_confidence:
            is_sure = word["confidence"] >= sure_confidence
            corrected = word["text"] if is_sure else correct([word["text"]])[0]
            words_of.setdefault(word["thumbnail_id"], []).append((word["text"], corrected))
    rows = []
    for thumbnail in thumbnails.select(["thumbnail_id", "status"]).to_pylist():
        row = {"thumbnail_id": thumbnail["thumbnail_id"]}
        if thumbnail["status"] == "ok":
            pairs = words_of.get(thumbnail["thumbnail_id"], [])
            text = " ".join(corrected for _, corrected in pairs)
            row |= {
                "ocr_raw": " ".join(recognized for recognized, _ in pairs),
                "ocr": text,
                "ocr_length": count_tokens(text),
            }
        rows.append(row)
        advance(1)
    return pa.Table.from_pylist(rows, schemas.TEXTS)


def count_tokens(text: str) -> int:
    """Number of tokens by NLTK's word tokenizer (Penn Treebank), which needs no data.

    Example:
        ``I QUIT!`` has 3 tokens.
    """
    from nltk.tokenize import NLTKWordTokenizer

    return len(NLTKWordTokenizer().tokenize(text))


class CorrectText(ShardTask):
    """Write the texts of some shards.

    A shard's words are corrected with the vocabulary of the table that brought the shard, so
    that tomorrow's table does not change, or redo, what was found today.
    """

    table = "texts"
    upstream = (DownloadThumbnails, RecognizeText)

    @classmethod
    def chosen(cls) -> Engine:
        """The corrector that the settings name, with what decides on the words it is given."""
        engine = choose("correction", settings.engine_name("correction"), CORRECTORS)
        thresholds = settings.text().to_str_params()
        return engine._replace(about=lambda: {**engine.about(), **thresholds})

    def requires_for(self, shard: str) -> list[luigi.Task]:
        return [*super().requires_for(shard), Vocabulary.of_shard(shard, self.data_dir)]

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        thumbnails, words, vocabulary = tables
        counts = dict(
            zip(vocabulary["word"].to_pylist(), vocabulary["count"].to_pylist(), strict=True)
        )
        correct = self.chosen().load(counts)
        chosen = settings.text()
        return correct_texts(
            thumbnails, words, correct, chosen.min_confidence, chosen.sure_confidence, progress
        )
