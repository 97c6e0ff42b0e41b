"""A SavedModel with the Universal Sentence Encoder's signature, built here, and the real one."""

import hashlib
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import luigi
import numpy as np
import pytest

from tests.conftest import Server, needs
from tests.ranges import ServedFile
from thumbnail_tasks import FetchWeights
from thumbnail_tasks.engines.embeddings import tensorflow_hub
from thumbnail_tasks.engines.embeddings.tensorflow_hub import ENGINE, TextEncoder, load_text_encoder
from thumbnail_tasks.engines.runtimes.tensorflow import load_tensorflow
from thumbnail_tasks.errors import WeightsError

pytestmark = needs("tensorflow", "tensorflow_hub")

WIDTH = 512

SAME = 1e-6
"""Tolerated difference of a text's unit vector between batches (measured: 0)."""


@pytest.fixture(autouse=True)
def use() -> Iterator[Callable[[Path | str], None]]:
    """Select the model in the settings."""
    config = luigi.configuration.get_config()
    yield lambda handle: config.set("tensorflow_hub", "handle", str(handle))
    config.remove_section("tensorflow_hub")


def save(folder: Path, call: Callable[[Any], Any], **signatures: Any) -> Path:
    """Save a model that applies ``call`` to a tensor of strings."""
    tf = load_tensorflow()
    model = tf.Module()
    # Without AutoGraph, which would have to find and rewrite the functions' source.
    function = tf.function(
        call, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    if signatures:
        model.function = function
        tf.saved_model.save(model, str(folder), dict.fromkeys(signatures, function))
    else:
        model.__call__ = function
        tf.saved_model.save(model, str(folder))
    return folder


def embed_words(texts: Any) -> Any:
    """The sum of a vector for each word, of length 1, as USE does in principle."""
    tf = load_tensorflow()
    words = tf.strings.split(tf.strings.lower(texts))
    numbers = tf.strings.to_hash_bucket_fast(words.values, 1000)
    table = tf.random.stateless_normal([1000, WIDTH], seed=[1, 2])
    vectors = tf.math.unsorted_segment_sum(
        tf.gather(table, numbers), words.value_rowids(), words.nrows()
    )
    return tf.math.l2_normalize(vectors, axis=-1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("models") / "tiny", embed_words)


@pytest.fixture
def encode(tiny: Path, use: Callable[[Path | str], None]) -> TextEncoder:
    use(tiny)
    return load_text_encoder()


def random_texts(count: int) -> list[str]:
    choice = random.Random(7)
    words = ["How", "TO", "bake", "naïve", "2024", "!!!", "日本", "🔥", "$1,000", "don't"]
    return [f"{row} " + " ".join(choice.choices(words, k=row % 40)) for row in range(count)]


def test_a_handle_is_an_archive_in_tf_hubs_cache(
    use: Callable[[Path | str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    use("https://example.org/encoder/4?version=b")
    (weights,) = ENGINE.weights()
    assert weights.url == "https://example.org/encoder/4?version=b&tf-hub-format=compressed"
    assert tensorflow_hub.handle_of(weights) == "https://example.org/encoder/4?version=b"
    assert weights.path.parent == tmp_path
    assert ENGINE.name() == "encoder-4"


@pytest.mark.parametrize(
    ("handle", "name"),
    [
        ("https://tfhub.dev/google/universal-sentence-encoder/4", "universal-sentence-encoder-4"),
        ("http://127.0.0.1:8000/models/../é tiny.tar.gz", "tiny.tar.gz"),
        ("http://127.0.0.1", "tensorflow-hub"),
    ],
)
def test_a_handle_becomes_a_folder_name(
    use: Callable[[Path | str], None], handle: str, name: str
) -> None:
    use(handle)
    assert ENGINE.name() == name


def test_an_unfetched_handle_is_not_fetched_during_a_run(
    use: Callable[[Path | str], None],
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    use(f"{server.url}/encoder/4")
    with pytest.raises(WeightsError, match="as downloaded by FetchWeights; found: no such folder"):
        load_text_encoder()
    assert server.asked == []


def test_a_path_without_a_model_is_reported_with_its_setting(
    use: Callable[[Path | str], None], tmp_path: Path
) -> None:
    for folder, found in (("no/such", "no such folder"), (tmp_path, "no saved_model.pb in it")):
        use(folder)
        for needs_it in (ENGINE.load, ENGINE.name, ENGINE.about):
            with pytest.raises(WeightsError, match=rf"handle: {folder}: .* found: {found}$"):
                needs_it()


def test_a_folder_needs_no_download_and_its_content_is_in_the_tag(
    use: Callable[[Path | str], None], tmp_path: Path
) -> None:
    model, copy = tmp_path / "model", tmp_path / "copy"
    (model / "variables").mkdir(parents=True)
    (model / "saved_model.pb").write_bytes(b"graph")
    shutil.copytree(model, copy)
    use(model)
    assert ENGINE.weights() == ()
    before = ENGINE.name(), ENGINE.about()
    (model / "variables" / "variables.index").write_bytes(b"numbers")
    after = ENGINE.name(), ENGINE.about()
    assert after != before
    use(copy)
    assert (ENGINE.name(), ENGINE.about()) == before


@pytest.mark.model
def test_no_texts_give_no_vectors(encode: TextEncoder) -> None:
    vectors = encode([])
    assert vectors.shape == (0, WIDTH)
    assert vectors.dtype == np.float32


@pytest.mark.model
def test_texts_with_the_same_words_have_similar_vectors(encode: TextEncoder) -> None:
    vectors = encode(["bake bread", "BREAD bake", "rocket"])
    assert vectors.shape == (3, WIDTH)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors @ vectors.T, [[1, 1, 0], [1, 1, 0], [0, 0, 1]], atol=0.15)


@pytest.mark.model
@pytest.mark.parametrize("size", [1, 7, 64, 65])
def test_a_texts_vector_does_not_depend_on_its_batch_mates(encode: TextEncoder, size: int) -> None:
    texts = [*random_texts(150), "word " * 300, "", "a\0", "a"]
    together = dict(zip(texts, encode(texts), strict=True))
    random.Random(size).shuffle(texts)
    for start in range(0, len(texts), size):
        batch = texts[start : start + size]
        np.testing.assert_allclose(encode(batch), [together[text] for text in batch], atol=SAME)


@pytest.mark.model
def test_equal_texts_have_equal_vectors_in_order(encode: TextEncoder) -> None:
    once = encode(["cat", "dog"])
    np.testing.assert_array_equal(encode(["cat", "dog", "cat", "cat"]), once[[0, 1, 0, 0]])


@pytest.mark.model
def test_equal_texts_are_encoded_once_and_batches_are_of_one_size(
    use: Callable[[Path | str], None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def print_size(texts: Any) -> Any:
        tf = load_tensorflow()
        tf.print("batch of", tf.size(texts), output_stream="file:///dev/stdout")
        return embed_words(texts)

    use(save(tmp_path / "printing", print_size))
    encode = load_text_encoder()
    capfd.readouterr()
    encode([f"text {row % 70}" for row in range(1000)])
    assert capfd.readouterr().out.splitlines() == ["batch of 64"] * 2


@pytest.mark.model
@pytest.mark.parametrize("signature", ["default", "serving_default"])
def test_a_model_with_signatures_only_is_called_by_its_signature(
    use: Callable[[Path | str], None], tmp_path: Path, tiny: Path, signature: str
) -> None:
    use(tiny)
    expected = load_text_encoder()(["bake bread"])
    use(save(tmp_path / "signed", embed_words, **{signature: True}))
    np.testing.assert_allclose(load_text_encoder()(["bake bread"]), expected, atol=SAME)


@pytest.mark.model
@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda tf, texts: tf.reduce_sum(embed_words(texts), axis=1), r"float32 of shape \(64,\)"),
        (lambda tf, texts: embed_words(texts)[:1], r"float32 of shape \(1, 512\) for 64 strings"),
        (lambda tf, texts: texts[:, None], r"string of shape \(64, 1\)"),
        (lambda tf, texts: tf.strings.length(texts)[:, None], r"int32 of shape \(64, 1\)"),
        (lambda tf, texts: {"a": embed_words(texts)}, "a dict for 64 strings"),
        (lambda tf, texts: tf.debugging.check_numerics(embed_words(texts) / 0.0, "odd"), "odd"),
    ],
)
def test_a_model_with_other_outputs_is_reported(
    use: Callable[[Path | str], None], tmp_path: Path, make: Callable[..., Any], found: str
) -> None:
    use(save(tmp_path / "other", lambda texts: make(load_tensorflow(), texts)))
    with pytest.raises(WeightsError, match=rf"handle: {tmp_path}/other: .*found: .*{found}") as e:
        load_text_encoder()
    assert "\n" not in str(e.value)


@pytest.mark.model
@pytest.mark.parametrize(
    ("signatures", "found"),
    [
        ({}, "not callable, and no signature default or serving_default among its own: none"),
        ({"train": True}, "not callable, and no signature .* among its own: train"),
        ({"default": True}, "signature default with inputs texts and outputs a, b"),
    ],
)
def test_a_model_that_cannot_be_called_is_reported(
    use: Callable[[Path | str], None], tmp_path: Path, signatures: dict[str, bool], found: str
) -> None:
    if signatures:
        save(tmp_path / "odd", lambda texts: {"a": texts, "b": texts}, **signatures)
    else:
        tf = load_tensorflow()
        tf.saved_model.save(tf.Module(), str(tmp_path / "odd"))
    use(tmp_path / "odd")
    with pytest.raises(WeightsError, match=rf"found: {found}"):
        load_text_encoder()


@pytest.mark.model
def test_a_damaged_model_is_reported(
    use: Callable[[Path | str], None], tmp_path: Path, tiny: Path
) -> None:
    shutil.copytree(tiny, tmp_path / "damaged")
    (tmp_path / "damaged" / "saved_model.pb").write_bytes(b"no graph at all")
    use(tmp_path / "damaged")
    with pytest.raises(WeightsError, match=r"damaged: expected a SavedModel that .* found: ") as e:
        load_text_encoder()
    assert "\n" not in str(e.value)


@pytest.mark.thorough
@pytest.mark.model
def test_a_handle_is_fetched_once_and_then_used_without_a_network(
    use: Callable[[Path | str], None],
    server: Server,
    tmp_path: Path,
    tiny: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tarfile.open(tmp_path / "tiny.tar.gz", "w:gz") as tar:
        tar.add(tiny, ".")
    archive = (tmp_path / "tiny.tar.gz").read_bytes()
    server.lay_down("/tiny/1?tf-hub-format=compressed", ServedFile(archive).answer)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    handle = f"{server.url}/tiny/1"
    use(tiny)
    expected = load_text_encoder()(["bake bread"])
    use(handle)
    config = luigi.configuration.get_config()
    config.set("tensorflow_hub", "sha256", hashlib.sha256(archive).hexdigest())

    task = FetchWeights(weights=tensorflow_hub.WEIGHTS_NAME)
    task.run()
    assert task.complete()
    assert ENGINE.name() == "tiny-1"
    np.testing.assert_array_equal(load_text_encoder()(["bake bread"]), expected)

    by_tf_hub = (
        "import sys, tensorflow_hub as hub; model = hub.load(sys.argv[1]); "
        "print(model(['bake bread']).shape)"
    )
    plain = subprocess.run(
        [sys.executable, "-c", by_tf_hub, handle], capture_output=True, text=True, check=False
    )
    assert plain.stdout.strip() == f"(1, {WIDTH})", plain.stderr
    assert len(server.asked) == 1


@pytest.mark.model
@pytest.mark.skipif(
    not all(tensorflow_hub.is_saved_model(weights.path) for weights in ENGINE.weights()),
    reason="the published encoder is not there; FetchWeights fetches it",
)
def test_the_universal_sentence_encoder_ranks_similar_texts_nearer() -> None:
    encode = load_text_encoder()
    texts = ["How to bake bread at home", "Baking sourdough", "SpaceX rocket lands on a ship"]
    vectors = encode(texts)
    assert vectors.shape == (3, WIDTH)
    alike = vectors @ vectors.T
    assert alike[0, 1] > alike[0, 2] + 0.2
    alone = np.concatenate([encode([text]) for text in texts])
    np.testing.assert_allclose(alone, vectors, atol=1e-5)
