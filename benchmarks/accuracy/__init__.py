"""Accuracy of the engines, compared with peers, on labelled data outside of the project.

``make accuracy`` writes one table; ``python -m benchmarks.accuracy --help`` describes the data.
"""

from benchmarks.accuracy.export import score_export

__all__ = ["score_export"]
