"""``thumbnail_tasks`` where the packages of the notebook's engines are not installed."""

import sys

from tests.test_packages import NOTEBOOK

for module in NOTEBOOK:
    sys.modules[module] = None  # type: ignore[assignment]  # importing it raises

from thumbnail_tasks import ExportAttributes  # noqa: E402

__all__ = ["ExportAttributes"]
