"""Robustness and speed of a text encoder, measured on real titles."""

import random
import re
import time

import numpy as np

from thumbnail_tasks.engines.interface import TextEncoder


def measure_misspelling(encode: TextEncoder, titles: list[str], count: int = 1000) -> float:
    """The share of titles still nearest to themselves with one wrong letter in a long word."""
    choice = random.Random(0)
    long_word = re.compile(r"[A-Za-z]{6,}")
    clean = choice.sample([title for title in titles if long_word.search(title)], count)
    misspelt = []
    for title in clean:
        word = choice.choice(list(long_word.finditer(title)))
        at = choice.randrange(*word.span())
        letter = choice.choice([x for x in "abcdefghijklmnopqrstuvwxyz" if x != title[at].lower()])
        letter = letter.upper() if title[at].isupper() else letter
        misspelt.append(title[:at] + letter + title[at + 1 :])
    nearest = (encode(misspelt) @ encode(clean).T).argmax(axis=1)
    return float((nearest == np.arange(count)).mean())


def measure_speed(encode: TextEncoder, titles: list[str], count: int = 1000) -> float:
    """Three-word texts per second of CPU time on one core, the best of three runs."""
    choice = random.Random(0)
    words = sorted({word for title in titles for word in title.split() if word.isalpha()})
    texts = [" ".join(choice.sample(words, 3)) for _ in range(count)]
    seconds = []
    for _ in range(3):
        start = time.process_time()
        encode(texts)
        seconds.append(time.process_time() - start)
    return count / min(seconds)
