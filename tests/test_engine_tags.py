"""Engine tags stay valid: a change here recomputes users' archives, and belongs in CHANGELOG.md."""

import importlib.metadata

import pytest
from luigi.cmdline_parser import CmdlineParser

from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.inputs.thumbnail_sources import source_tag
from thumbnail_tasks.stages.pipeline import selected_stages
from thumbnail_tasks.tasks import shard_files

PACKAGES = {
    "dlib-bin": "20.0.1.post1",
    "imagehash": "4.3.2",
    "keras-ocr": "0.9.3",
    "opencv-python-headless": "5.0.0.93",
    "py3langid": "0.4.0",
    "pyspellchecker": "0.9.1",
    "rapidocr": "3.10.0",
    "tesserocr": "2.13.0",
}
"""Versions that the tags below contain."""

EMBEDDED = {
    "thumbnails": "hqdefault-c1d178e5",
    "words": "rapidocr-3.10.0-d5bb64d6",
    "texts": "pyspellchecker-0.9.1-0950288a",
    "embeddings": "use-multilingual-3-bdea784b-e0f7e1e9",
    "faces": "dlib-cnn-dde34cdc-5bca9a23",
    "emotions": "emotion-network-89546364-c9129555",
    "appearance": "opencv-5.0.0.93-16a250f9",
}
OBJECTS = EMBEDDED | {"objects": "nanodet-g-0f4979a6-1af446ad"}
MINILM = EMBEDDED | {"embeddings": "all-minilm-l6-v2-a61f152a-ccb34135"}
NOTEBOOK = EMBEDDED | {
    "words": "keras-ocr-0.9.3-efe11a53",
    "texts": "pyspellchecker-0.9.1-5b253254",
    "embeddings": "universal-sentence-encoder-4-aadfba60",
    "faces": "face-recognition-cnn-20.0.1.post1-dbea5489",
}
"""Its emotion engine needs a file of the user's."""


def installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


OTHERS = {name: installed(name) for name in PACKAGES if installed(name) != PACKAGES[name]}


@pytest.mark.skipif(
    bool(OTHERS), reason=f"the tags contain versions; expected {PACKAGES}; found {OTHERS}"
)
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--engines-preset", "embedded"], EMBEDDED),
        (["--engines-embedding", "minilm"], MINILM),
        (["--engines-preset", "notebook"], NOTEBOOK),
        (["--objects-detect", "true"], OBJECTS),
    ],
)
def test_the_tags_are_unchanged(flags: list[str], expected: dict[str, str]) -> None:
    shard_files._engine_tag.cache_clear()
    with CmdlineParser.global_instance(["ExportAttributes", *flags]):
        tags = {}
        for stage in selected_stages():
            try:
                tags[stage.table] = stage.tag(source_tag(""))
            except SettingsError:
                assert (flags[-1], stage.table) == ("notebook", "emotions")
                tags[stage.table] = expected[stage.table]
    shard_files._engine_tag.cache_clear()
    assert tags == expected
