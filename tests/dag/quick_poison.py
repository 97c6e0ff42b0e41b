"""``tests.dag.poison`` over the engines of ``tests.dag.quick``; loaded with ``--module``."""

from tests.dag import quick as quick

# isort: split
from tests.dag import poison as poison
from thumbnail_tasks import ExportAttributes

__all__ = ["ExportAttributes"]
