"""Collect the words of the videos' own titles and descriptions.

A spelling corrector with only a dictionary turns names into nouns; the videos' own words prevent
that. The notebook split the descriptions at everything except a-z and kept words of 3 to 14
letters; ``count_vocabulary`` lists the differences.
"""

import functools
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import luigi
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.console import format_count
from thumbnail_tasks.engines.letters import ACRONYM_SIGN, JOINERS, LETTER, MARKS, take_characters
from thumbnail_tasks.inputs.columns import DESCRIPTION_COLUMN, TITLE_COLUMN, column_named, texts_of
from thumbnail_tasks.stages.videos import ReadVideos, VideosTask, iter_columns
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.data_task import DataTask
from thumbnail_tasks.tasks.progress import report_progress
from thumbnail_tasks.tasks.recovery import recover_lost_inputs

_FOLDER = "vocabularies"

_SHORT: Final = 16
"""Characters of a token that is remembered: sentences in Chinese are long, and occur once."""
_BYTES_AT_ONCE: Final = 8 << 20
"""Of texts whose words are counted at a time: with 64 bytes for each word, 0.1 GB is in use."""

# A word of a single description may be a typo, and half of all words occur in only one: 5,342
# of 10,912 in 774 videos. Leaving them out costs 18 wrong corrections in 36,031 words of other
# videos' titles (2026-11-23). Titles are written with more care, and thumbnails repeat them.
MIN_DESCRIPTIONS: Final = 2
MIN_TITLES: Final = 1

# A word is not adjacent to a digit or an underscore. The English "'s" is left out; fragments before
# another apostrophe ("couldn" of "couldn't") are not words, and frequent enough to attract wrong
# corrections; nor are those of Hebrew acronyms. Korean has whole words of two syllables.
_IN_WORD: Final = rf"[\w{MARKS}{JOINERS}]"
_WORD: Final = re.compile(
    rf"(?<!{_IN_WORD})({LETTER}{{3,14}}|[가-힣]{{2}})(?:['’]s)?(?!['’]?{_IN_WORD}|{ACRONYM_SIGN})"
)

_ASCII_WORD: Final = re.compile(r"(?<![a-z0-9_])([a-z]{3,14})(?:'s)?(?!'?[a-z0-9_])")
"""``_WORD`` for texts of ASCII in small letters, which takes a third of the time."""

# Addresses, handles and hashtags: "https://a.b/c", "www.a.com", "me@a.com", "@me", "#one#two",
# "a.com/b". Also drops "end.Start" where a space is missing, which costs two words.
_ADDRESS: Final = re.compile(r"://|@|\w\.\w|^\W*#")


def count_vocabulary(texts: Iterable[str | None]) -> Counter[str]:
    """Count the texts in which each word occurs.

    A word is counted once per text, so a repetitive description does not dominate. Pass distinct
    texts, of distinct videos. Counts of several batches can be merged with ``update``.

    Unlike the notebook's step "Create known words from descriptions", letters may carry accents and
    be of any script, and each character of a script without spaces is a word; addresses, handles
    and hashtags are left out (they made "https" and "youtu" known words), and so are words with
    digits or an inner apostrophe.

    Args:
        texts: Titles or descriptions; None and empty texts are skipped. A backslash followed by
            "n" or "r", as the Kaggle tables write line breaks, is a line break.

    Returns:
        Word (lower case, NFC, 3 to 14 letters; Korean from 2, and the characters of scripts without
        spaces) to number of texts, at least 1.
    """
    return _count(pa.array(texts, pa.string()))


def _count(texts: pa.StringArray) -> Counter[str]:
    """Count the texts in which each word occurs: ``count_vocabulary``.

    Most tokens occur in many texts, so each is looked at once, and Arrow counts.
    """
    tokens = pc.utf8_split_whitespace(texts.drop_null())
    encoded = tokens.flatten().dictionary_encode()
    words_of_token = [
        _find_words_of_short(token) if len(token) <= _SHORT else _find_words(token)
        for token in encoded.dictionary.to_pylist()
    ]
    # The distinct words, and those of all tokens one after the other, as numbers.
    words = list(dict.fromkeys(word for found in words_of_token for word in found))
    number_of = {word: number for number, word in enumerate(words)}
    numbers = np.array([number_of[word] for found in words_of_token for word in found], np.int64)
    n_of_token = np.array([len(found) for found in words_of_token], np.int64)
    first_of_token = np.cumsum(n_of_token) - n_of_token

    token, text = encoded.indices.to_numpy(), pc.list_parent_indices(tokens).to_numpy()
    n_found = n_of_token[token]
    within_token = np.arange(n_found.sum()) - np.repeat(np.cumsum(n_found) - n_found, n_found)
    found = numbers[np.repeat(first_of_token[token], n_found) + within_token]
    # By text and word: a word is counted where it first occurs in a text.
    occurrences = np.sort(np.repeat(text, n_found).astype(np.int64) * len(words) + found)
    is_first = np.diff(occurrences, prepend=-1) > 0
    counts = np.bincount(occurrences[is_first] % max(len(words), 1), minlength=len(words))
    return Counter(dict(zip(words, counts.tolist(), strict=True)))


def select_vocabulary(titles: Mapping[str, int], descriptions: Mapping[str, int]) -> dict[str, int]:
    """Keep the words that occur often enough not to be typos.

    Args:
        titles: Word to number of titles, from ``count_vocabulary``.
        descriptions: Word to number of descriptions, from ``count_vocabulary``.

    Returns:
        Word to number of titles and descriptions, in alphabetical order (by code point).
    """
    trusted = {word for word, count in titles.items() if count >= MIN_TITLES}
    trusted |= {word for word, count in descriptions.items() if count >= MIN_DESCRIPTIONS}
    return {word: titles.get(word, 0) + descriptions.get(word, 0) for word in sorted(trusted)}


@functools.lru_cache(maxsize=1 << 15)
def _find_words_of_short(token: str) -> frozenset[str]:
    """As ``_find_words``, of tokens that occur in many texts."""
    return _find_words(token)


def _find_words(token: str) -> frozenset[str]:
    """Find the distinct words between two spaces of a text."""
    text = unicodedata.normalize("NFC", token).replace("\\n", " ").replace("\\r", " ").lower()
    prose = " ".join(part for part in text.split() if not _ADDRESS.search(part))
    if prose.isascii():
        return frozenset(_ASCII_WORD.findall(prose))
    characters, rest = take_characters(prose)
    return frozenset((*characters, *_WORD.findall(rest)))


def build_vocabulary(batches: Iterable[pa.RecordBatch | pa.Table]) -> pa.Table:
    """Collect the words of the videos' own titles and descriptions, counted once per text.

    Args:
        batches: All rows of the input; without a title or description column there are no words.

    Returns:
        Rows of ``schemas.VOCABULARY`` in alphabetical order.
    """
    titles, descriptions = _TextCounter(TITLE_COLUMN), _TextCounter(DESCRIPTION_COLUMN)
    for batch in batches:
        titles.add(batch)
        descriptions.add(batch)
    _find_words_of_short.cache_clear()
    counts = select_vocabulary(titles.counts, descriptions.counts)
    return pa.table([list(counts), list(counts.values())], schema=schemas.VOCABULARY)


class _TextCounter:
    """Counts the words of the distinct texts of a meaning, batch by batch."""

    def __init__(self, meaning: str) -> None:
        self.counts: Counter[str] = Counter()
        self._meaning = meaning
        self._seen: set[bytes] = set()
        """Digests, as millions of descriptions do not fit into memory."""

    def add(self, videos: pa.RecordBatch | pa.Table) -> None:
        """Count the words of texts that no batch had before."""
        texts = texts_of(videos, self._meaning)
        if texts is not None:
            new = self._new(pc.unique(texts).drop_null())
            n_at_once = 1 + _BYTES_AT_ONCE * len(new) // (1 + new.nbytes)
            for start in range(0, len(new), n_at_once):
                self.counts.update(_count(new.slice(start, n_at_once)))

    def _new(self, texts: pa.StringArray) -> pa.StringArray:
        digests = [
            hashlib.blake2b(text.as_buffer(), digest_size=16).digest()
            for text in texts.cast(pa.binary())
        ]
        is_new = [digest not in self._seen for digest in digests]
        self._seen.update(digests)
        return texts.filter(pa.array(is_new, pa.bool_()))


class BuildVocabulary(VideosTask):
    """Write the vocabulary of a table of videos."""

    def requires(self) -> luigi.Task:
        return ReadVideos(**self.table_parameters())

    def output(self) -> ParquetTarget:
        return self.target(_FOLDER, self.table_name)

    @recover_lost_inputs
    def run(self) -> None:
        _write_vocabulary(self, self.input(), self.output())


def _write_vocabulary(task: DataTask, videos: ParquetTarget, target: ParquetTarget) -> None:
    vocabulary = build_vocabulary(iter_columns(videos, TITLE_COLUMN, DESCRIPTION_COLUMN))
    target.write(vocabulary)
    has_titles = column_named(videos.read_schema(), TITLE_COLUMN)
    hint = "" if has_titles else "; no column of titles is known, --title-column names one"
    report_progress(task, format_count(len(vocabulary), "word") + hint, 1)


class Vocabulary(DataTask):
    """The vocabulary of a table that was read on an earlier night; regenerated if it is lost."""

    table_name: str = luigi.Parameter(description="The table's name in this data directory")

    def output(self) -> list[ParquetTarget]:
        return [self.target(_FOLDER, self.table_name)]

    def run(self) -> None:
        _write_vocabulary(self, self.target("videos", self.table_name), self.output()[0])
