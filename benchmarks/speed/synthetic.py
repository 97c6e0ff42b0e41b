"""Write a table of videos of any size, and a data directory with finished thumbnails."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.inputs import thumbnail_sources
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.objects import DetectObjects
from thumbnail_tasks.stages.pipeline import selected_stages
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails, PlannedShard
from thumbnail_tasks.stages.words import RecognizeText
from thumbnail_tasks.storage.naming import name_shard
from thumbnail_tasks.tasks.shard_task import ShardTask

ROWS_PER_THUMBNAIL = 10 / 3
"""A million rows of trending videos have 300,000 thumbnails."""

_EARLIER_TABLE = "0" * 12
"""The table that introduced the shards, from an earlier run."""
_WIDTH = 512
_SHARE_WITH_TEXT = 0.7
_N_WORDS = 30_000
_N_TITLE_WORDS, _N_DESCRIPTION_WORDS = 8, 80
_N_COLORS = 5
_CHUNK_ROWS = 20_000


class Archive(NamedTuple):
    """The written files."""

    videos: Path
    data_dir: Path
    n_rows: int
    n_thumbnails: int
    n_shards: int


def make_archive(n_rows: int, folder: Path) -> Archive:
    """Write a table of videos and all files that the stages would write for its thumbnails.

    Names, schemas and engine tags are those of the settings; contents are random. A picture has a
    few bytes, because no later step reads it.

    Args:
        n_rows: Number of rows; three or four have the same video.
        folder: Created if it does not exist.
    """
    random = np.random.default_rng(0)
    n_thumbnails = max(1, round(n_rows / ROWS_PER_THUMBNAIL))
    videos, data_dir = folder / "videos.csv", folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    ids = [name_video(number, n_thumbnails) for number in range(n_thumbnails)]
    write_videos(videos, n_rows, ids, random)
    size = settings.storage().shard_size
    starts = range(0, n_thumbnails, size)
    for start in starts:
        write_shard(ids[start : start + size], data_dir, random)
    return Archive(videos, data_dir, n_rows, n_thumbnails, len(starts))


def name_video(number: int, n_videos: int) -> str:
    """The id of a video: 11 characters, as those of YouTube."""
    return f"speed{number:06d}" if n_videos <= 10**6 else f"s{number:010d}"


def write_videos(path: Path, n_rows: int, ids: Sequence[str], random: np.random.Generator) -> None:
    """Write a CSV with titles and descriptions of realistic length.

    Args:
        path: The CSV.
        n_rows: Number of rows; row r has video r modulo the number of ids.
        ids: Video ids.
        random: Generator of the words.
    """
    words = np.array([_spell(number) for number in range(_N_WORDS)])
    seed = int(random.integers(2**32))
    names = ("video_id", "title", "description", "thumbnail_link")
    schema = pa.schema([(name, pa.string()) for name in names] + [("views", pa.int64())])
    with pa.csv.CSVWriter(path, schema) as writer:
        row = 0
        while row < n_rows:  # a block of videos at a time, which has the same texts each time
            block, start = divmod(row % len(ids), _CHUNK_ROWS)
            of_block = ids[block * _CHUNK_ROWS : (block + 1) * _CHUNK_ROWS]
            columns = _describe_videos(of_block, words, np.random.default_rng([seed, block]))
            n_new = min(len(of_block) - start, n_rows - row)
            views = pa.array(np.arange(row, row + n_new))
            parts = [column.slice(start, n_new) for column in columns]
            writer.write_table(pa.table([*parts, views], schema=schema))
            row += n_new


def _describe_videos(
    ids: Sequence[str], words: NDArray[np.str_], random: np.random.Generator
) -> list[pa.Array]:
    """Ids, titles, descriptions and links of some videos."""
    titles, descriptions = (
        pa.array([" ".join(row) for row in words[random.integers(_N_WORDS, size=(len(ids), n))]])
        for n in (_N_TITLE_WORDS, _N_DESCRIPTION_WORDS)
    )
    links = pa.array([f"https://i.ytimg.com/vi/{each}/default.jpg" for each in ids])
    return [pa.array(ids), titles, descriptions, links]


def write_shard(ids: Sequence[str], data_dir: Path, random: np.random.Generator) -> str:
    """Write one shard and the tables of its selected stages; return the shard's name."""
    source, n = thumbnail_sources.source_tag(""), len(ids)
    shard = _table(
        schemas.SHARDS,
        thumbnail_id=ids,
        url=[f"https://i.ytimg.com/vi/{each}/hqdefault.jpg" for each in ids],
        title_and_channel=[""] * n,
        attempt=np.ones(n, np.int32),
    )
    name = name_shard(_EARLIER_TABLE, shard)
    planned = PlannedShard(data_dir=str(data_dir), source=source, shard=name)
    planned.output()[0].write(shard)
    tables = make_tables(ids, random)
    for stage in selected_stages():
        task = stage.on(name, source, str(data_dir))
        task.output_for(name).write(tables[stage], {"n_thumbnails": str(n), "seconds": "0"})
    return name


def make_tables(ids: Sequence[str], random: np.random.Generator) -> dict[type[ShardTask], pa.Table]:
    """Make the tables of all stages for N thumbnails, with two words, one face and person each."""
    n = len(ids)
    text = np.where(random.random(n) < _SHARE_WITH_TEXT, "QUIZ NIGHT", "")
    vectors = random.standard_normal((n, _WIDTH), np.float32) * (text != "")[:, None]
    corner = random.random((2, n), np.float32) * 200 + 45
    places = [*corner, *(corner + 60)]
    box = dict(zip(("x_min", "y_min", "x_max", "y_max"), places, strict=True))
    first = {"thumbnail_id": ids, **box, "confidence": np.ones(n, np.float32)}
    emotion = np.array(schemas.EMOTION_LABELS)[random.integers(7, size=n)]
    probabilities = random.random((7, n), np.float32)
    appearance = {
        field.name: _make_values(field.type, n, random)
        for field in schemas.APPEARANCE
        if field.name not in ("thumbnail_id", "perceptual_hash")
    }
    appearance["perceptual_hash"] = [random.bytes(8).hex() for _ in ids]
    appearance["aspect_ratio"] = np.full(n, 480 / 270, np.float32)
    return {
        DownloadThumbnails: _table(
            schemas.THUMBNAILS,
            thumbnail_id=ids,
            status=["ok"] * n,
            is_retriable=np.zeros(n, bool),
            width_px=np.full(n, 480, np.int32),
            height_px=np.full(n, 360, np.int32),
            sha256=[random.bytes(32).hex() for _ in ids],
            image=[b"JPEG"] * n,
        ),
        RecognizeText: _table(
            schemas.WORDS, **first, word_index=np.zeros(n, np.int32), text=["QUIZ"] * n
        ),
        CorrectText: _table(
            schemas.TEXTS,
            thumbnail_id=ids,
            ocr_raw=text,
            ocr=text,
            ocr_length=np.where(text != "", 2, 0).astype(np.int32),
            text_language=["en" if each else None for each in text],
            unread_lines=np.zeros(n, np.int32),
        ),
        EmbedText: _table(
            schemas.embeddings(_WIDTH),
            thumbnail_id=ids,
            ocr_embed=pa.FixedSizeListArray.from_arrays(vectors.ravel(), _WIDTH),
        ),
        DetectFaces: _table(schemas.FACES, **first, face_index=np.zeros(n, np.int32)),
        ClassifyEmotions: _table(
            schemas.EMOTIONS,
            thumbnail_id=ids,
            face_index=np.zeros(n, np.int32),
            emotion=emotion,
            **dict(zip(schemas.EMOTION_LABELS, probabilities, strict=True)),
        ),
        MeasureAppearance: _table(schemas.APPEARANCE, thumbnail_id=ids, **appearance),
        DetectObjects: _table(
            schemas.OBJECTS,
            **first,
            **{"object_index": np.zeros(n, np.int32), "class": ["person"] * n},
        ),
    }


def _table(schema: pa.Schema, **columns: Sequence[object]) -> pa.Table:
    """Make a table of a schema; missing columns are null."""
    n = len(columns["thumbnail_id"])
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(n, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def _make_values(dtype: pa.DataType, n: int, random: np.random.Generator) -> pa.Array:
    """N values: numbers, colours, or lists of either."""
    if pa.types.is_fixed_size_list(dtype):
        numbers = random.random(n * dtype.list_size, np.float32)
        return pa.FixedSizeListArray.from_arrays(numbers, dtype.list_size)
    if pa.types.is_list(dtype):
        offsets = np.arange(n + 1, dtype=np.int32) * _N_COLORS
        return pa.ListArray.from_arrays(
            offsets, _make_values(dtype.value_type, n * _N_COLORS, random), dtype
        )
    if pa.types.is_struct(dtype):
        parts = [_make_values(field.type, n, random) for field in dtype]
        return pa.StructArray.from_arrays(parts, fields=list(dtype))
    if pa.types.is_string(dtype):
        return pa.array([f"#{random.bytes(3).hex()}" for _ in range(n)])
    return pa.array(random.random(n, np.float32))


def _spell(number: int) -> str:
    """Make a distinct word of at least five letters for each number."""
    letters = ""
    while number or len(letters) < 5:
        number, letter = divmod(number, 26)
        letters += chr(ord("a") + letter)
    return letters
