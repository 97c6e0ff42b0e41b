"""Bad input ends in one readable message and a non-zero exit code, without partial files."""

from pathlib import Path

import pytest

from tests.dag.runs import SAMPLE, run

pytestmark = pytest.mark.dag


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "expected a CSV, JSON or Parquet file; found an empty one"),
        (b"\x7fELF\x02\x01\x01\x00", "found a binary file"),
        (b"key,url\n1,2\n", "no column 'thumbnail_link' or 'video_id'"),
        (b"video_id~title\na~b\n", "found: video_id~title"),
        (b"video_id,title\naaaaaaaaaaa,\xe9t\xe9\n", "expected text in UTF-8"),
        (b"video_id,title\naaaaaaaaaaa\n", "with 2 cells in each row"),
        (b"video_id,title\n", "found only a header"),
        (b"video_id,title\nno id at all,x\n", "found none in 1 row ("),
        (b"video_id,face_count\naaaaaaaaaaa,1\n", "columns face_count would be overwritten"),
    ],
)
def test_a_bad_table_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    videos = tmp_path / "videos.csv"
    if content is not None:
        videos.write_bytes(content)
    finished = run(tmp_path / "data", "--videos", str(videos))
    errors = [line for line in finished.printed.splitlines() if line.startswith("ERROR")]
    assert finished.code == 30
    assert len(errors) == 1
    assert str(videos) in errors[0]
    assert said in errors[0]
    assert "Traceback" not in finished.printed, finished.printed
    assert not (tmp_path / "data" / "exports").exists()


@pytest.mark.parametrize(
    ("code", "flags", "said"),
    [
        (30, ("--videos", "docs"), "--videos docs: expected a folder of tables of one format"),
        (30, (*SAMPLE[:2], "--images-dir", "no/such"), "--images-dir no/such: expected a folder"),
        (
            4,
            (*SAMPLE, "--engines-preset", "best"),
            "preset: expected one of embedded, notebook; found: 'best'",
        ),
        (
            4,
            (*SAMPLE, "--engines-text", "eyes"),
            "text: expected one of rapidocr, rapidocr-v5, keras-ocr, filename2text; found: 'eyes'",
        ),
        (4, (*SAMPLE, "--text-scripts", "Latin,Klingon"), "scripts: expected some of Latin, Chi"),
        (
            4,
            (*SAMPLE[:2], "--thumbnails-quality", "huge"),
            "quality: expected one of maxresdefault",
        ),
    ],
)
def test_a_bad_flag_is_named(tmp_path: Path, code: int, flags: tuple[str, ...], said: str) -> None:
    finished = run(tmp_path / "data", *flags)
    assert finished.code == code, finished.printed
    assert said in finished.printed
    assert "Traceback" not in finished.printed, finished.printed


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ("--storage-shard-size", "0"),
            "--storage-shard-size: expected a whole number, 1 or more; found: '0'",
        ),
        (("--workers", "0"), "[core] workers: expected 1 or more; found: 0"),
        (("--workers", "x"), "--workers: expected a whole number; found: 'x'"),
        (
            ("--thumbnails-quality", "foo"),
            "[thumbnails] quality: expected one of maxresdefault, sddefault, hqdefault, "
            "mqdefault, default; found: 'foo'",
        ),
        (
            ("--thumbnails-requests-per-second", "0"),
            "--thumbnails-requests-per-second: expected a number above 0; found: '0'",
        ),
        (
            ("--text-min-confidence", "7"),
            "--text-min-confidence: expected a number from 0 to 1; found: '7'",
        ),
    ],
)
def test_a_number_out_of_range_is_one_line_before_anything_is_read(
    tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    finished = run(tmp_path / "data", *SAMPLE, *flags)
    assert finished.code == 4
    assert finished.printed.splitlines()[0] == f"ERROR: {said}"
    assert "Traceback" not in finished.printed, finished.printed
    assert "ReadVideos" not in finished.printed


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    finished = run(tmp_path / "data", *SAMPLE)
    assert finished.code == 30, finished.printed
    assert "cannot be written; expected a writable folder with free space" in finished.printed
    assert "Traceback" not in finished.printed, finished.printed
