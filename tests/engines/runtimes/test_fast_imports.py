"""Imports of heavy libraries: hidden dependencies and garbage collection."""

import gc
import importlib
import sys

import pytest

from thumbnail_tasks.engines.runtimes.fast_imports import importing

UNUSED = "wave"
"""A module of the standard library that nothing here imports."""


@pytest.fixture(autouse=True)
def _not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, UNUSED, raising=False)


def test_a_hidden_module_is_missing_in_the_block_and_importable_afterwards() -> None:
    with pytest.raises(ImportError), importing(without=UNUSED):
        importlib.import_module(UNUSED)
    assert importlib.import_module(UNUSED).open


def test_a_loaded_module_is_not_hidden() -> None:
    loaded = importlib.import_module(UNUSED)
    with importing(without=UNUSED):
        assert importlib.import_module(UNUSED) is loaded
    assert sys.modules[UNUSED] is loaded


def test_garbage_collection_resumes_without_the_imported_objects() -> None:
    gc.unfreeze()
    with importing():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count()
