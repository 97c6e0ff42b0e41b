"""``tests.dag.quick_poison`` on a machine whose clock is ``$DAYS_LATER`` days ahead."""

from tests.dag import days_later as days_later

# isort: split
from tests.dag import poison as poison
from thumbnail_tasks import ExportAttributes

__all__ = ["ExportAttributes"]
