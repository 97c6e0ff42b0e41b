"""The same promises in a folder and in a bucket."""

import multiprocessing
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import files, folder, s3, s3_client, s3_writing
from thumbnail_tasks.storage.addresses import is_s3, join, name_of, relative_to
from thumbnail_tasks.storage.backend import ChangedError
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget, find_damaged

FORK = multiprocessing.get_context("fork")
TABLE = pa.table({"a": list(range(1000)), "text": [f"{n} " * 50 for n in range(1000)]})


def write(address: str, text: str = "text") -> None:
    files.write_text(address, text)


def names_below(place: str) -> list[str]:
    return [relative_to(each.address, place) for each in files.list_files(place, below=True)]


def test_a_file_is_read_as_it_was_written_and_replaced(place: str) -> None:
    address = join(place, "runs", "a.json")
    assert files.find(address) is None
    assert not files.exists(address)
    write(address, "ä ü 漢字")
    first = files.find(address)
    assert first is not None
    assert (first.address, first.n_bytes) == (address, len("ä ü 漢字".encode()))
    assert abs(first.written_at - time.time()) < 60
    assert files.read_text(address) == "ä ü 漢字"
    write(address, "other")
    second = files.find(address)
    assert second is not None
    assert second.revision != first.revision
    assert files.read_text(address) == "other"


@pytest.mark.parametrize(
    "address",
    ["gs://bucket/a", "s3a://bucket/a", "S3://bucket/a", "s3:/bucket/a", "s3://", "s3:///"],
)
def test_other_kinds_of_addresses_are_refused(address: str) -> None:
    with pytest.raises(StorageError, match="expected .*s3://bucket/prefix; found.*" + address):
        files.find(address)


@pytest.mark.parametrize("place", ["s3://bucket/data/exports", "/data/exports", "exports"])
def test_folders_of_what_is_unfinished_are_beside_the_finished_one(place: str) -> None:
    found = folder.unfinished_folders(join(place, "report"))
    assert found == (join(place, ".report-new"), join(place, ".report-old"))


def test_a_file_that_cannot_be_removed_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results" / "a").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"results: cannot be removed from; found: .*results/a"):
        files.remove([str(tmp_path / "results" / "a")])


@pytest.mark.parametrize("name", ["a", "a:b", "2026:/a", "./gs:/a"])
def test_colons_in_names_of_files_are_no_kind_of_address(tmp_path: Path, name: str) -> None:
    assert files.find(name) is None


@pytest.mark.dag
def test_a_bucket_itself_is_a_folder(bucket: str) -> None:
    write(join(bucket, "a"))
    root = bucket.rpartition("/")[0]
    for address in (root, f"{root}/"):
        assert not files.exists(address)
        assert files.is_folder(address)
        assert bucket in files.list_folders(address)


def test_what_is_not_there_is_an_error_of_reading_and_none_of_removing(place: str) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_text(join(place, "no"))
    files.remove([join(place, "no")])
    assert files.list_files(place) == []
    assert files.list_folders(place) == []
    assert not files.is_folder(place)


def test_a_listing_has_the_files_of_a_folder_in_order_without_hidden_ones(place: str) -> None:
    for name in ("b/2.parquet", "b/1.parquet", "b/x.csv", "b/c/3.parquet", "b/.hidden", "a/4.txt"):
        write(join(place, *name.split("/")))
    below = join(place, "b")
    listed = [name_of(each.address) for each in files.list_files(below)]
    assert listed == ["1.parquet", "2.parquet", "x.csv"]
    assert [name_of(each.address) for each in files.list_files(below, suffix=".csv")] == ["x.csv"]
    assert [name_of(each) for each in files.list_folders(place)] == ["a", "b"]
    assert names_below(place) == [
        *("a/4.txt", "b/.hidden", "b/1.parquet", "b/2.parquet", "b/c/3.parquet", "b/x.csv")
    ]
    assert files.is_folder(below)
    (entry,) = files.list_files(join(place, "a"))
    assert entry == files.find(entry.address) or is_s3(place)  # S3 lists without fractions
    files.remove([each.address for each in files.list_files(place, below=True)])
    assert names_below(place) == []


def test_nothing_appears_if_the_writer_fails(place: str) -> None:
    def fail() -> None:
        with files.publish(join(place, "a")) as path:
            path.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names_below(place) == []


def test_a_condition_keeps_what_another_has_written(place: str) -> None:
    address = join(place, "a")
    backend = files.backend_of(place)
    with backend.publish(address, if_absent=True) as path:
        path.write_text("first")
    with pytest.raises(ChangedError), backend.publish(address, if_absent=True) as path:
        path.write_text("second")
    entry = files.find(address)
    assert entry is not None
    with backend.publish(address, if_revision=entry.revision) as path:
        path.write_text("third")
    with pytest.raises(ChangedError), backend.publish(address, if_revision=entry.revision) as path:
        path.write_text("fourth")
    assert files.read_text(address) == "third"
    with (
        pytest.raises(ChangedError),
        backend.publish(join(place, "none"), if_revision=entry.revision) as path,
    ):
        path.write_text("fifth")
    assert not files.exists(join(place, "none"))


def test_many_reads_are_in_order_and_raise_the_first_error(place: str) -> None:
    backend = files.backend_of(place)
    addresses = [join(place, f"{number}") for number in range(20)]
    for address in addresses[:-2]:
        write(address, f"text of {address}")
    found = backend.map_reads(files.read_text, addresses[:-2])
    assert found == [f"text of {address}" for address in addresses[:-2]]
    assert backend.map_reads(files.read_text, []) == []
    with pytest.raises(FileNotFoundError, match=addresses[-2]):
        backend.map_reads(files.read_text, addresses)


@pytest.mark.dag
def test_a_bucket_is_read_by_several_requests_at_once(bucket: str) -> None:
    both = threading.Barrier(2, timeout=30)
    assert sorted(s3.map_reads(lambda number: both.wait(), [0, 1])) == [0, 1]


@pytest.mark.dag
def test_a_bucket_is_read_while_the_interpreter_ends(bucket: str) -> None:
    write(join(bucket, "a"))
    write(join(bucket, "b"))
    code = f"""
import atexit
from thumbnail_tasks.storage import files, s3

@atexit.register
def read():
    print(s3.map_reads(files.read_text, ["{join(bucket, "a")}", "{join(bucket, "b")}"]))
"""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (finished.stdout, finished.stderr) == ("['text', 'text']\n", "")


@pytest.mark.dag
def test_what_is_uploaded_in_parts_has_its_content_and_keeps_conditions(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_writing, "_MAX_ONE_REQUEST_BYTES", 8)
    monkeypatch.setattr(s3_writing, "_PART_BYTES", 5 << 20)  # the least that S3 takes
    content = np.random.default_rng(0).bytes(12 << 20)
    files.write_text(join(bucket, "source"), "short")
    address = join(bucket, "a")
    with s3.publish(address, if_absent=True, made_from=join(bucket, "source")) as path:
        path.write_bytes(content)
    with s3.open(address) as file:
        assert file.read() == content
    assert s3.is_made_from(address, join(bucket, "source"))
    with pytest.raises(ChangedError), s3.publish(address, if_absent=True) as path:
        path.write_bytes(content[::-1])
    entry = files.find(address)
    assert entry is not None
    with s3.publish(address, if_revision=entry.revision) as path:
        path.write_bytes(content[1:])
    with pytest.raises(ChangedError), s3.publish(address, if_revision=entry.revision) as path:
        path.write_bytes(content)
    with s3.open(address) as file:
        assert file.read() == content[1:]
    client, name = s3_client.client(), s3_client.split(bucket)[0]
    assert not client.list_multipart_uploads(Bucket=name).get("Uploads")


def test_a_file_knows_the_state_that_it_was_made_from(place: str) -> None:
    source, made = join(place, "a.parquet"), join(place, "a.csv")
    assert not files.is_made_from(made, source)
    write(source, "one")
    with files.publish(made, made_from=source) as path:
        path.write_text("csv of one")
    assert files.is_made_from(made, source)
    dated = join(place, "2026-11-28", "a.csv"), join(place, "2026-11-28", "a.parquet")
    files.backend_of(place).copy(made, dated[0])
    files.backend_of(place).copy(source, dated[1])
    assert files.is_made_from(*dated)
    assert files.read_text(dated[0]) == "csv of one"
    time.sleep(0.01)
    write(source, "two")
    assert not files.is_made_from(made, source)
    assert files.is_made_from(*dated)
    assert files.read_text(dated[1]) == "one"


def test_a_pointer_names_its_neighbour_and_is_replaced(place: str) -> None:
    backend, latest = files.backend_of(place), join(place, "latest")
    assert backend.pointed(latest) == ""
    for name in ("2026-11-27", "2026-11-28"):
        write(join(place, name, "a.csv"))
        backend.point(latest, name)
        assert backend.pointed(latest) == name


def test_a_folder_is_replaced_as_a_whole_and_takes_files_of_the_earlier_one(place: str) -> None:
    report, backend = join(place, "report"), files.backend_of(place)
    source = join(place, "a.parquet")
    write(source)
    for pictures in (("1.webp", "2.webp"), ("2.webp", "3.webp")):
        with backend.replace_folder(
            report, made_from={"index.html": source}, last="fingerprint.txt"
        ) as new:
            (new.path / "pictures").mkdir(parents=True)
            for name in pictures:
                if not new.take(f"pictures/{name}"):
                    Path(new.path, "pictures", name).write_text(f"{name} of {pictures}")
            for name in ("index.html", "fingerprint.txt"):
                Path(new.path, name).write_text("x")
    assert names_below(report) == [
        *("fingerprint.txt", "index.html", "pictures/2.webp", "pictures/3.webp")
    ]
    assert files.read_text(join(report, "pictures", "2.webp")).endswith("('1.webp', '2.webp')")
    assert files.is_made_from(join(report, "index.html"), source)
    with backend.local_copy(join(report, "index.html")) as path:
        assert path.read_text() == "x"


def test_a_table_is_read_whole_by_columns_and_by_its_footer(place: str) -> None:
    target = ParquetTarget(join(place, "words", "e", "a.parquet"), "words/e/a")
    with pytest.raises(LostFileError):
        target.read()
    target.write(TABLE, {"seconds": "1.5"})
    assert target.read().equals(TABLE)
    assert target.read(["a"]).equals(TABLE.select(["a"]))
    assert target.read_metadata() == {"seconds": "1.5"}
    assert target.open_reader(()).metadata.num_rows == len(TABLE)
    batches = target.open_reader(["text"]).iter_batches(100, columns=["text"])
    assert pa.Table.from_batches(batches).equals(TABLE.select(["text"]))
    target.write_if_absent(TABLE.slice(0, 1), {})
    assert len(target.read()) == len(TABLE)
    target.update(lambda table: table.slice(5))
    assert target.read().equals(TABLE.slice(5))


@pytest.mark.parametrize("at", [0.1, 0.5, 0.999])
def test_a_changed_byte_is_found_and_the_file_moved_aside(place: str, at: float) -> None:
    address = join(place, "words", "e", "a.parquet")
    target = ParquetTarget(address, "words/e/a")
    target.write(TABLE)
    with files.backend_of(place).local_copy(address) as path:
        content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 4
    with files.publish(address) as path:
        path.write_bytes(content)
    with pytest.raises(LostFileError, match=r"moved|expected a complete file"):
        target.read()
    assert names_below(place) == ["words/e/.a.parquet.damaged-1"]
    assert [each.address for each in find_damaged(place)] == [
        join(place, "words", "e", ".a.parquet.damaged-1")
    ]
    target.write(TABLE)
    assert target.read().equals(TABLE)


def test_of_many_writers_at_once_one_publishes(place: str) -> None:
    backend, won = files.backend_of(place), []
    address = join(place, "a")

    def compete(number: int) -> None:
        try:
            with backend.publish(address, if_absent=True) as path:
                path.write_text(str(number))
            won.append(number)
        except ChangedError:
            pass

    if not is_s3(place):  # in a folder the lock of the caller excludes others
        compete(0)
        compete(1)
    else:
        threads = [threading.Thread(target=compete, args=[number]) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(won) == 1
    assert files.read_text(address) == str(won[0])


def test_an_update_is_lost_to_no_other(place: str) -> None:
    """As when two pictures of a shard are quarantined at once."""
    target = ParquetTarget(join(place, "a.parquet"))
    target.write(pa.table({"a": [0]}))
    if not is_s3(place):
        pytest.skip("in a folder the lock of the caller excludes others")

    def add_one() -> None:
        for _ in range(5):
            target.update(lambda table: pa.table({"a": [table["a"][0].as_py() + 1]}))

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read()["a"].to_pylist() == [20]


def test_a_fork_reads_and_writes_too(place: str) -> None:
    write(join(place, "a"), "parent")

    def work() -> None:
        write(join(place, "b"), files.read_text(join(place, "a")) + " and child")

    process = FORK.Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert files.read_text(join(place, "b")) == "parent and child"


def test_the_room_is_described(place: str) -> None:
    assert place in files.backend_of(place).describe_room(place)
    assert names_below(place) == []


@pytest.mark.dag
def test_a_place_that_cannot_be_written_is_one_line_that_names_it(
    bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for address in (str(tmp_path / "file" / "a"), "s3://Not_a_bucket/a"):
        with pytest.raises(StorageError, match="cannot be written; expected a writable") as raised:
            write(address)
        assert address in str(raised.value)
        assert "\n" not in str(raised.value)
