"""What is known about each thumbnail of a source: its latest try, from the shards' files.

A plan needs this of every thumbnail that was ever in a shard, and two files per shard are slow to
read: 2 ms. So ``compact_known`` copies what finished shards say into few files,
``known/<source>/<digest>.parquet``. Each lists the revision of every file that it was made from; a
shard whose files have changed since, are lost or were moved aside, is read from its own files.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join, stem_of
from thumbnail_tasks.storage.backend import Entry
from thumbnail_tasks.storage.listing import list_revisions
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget

MIN_SHARDS: Final = 64
"""Fewer shards are not worth a file: they are read in a tenth of a second."""

_MADE_FROM: Final = "made_from"
"""Metadata key: JSON with each shard's revisions."""

_LISTED: Final = ("thumbnail_id", "attempt", "revision", "version")
_DONE: Final = ("thumbnail_id", "status", "is_retriable", "fetched_at")

_FIELDS: Final = {field.name: field for field in (*schemas.SHARDS, *schemas.THUMBNAILS)}

_State = tuple[str, str, datetime | None, Mapping[str, str], Mapping[str, str]]

_last: list[tuple[_State, pa.Table]] = []
"""What was read last, from which files: a run asks at its start, when it plans and at its end."""

_Revisions = tuple[str, str]
"""The revisions of a shard's list and of its thumbnails."""


def known_thumbnails(data_dir: str, source: str, until: datetime | None = None) -> pa.Table:
    """The latest try of each thumbnail that was ever in a shard of this source.

    Shards whose list is lost are left out; files that are not shards are moved aside.

    Args:
        data_dir: The data directory.
        source: Source of the pictures.
        until: Only tries that had an answer by this time, or at an unknown time; None: all.

    Returns:
        Rows of ``schemas.KNOWN``, in any order; ``status`` and ``is_retriable`` are null if the
        shard is not downloaded yet.

    Raises:
        StorageError: A file cannot be read.
    """
    lists, results = _list(data_dir, source)
    state = (data_dir, source, until, lists, results)
    if _last and _last[0][0] == state:
        return _last[0][1]
    covered: set[str] = set()
    tables = [schemas.KNOWN.empty_table()]
    for made_from, compacted in _iter_compacted(data_dir, source):
        current = _current(made_from, lists, results) - covered
        covered |= current
        if len(current) < len(made_from):
            names = pa.array(sorted(current), pa.string())
            compacted = compacted.filter(pc.is_in(compacted["shard"].cast(pa.string()), names))
        tables.append(schemas.complete(compacted, schemas.KNOWN))
    tables += _read_shards(data_dir, source, lists, results, covered).values()
    tries = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    known = _latest(tries if until is None else _answered(tries, until))
    _last[:] = [(state, known)]
    return known


def find_known(thumbnail_ids: pa.ChunkedArray, known: pa.Table) -> pa.Table:
    """What is known about each of N thumbnails: N rows of ``schemas.KNOWN``; null if nothing is."""
    rows = pc.index_in(thumbnail_ids, value_set=known["thumbnail_id"].combine_chunks())
    return known.take(rows)


def compact_known(data_dir: str, source: str) -> None:
    """Copy what is known from downloaded shards into one file, if they are enough.

    Raises:
        StorageError: A file cannot be read or written.
    """
    lists, results = _list(data_dir, source)  # first: a file that changes now is noticed later
    covered: set[str] = set()
    for made_from, _ in _iter_compacted(data_dir, source, columns=()):
        covered |= _current(made_from, lists, results)
    if len((lists.keys() & results.keys()) - covered) < MIN_SHARDS:
        return
    found = _read_shards(data_dir, source, lists, results, covered)
    tables = {name: table for name, table in found.items() if not _is_waiting(table)}
    if tables:
        made_from = {name: (lists[name], results[name]) for name in tables}
        target = _target(data_dir, source, short_digest(made_from, 16))
        about = {_MADE_FROM: json.dumps(made_from)}
        target.write(pa.concat_tables(tables.values()).unify_dictionaries(), about)


def list_outdated(data_dir: str, source: str) -> list[Entry]:
    """The compacted files of which no shard is as it was.

    Raises:
        StorageError: A file cannot be read.
    """
    lists, results = _list(data_dir, source)
    return [
        entry
        for entry in files.list_files(join(data_dir, "known", source), suffix=".parquet")
        if not _current(
            _read_made_from(_target(data_dir, source, stem_of(entry.address))), lists, results
        )
    ]


def _list(data_dir: str, source: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The revisions of the shards' lists, and of their thumbnails, by shard."""
    return (
        list_revisions(data_dir, f"shards/{source}"),
        list_revisions(data_dir, f"thumbnails/{source}"),
    )


def _target(data_dir: str, source: str, name: str) -> ParquetTarget:
    key = f"known/{source}/{name}"
    return ParquetTarget(f"{join(data_dir, key)}.parquet", key)


def _iter_compacted(
    data_dir: str, source: str, columns: tuple[str, ...] | None = None
) -> Iterator[tuple[Mapping[str, _Revisions], pa.Table]]:
    """What each compacted file was made from, and its rows; a damaged one is left out."""
    for name in list_revisions(data_dir, f"known/{source}"):
        target = _target(data_dir, source, name)
        try:
            yield _read_made_from(target), target.read(columns)
        except LostFileError:
            continue


def _read_made_from(target: ParquetTarget) -> dict[str, _Revisions]:
    stored = json.loads(target.read_metadata().get(_MADE_FROM, "{}"))
    return {name: (of_list, of_results) for name, (of_list, of_results) in stored.items()}


def _current(
    made_from: Mapping[str, _Revisions], lists: Mapping[str, str], results: Mapping[str, str]
) -> set[str]:
    """The shards whose files are still those that a compacted file was made from."""
    return {
        name
        for name, revisions in made_from.items()
        if revisions == (lists.get(name), results.get(name))
    }


def _read_shards(
    data_dir: str,
    source: str,
    lists: Mapping[str, str],
    results: Mapping[str, str],
    covered: set[str],
) -> dict[str, pa.Table]:
    """Rows of ``schemas.KNOWN`` of each shard that is not covered, from its own files."""

    def read(folder: str, columns: tuple[str, ...], shards: Iterable[str]) -> dict[str, pa.Table]:
        names = [name for name in shards if name not in covered]
        tables = files.backend_of(data_dir).map_reads(
            lambda name: _read(data_dir, f"{folder}/{source}/{name}", columns), names
        )
        return {name: table for name, table in zip(names, tables, strict=True) if table is not None}

    done = read("thumbnails", _DONE, results)
    listed = read("shards", _LISTED, lists)
    return {name: _join(name, table, done.get(name)) for name, table in listed.items()}


def _read(data_dir: str, key: str, columns: tuple[str, ...]) -> pa.Table | None:
    schema = pa.schema([_FIELDS[name] for name in columns])
    try:
        table = ParquetTarget(f"{join(data_dir, key)}.parquet", key).read(columns)
    except LostFileError:
        return None
    return schemas.complete(table, schema)


def _join(shard: str, listed: pa.Table, done: pa.Table | None) -> pa.Table:
    if done is None:
        done = schemas.THUMBNAILS.empty_table().select(_DONE)
    rows = pc.index_in(listed["thumbnail_id"], value_set=done["thumbnail_id"].combine_chunks())
    names = pa.DictionaryArray.from_arrays(np.zeros(len(listed), np.int32), [shard])
    result = done.take(rows)
    columns = {
        "thumbnail_id": listed["thumbnail_id"],
        "shard": names,
        **{name: listed[name] for name in ("attempt", "revision", "version")},
        "status": result["status"].dictionary_encode(),
        **{name: result[name] for name in ("is_retriable", "fetched_at")},
    }
    return pa.table([columns[name] for name in schemas.KNOWN.names], schema=schemas.KNOWN)


def _is_waiting(known: pa.Table) -> bool:
    """Whether a shard is not downloaded yet."""
    return bool(known["status"].null_count)


def _answered(tries: pa.Table, until: datetime) -> pa.Table:
    """The tries that had an answer by a time, or at an unknown time."""
    at = tries["fetched_at"]
    is_early = pc.less_equal(at, pa.scalar(until, at.type)).fill_null(True)
    return tries.filter(pc.and_(tries["status"].is_valid(), is_early))


def _latest(tries: pa.Table) -> pa.Table:
    """The last try of each thumbnail; of equal tries the one whose shard's name is last."""
    if not len(tries):
        return tries
    encoded = tries["thumbnail_id"].combine_chunks().dictionary_encode()
    n_thumbnails = len(encoded.dictionary)
    if n_thumbnails == len(tries):
        return tries
    shards = tries["shard"].combine_chunks()
    ranks = np.empty(len(shards.dictionary), np.int64)
    ranks[np.argsort(shards.dictionary.to_numpy(zero_copy_only=False))] = np.arange(len(ranks))
    order = np.lexsort((ranks[shards.indices.to_numpy()], tries["attempt"].to_numpy()))
    last = np.empty(n_thumbnails, np.int64)
    last[encoded.indices.to_numpy()[order]] = order
    return tries.take(last)
