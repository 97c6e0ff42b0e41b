"""Turn a table of videos into a table of what their thumbnails say and show.

The tasks that a person names on the command line::

    luigi --module thumbnail_tasks ExportAttributes --videos videos.csv
"""

from thumbnail_tasks.stages.export import ExportAttributes

__all__ = ["ExportAttributes"]
