"""The texts of a table's columns are embedded once, and kept from night to night."""

import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import luigi
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.errors import SettingsError, ThumbnailTasksError
from thumbnail_tasks.execution.crashes import CRASHED, CrashError
from thumbnail_tasks.stages import embedded_columns, embeddings
from thumbnail_tasks.stages.embedded_columns import EmbedColumns, WantedColumns
from thumbnail_tasks.stages.text_vectors import (
    Chunks,
    digest_texts,
    embed_distinct,
    find_digests,
    from_arrow,
    sort_distinct,
    to_arrow,
    vectors_tag,
)
from thumbnail_tasks.storage.parquet_target import ParquetTarget


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Three numbers that are those of no other text."""
    chances = [np.random.default_rng(zlib.crc32(text.encode())) for text in texts]
    return np.array([each.normal(size=3) for each in chances], np.float32).reshape(-1, 3)


class Encoder:
    """Counts the texts that it is given; some of them crash it."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.crashes_at: set[str] = set()

    def call(self, work: object, report: object) -> pa.Table:
        """In place of the model process."""
        texts = work.args[0]  # type: ignore[attr-defined]
        if self.crashes_at & set(texts):
            raise CrashError(CRASHED, "killed by SIGSEGV")
        self.given += texts
        return embed_distinct(texts, encode)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    encoder = Encoder()
    engine = Engine(load=lambda: encode, name=lambda: "drawn", about=dict, width=3)
    monkeypatch.setitem(embeddings.ENCODERS, "use-multilingual", engine)
    monkeypatch.setattr(embedded_columns, "model_process", lambda: encoder)
    return encoder


@pytest.fixture
def columns() -> Iterator[luigi.configuration.LuigiConfigParser]:
    config = luigi.configuration.get_config()
    config.set("embedding", "columns", "title,tags")
    yield config
    config.remove_section("embedding")


VIDEOS = pa.table(
    {
        "video_id": [f"{number:011}" for number in range(6)],
        "title": ["one", "two", "one", None, " ", "three"],
        "tags": ['a|"b"', "[none]", "one", 'a|"b"', "", "c"],
    }
)
DISTINCT = ["one", "two", "three", "a, b", "c"]


class Night:
    """A table in a data directory."""

    def __init__(self, data_dir: str, folder: Path, videos: pa.Table, name: str = "a") -> None:
        path = folder / f"{name}.parquet"
        ParquetTarget(str(path)).write(videos)
        table = {"data_dir": data_dir, "videos": str(path), "videos_format": "auto"}
        embedded_columns.ReadVideos(**table).run()
        wanted = WantedColumns(videos.schema, "videos")
        task = EmbedColumns.of(table, wanted)
        assert task
        self.task, self.chunks = task, Chunks(data_dir, vectors_tag())

    def run(self) -> list[str]:
        """Run the task; the texts that have vectors for the table."""
        assert list(self.task.run()) == []
        assert self.task.complete()
        return self.task.list_chunks()

    def vectors(self) -> dict[bytes, list[float]]:
        tables = [self.chunks.target(name).read() for name in self.task.list_chunks()]
        table = pa.concat_tables(tables)
        return dict(zip(table["digest"].to_pylist(), table["vector"].to_pylist(), strict=True))


def expected(texts: Sequence[str]) -> dict[bytes, list[float]]:
    digests = to_arrow(digest_texts(texts)).to_pylist()
    return dict(zip(digests, encode(texts).tolist(), strict=True))


@pytest.mark.usefixtures("columns")
def test_each_distinct_text_is_embedded_once(tmp_path: Path, encoder: Encoder) -> None:
    night = Night(str(tmp_path / "data"), tmp_path, VIDEOS)
    assert not night.task.complete()
    night.run()
    assert sorted(encoder.given) == sorted(DISTINCT)
    assert night.vectors() == expected(DISTINCT)


@pytest.mark.usefixtures("columns", "encoder")
def test_progress_has_the_rate_and_the_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embedded_columns, "SECONDS_BETWEEN_LINES", -1)
    monkeypatch.setattr(embedded_columns, "_BLOCK_TEXTS", 2)
    caplog.set_level("INFO")
    Night(str(tmp_path / "data"), tmp_path, VIDEOS).run()
    lines = [line for line in caplog.messages if line.startswith("EmbedColumns")]
    shown = [re.sub(r"[\d.]+/s", "N/s", line.split(maxsplit=1)[1]) for line in lines]
    assert shown[:2] == [f"{n}/5 new texts (N/s), 0 s left" for n in (2, 4)]
    assert re.fullmatch(r"5 distinct texts, 5 of them new, in [\d.]+ s", shown[-1])


@pytest.mark.usefixtures("columns")
def test_the_next_night_embeds_new_texts_alone(tmp_path: Path, encoder: Encoder) -> None:
    data_dir = str(tmp_path / "data")
    Night(data_dir, tmp_path, VIDEOS).run()
    encoder.given.clear()
    row = pa.table([["xxxxxxxxxxx"], ["four"], ["c"]], schema=VIDEOS.schema)
    grown = Night(data_dir, tmp_path, pa.concat_tables([VIDEOS, row]), "b")
    assert not grown.task.complete()
    grown.run()
    assert encoder.given == ["four"]
    assert grown.vectors() == expected([*DISTINCT, "four"])


@pytest.mark.usefixtures("columns")
def test_a_kill_loses_one_chunk(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_columns, "CHUNK_TEXTS", 2)
    night = Night(str(tmp_path / "data"), tmp_path, VIDEOS)
    call, calls = encoder.call, iter(range(9))

    def killed(work: object, report: object) -> pa.Table:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return call(work, report)

    monkeypatch.setattr(encoder, "call", killed)
    with pytest.raises(KeyboardInterrupt):
        list(night.task.run())
    first = list(encoder.given)
    assert len(first) == 4
    assert not night.task.complete()
    night.run()
    assert [*first, *encoder.given[4:]] == encoder.given
    assert sorted(encoder.given) == sorted(DISTINCT)  # none of them twice


@pytest.mark.usefixtures("columns")
def test_a_lost_chunk_is_made_again_and_no_other(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_columns, "CHUNK_TEXTS", 2)
    night = Night(str(tmp_path / "data"), tmp_path, VIDEOS)
    lost, *_ = night.run()
    path = Path(night.chunks.target(lost).path)
    path.write_bytes(path.read_bytes()[:-9])
    encoder.given.clear()
    assert night.task.complete()  # until the chunk is read
    assert dict(night.chunks.iter_digests([lost])) == {lost: None}
    assert not night.task.complete()
    night.run()
    assert len(encoder.given) == 2
    assert night.vectors() == expected(DISTINCT)


@pytest.mark.usefixtures("columns")
def test_rows_in_another_order_need_nothing_new(tmp_path: Path, encoder: Encoder) -> None:
    data_dir = str(tmp_path / "data")
    Night(data_dir, tmp_path, VIDEOS).run()
    encoder.given.clear()
    shuffled = Night(data_dir, tmp_path, VIDEOS.take([5, 3, 1, 0, 4, 2]), "b")
    shuffled.run()
    assert encoder.given == []
    assert shuffled.vectors() == expected(DISTINCT)


@pytest.mark.usefixtures("columns")
def test_a_text_that_crashes_the_encoder_has_no_vector_and_is_not_tried_again(
    tmp_path: Path, encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    encoder.crashes_at = {"two"}
    night = Night(str(tmp_path / "data"), tmp_path, VIDEOS)
    night.run()
    (digest,) = to_arrow(digest_texts(["two"])).to_pylist()
    rest = [text for text in DISTINCT if text != "two"]
    assert night.vectors() == {**expected(rest), digest: None}
    assert "'two': killed by SIGSEGV. No vector." in caplog.text
    assert night.task.complete()


@pytest.mark.usefixtures("columns")
def test_an_encoder_that_crashes_with_any_text_is_an_error(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(str(tmp_path / "data"), tmp_path, VIDEOS)

    def crash(work: object, report: object) -> pa.Table:
        raise CrashError(CRASHED, "killed by SIGSEGV")

    monkeypatch.setattr(encoder, "call", crash)
    with pytest.raises(ThumbnailTasksError, match="expected a text to be the cause; found: killed"):
        list(night.task.run())


@pytest.mark.usefixtures("encoder")
def test_a_worker_with_other_settings_is_refused(
    tmp_path: Path, columns: luigi.configuration.LuigiConfigParser
) -> None:
    night = Night(str(tmp_path / "data"), tmp_path, VIDEOS)
    columns.set("embedding", "columns", "title")
    with pytest.raises(SettingsError, match=r"same luigi\.cfg"):
        list(night.task.run())


def test_without_similarity_and_columns_there_is_nothing_to_do(
    columns: luigi.configuration.LuigiConfigParser,
) -> None:
    columns.set("embedding", "columns", "")
    table = {"data_dir": "data", "videos": "videos.csv", "videos_format": "auto"}
    (titles,) = WantedColumns(VIDEOS.schema, "videos").embedded()
    assert titles.name == "title"
    assert EmbedColumns.of(table, WantedColumns(VIDEOS.select(["tags"]).schema, "videos")) is None
    columns.set("embedding", "title_similarity", "false")
    assert EmbedColumns.of(table, WantedColumns(VIDEOS.schema, "videos")) is None


def test_digests_are_sorted_and_distinct() -> None:
    zeros = np.frombuffer(b"\0" * 15 + b"a" + b"\0" * 16 + b"\0a" * 8 + b"\0b" + b"\0a" * 7, "S16")
    digests = digest_texts([str(number) for number in range(500)])
    found = sort_distinct([digests, zeros, digests[::-1], zeros])
    expected = sorted({*to_arrow(digests).to_pylist(), *to_arrow(zeros).to_pylist()})
    assert to_arrow(found).to_pylist() == expected
    assert len(expected) == 504
    assert len(sort_distinct([digests[:0]])) == 0


def test_digests_are_found_and_keep_their_bytes() -> None:
    texts = [str(number) for number in range(2000)]
    digests = digest_texts(texts)
    known = np.sort(digests[:1500])
    found = find_digests(digests, known)
    assert (known[found[:1500]] == digests[:1500]).all()
    assert (found[1500:] == -1).all()
    assert (find_digests(digests, known[:0]) == -1).all()
    column = pa.chunked_array([to_arrow(digests[:7]), to_arrow(digests[7:])])
    assert from_arrow(column).tobytes() == digests.tobytes()
    assert any(digest.endswith(b"\0") for digest in to_arrow(digests).to_pylist())
    assert from_arrow(column.slice(3, 9)).tobytes() == digests[3:12].tobytes()
