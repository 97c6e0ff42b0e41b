from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest

from benchmarks.speed.parts.scale import load_scale
from benchmarks.speed.synthetic import make_archive, make_tables, write_shard, write_videos
from benchmarks.speed.turns import Contender, take_turns
from benchmarks.speed.whole_job import lay_out
from tests.conftest import EXAMPLES
from thumbnail_tasks.export.joining import join_shard
from thumbnail_tasks.inputs import thumbnail_sources
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.embeddings import EmbedText
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.texts import read_thresholds

IDS = ["speed000000", "speed000001", "speed000002"]


def test_a_video_has_several_rows_with_the_same_title(tmp_path: Path) -> None:
    write_videos(tmp_path / "videos.csv", 7, IDS, np.random.default_rng(0))
    options = pyarrow.csv.ReadOptions()
    rows = pyarrow.csv.read_csv(tmp_path / "videos.csv", options).to_pylist()
    assert [row["video_id"] for row in rows] == [*IDS, *IDS, IDS[0]]
    assert len({(row["video_id"], row["title"], row["description"]) for row in rows}) == 3
    assert rows[1]["thumbnail_link"] == "https://i.ytimg.com/vi/speed000001/default.jpg"


def test_synthetic_tables_can_be_joined_like_real_ones() -> None:
    tables = make_tables(IDS, np.random.default_rng(0))
    joined = join_shard(*tables.values(), thresholds=read_thresholds())
    assert joined["face_count"].to_pylist() == [1, 1, 1]
    assert joined["face_area_share"].null_count == 0
    assert joined["thumbnail_status"].to_pylist() == ["ok"] * 3


def test_a_synthetic_shard_is_complete(tmp_path: Path) -> None:
    shard = write_shard(IDS, tmp_path, np.random.default_rng(0))
    for stage in (EmbedText, ClassifyEmotions, MeasureAppearance):
        assert stage.on(shard, thumbnail_sources.source_tag(""), str(tmp_path)).complete()


def test_an_archive_has_three_and_a_third_rows_per_thumbnail(tmp_path: Path) -> None:
    archive = make_archive(2000, tmp_path)
    assert (archive.n_rows, archive.n_thumbnails, archive.n_shards) == (2000, 600, 2)


@pytest.mark.dag
def test_the_real_command_only_exports(tmp_path: Path) -> None:
    contender = Contender("ours", load_scale, (tmp_path / "scale",), n_warm_up=0)
    (done,) = take_turns([contender], [[1000]], "scale").outcomes  # it checks the export
    scale = done.turns[0].result
    assert scale.n_shards == 1
    assert scale.first.peak_bytes > 50e6
    assert scale.second.wall_s > 0
    assert not (tmp_path / "scale").exists()


def test_the_layout_of_a_job_has_only_its_own_rows(tmp_path: Path) -> None:
    pictures = sorted((EXAMPLES / "images").glob("*.jpg"))[:2]
    table, images_dir = lay_out(pictures, EXAMPLES / "videos.csv", tmp_path / "job")
    rows = pyarrow.csv.read_csv(
        table, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)
    ).to_pylist()
    assert [row["video_id"] for row in rows] == [path.stem for path in pictures]
    assert all(row["title"] for row in rows)
    assert sorted(path.name for path in images_dir.iterdir()) == [path.name for path in pictures]
