"""Turn a table of videos into a table of what their thumbnails say and show.

The tasks that a person names on the command line::

    luigi --module thumbnail_tasks ExportAttributes --videos videos.csv
    luigi --module thumbnail_tasks ExportProjector --videos videos.csv
    luigi --module thumbnail_tasks FetchWeights
"""

from thumbnail_tasks.fetching import FetchWeights
from thumbnail_tasks.stages.export import ExportAttributes
from thumbnail_tasks.stages.projector import ExportProjector

__all__ = ["ExportAttributes", "ExportProjector", "FetchWeights"]
