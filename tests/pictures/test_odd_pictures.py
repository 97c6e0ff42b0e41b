"""Odd, damaged and malicious pictures: each is decoded correctly or has its status."""

import contextlib
import io
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import luigi
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.odd_pictures import Odd, odd_pictures, saved
from thumbnail_tasks import schemas
from thumbnail_tasks.network.downloads import FetchResult
from thumbnail_tasks.pictures import decoding, headers
from thumbnail_tasks.stages.fetching import fetch_thumbnails

PICTURES = odd_pictures()
MAX_PIXELS = 20_000_000
DECODER_MB = 450
"""Memory limit of decoding, however many of the largest pictures are fetched at once."""
STAGE_MB = 700
"""Memory limit of a shard of all the odd pictures and the largest, sixteen at once."""


@pytest.mark.parametrize("odd", PICTURES, ids=[odd.name for odd in PICTURES])
def test_each_is_decoded_correctly_or_refused(odd: Odd) -> None:
    refusals: dict[str, contextlib.AbstractContextManager[object]] = {
        "ok": contextlib.nullcontext(),
        "not_an_image": pytest.raises(decoding.NotAnImageError),
        "too_large": pytest.raises(decoding.TooManyPixelsError),
    }
    with warnings.catch_warnings(), refusals[odd.status]:
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.filterwarnings("error", ".*[Tt]ransparency.*")
        image_rgb = decoding.decode_image(odd.data, MAX_PIXELS)
        assert (image_rgb.ndim, image_rgb.shape[2]) == (3, 3)
        assert image_rgb.dtype == np.uint8
        if odd.shows is not None:
            assert image_rgb.shape == odd.shows.shape
            difference = np.abs(image_rgb.astype(int) - odd.shows.astype(int)).mean()
            assert difference <= odd.tolerance


@pytest.mark.parametrize("odd", PICTURES, ids=[odd.name for odd in PICTURES])
def test_measuring_and_decoding_agree_on_each(odd: Odd) -> None:
    refusals = decoding.NotAnImageError, decoding.TooManyPixelsError
    try:
        height, width, _ = decoding.decode_image(odd.data, MAX_PIXELS).shape
    except refusals as error:
        with pytest.raises(type(error)):
            decoding.measure_image(odd.data, MAX_PIXELS)
    else:
        assert decoding.measure_image(odd.data, MAX_PIXELS) == (width, height)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    for odd in PICTURES:
        (folder / f"{odd.name}.jpg").write_bytes(odd.data)
    return folder


@pytest.fixture
def limits() -> Iterator[luigi.configuration.LuigiConfigParser]:
    config = luigi.configuration.get_config()
    config.set("thumbnails", "max_bytes", "20000000")  # so that no file is too large
    yield config
    config.remove_section("thumbnails")


def fetch(folder: Path, names: list[str]) -> list[dict[str, object]]:
    rows = [{"thumbnail_id": name, "path": str(folder / f"{name}.jpg")} for name in names]
    shard = pa.Table.from_pylist(rows, schemas.SHARDS)

    def never(url: str) -> FetchResult:
        raise AssertionError(url)

    table = fetch_thumbnails(shard, never, 16, lambda n: None)
    assert table.schema == schemas.THUMBNAILS
    found: list[dict[str, object]] = table.to_pylist()
    return found


def test_all_in_one_shard_are_rows(limits: object, folder: Path) -> None:
    assert len(PICTURES) >= 100
    rows = fetch(folder, [odd.name for odd in PICTURES])
    for odd, row in zip(PICTURES, rows, strict=True):
        assert (row["thumbnail_id"], row["status"]) == (odd.name, odd.status), row["detail"]
        is_ok = odd.status == "ok"
        assert row["image"] == (odd.data if is_ok else None)
        assert (row["width_px"] is not None) == is_ok
        assert (row["detail"] is None) == is_ok
        assert not row["is_retriable"]
        assert is_ok or str(row["detail"]).isprintable()


def test_bytes_are_limited_before_anything_is_decoded(
    limits: luigi.configuration.LuigiConfigParser, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", None)
    limits.set("thumbnails", "max_bytes", "99999")
    large = [odd.name for odd in PICTURES if len(odd.data) > 99_999]
    assert {row["status"] for row in fetch(folder, large)} == {"too_large"}


def test_other_formats_reach_no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    Image.init()
    opened = set()

    def notice(format: str) -> tuple[object, object]:
        factory, accept = Image.OPEN[format]

        def open_it(*about: Any) -> object:
            opened.add(format)
            return factory(*about)

        return open_it, accept

    for known in list(Image.OPEN):
        monkeypatch.setitem(Image.OPEN, known, notice(known))
    for odd in PICTURES:
        with contextlib.suppress(decoding.NotAnImageError, decoding.TooManyPixelsError):
            decoding.decode_image(odd.data, MAX_PIXELS)
    assert opened == set(decoding.FORMATS)


HARMLESS = {"png_text_bomb", "png_profile_bomb", "gif_frame_bomb"}
"""A decoder expands at most a megabyte of these, and decodes one frame."""


@pytest.mark.parametrize(
    "odd",
    [odd for odd in PICTURES if "bomb" in odd.name and odd.name not in HARMLESS],
    ids=lambda odd: odd.name,
)
def test_a_decompression_bomb_reaches_no_decoder(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises((decoding.NotAnImageError, decoding.TooManyPixelsError)):
        decoding.decode_image(odd.data, MAX_PIXELS)


def test_an_unexpected_decoder_error_is_a_damaged_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def surprise(*_: object, **__: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(Image, "open", surprise)
    with pytest.raises(decoding.NotAnImageError, match="a damaged PNG: too deep"):
        decoding.decode_image(saved(np.zeros((9, 9, 3), np.uint8), "PNG"))


def test_a_lack_of_memory_is_not_reported_as_a_damaged_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(MemoryError):
        decoding.decode_image(saved(np.zeros((9, 9, 3), np.uint8), "PNG"))


@pytest.mark.parametrize("format", decoding.FORMATS)
def test_a_picture_cut_or_damaged_anywhere_is_refused_or_decoded(format: str) -> None:
    how = {"save_all": True, "append_images": [Image.new("RGB", (31, 17))]}
    animated = how if format in ("GIF", "WEBP", "PNG") else {}
    data = saved(np.arange(31 * 17 * 3, dtype=np.uint8).reshape(17, 31, 3), format, **animated)
    random = np.random.default_rng(1)
    for cut in range(0, len(data), 1 + len(data) // 150):
        with contextlib.suppress(decoding.NotAnImageError, decoding.TooManyPixelsError):
            decoding.decode_image(data[:cut], MAX_PIXELS)
    for _ in range(300):
        damaged = bytearray(data)
        for at in random.integers(0, min(len(data), random.choice([40, 200, 9999])), 3):
            damaged[at] = random.integers(256)
        with contextlib.suppress(decoding.NotAnImageError, decoding.TooManyPixelsError):
            assert decoding.decode_image(bytes(damaged), MAX_PIXELS).shape[2] == 3


@pytest.mark.parametrize(
    "odd", [odd for odd in PICTURES if odd.status == "ok"], ids=lambda odd: odd.name
)
def test_headers_agree_with_pillow(odd: Odd) -> None:
    header = headers.read_header(odd.data)
    with Image.open(io.BytesIO(odd.data)) as image:
        assert (header.width_px, header.height_px) == image.size
        assert header.format == (image.format or "").replace("MPO", "JPEG")


_MEASURED = """
import sys
from pathlib import Path
import luigi
import pyarrow as pa
from thumbnail_tasks import schemas
from thumbnail_tasks.stages.fetching import fetch_thumbnails

def peak_kb():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

paths = sys.argv[1:]
rows = [{"thumbnail_id": path, "path": path} for path in paths]
shard = pa.Table.from_pylist(rows, schemas.SHARDS)
fetch_thumbnails(shard.slice(0, 1), None, 16, lambda n: None)
before = peak_kb()
table = fetch_thumbnails(shard, None, 16, lambda n: None)
print((peak_kb() - before) // 1000, table["status"].to_pylist().count("ok"))
"""


@pytest.mark.dag
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to measure with")
def test_memory_stays_under_its_limits(folder: Path, tmp_path: Path) -> None:
    side = int(MAX_PIXELS**0.5)
    largest = Image.new("RGBA", (side, side))
    path = tmp_path / "1.webp"  # takes the most memory: the screen, the frame, the picture
    largest.save(path, lossless=True, method=0, quality=0)
    for copy in range(2, 5):
        (tmp_path / f"{copy}.webp").write_bytes(path.read_bytes())
    (tmp_path / "0.png").write_bytes(saved(Image.new("RGB", (9, 9)), "PNG"))
    large = sorted(map(str, tmp_path.iterdir()))
    assert peak_mb(large) < DECODER_MB
    assert peak_mb([*large, *map(str, folder.iterdir())]) < STAGE_MB


def peak_mb(paths: list[str]) -> int:
    """Additional peak memory in MB for these, relative to the first."""
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURED, *paths], cwd=ROOT, capture_output=True, text=True
    )
    assert measured.returncode == 0, measured.stderr
    peak, n_ok = map(int, measured.stdout.split())
    assert n_ok >= 5
    return peak
