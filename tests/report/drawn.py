"""Random exports of any size, with the matching tables of the stages."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tests.pictures.test_decoding import encoded
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.text.scripts import script_of
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.report.categories import YOUTUBE
from thumbnail_tasks.report.nights import Before
from thumbnail_tasks.report.pictures import write_pictures
from thumbnail_tasks.report.site import write_site
from thumbnail_tasks.storage.backend import NewFolder

WORDS = (
    "TOP",
    "TEN",
    "LIVE",
    "NEWS",
    "MUSIC",
    "CAKE",
    "SPACE",
    "GAME",
    "REVIEW",
    "WIN",
    "STOP",
    "THE",
    "IS",
)
_MISREAD = {"STOP": "STDP", "MUSIC": "MUSlC"}
_WIDTH = 512
_VECTORS = frozenset({"thumbnail_ocr_embed"})
_SCRIPTS = ("thumbnail_text_language", "thumbnail_text_script", "thumbnail_unread_lines")
_LANGUAGES = {"Latin": "en", "Arabic": "ar", "Hebrew": "he"}
CHANGED_AT = datetime.datetime(2026, 11, 8, 3, tzinfo=datetime.UTC)
"""When changed thumbnails were found to have changed."""
REMOVED_AT = datetime.datetime(2026, 11, 9, 3, 5, tzinfo=datetime.UTC)
"""When the server first had no picture of one any more."""
_COMPARED = ["thumbnail_id", "title", "thumbnail_status", "thumbnail_sha256", "thumbnail_ocr"]
_REPEAT_EVERY = 2
"""Every second thumbnail has a second row."""


@dataclass(frozen=True)
class Drawn:
    """An export on disk, and the results of the stages."""

    parquet: Path
    csv: Path
    results: dict[str, pa.Table]

    def without_scripts(self, folder: Path) -> "Drawn":
        """The same export as an earlier version made it: no languages, scripts and unread lines."""
        folder.mkdir(parents=True)
        table = pq.read_table(self.parquet)
        kept = [name for name in table.column_names if name not in _SCRIPTS]
        earlier = Drawn(folder / "attributes.parquet", folder / "attributes.csv", self.results)
        pq.write_table(table.select(kept), earlier.parquet)
        write_csv(pq.ParquetFile(earlier.parquet), earlier.csv, without=_VECTORS)
        return earlier

    def list_named(self) -> pd.DataFrame:
        """The first row of each thumbnail."""
        rows = pd.read_parquet(self.parquet)
        return rows[rows["thumbnail_id"].notna()].drop_duplicates("thumbnail_id")

    def draw_night_before(self, n_new: int, changed: pd.Index) -> Before:
        """An earlier export: the first ``n_new`` thumbnails were not in it, and one has left since.

        The pictures and texts of the rows ``changed`` of ``list_named`` were others.
        """
        named = self.list_named()
        earlier = named[_COMPARED].iloc[n_new:].copy()
        earlier.loc[changed, "thumbnail_sha256"] = "another"
        earlier.loc[changed, "thumbnail_ocr"] = "WHAT IT SAID"
        gone = dict.fromkeys(_COMPARED) | {"thumbnail_id": "left", "title": "It has left"}
        rows = pd.concat([earlier, pd.DataFrame([gone])], ignore_index=True)
        table = pa.Table.from_pandas(rows, preserve_index=False)
        return Before("2026-11-27", table, pa.array(named["thumbnail_id"]))

    def write_site(self, folder: Path, n_pictures: int = 40, before: Before | None = None) -> Path:
        """Write the report and return its page; thumbnails share ``n_pictures`` pictures."""
        folder.mkdir(parents=True)
        export = pq.ParquetFile(self.parquet)
        new = NewFolder(folder, lambda name: False)
        stored = write_pictures(draw_pictures(n_pictures), new, with_stored=True)
        about = {
            "videos": "videos.csv",
            "exported_at": "2026-11-28T03:00:00+00:00",
            "version": "1.0.0",
            "RecognizeText": "drawn-12345678",
        }
        write_site(
            folder, export, self.csv, self.results, stored, dict(YOUTUBE), about, before=before
        )
        return folder / "index.html"


def draw_export(
    folder: Path, n: int, n_pictures: int = 40, titles: Sequence[str] = (), seed: int = 0
) -> Drawn:
    """Draw an export of ``n`` thumbnails.

    Args:
        folder: Folder for its two files.
        n: Number of thumbnails; every 20th is not found, every 10th has a line that was not read,
            and every 20th nothing else. The last row names none.
        n_pictures: Number of distinct pictures.
        titles: Titles and texts of the first thumbnails, instead of random ones.
        seed: Equal seeds give equal exports.
    """
    rng = np.random.default_rng(seed)
    ids = [f"v{number:010d}" for number in range(n)]
    is_ok = np.arange(n) % 20 != 19
    topics = rng.normal(size=(50, _WIDTH))
    words, faces, emotions, rows = [], [], [], []
    for number, name in enumerate(ids):
        picks: Iterable[int] = (
            rng.integers(0, len(WORDS), rng.integers(0, 6)) if is_ok[number] else []
        )
        corrected = [WORDS[pick] for pick in picks]
        if number < len(titles):
            corrected = [titles[number]]
        n_unread = int(is_ok[number] and number >= len(titles) and number % 10 == 4)
        if not is_ok[number] or (n_unread and number % 20 == 4):
            corrected = []
        raw = [_MISREAD.get(w, w) if rng.random() < 0.2 else w for w in corrected]
        for index, word in enumerate(raw):
            left = 10.0 + 60 * index
            box = {"x_min": left, "y_min": 50.0, "x_max": left + 50, "y_max": 80.0}
            confidence = float(rng.uniform(0.6, 1))
            words.append(
                {"thumbnail_id": name, "word_index": index, "text": word, "confidence": confidence}
                | box
            )
        for index in range(len(raw), len(raw) + n_unread):
            box = {"x_min": 10.0, "y_min": 300.0, "x_max": 200.0, "y_max": 330.0}
            line = {"thumbnail_id": name, "word_index": index, "confidence": 0.5}
            words.append(line | {"script": "Hangul"} | box)
        count = int(rng.integers(0, 4)) if is_ok[number] else 0
        strongest = []
        for index in range(count):
            values = rng.dirichlet(np.ones(7))
            strongest.append(schemas.EMOTION_LABELS[int(values.argmax())])
            left = 20.0 + 100 * index
            box = {"x_min": left, "y_min": 100.0, "x_max": left + 80, "y_max": 190.0}
            face = {"thumbnail_id": name, "face_index": index}
            faces.append(face | {"confidence": 1.0} | box)
            flags = {flag: bool(rng.random() < 0.1) for flag in _flags()}
            probabilities = dict(zip(schemas.EMOTION_LABELS, values.tolist(), strict=True))
            emotions.append(face | {"emotion": strongest[-1]} | probabilities | flags)
        vector = topics[int(rng.integers(50))] + rng.normal(size=_WIDTH) * 0.4
        vector /= np.linalg.norm(vector)
        vector = vector if corrected else vector * 0
        rows.append(_attributes(name, bool(is_ok[number]), vector, strongest, rng))
        rows[-1] |= _text_attributes(raw, corrected, n_unread) if is_ok[number] else {}
        if is_ok[number]:
            rows[-1]["thumbnail_sha256"] = sha256_of(number % n_pictures)
            rows[-1]["thumbnail_changed_count"] = int(number % 25 == 7)
            rows[-1]["duplicate_group"] = ids[number - number % 2 if number < 18 else number]
    attributes = pa.Table.from_pylist(rows, schemas.attributes(_WIDTH))
    return _write(folder, attributes, is_ok, words, faces, emotions, titles, rng)


def _channel(number: int) -> str | None:
    """A channel's name, one in seven is missing: empty, blank or null."""
    return ("", "  ", None)[number % 3] if number % 7 == 3 else f"Channel {number % 97}"


def repeat_export(drawn: Drawn, folder: Path, times: int) -> Drawn:
    """Repeat an export ``times`` times; each copy of a thumbnail has its own id and text."""

    def renamed(table: pa.Table, number: int) -> pa.Table:
        for name in ("thumbnail_id", "video_id"):
            if name in table.column_names:
                ids = pc.binary_join_element_wise(
                    f"r{number:03d}", pc.utf8_slice_codeunits(table[name], 4), ""
                )
                table = table.set_column(table.column_names.index(name), name, ids)
        if "thumbnail_ocr" in table.column_names:
            has_text = pc.not_equal(table["thumbnail_ocr"], "")
            longer = pc.binary_join_element_wise(table["thumbnail_ocr"], f"PART{number}", " ")
            text = pc.if_else(has_text, longer, table["thumbnail_ocr"])
            table = table.set_column(
                table.column_names.index("thumbnail_ocr"), "thumbnail_ocr", text
            )
        return table

    folder.mkdir(parents=True)
    once = pq.read_table(drawn.parquet)
    pq.write_table(
        pa.concat_tables(renamed(once, number) for number in range(times)),
        folder / "attributes.parquet",
    )
    write_csv(
        pq.ParquetFile(folder / "attributes.parquet"), folder / "attributes.csv", without=_VECTORS
    )
    results = {
        name: pa.concat_tables(renamed(table, number) for number in range(times))
        for name, table in drawn.results.items()
    }
    return Drawn(folder / "attributes.parquet", folder / "attributes.csv", results)


def _flags() -> tuple[str, ...]:
    return ("is_too_small", "is_blurred", "is_turned")


def _attributes(
    name: str,
    is_ok: bool,
    vector: NDArray[np.float64],
    strongest: Sequence[str],
    rng: np.random.Generator,
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "thumbnail_id": name,
        "thumbnail_status": "ok" if is_ok else "not_found",
    }
    if not is_ok:
        return row
    row |= {"thumbnail_width_px": 480, "thumbnail_height_px": 360}
    row["thumbnail_ocr_embed"] = vector.astype(np.float32).tolist()
    row["face_count"] = len(strongest)
    row |= {f"{label}_count": strongest.count(label) for label in schemas.EMOTION_LABELS}
    for channel, top in (("gray", 255), ("hue", 179), ("saturation", 255), ("value", 255)):
        row[f"{channel}_histogram"] = [0.2] * 5
        row[f"{channel}_median"] = float(rng.integers(0, top + 1))
    row |= _looks(np.random.default_rng(int(name[1:])))
    row["edges"] = float(rng.random())
    row["colorfulness"] = row["saturation_median"] * 109 / 255
    row["face_area_share"] = 0.0
    if strongest:
        row["face_area_share"] = row["largest_face_share"] = row["edges"]
    return row


def _looks(rng: np.random.Generator) -> dict[str, Any]:
    """A hash that differs in a few bits from one of 20, and histograms, some without any colour."""
    bits = int(rng.integers(20)) * 0x0123456789ABCDE ^ 1 << int(rng.integers(64))
    looks: dict[str, Any] = {"perceptual_hash": f"{bits:016x}"}
    for channel, n_bins in (("hue", 12), ("saturation", 8), ("value", 8)):
        looks[f"{channel}_histogram_fixed"] = rng.dirichlet(np.ones(n_bins)).tolist()
    return looks | ({"hue_histogram_fixed": None} if rng.random() < 0.1 else {})


def _text_attributes(raw: Sequence[str], corrected: Sequence[str], n_unread: int) -> dict[str, Any]:
    """The columns of a text; those of the words are missing if there are only unread lines."""
    script = script_of(raw)
    about = {"thumbnail_text_script": script, "thumbnail_unread_lines": n_unread}
    if n_unread and not raw:
        return about | {"thumbnail_text_script": "Hangul"}
    return about | {
        "thumbnail_ocr_raw": " ".join(raw),
        "thumbnail_ocr": " ".join(corrected),
        "thumbnail_ocr_length": len(corrected),
        "word_count": len(corrected),
        "thumbnail_text_language": None if len(raw) == 2 else _LANGUAGES.get(script or ""),
    }


def _write(
    folder: Path,
    attributes: pa.Table,
    is_ok: NDArray[np.bool_],
    words: list[dict[str, Any]],
    faces: list[dict[str, Any]],
    emotions: list[dict[str, Any]],
    titles: Sequence[str],
    rng: np.random.Generator,
) -> Drawn:
    n = len(attributes)
    repeated = np.arange(0, n, _REPEAT_EVERY)
    order = np.concatenate([np.arange(n), repeated])
    all_titles = [titles[i] if i < len(titles) else f"Video {i} of the day" for i in range(n)]
    videos = {
        "video_id": [*(attributes["thumbnail_id"][i].as_py() for i in order), None],
        "title": [*(all_titles[i] for i in order), "A row without a thumbnail"],
        "channel_title": [*(_channel(int(i)) for i in order), None],
        "category_id": [*(int(i % 12) for i in order), None],
        "views": [*rng.integers(1, 10**6, len(order)).tolist(), 7],
        "likes": [*rng.integers(1, 10**4, len(order)).tolist(), None],
    }
    similarity = np.where(is_ok, np.random.default_rng(n).uniform(-1, 1, n), np.nan)
    attributes = attributes.append_column(
        schemas.TITLE_SIMILARITY, pa.array(similarity.astype(np.float32), from_pandas=True)
    )
    missing = pa.Table.from_pylist([{"thumbnail_status": "no_link"}], attributes.schema)
    table = pa.concat_tables([attributes.take(order), missing])
    for position, (name, values) in enumerate(videos.items()):
        table = table.add_column(position, name, pa.array(values))
    folder.mkdir(parents=True, exist_ok=True)
    drawn = Drawn(
        folder / "attributes.parquet",
        folder / "attributes.csv",
        {
            "words": pa.Table.from_pylist(words, schemas.WORDS),
            "faces": pa.Table.from_pylist(faces, schemas.FACES),
            "emotions": pa.Table.from_pylist(emotions, schemas.EMOTIONS),
            "versions": _versions(attributes),
            "thumbnails": pa.table(
                {
                    "thumbnail_id": attributes["thumbnail_id"],
                    "detail": pa.array([None if ok else "HTTP 404" for ok in is_ok], pa.string()),
                    "width_px": attributes["thumbnail_width_px"],
                    "height_px": attributes["thumbnail_height_px"],
                }
            ),
        },
    )
    pq.write_table(table, drawn.parquet)
    write_csv(pq.ParquetFile(drawn.parquet), drawn.csv, without=_VECTORS)
    return drawn


def _versions(attributes: pa.Table) -> pa.Table:
    """The versions of the thumbnails that were changed; before, each was the first picture.

    The first that was not changed was removed.
    """
    names = ["thumbnail_id", "thumbnail_sha256", "thumbnail_changed_count"]
    rows = [
        {"thumbnail_id": name, "version": version, "sha256": digest, "first_seen_at": day}
        for name, sha256, n_changed in zip(
            *(attributes[each].to_pylist() for each in names), strict=True
        )
        if n_changed
        for version, digest, day in ((1, sha256_of(0), None), (2, sha256, CHANGED_AT))
    ]
    kept = attributes.filter(pc.equal(attributes["thumbnail_changed_count"], 0))
    name, sha256 = (kept[each][0].as_py() for each in names[:2])
    removed = {"thumbnail_id": name, "version": 1, "sha256": sha256, "removed_at": REMOVED_AT}
    return pa.Table.from_pylist([*rows, removed], schemas.VERSIONS)


def sha256_of(picture: int) -> str:
    """A made-up digest of a picture of ``draw_pictures``."""
    return f"{picture:064x}"[::-1]


def draw_pictures(n: int) -> pa.Table:
    """Rows of ``schemas.THUMBNAILS``: plain pictures with a brighter block."""
    rows = []
    for number in range(n):
        image = np.full((360, 480, 3), (number * 6 % 256, 90, 160), np.uint8)
        image[100:200, 60:260] = 255 - image[0, 0]
        rows.append({"sha256": sha256_of(number), "status": "ok", "image": encoded(image)})
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)
