"""Correction: ours, and pyspellchecker word by word, on recognised words."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version

from benchmarks.accuracy.job import Results, read_results, run_on_pictures
from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.parts import N_PICTURES, Setting
from benchmarks.speed.peers.spellchecker_words import load_spellchecker
from benchmarks.speed.spread import Spread
from benchmarks.speed.table import Row, ratio_row, time_rows
from benchmarks.speed.turns import Contender, Contest, Run, cut_rounds, take_turns
from benchmarks.tables import Target
from thumbnail_tasks.engines.dictionaries import WordIndex
from thumbnail_tasks.stages.texts import CorrectText

PART = "correction"
_N_WORDS = 100
_N_WARM_UP = 5
_SEED = 0
_TARGET, _TARGET_EQUAL = Target("≥", 100), Target("≥", 1)


def measure_correction(setting: Setting) -> list[Row]:
    """Measure the time per distinct word, with the same dictionary and vocabulary for all.

    Raises:
        MissingError: No word was recognised.
    """
    results = _read_pictures(setting)
    counts = dict(
        zip(*(results.vocabulary[name].to_pylist() for name in ("word", "count")), strict=True)
    )
    words = distinct_words(
        word["text"] for found in results.words.values() for word in found if word["text"]
    )
    if not words:
        raise MissingError("no word was recognised on the pictures")
    random.Random(_SEED).shuffle(words)

    name = CorrectText.selected_engine().name()
    peer = f"pyspellchecker {version('pyspellchecker')}, word by word"
    theirs = Contender(peer, load_spellchecker, (counts,), None, _N_WARM_UP)
    ours = Contender(f"ours: {name}", load_corrector, (counts,))
    nearest = Contender("ours, nearest known word only", load_nearest, (counts,))
    # Each word once, because ours caches its results.
    n_words = max(1, min(_N_WORDS, len(words) // setting.n_rounds))
    n_rounds = min(setting.n_rounds, len(words) // n_words)
    contest = take_turns([ours, nearest, theirs], cut_rounds(words, n_rounds, n_words), PART)

    notes = {
        theirs.name: f"of {len(words)} distinct words in {len(results.words)} pictures",
        nearest.name: "looks up every word, like pyspellchecker",
        ours.name: "looks up only words that may be corrected",
    }
    rows = time_rows(PART, "word", contest, notes)
    by_them = contest.find(theirs)
    for us in (ours, nearest):
        by_us = contest.find(us)
        if by_us and by_them:
            target = setting.judge(_TARGET)
            rows.append(ratio_row(PART, "time per word, ratio", by_them, by_us, target))
    return [*rows, *_compare(contest, nearest, theirs)]


def distinct_words(texts: Iterable[str]) -> list[str]:
    """The distinct words of at least two letters, in lower case, in order of appearance."""
    return list(
        dict.fromkeys(word for text in texts for word in re.findall("[a-z]{2,}", text.lower()))
    )


def load_corrector(vocabulary: Mapping[str, int]) -> Run:
    """The engine, on English words with low confidence, without title and channel."""
    correct = CorrectText.selected_engine().load(vocabulary)
    english = (("en", 1.0),)
    return lambda words: correct(
        words, [False] * len(words), [""] * len(words), [english] * len(words)
    )


def load_nearest(vocabulary: Mapping[str, int]) -> Run:
    """The engine's index; returns the nearest known word of each, or None."""
    from spellchecker import SpellChecker

    english = SpellChecker(language="en").word_frequency.dictionary
    index = WordIndex(Counter(english) + Counter(vocabulary))

    def find(word: str) -> str | None:
        if word in index.counts:
            return word
        _, known = index.find_nearest(word)
        return known[0] if known else None

    return lambda words: [find(word) for word in words]


def _read_pictures(setting: Setting) -> Results:
    if setting.job_dir.is_dir():
        return read_results(setting.job_dir)
    pictures = {path.stem: path for path in setting.pictures[:N_PICTURES]}
    return run_on_pictures(pictures, setting.videos)


def _compare(contest: Contest, ours: Contender, theirs: Contender) -> list[Row]:
    by_us, by_them = contest.find(ours), contest.find(theirs)
    if not by_us or not by_them:
        return []
    pairs = [
        (found, suggestion.correction)
        for us, them in zip(by_us.turns, by_them.turns, strict=True)
        for found, suggestion in zip(us.result, them.result, strict=True)
        if suggestion.is_unique
    ]
    if not pairs:
        return []
    share = sum(found == correction for found, correction in pairs) / len(pairs)
    measured = "same word if pyspellchecker's best is unique"
    about = (measured, f"{ours.name} and {theirs.name}", f"{len(pairs)} unknown words")
    return [Row(PART, *about, Spread(share, share, share), unit="share", target=_TARGET_EQUAL)]
