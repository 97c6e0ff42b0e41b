"""Names of tables of videos and of shards, as they appear in file names."""

import pyarrow as pa

from thumbnail_tasks.fingerprints import short_digest


def name_table(videos_digest: str) -> str:
    """The name of a table of videos: the start of its digest."""
    return videos_digest[:12]


def name_shard(table_name: str, thumbnails: pa.Table) -> str:
    """The name of the shard of ``thumbnails`` (rows of ``schemas.SHARDS``).

    Returns:
        ``<table name>-<digest of the rows>``.
    """
    return f"{table_name}-{short_digest(thumbnails.to_pylist(), 12)}"


def table_of_shard(shard: str) -> str:
    """The name of the table of videos from which a shard was planned."""
    return shard.partition("-")[0]
