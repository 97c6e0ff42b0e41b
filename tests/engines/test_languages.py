"""The languages of texts, and that right words of all of them are left alone."""

import pytest

from benchmarks.accuracy.parts.right_words import find_altered, make_texts, read_right_words
from tests.hash_seeds import print_under_seeds
from thumbnail_tasks.engines.dictionaries import LANGUAGES, load_dictionary
from thumbnail_tasks.engines.languages import (
    Languages,
    find_script,
    load_language_teller,
    name_language,
)
from thumbnail_tasks.engines.spelling import load_text_corrector

pytestmark = pytest.mark.model

RIGHT_WORDS = {language: (titles, words) for language, titles, words in read_right_words()}


def tell(text: str, context: str = "") -> Languages:
    (told,) = load_language_teller()([text], [context])
    return told


def correct(text: str, context: str = "") -> str:
    words = text.split()
    n = len(words)
    corrector = load_text_corrector({})
    return " ".join(corrector(words, [False] * n, [context] * n, [tell(text, context)] * n))


def test_many_languages_have_thirty_right_words() -> None:
    assert len(RIGHT_WORDS) >= 17
    assert all(len(words) >= 30 for _, words in RIGHT_WORDS.values())


@pytest.mark.parametrize("language", RIGHT_WORDS)
@pytest.mark.parametrize("has_title", [True, False])
def test_no_right_word_is_altered(language: str, has_title: bool) -> None:
    titles, words = RIGHT_WORDS[language]
    assert find_altered(make_texts(words, titles if has_title else [""])) == []


@pytest.mark.parametrize("language", RIGHT_WORDS)
def test_the_language_is_told_from_text_and_title(language: str) -> None:
    titles, words = RIGHT_WORDS[language]
    assert name_language(tell(" ".join(words[:6]), titles[0])) == language


@pytest.mark.parametrize(
    ("text", "context", "language"),
    [
        ("", "A title", None),
        ("10 + 5 !!", "A title", None),
        ("XQZ", "", None),
        ("푸틴 동원령", "", "ko"),
        ("特報 秋放送開始!", "", "zh"),  # Chinese characters only
        ("特報 秋放送開始!", "め組の大吾", "ja"),
        ("テレビ 2024 ANIME", "", "ja"),
        ("วังจันทรเกษม", "", "th"),
        ("Καλημέρα", "My trip to Greece", "el"),
        ("שלום", "", "he"),
        ("دورة شاملة لتعلم", "", "ar"),
        ("कैसे काम करती है पनडुब्बी", "", "hi"),
        ("NICHT LACHEN", "My best friends try this", "de"),
        ("TRY NOT TO LAUGH", "Mein neues Video mit Freunden", "en"),
        ("WOW", "Ma recette du jour avec mes amis", "fr"),
        ("WOW", "My recipe of the day with my friends", "en"),
    ],
)
def test_languages_are_told(text: str, context: str, language: str | None) -> None:
    assert name_language(tell(text, context)) == language


def test_several_languages_are_likely_for_a_word_of_several() -> None:
    told = dict(tell("amigos", ""))
    assert {"es", "pt"} <= told.keys()
    assert sum(told.values()) <= 1.001
    assert list(told.values()) == sorted(told.values(), reverse=True)


@pytest.mark.parametrize(
    ("text", "script"), [("", None), ("12", None), ("TV 東京", "Latn"), ("TV 東京都", "Hani")]
)
def test_the_script_of_most_letters_tells(text: str, script: str | None) -> None:
    assert find_script(text) == script


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("VOGLIO ANDARE VIA", "Ecco cosa penso del viaggio"),
        ("NON TORNARE MAI", "Il film consigliato"),
        ("LA MEJOR NOCHE", "Mi viaje con amigos"),
        ("CINCO COSAS", "Video nuevo"),
        ("PREMIÈRE FOIS", "Vlog du jour"),
        ("PREMIERE FOIS", "Vlog du jour"),
        ("DER GRÖSSTE FEHLER", "Das neue Video"),
        ("DER GRÖẞTE FEHLER", "Das neue Video"),
        ("NICHT LACHEN", "Neues Video"),
        ("AINDA POSSO", "Meu dia"),
        ("ZONDER VRIEND", "Nieuwe video"),
        ("L'HOMME QUI N'EXISTE PAS", "Aujourd'hui en France"),
        ("UN CŒUR D'OR, MA SŒUR", "Ma vie"),
        ("l’été ﬁnal à Saint-Étienne", "Nos vacances"),
        ("Über-Straße 2024 nicht-lachen", "Die Straßen von Berlin"),
        ("ШКОЛА КУЛАКА", "Новый выпуск"),
        ("ЁЛКА и ещё раз", "Новый год"),
        ("İSTANBUL'DA İLK GÜN ŞİMDİ", "İstanbul gezisi"),
        ("GAMING SETUP", "Mi nueva habitación con amigos"),
        ("MEJOR NOCHE", "My trip with friends to Mexico"),
        ("iPhone XIAOMI HUAWEI", "Mein neues Handy im Vergleich"),
    ],
)
def test_right_texts_stay_as_they_are(text: str, title: str) -> None:
    assert correct(text, title) == text
    assert correct(text) == text


def test_the_title_tells_what_a_short_text_does_not() -> None:
    assert correct("LE FROMAGE", "Ma recette du jour") == "LE FROMAGE"
    assert correct("LE FROMAGE", "Things to do at any time of life") == "LE FROM AGE"


@pytest.mark.parametrize(
    ("read", "title", "meant"),
    [
        ("AMAZIMG TRICKS YOU SHOULD KNOW", "My best friends", "AMAZING TRICKS YOU SHOULD KNOW"),
        ("KEYAND PEELE", "The funniest sketch of the year", "KEY AND PEELE"),
        ("QUELLE HISTOIRF", "Mon voyage avec mes amis", "QUELLE HISTOIRE"),
        ("WAS IST WIRKLICF WAHR", "Meine Reise mit Freunden", "WAS IST WIRKLICH WAHR"),
        ("ЛУЧШИЙ ЧЕЛОВЕКЪ", "Моя жизнь с друзьями", "ЛУЧШИЙ ЧЕЛОВЕКЪ"),
        ("KRZYSZTOT GRA", "Krzysztof i jego przyjaciele", "KRZYSZTOT GRA"),  # may be a form
        ("KRZYNZTOF GRA", "Krzysztof i jego przyjaciele", "KRZYSZTOF GRA"),
        ("AMAZIMG", "Moja podróż z przyjaciółmi", "AMAZIMG"),  # not in a likely language
    ],
)
def test_words_are_corrected_in_likely_languages(read: str, title: str, meant: str) -> None:
    assert correct(read, title) == meant


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) & RIGHT_WORDS.keys()))
def test_a_word_that_a_likely_language_knows_is_never_altered(language: str) -> None:
    """Even if others are more likely, and a title has a word that is similar."""
    dictionary = load_dictionary(language)
    words = sorted(word for word in dictionary.index.counts if word.isalpha())[::40]
    n = len(words)
    likely = [(("en", 0.6), (language, 0.3))] * n
    titles = [f"{word}x x{word}" for word in words]
    assert load_text_corrector({})(words, [False] * n, titles, likely) == words


@pytest.mark.thorough
def test_what_is_told_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from thumbnail_tasks.engines.languages import load_language_teller\n"
        "print(load_language_teller()(['video nuevo', 'top', 'amigos'], ['', 'Reise', 'x']))\n"
    )
    outputs = print_under_seeds(code, ("0", "1"))
    assert len(outputs) == 1


def test_a_third_of_the_letters_tells_the_script_among_latin_names() -> None:
    assert find_script("MUKESH AMBANI @MUKESH AMBANI उन्हें खरीदना ही पड़ेगा") == "Deva"
    assert find_script("MUKESH AMBANI MUKESH AMBANI MUKESH AMBANI ही") == "Latn"
    assert find_script("TOYOTA CAMRY обзор машины") == "Cyrl"
    assert find_script("東京 TOKYO") == "Latn"
