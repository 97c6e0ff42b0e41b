"""What is around the import of a heavy library."""

import gc
import importlib
import sys

import pytest

from thumbnail_tasks.engines.runtimes.fast_imports import importing

UNUSED = "wave"
"""A module of Python's own that nothing here imports."""


@pytest.fixture(autouse=True)
def _not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, UNUSED, raising=False)


def test_a_hidden_module_is_missing_in_the_block_and_there_afterwards() -> None:
    with pytest.raises(ImportError), importing(without=UNUSED):
        importlib.import_module(UNUSED)
    assert importlib.import_module(UNUSED).open


def test_a_loaded_module_stays() -> None:
    loaded = importlib.import_module(UNUSED)
    with importing(without=UNUSED):
        assert importlib.import_module(UNUSED) is loaded
    assert sys.modules[UNUSED] is loaded


def test_garbage_is_collected_again_afterwards_but_not_among_what_was_imported() -> None:
    gc.unfreeze()
    with importing():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count()
