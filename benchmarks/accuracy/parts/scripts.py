"""Words on thumbnails in many languages, by script and by language, beside the peers."""

from collections.abc import Sequence
from typing import Final

from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.readers import PRECISION, RECALL, run_readers, score_readers
from benchmarks.accuracy.scripts import SCRIPTS, Label, read_labels
from benchmarks.accuracy.table import Target

PART: Final = "scripts"

_HAN: Final = "Chinese, Japanese"
_GROUPS: Final = {"Chinese": _HAN, "Japanese": _HAN}
_OTHERS: Final = (0.5, 0.5)
_TARGETS: Final = {
    **dict.fromkeys(SCRIPTS.values(), _OTHERS),
    "Latin": (0.88, 0.88),
    _HAN: (0.95, 0.95),
    "Cyrillic": (0.70, 0.75),
}
"""Least recall and precision."""


def measure_scripts(setting: Setting) -> Measured:
    """Score the words of labelled thumbnails, before corrections.

    Raises:
        MissingError: There are no labelled thumbnails in other languages.
    """
    labels = list(read_labels(setting.data))
    readers, rows = run_readers(PART, labels, setting.cache)
    targets = {
        group: {RECALL: Target("≥", recall), PRECISION: Target("≥", precision)}
        for group, (recall, precision) in _TARGETS.items()
    }
    return Measured(rows + score_readers(PART, labels, readers, group_labels(labels), targets))


def group_labels(labels: Sequence[Label]) -> dict[str, list[Label]]:
    """The pictures of each script, then those of each language."""
    groups: dict[str, list[Label]] = {
        _GROUPS.get(script, script): [] for script in SCRIPTS.values()
    }
    for label in labels:
        script = SCRIPTS.get(label.script, label.script)
        groups.setdefault(_GROUPS.get(script, script), []).append(label)
    for label in sorted(labels, key=lambda label: label.language):
        groups.setdefault(label.language, []).append(label)
    return {group: members for group, members in groups.items() if members}
