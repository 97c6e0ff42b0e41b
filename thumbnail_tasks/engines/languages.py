"""Tell the languages of a thumbnail's text from the text itself and from what its video says.

py3langid knows 139 languages by the frequencies of short sequences of bytes. Its model lies in the
package; it is deterministic, and needs NumPy only.
"""

import functools
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from thumbnail_tasks.engines.language_model import LETTERS, load_language_scorer
from thumbnail_tasks.engines.letters import count_scripts

Languages = tuple[tuple[str, float], ...]
"""Likely languages (ISO 639-1) and their confidences (0 to 1), the most likely first.

Empty where none can be told.
"""

LanguageTeller = Callable[[Sequence[str], Sequence[str]], list[Languages]]
"""Maps N texts, and what is known of the video of each (title, channel, description), to N tuples
of likely languages of the texts."""


def _list(words: str) -> list[str]:
    return words.split()


# How often videos are in a language, relative to each other. A language that is neither here nor
# in _LEFT_OUT has _OTHERS.
_FREQUENT: Final = {
    "en": 6.0,
    **dict.fromkeys(_list("ar de es fr hi id it ja ko nl pl pt ru th tr vi zh"), 1.0),
    **dict.fromkeys(_list("bg bn ca cs da el et fa fi he hr hu lt lv ms no ro sk sl sr"), 0.5),
    **dict.fromkeys(_list("sv sw ta te tl uk ur"), 0.5),
}
_OTHERS: Final = 0.1
# Rarely written on YouTube, and often told instead of names, or of English in capitals.
_LEFT_OUT: Final = frozenset(
    _list(
        "an ba br dz fo fy gd ha ig ku la lg ln mg nn oc om ps qu rw sa se sn st tk tt ug vo wa xh "
        "yo zu"
    )
)

# py3langid flattens its probabilities, to be fair to short texts. Sharpened, English titles and
# those of 31 other languages are told apart best: 98 % of 1,094 titles of the American and British
# trending lists, with their channels and descriptions, are English with at least 0.5 (2026-11-28).
SHARPNESS: Final = 1.7
# About this share of thumbnails are in the language of their title.
CONTEXT_WEIGHT: Final = 0.8
# A language is likely with at least this confidence, and this share of the best one's; the best
# one is known with more than half.
MIN_CONFIDENCE: Final = 0.05
MIN_SHARE: Final = 0.2
MIN_KNOWN: Final = 0.5
MAX_CONTEXT_CHARS: Final = 600
# About this share of Japanese texts has Chinese characters only.
JAPANESE_WITHOUT_KANA: Final = 0.2

# Addresses, handles and hashtags are in no language, and some words are in all.
_ADDRESS: Final = re.compile(r"\S*(?:://|@|\w\.\w)\S*|(?<!\w)#\S+")
_WORD: Final = re.compile(rf"[{LETTERS}]+(?:'[{LETTERS}]+)*")
_EVERYWHERE: Final = frozenset(
    _list(
        "audio clip com dj ep facebook feat featuring film ft hd http https instagram live mix mv "
        "remix teaser trailer tv twitter video videos vlog vlogs vol vs www youtube"
    )
)

_ONLY: Final = {
    "Hang": {"ko"},
    "Kana": {"ja"},
    "Thai": {"th"},
    "Grek": {"el"},
    "Armn": {"hy"},
    "Geor": {"ka"},
    "Hebr": {"he"},
    "Beng": {"bn", "as"},
    "Guru": {"pa"},
    "Gujr": {"gu"},
    "Orya": {"or"},
    "Taml": {"ta"},
    "Telu": {"te"},
    "Knda": {"kn"},
    "Mlym": {"ml"},
    "Sinh": {"si"},
    "Laoo": {"lo"},
    "Mymr": {"my"},
    "Khmr": {"km"},
    "Ethi": {"am"},
    "Deva": {"hi", "mr", "ne"},
    "Hani": {"zh", "ja"},  # told by the title; Japanese alone has kana, too
    "Cyrl": {"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg"},
    "Arab": {"ar", "fa", "ur"},
}
"""The languages of each script but Latin, in which all others are written, and Serbian, too."""
_NOT_LATIN: Final = frozenset().union(*_ONLY.values()) - {"sr"}


def load_language_teller() -> LanguageTeller:
    """Load py3langid's model: 1 s, 20 MB. Later calls return the same teller."""
    return _load_teller()


@functools.cache
def _load_teller() -> LanguageTeller:
    scorer = load_language_scorer(_LEFT_OUT)
    frequencies = {lang: _FREQUENT.get(lang, _OTHERS) for lang in scorer("")}

    def score(text: str) -> dict[str, float]:
        return {lang: SHARPNESS * each for lang, each in scorer(_find_words(text)).items()}

    def tell(text: str, context: str) -> Languages:
        script = find_script(text)
        if script is None:
            return ()
        about = context[:MAX_CONTEXT_CHARS]
        prior = _normalise(frequencies)
        of_video = _update(_keep_script(prior, find_script(about)), score(about))
        mixed = {
            lang: CONTEXT_WEIGHT * of_video.get(lang, 0) + (1 - CONTEXT_WEIGHT) * share
            for lang, share in prior.items()
        }
        if script == "Hani":
            mixed["ja"] *= JAPANESE_WITHOUT_KANA
        told = _update(_keep_script(mixed, script), score(text))
        best = max(told.values())
        least = max(MIN_CONFIDENCE, MIN_SHARE * best)
        likely = [(lang, round(p, 3)) for lang, p in told.items() if p >= least]
        return tuple(sorted(likely, key=lambda each: (-each[1], each[0])))

    return lambda texts, contexts: [*map(tell, texts, contexts)]


def name_language(languages: Languages) -> str | None:
    """The language of a text, if it is more likely than all others together; None otherwise."""
    return languages[0][0] if languages and languages[0][1] >= MIN_KNOWN else None


def find_script(text: str) -> str | None:
    """The script that tells most of a text's language; None without letters.

    A third of the letters suffices, but for Latin and Chinese ones: names are in Latin letters in
    all languages, and Japanese has Chinese characters. Otherwise the script of most letters counts.
    """
    counts = count_scripts(text)
    for script in ("Kana", *sorted(_ONLY, key=lambda name: -counts[name])):
        if script != "Hani" and 3 * counts[script] >= counts.total() > 0:
            return script
    return max(counts, key=lambda script: (counts[script], script)) if counts else None


def _find_words(text: str) -> str:
    """The words of a text that tell its language, in lower case."""
    plain = _ADDRESS.sub(" ", unicodedata.normalize("NFC", text).replace("\\n", " ")).lower()
    words = _WORD.findall(plain.replace("’", "'"))
    return " ".join(w for w in words if w not in _EVERYWHERE and not w.endswith("vevo"))


def _keep_script(shares: Mapping[str, float], script: str | None) -> dict[str, float]:
    """Keep the languages of a script; all of them if there is none."""
    return {
        lang: share
        for lang, share in shares.items()
        if script is None or (lang in _ONLY[script] if script in _ONLY else lang not in _NOT_LATIN)
    }


def _update(prior: Mapping[str, float], logs: Mapping[str, float]) -> dict[str, float]:
    best = max(logs[lang] for lang in prior)
    return _normalise({lang: p * math.exp(logs[lang] - best) for lang, p in prior.items()})


def _normalise(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {lang: weight / total for lang, weight in weights.items()} if total else dict(weights)


def describe() -> Mapping[str, Any]:
    """Everything that changes what is told."""
    return {
        "engine": f"py3langid-{version('py3langid')}",
        "rules": 2,  # increment when a change of this module changes the output
        "sharpness": SHARPNESS,
        "context_weight": CONTEXT_WEIGHT,
        "min_confidence": (MIN_CONFIDENCE, MIN_SHARE, MIN_KNOWN),
        "max_context_chars": MAX_CONTEXT_CHARS,
        "japanese_without_kana": JAPANESE_WITHOUT_KANA,
        "frequent": _FREQUENT,
        "left_out": sorted(_LEFT_OUT),
    }
