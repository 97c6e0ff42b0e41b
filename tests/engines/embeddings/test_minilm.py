import random

import numpy as np
import pytest

from thumbnail_tasks.engines.embeddings import minilm
from thumbnail_tasks.engines.embeddings.minilm import TextEncoder, load_text_encoder
from thumbnail_tasks.engines.interface import read_weights

SENTENCES = [
    "How to bake bread at home",
    "Baking sourdough: a beginner's guide",
    "SpaceX rocket lands on a ship",
    "BREAD",
    "SHOCKING!!! you won't believe this",
]

# The 32-bit original's, from sentence-transformers 6.2.0.
COSINES = [
    [1.0000, 0.5265, 0.1314, 0.5741, 0.0162],
    [0.5265, 1.0000, 0.0331, 0.3804, 0.0761],
    [0.1314, 0.0331, 1.0000, 0.1138, 0.1209],
    [0.5741, 0.3804, 0.1138, 1.0000, 0.1002],
    [0.0162, 0.0761, 0.1209, 0.1002, 1.0000],
]


@pytest.fixture(scope="module")
def encode() -> TextEncoder:
    return load_text_encoder()


def random_texts(count: int) -> list[str]:
    """Distinct texts of 1 to 40 words, with capitals, digits, accents and signs."""
    choice = random.Random(7)
    words = ["How", "TO", "bake", "naïve", "2024", "brëad", "!!!", "日本", "🔥", "$1,000", "don't"]
    return [f"{row} " + " ".join(choice.choices(words, k=row % 40)) for row in range(count)]


@pytest.mark.model
def test_no_texts_give_no_vectors(encode: TextEncoder) -> None:
    vectors = encode([])
    assert vectors.shape == (0, minilm.WIDTH)
    assert vectors.dtype == np.float32


@pytest.mark.model
def test_similarities_of_sentences_equal_those_of_the_original_model(encode: TextEncoder) -> None:
    vectors = encode(SENTENCES)
    assert vectors.shape == (5, minilm.WIDTH)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors @ vectors.T, COSINES, atol=0.01)


@pytest.mark.model
@pytest.mark.parametrize("text", ["", " ", "\n\t", "?", "日本語", "🔥", "\x00", "word " * 5000])
def test_any_text_gives_a_vector_of_length_1(encode: TextEncoder, text: str) -> None:
    (vector,) = encode([text])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=2e-6)


@pytest.mark.thorough
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
    upper, lower = encode(["LIVE Concert", "live concert"])
    np.testing.assert_array_equal(upper, lower)


@pytest.mark.model
def test_a_text_is_encoded_up_to_256_tokens(encode: TextEncoder) -> None:
    start = "bread " * 254  # and one token each for start and end
    same, longer, shorter = encode([start, start + "rocket", "bread " * 253 + "rocket"])
    np.testing.assert_array_equal(same, longer)
    assert not np.array_equal(same, shorter)


def test_the_shipped_files_are_the_expected_ones() -> None:
    read_weights(minilm.WEIGHTS_PATH, minilm.WEIGHTS_SHA256)
    read_weights(minilm.TOKENIZER_PATH, minilm.TOKENIZER_SHA256)
