"""Steps that take thumbnail ids, for tests that start from a table of videos."""

from collections.abc import Mapping

import pyarrow as pa

from thumbnail_tasks.export.joining import join_videos
from thumbnail_tasks.inputs.picture_folders import Picture
from thumbnail_tasks.inputs.thumbnail_sources import identify_thumbnails
from thumbnail_tasks.stages.wanted import add_texts, want_thumbnails


def want(videos: pa.Table, pictures: Mapping[str, Picture] | None) -> pa.Table:
    """The wanted thumbnails of a table of videos, with its texts."""
    ids = identify_thumbnails(videos, from_folder=pictures is not None)
    return pa.concat_tables(add_texts(want_thumbnails(ids, pictures), [videos]))


def join(videos: pa.RecordBatch, attributes: pa.Table, from_folder: bool) -> pa.Table:
    """The rows of the input with the attributes of their thumbnails."""
    return join_videos(videos, identify_thumbnails(videos, from_folder), attributes)
