"""How right the engines are, each beside its peer, on data that is not part of the project.

``make accuracy`` writes one table; ``python -m benchmarks.accuracy --help`` says what it takes.
"""

from benchmarks.accuracy.export import score_export

__all__ = ["score_export"]
