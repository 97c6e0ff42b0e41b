"""What code prints under several seeds of Python's hashes."""

import os
import subprocess
import sys
from collections.abc import Iterable


def print_under_seeds(code: str, seeds: Iterable[str]) -> set[str]:
    """Run code in a process for each PYTHONHASHSEED; the different outputs."""
    return {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in seeds
    }
