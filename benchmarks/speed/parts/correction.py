"""Correction: ours and pyspellchecker word by word, on the words that are read on the pictures."""

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
from benchmarks.tables import Bar
from thumbnail_tasks.engines.spelling import WordIndex
from thumbnail_tasks.stages.texts import CorrectText

PART = "correction"
_N_WORDS = 100
_N_WARM_UP = 5
_SEED = 0
_BAR, _BAR_EQUAL = Bar("≥", 100), Bar("≥", 1)


def measure_correction(setting: Setting) -> list[Row]:
    """Time a distinct word; all know the same dictionary and the same videos' words.

    Raises:
        MissingError: No word is read on the pictures.
    """
    results = _read_pictures(setting)
    counts = dict(
        zip(*(results.vocabulary[name].to_pylist() for name in ("word", "count")), strict=True)
    )
    words = distinct_words(
        word["text"] for found in results.words.values() for word in found if word["text"]
    )
    if not words:
        raise MissingError("no word is read on the pictures")
    random.Random(_SEED).shuffle(words)

    name = CorrectText.selected_engine().name()
    peer = f"pyspellchecker {version('pyspellchecker')}, word by word"
    theirs = Contender(peer, load_spellchecker, (counts,), None, _N_WARM_UP)
    ours = Contender(f"ours: {name}", load_corrector, (counts,))
    nearest = Contender("ours, nearest known word alone", load_nearest, (counts,))
    # Each word once, for ours remembers what it has done.
    n_words = max(1, min(_N_WORDS, len(words) // setting.n_rounds))
    n_rounds = min(setting.n_rounds, len(words) // n_words)
    contest = take_turns([ours, nearest, theirs], cut_rounds(words, n_rounds, n_words), PART)

    notes = {
        theirs.name: f"of {len(words)} distinct words in {len(results.words)} pictures",
        nearest.name: "pyspellchecker's own question, asked for every word",
        ours.name: "asks it of words that may be corrected at all",
    }
    rows = time_rows(PART, "word", contest, notes)
    by_them = contest.find(theirs)
    for us in (ours, nearest):
        by_us = contest.find(us)
        if by_us and by_them:
            bar = setting.judge(_BAR)
            rows.append(ratio_row(PART, "times longer a word", by_them, by_us, bar))
    return [*rows, *_compare(contest, nearest, theirs)]


def distinct_words(texts: Iterable[str]) -> list[str]:
    """The distinct words of two letters and more, in lower case and the order of mention."""
    return list(
        dict.fromkeys(word for text in texts for word in re.findall("[a-z]{2,}", text.lower()))
    )


def load_corrector(vocabulary: Mapping[str, int]) -> Run:
    """The engine, on words that the recogniser is not sure of, without a title to lean on."""
    correct = CorrectText.selected_engine().load(vocabulary)
    return lambda words: correct(words, [False] * len(words), [""] * len(words))


def load_nearest(vocabulary: Mapping[str, int]) -> Run:
    """The engine's index; gives the nearest known word of each, None where there is none."""
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
        (found, answer.correction)
        for us, them in zip(by_us.turns, by_them.turns, strict=True)
        for found, answer in zip(us.result, them.result, strict=True)
        if answer.is_unique
    ]
    if not pairs:
        return []
    share = sum(found == correction for found, correction in pairs) / len(pairs)
    measured = "same word where pyspellchecker's best is unique"
    about = (measured, f"{ours.name} beside {theirs.name}", f"{len(pairs)} unknown words")
    return [Row(PART, *about, Spread(share, share, share), unit="share", bar=_BAR_EQUAL)]
