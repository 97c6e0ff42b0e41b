"""Which words are corrected and, above all, which are not."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from spellchecker import SpellChecker

from tests.hash_seeds import print_under_seeds
from thumbnail_tasks.engines.dictionaries import WordIndex
from thumbnail_tasks.engines.languages import Languages
from thumbnail_tasks.engines.spelling import load_text_corrector

VOCABULARY = {"kimmel": 12, "peralta": 3, "zorblaxian": 1}


ENGLISH = (("en", 0.9),)


def correct_words(
    words: Sequence[str],
    *,
    vocabulary: Mapping[str, int] = VOCABULARY,
    is_certain: bool = False,
    title: str = "",
    languages: Languages = ENGLISH,
) -> list[str]:
    n = len(words)
    corrector = load_text_corrector(vocabulary)
    return corrector(words, [is_certain] * n, [title] * n, [languages] * n)


def correct(*words: str) -> list[str]:
    return correct_words(words)


def test_no_words_give_no_words() -> None:
    assert correct() == []


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("AMAZIMG", "AMAZING"),
        ("amazimg", "amazing"),
        ("Amazimg", "Amazing"),
        ("«AMAZIMG!»", "«AMAZING!»"),
        ("EVERYIHLNG", "EVERYTHING"),  # two letters of ten
        ("KIMMFL", "KIMMEL"),  # only in the vocabulary
    ],
)
def test_a_misread_letter_is_corrected_in_the_words_letter_case(read: str, meant: str) -> None:
    assert correct(read) == [meant]


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("KEYAND", "KEY AND"),
        ("(Dinnerandgame!)", "(Dinner and game!)"),
        ("VIDEOGAMES", "VIDEOGAMES"),  # without a function word: a compound, or a name
        ("THISISGREAT", "THISISGREAT"),  # two-letter words occur in every name
        ("peraltaand", "peralta and"),  # the first word is in the vocabulary
        ("zorblaxianand", "zorblaxianand"),  # occurs in one text only
        ("TheGrandTour", "TheGrandTour"),
        ("kimmel", "kimmel"),
    ],
)
@pytest.mark.parametrize("is_certain", [True, False])
def test_joined_words_are_split_at_any_confidence(read: str, meant: str, is_certain: bool) -> None:
    assert correct_words([read], is_certain=is_certain) == [meant]


def test_a_confident_word_keeps_its_letters() -> None:
    corrector = load_text_corrector(VOCABULARY)
    read = corrector(["AMAZIMG"] * 2, [True, False], [""] * 2, [ENGLISH] * 2)
    assert read == ["AMAZIMG", "AMAZING"]


TITLE = "Jimmy Kimmel & the Zoolander Café Key Peele"


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("KIMMFL!", "KIMMEL!"),
        ("Kimmell", "Kimmel"),  # any edit: the title is strong evidence
        ("ZOOLANDR", "ZOOLANDER"),
        ("CAFEE", "CAFÉ"),
        ("KEYPEELE", "KEY PEELE"),
        ("KIMMEL", "KIMMEL"),
        ("CAFE", "CAFE"),
        ("COFFEE", "COFFEE"),
        ("HAMMER", "HAMMER"),
        ("KFY", "KFY"),
    ],
)
def test_the_title_corrects_a_doubtful_word(read: str, meant: str) -> None:
    assert correct_words([read], vocabulary={}, title=TITLE) == [meant]


def test_the_title_does_not_change_confident_or_known_words() -> None:
    for word, is_certain in (("KIMMFL", True), ("KIMMEH", False)):
        read = correct_words([word], vocabulary={"kimmeh": 1}, is_certain=is_certain, title=TITLE)
        assert read == [word]


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("C A G E", "CAGE"),
        ("w o w", "wow"),
        ("P E R A L T A", "PERALTA"),  # of the vocabulary
        ("Z O O L A N D E R", "ZOOLANDER"),  # of the title
        ("C A F E", "CAFE"),
        ("X Q Z", "X Q Z"),
        ("C a g e", "C a g e"),
        ("I A", "I A"),
        ("A 1 B", "A 1 B"),
    ],
)
@pytest.mark.parametrize("is_certain", [False, True])
def test_letters_that_are_set_apart_become_a_known_word(
    read: str, meant: str, is_certain: bool
) -> None:
    assert correct_words([read], is_certain=is_certain, title=TITLE) == [meant]


def test_letters_that_are_set_apart_stay_in_a_language_without_a_dictionary() -> None:
    assert correct_words(["D A P A T"], languages=(("id", 0.9),)) == ["D A P A T"]


def test_a_tie_between_two_title_words_changes_nothing() -> None:
    corrector = load_text_corrector({})
    titles = ["Koltan Koltar", "Koltan", "Koltar"]
    read = corrector(["KOLTAM"] * 3, [False] * 3, titles, [ENGLISH] * 3)
    assert read == ["KOLTAM", "KOLTAN", "KOLTAR"]


@pytest.mark.parametrize(
    "word",
    [
        "AMAZING",
        "Kimmel",
        "Zorblaxian",
        "",
        "!",
        "&",
        "CNET",  # too short to tell a name from an error
        "LGR",
        "AMAZ1NG",
        "2017",
        "4K",
        "AmaZimg",  # capitals inside
        "DON'T",
        "DON’T",
        "DUNKEY'S",
        "@amazimg",
        "#amazimg",
        "www.amazimg.com",
        "https://amazimg",
        "AMAZIMG/BORIMG",
        "Привет",
        "東京",
        "café",
        "cafe\u0301",
        "colour",  # not in the dictionary, nor misread
        "centre",
        "THISIS",  # run together
        "WHATMAKESYOUBEAUTIFUL",
        "Zorblaxiam",  # its neighbour occurs in one title only
        "qwertyuiopasdfghjklzxcvb",
    ],
)
def test_everything_else_is_left_unchanged(word: str) -> None:
    assert correct(word) == [word]


def test_words_are_corrected_independently_and_in_order() -> None:
    words = ["AMAZIMG", "", "東京", "AMAZIMG", "the"]
    assert correct(*words) == [correct(word)[0] for word in words]
    assert correct(*words[::-1]) == correct(*words)[::-1]


def test_corrections_depend_on_the_vocabulary() -> None:
    assert correct_words(["KIMMFL"], vocabulary={}) == ["KIMMFL"]
    assert correct_words(["AMAZIMG"], vocabulary={"amazimg": 1}) == ["AMAZIMG"]


def test_the_same_vocabulary_gives_the_same_corrector_in_any_order() -> None:
    corrector = load_text_corrector({"one": 1, "two": 2})
    assert load_text_corrector({"two": 2, "one": 1}) is corrector


@pytest.mark.parametrize(
    "word", ["spelng", "korrectud", "teh", "haaven", "xqzv", "wrodl", "acsent"]
)
def test_candidates_equal_those_of_pyspellchecker(word: str) -> None:
    checker = SpellChecker()
    checker.word_frequency.load_words(Counter(VOCABULARY).elements())
    index = WordIndex(checker.word_frequency.dictionary)

    _, nearest = index.find_nearest(word)

    assert set(nearest) == (checker.candidates(word) or set())
    counts = [index.counts[known] for known in nearest]
    if counts and counts.count(max(counts)) == 1:
        assert nearest[0] == checker.correction(word)


def test_a_letter_may_be_added_between_two_swapped_letters() -> None:
    assert WordIndex({"abc": 1}).find_nearest("ca") == (2, ["abc"])


def test_ties_are_broken_by_accents_count_length_and_alphabet() -> None:
    counts = {"cafés": 1, "cages": 9, "cakes": 9, "cafues": 9, "caves": 10}
    assert WordIndex(counts).find_nearest("cafes") == (
        1,
        ["cafés", "caves", "cages", "cakes", "cafues"],
    )


def test_an_empty_index_finds_nothing() -> None:
    assert WordIndex({}).find_nearest("word") == (0, [])


@pytest.mark.thorough
def test_corrections_do_not_depend_on_the_hash_seed() -> None:
    words = ["TVEES", "GOOMS", "Dimenslons", "anade", "BATTLL", "perta", "hodkey", "EVERYIHLNG"]
    code = (
        "from spellchecker import SpellChecker\n"
        "from thumbnail_tasks.engines.dictionaries import WordIndex\n"
        "from thumbnail_tasks.engines.spelling import load_text_corrector\n"
        "index = WordIndex(SpellChecker().word_frequency.dictionary)\n"
        f"words = {words}\n"
        f"correct = load_text_corrector({VOCABULARY})\n"
        "for language in ('en', 'ru', 'sv'):\n"
        "    likely = [((language, 0.9),)] * len(words)\n"
        "    print(correct(words, [False] * len(words), [''] * len(words), likely))\n"
        f"print([index.find_nearest(word.lower()) for word in {words}])\n"
    )
    outputs = print_under_seeds(code, ("0", "1", "2"))
    assert len(outputs) == 1


def test_an_unknown_word_of_24_letters_is_quick() -> None:
    correct("warm")
    before_s = time.perf_counter()
    correct("qwertyuiopasdfghjklzxcva")
    assert time.perf_counter() - before_s < 0.5  # pyspellchecker: 5 s


@pytest.mark.parametrize(
    ("read", "language", "title", "meant"),
    [
        ("NHAC", "vi", "Nhạc Trữ Tình", "NHẠC"),
        ("tinh", "vi", "Nhạc Trữ Tình", "tình"),
        ("TRŪ!", "vi", "Nhạc Trữ Tình", "TRỮ!"),
        ("NHAC", "vi", "Khác", "NHAC"),
        ("CAFE", "fr", "Café", "CAFE"),  # capitals are often written without accents there
        ("YEDÍNCÍ", "tr", "", "YEDİNCİ"),
        ("Bír", "az", "", "Bir"),
        ("PARTICIPACIÓN", "es", "", "PARTICIPACIÓN"),
        ("MÍ", "es", "", "MÍ"),
    ],
)
def test_accents_that_the_recognizer_does_not_know_are_restored(
    read: str, language: str, title: str, meant: str
) -> None:
    languages = ((language, 0.9),)
    assert correct_words([read], is_certain=True, title=title, languages=languages) == [meant]


RUSSIAN = (("ru", 0.9),)


@pytest.mark.parametrize(
    ("read", "languages", "title", "meant"),
    [
        ("MOCKBA", RUSSIAN, "", "МОСКВА"),
        ("CEKPET!", RUSSIAN, "", "СЕКРЕТ!"),
        ("TECT", (("uk", 0.6),), "Тест машини", "ТЕСТ"),
        ("MOCKBA", ENGLISH, "", "MOCKBA"),
        ("MOCKBA", ENGLISH, "Москва сегодня", "МОСКВА"),
        ("HOME", RUSSIAN, "", "HOME"),  # English is on thumbnails in all languages
        ("KOMETA7", RUSSIAN, "", "KOMETA7"),
        ("Mockba", RUSSIAN, "", "Mockba"),  # small letters differ
        ("BMX", RUSSIAN, "", "BMX"),
        ("HA", RUSSIAN, "", "HA"),
    ],
)
def test_cyrillic_capitals_that_were_taken_for_latin_ones_are_cyrillic(
    read: str, languages: Languages, title: str, meant: str
) -> None:
    words = [read]
    assert correct_words(words, is_certain=True, title=title, languages=languages) == [meant]
