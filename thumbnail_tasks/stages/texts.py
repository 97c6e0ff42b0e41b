"""Join each thumbnail's words, tell their language, and correct their spelling."""

import functools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import luigi
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines import languages, spelling
from thumbnail_tasks.engines.interface import Engine, choose
from thumbnail_tasks.engines.languages import Languages, LanguageTeller
from thumbnail_tasks.engines.letters import ACRONYM_SIGN, take_characters
from thumbnail_tasks.engines.runtimes.fast_imports import importing
from thumbnail_tasks.engines.spelling import TextCorrector
from thumbnail_tasks.engines.text.scripts import script_of
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails, PlannedShard
from thumbnail_tasks.stages.vocabulary import Vocabulary
from thumbnail_tasks.stages.words import RecognizeText, titles_of
from thumbnail_tasks.storage.naming import table_of_shard
from thumbnail_tasks.tasks.blocks import list_shards
from thumbnail_tasks.tasks.shard_task import ShardTask

CORRECTORS: Mapping[str, Engine] = {"pyspellchecker": spelling.ENGINE}

_EDGES: Final = ("x_min", "y_min", "x_max", "y_max")
_MAX_GAP: Final = 1.2
"""Between letters that may be one word, in heights of a letter."""

_ACRONYM_SIGN: Final = re.compile(ACRONYM_SIGN)


class Thresholds(NamedTuple):
    """Which recognised words become part of the text."""

    min_confidence: float
    """Words with a lower confidence are left out; 0 to 1."""
    small_text_px: float
    """Words of a smaller height, in pixels of the stored picture, are small."""
    small_text_confidence: float
    """Small words with a lower confidence are left out; 0 to 1."""
    sure_confidence: float
    """Words with at least this confidence are not corrected; 0 to 1."""

    def keep(self, words: pa.Table) -> pa.ChunkedArray:
        """Whether each row of ``schemas.WORDS`` belongs to the text; lines not read never do.

        A word of unknown confidence does.
        """
        top, bottom, confidence = (
            words[name].cast(pa.float64()) for name in ("y_min", "y_max", "confidence")
        )
        is_small = pc.less(pc.subtract(bottom, top), self.small_text_px).fill_null(False)
        least = pc.if_else(is_small, self.small_text_confidence, self.min_confidence)
        is_sure = pc.greater_equal(confidence, least).fill_null(True)
        return pc.and_(is_sure, words["text"].is_valid())


def join_single_letters(words: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The words, with single letters that stand close beside each other as one, with spaces.

    They may be a word whose letters are set apart, as ``C A G E`` on the poster of a film; the
    corrector decides.

    Args:
        words: Rows of ``schemas.WORDS`` in reading order.
    """
    joined: list[Mapping[str, Any]] = []
    for word in words:
        if joined and _follows(word, joined[-1]):
            last = joined.pop()
            confidence = min(last["confidence"], word["confidence"])
            word = {**word, "text": f"{last['text']} {word['text']}", "confidence": confidence}
        joined.append(word)
    return joined


def _follows(word: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether a letter stands beside another, or beside the last of several."""
    is_letter = len(word["text"]) == 1 and word["text"].isalpha()
    are_letters = (last["text"].isalpha() and len(last["text"]) == 1) or " " in last["text"]
    if not (is_letter and are_letters and word["thumbnail_id"] == last["thumbnail_id"]):
        return False
    edges = [each[edge] for each in (last, word) for edge in _EDGES]
    if None in edges or None in (last["confidence"], word["confidence"]):
        return False  # of an engine without boxes
    _, top, right, bottom, left, next_top, _, next_bottom = edges
    height = bottom - top
    is_level = abs(next_top + next_bottom - top - bottom) < height
    return bool(is_level and -height < left - right < _MAX_GAP * height)


def read_thresholds() -> Thresholds:
    """Those of ``[text]`` in the settings."""
    options = settings.text()
    return Thresholds(*(getattr(options, name) for name in Thresholds._fields))


def correct_texts(
    thumbnails: pa.Table,
    words: pa.Table,
    shard: pa.Table,
    correct: TextCorrector,
    tell: LanguageTeller,
    thresholds: Thresholds,
    advance: Progress,
) -> pa.Table:
    """Join each thumbnail's words, tell their language, and correct their spelling.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        words: Rows of ``schemas.WORDS`` on these thumbnails, in reading order.
        shard: N rows of ``schemas.SHARDS`` on these thumbnails.
        correct: Maps W words, W booleans (whether each is certain), the title and channel of each
            word's video, and the likely languages of its text to W corrected words.
        tell: Maps texts, and title, channel and description of their videos to likely languages.
        thresholds: Which words are kept, and which are certain.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        N rows of ``schemas.TEXTS``. Nulls without a picture, if it was not read, or if it has
        nothing but lines that were not read; empty and 0 without words. No language without words,
        or if none is known.
    """
    columns = ["thumbnail_id", "text", "confidence", *_EDGES]
    not_read = words.filter(words["text"].is_null()).select(["thumbnail_id", "script"]).to_pylist()
    unread_pictures = {line["thumbnail_id"] for line in not_read if line["script"] is None}
    unread_lines: dict[str, Counter[str]] = {}
    for line in not_read:
        unread_lines.setdefault(line["thumbnail_id"], Counter())[line["script"]] += 1
    kept = join_single_letters(words.filter(thresholds.keep(words)).select(columns).to_pylist())
    are_sure = [(word["confidence"] or 0) >= thresholds.sure_confidence for word in kept]
    titles = titles_of(shard)
    title_of_word = [titles[word["thumbnail_id"]] for word in kept]
    read = [word["text"] for word in kept]
    languages_of = _tell_languages(kept, shard, tell)
    languages_of_word = [languages_of[word["thumbnail_id"]] for word in kept]
    corrected = correct(read, are_sure, title_of_word, languages_of_word) if kept else []
    words_of: dict[str, list[tuple[str, str]]] = {}
    for word, correction in zip(kept, corrected, strict=True):
        words_of.setdefault(word["thumbnail_id"], []).append((word["text"], correction))
    rows: list[dict[str, Any]] = []
    for thumbnail in thumbnails.select(["thumbnail_id", "status"]).to_pylist():
        row: dict[str, Any] = {"thumbnail_id": thumbnail["thumbnail_id"]}
        if thumbnail["status"] == "ok" and thumbnail["thumbnail_id"] not in unread_pictures:
            pairs = words_of.get(thumbnail["thumbnail_id"], [])
            unread = unread_lines.get(thumbnail["thumbnail_id"], Counter())
            row["unread_lines"] = unread.total()
            row["text_script"] = script_of(correction for _, correction in pairs)
            if unread and row["text_script"] is None:
                row["text_script"] = max(unread, key=lambda script: (unread[script], script))
        if "unread_lines" in row and (pairs or not unread):
            text = " ".join(correction for _, correction in pairs)
            row |= {
                "ocr_raw": " ".join(read for read, _ in pairs),
                "ocr": text,
                "ocr_length": count_tokens(text),
                "text_language": languages.name_language(
                    languages_of.get(thumbnail["thumbnail_id"], ())
                ),
            }
        rows.append(row)
        advance(1)
    return pa.Table.from_pylist(rows, schemas.TEXTS)


def _tell_languages(
    words: Sequence[Mapping[str, Any]], shard: pa.Table, tell: LanguageTeller
) -> dict[str, Languages]:
    """The likely languages of the words of each thumbnail that has some."""
    # Shards of earlier versions have no descriptions.
    names = [name for name in ("title_and_channel", "description") if name in shard.column_names]
    about = {
        row["thumbnail_id"]: "\n".join(filter(None, map(row.get, names)))
        for row in shard.select(["thumbnail_id", *names]).to_pylist()
    }
    texts: dict[str, list[str]] = {}
    for word in words:
        texts.setdefault(word["thumbnail_id"], []).append(word["text"])
    joined = [" ".join(each) for each in texts.values()]
    told = tell(joined, [about[thumbnail_id] for thumbnail_id in texts]) if texts else []
    return dict(zip(texts, told, strict=True))


def count_tokens(text: str) -> int:
    """Number of tokens by NLTK's word tokenizer (Penn Treebank), which needs no data.

    Each character of the scripts without spaces is a token: see ``engines.letters``. A Hebrew
    acronym is one token; NLTK would split it at its quotation mark.

    Example:
        ``I QUIT!`` has 3 tokens, ``東京 Tokyo`` has 3, too.
    """
    characters, rest = take_characters(_ACRONYM_SIGN.sub("״", text))
    return len(characters) + len(_load_tokenizer().tokenize(rest))


@functools.cache
def _load_tokenizer() -> Any:
    with importing(without="scipy"):  # it takes 0.45 of 0.6 s
        from nltk.tokenize import NLTKWordTokenizer

    return NLTKWordTokenizer()


def _tell_on_demand(texts: Sequence[str], contexts: Sequence[str]) -> list[Languages]:
    """The language teller, which loads its model when it is first called."""
    return languages.load_language_teller()(texts, contexts)


class CorrectText(ShardTask):
    """Write the texts of some shards.

    A shard's words are corrected with the vocabulary of the table from which it was planned, so
    that tomorrow's table does not change or recompute today's results.
    """

    table = "texts"
    version = "2"  # Hebrew acronyms are one token
    upstream = (DownloadThumbnails, RecognizeText)

    @classmethod
    def selected_engine(cls) -> Engine:
        """The selected corrector, and the thresholds that select its words."""
        engine = choose("correction", settings.engine_name("correction"), CORRECTORS)
        thresholds = {name: str(value) for name, value in read_thresholds()._asdict().items()}
        return engine._replace(about=lambda: {**engine.about(), **thresholds})

    @classmethod
    def load_engine(cls) -> None:
        """Load the corrector, without a vocabulary, and the language teller."""
        cls.selected_engine().load({})
        languages.load_language_teller()

    def requires_for(self, shard: str) -> list[luigi.Task]:
        planned = PlannedShard(data_dir=self.data_dir, source=self.source, shard=shard)
        names = list_shards(shard, self.source, self.data_dir)
        tables = dict.fromkeys(table_of_shard(name) for name in names)
        vocabularies = [Vocabulary(data_dir=self.data_dir, table_name=table) for table in tables]
        return [*super().requires_for(shard), planned, *vocabularies]

    def compute(self, tables: Sequence[pa.Table], progress: Progress) -> pa.Table:
        thumbnails, words, shard, vocabulary = tables
        counts = dict(
            zip(vocabulary["word"].to_pylist(), vocabulary["count"].to_pylist(), strict=True)
        )
        correct = self.selected_engine().on_demand(counts)
        return correct_texts(
            thumbnails, words, shard, correct, _tell_on_demand, read_thresholds(), progress
        )
