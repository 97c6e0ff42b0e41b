"""Join the stages' tables: a shard's by thumbnail, all of them to the rows of the input."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.execution.quarantine import null_rows
from thumbnail_tasks.export.measures import measure_faces, measure_text
from thumbnail_tasks.inputs.thumbnail_sources import choose_ids
from thumbnail_tasks.stages.texts import Thresholds

_JOINED = pa.schema([field for field in schemas.THUMBNAILS if field.name != "image"])


def join_shard(
    thumbnails: pa.Table,
    words: pa.Table,
    texts: pa.Table,
    embeddings: pa.Table,
    faces: pa.Table,
    emotions: pa.Table,
    appearance: pa.Table,
    objects: pa.Table | None = None,
    *,
    thresholds: Thresholds,
) -> pa.Table:
    """Join the tables of a shard's thumbnails column by column.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``; of earlier versions, with fewer columns.
        words: W rows of ``schemas.WORDS``.
        texts: N rows of ``schemas.TEXTS``, in the same order as the thumbnails.
        embeddings: N rows of ``schemas.embeddings(width)``, in the same order.
        faces: F rows of ``schemas.FACES``.
        emotions: F rows of ``schemas.EMOTIONS``.
        appearance: N rows of ``schemas.APPEARANCE``, in the same order.
        objects: Rows of ``schemas.OBJECTS``; None if no objects are detected.
        thresholds: Which words are part of the text.

    Returns:
        N rows of ``schemas.attributes(width, objects is not None)``. Rows without a picture have
        nulls besides id and status, even if a stage had finished before the picture crashed a
        later one. ``duplicate_group`` is null, since it depends on other shards: see
        ``set_groups``.

    Raises:
        StorageError: The tables are of different thumbnails.
    """
    for table in (texts, embeddings, appearance):
        if not table["thumbnail_id"].equals(thumbnails["thumbnail_id"]):
            raise StorageError("a shard's tables are of different thumbnails; remove them")
    width = embeddings.schema.field("ocr_embed").type.list_size
    thumbnails = schemas.complete(thumbnails, _JOINED)
    versions = thumbnails["version"].fill_null(1)
    is_ok = pc.equal(thumbnails["status"], "ok")
    ids = thumbnails["thumbnail_id"]
    counts = {
        "face_count": faces,
        **{
            f"{label}_count": emotions.filter(pc.equal(emotions["emotion"], label))
            for label in schemas.EMOTION_LABELS
        },
    }
    # A vector of zeros has no direction: a search by cosine would list it first, as NaN.
    has_text = pc.greater(pc.binary_length(texts["ocr"]), 0).fill_null(False)
    vectors = null_rows(embeddings, has_text)["ocr_embed"]
    sizes = thumbnails.select(["thumbnail_id", "width_px", "height_px"])
    pictures = sizes.append_column("aspect_ratio", appearance["aspect_ratio"])
    columns = {
        "thumbnail_id": ids,
        **{
            f"thumbnail_{name}": thumbnails[name]
            for name in ("status", "width_px", "height_px", "sha256")
        },
        "thumbnail_aspect_ratio": appearance["aspect_ratio"],
        "thumbnail_version": versions,
        "thumbnail_first_seen_at": thumbnails["fetched_at"],
        "thumbnail_changed_count": pc.subtract(versions, 1).cast(pa.int32()),
        **{
            f"thumbnail_{name}": texts[name]
            for name in (
                *("ocr_raw", "ocr", "ocr_length"),
                *("text_language", "text_script", "unread_lines"),
            )
        },
        "thumbnail_ocr_embed": vectors,
        **measure_text(pictures, texts, words, thresholds.keep(words)),
        **{name: _count_per_id(ids, table) for name, table in counts.items()},
        **measure_faces(pictures, faces, emotions),
        **{name: appearance[name] for name in appearance.column_names[1:]},
        "duplicate_group": pa.nulls(len(ids), pa.string()),
        **({} if objects is None else _count_objects(ids, objects)),
    }
    schema = schemas.attributes(width, objects is not None)
    joined = pa.table([columns[name] for name in schema.names], schema=schema)
    known = null_rows(joined, is_ok)
    for name in ("thumbnail_id", "thumbnail_status"):
        position = schema.get_field_index(name)
        known = known.set_column(position, schema.field(position), joined[name])
    return known


def _count_per_id(ids: pa.ChunkedArray, found: pa.Table) -> pa.Array:
    """How many rows of ``found`` each id has: N int32."""
    rows = pc.index_in(found["thumbnail_id"], value_set=ids).to_numpy()
    return pa.array(np.bincount(rows, minlength=len(ids)).astype(np.int32))


def set_groups(attributes: pa.Table, ids: pa.Array, groups: pa.Array) -> pa.Table:
    """The attributes with their ``duplicate_group``.

    Args:
        attributes: Rows of ``schemas.attributes(width)``.
        ids: The ids of N thumbnails, at least these.
        groups: The group of each, N ids.
    """
    rows = pc.index_in(attributes["thumbnail_id"], value_set=ids)
    position = attributes.schema.get_field_index("duplicate_group")
    return attributes.set_column(position, attributes.field(position), groups.take(rows))


def _count_objects(ids: pa.ChunkedArray, objects: pa.Table) -> dict[str, pa.Array]:
    """``schemas.OBJECT_COUNTS`` of N ids; null where the picture was not looked at."""
    counts: dict[str, Counter[str | None]] = {name: Counter() for name in ids.to_pylist()}
    for row in objects.select(["thumbnail_id", "class"]).to_pylist():
        counts[row["thumbnail_id"]][row["class"]] += 1
    columns = {
        "object_counts": [None if None in each else each.most_common() for each in counts.values()],
        "person_count": [None if None in each else each["person"] for each in counts.values()],
    }
    types = {field.name: field.type for field in schemas.OBJECT_COUNTS}
    return {name: pa.array(values, types[name]) for name, values in columns.items()}


def join_videos(videos: pa.RecordBatch, ids: pa.Table, attributes: pa.Table) -> pa.Table:
    """Append to each row of the input the attributes of its thumbnail.

    Args:
        videos: N rows of the input.
        ids: N rows of ``schemas.THUMBNAIL_IDS``, of the same videos.
        attributes: One row of ``schemas.attributes(width)`` per thumbnail.

    Returns:
        N rows in the same order: the input's columns, then ours. A row that names no
        thumbnail, or one without attributes, has the reason as its status, and nulls.
    """
    planned = attributes["thumbnail_id"]
    chosen, own = ids["thumbnail_id"], ids["own_id"]
    if own.null_count < len(own):
        found_in_folder = pc.not_equal(attributes["thumbnail_status"], "not_found")
        chosen = choose_ids(ids, planned.filter(found_in_folder).combine_chunks())
    rows = pc.index_in(chosen, value_set=planned)
    if own.null_count < len(own):
        rows = pc.coalesce(rows, pc.index_in(own, value_set=planned))  # planned, and removed since
    found = attributes.take(rows)
    known = {
        "thumbnail_id": pc.coalesce(found["thumbnail_id"], chosen),
        "thumbnail_status": pc.coalesce(
            found["thumbnail_status"], ids["status"], pa.scalar("not_fetched")
        ),
    }
    for name, column in known.items():
        position = found.schema.get_field_index(name)
        found = found.set_column(position, found.schema.field(position), column)
    schema = pa.schema([*videos.schema, *found.schema])
    return pa.table([*videos.columns, *found.columns], schema=schema)
