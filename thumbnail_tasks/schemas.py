"""All tables and columns, declared once, with description and unit.

``python -m thumbnail_tasks.schemas`` prints the README's table of output columns.
"""

from collections.abc import Iterable, Sequence

import pyarrow as pa

EMOTION_LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""FER2013's seven classes in the notebook's (alphabetical) order."""

HISTOGRAM_BINS = 5
"""Of the histograms over a picture's own range, which are the notebook's."""

FIXED_BINS = 8
"""Of the histograms over a channel's full range, which can be compared between pictures."""

HUE_BINS = 12
"""Of the hues: red, orange, yellow, … around the circle."""


def column(name: str, dtype: pa.DataType, description: str, unit: str = "") -> pa.Field:
    """A field with its description and unit as metadata."""
    metadata = {"description": description} | ({"unit": unit} if unit else {})
    return pa.field(name, dtype, metadata=metadata)


_HISTOGRAM = pa.list_(pa.float32(), HISTOGRAM_BINS)

DOMINANT_COLORS = pa.list_(pa.struct([("hex", pa.string()), ("share", pa.float32())]))

_THUMBNAIL_ID = column(
    "thumbnail_id",
    pa.string(),
    "Key of the thumbnail: YouTube's video id, or 'url-' and a digest of another host's link",
)
_BOX = [
    column("x_min", pa.float32(), "Left edge, from the left of the stored picture", "px"),
    column("y_min", pa.float32(), "Upper edge, from the top of the stored picture", "px"),
    column("x_max", pa.float32(), "Right edge", "px"),
    column("y_max", pa.float32(), "Lower edge", "px"),
]
_FETCHED_AT = column(
    "fetched_at",
    pa.timestamp("ms", "UTC"),
    "When the server answered; null for a picture from a folder, or fetched by an earlier version "
    "of this package",
)
_VALIDATORS = [
    column("etag", pa.string(), "ETag of the answer, for conditional requests; null without one"),
    column("last_modified", pa.string(), "Last-Modified of the answer, as the server wrote it"),
]
_FACE_INDEX = column("face_index", pa.int32(), "0, 1, … from left to right on its thumbnail")

STATUSES = {
    "ok": "a picture was stored",
    "no_link": "the row has neither a link nor a video id",
    "invalid_link": "the link is not a well-formed http(s) address, and the id not a YouTube id; "
    "with --images-dir, neither names a picture",
    "blocked_address": "the link, or a redirect from it, leads to an address that is not public "
    "(see `allow_private_addresses`)",
    "not_found": "HTTP 404 or 410, or no such file in the folder",
    "placeholder": "YouTube's grey 120×90 picture for a missing one",
    "not_an_image": "the bytes are not a complete JPEG, PNG, WebP or GIF",
    "too_large": "more bytes or pixels than the limits in luigi.cfg",
    "http_error": "another HTTP status (in `http_status`), or a redirect that cannot be followed; "
    "408, 425, 429 and 5xx are retried",
    "refused": "the connection was refused or broke off; retried",
    "timed_out": "no complete response in time; retried",
    "unreachable": "no such host, no route, a TLS failure, or a bucket that fails; retried",
    "crashed_decoder": "the picture crashes a decoder or a model; all stages leave it out",
    "not_fetched": "nothing was known of the thumbnail on the day of --as-of",
    "out_of_memory": "this picture alone exhausts the memory; all stages leave it out; retried",
}
"""The values of ``thumbnail_status``. "Retried" means: by the next run."""

# --- Work to do ---------------------------------------------------------------------------

THUMBNAIL_IDS = pa.schema(
    [
        _THUMBNAIL_ID,
        column(
            "own_id",
            pa.string(),
            "Id that counts if a folder has no picture of thumbnail_id; null for the network",
        ),
        column(
            "url",
            pa.string(),
            "The link, if it is not that of a video's thumbnail on YouTube; null for a folder",
        ),
        column("status", pa.string(), "Why the row names no thumbnail; null if it names one"),
    ]
)
"""The thumbnail of each row of a table of videos, in the same order."""

SHARDS = pa.schema(
    [
        _THUMBNAIL_ID,
        column("url", pa.string(), "Address to fetch; null for a picture from a folder"),
        column("path", pa.string(), "File to read; null for a picture from the network"),
        column(
            "revision",
            pa.string(),
            "Size and modification time of the file when the shard was planned",
        ),
        column(
            "title_and_channel",
            pa.string(),
            "Title and channel of the first video with this thumbnail",
        ),
        column("description", pa.string(), "Start of its description; null without one"),
        column(
            "attempt", pa.int32(), "Number of the try: 1 for the first, 2 for the next night's, …"
        ),
        column(
            "version",
            pa.int32(),
            "Version of the picture: 1, or 2 and more where a refresh found another one",
        ),
        column("check", pa.string(), "File of checks that has this version; null to fetch it"),
    ]
)

PLANS = pa.schema(
    [
        _THUMBNAIL_ID,
        column("shard", pa.string(), "Shard that holds this thumbnail's latest try"),
    ]
)

_NAME = pa.dictionary(pa.int32(), pa.string())

KNOWN = pa.schema(
    [
        _THUMBNAIL_ID,
        column("shard", _NAME, "Shard of its latest try"),
        SHARDS.field("attempt"),
        SHARDS.field("revision"),
        column("status", _NAME, "'ok', or why there is no picture; null if not downloaded yet"),
        column(
            "is_retriable", pa.bool_(), "Whether the failure is transient, so that it is retried"
        ),
        SHARDS.field("version"),
        _FETCHED_AT,
    ]
)
"""What earlier runs know about each thumbnail of a source."""

VOCABULARY = pa.schema(
    [
        column("word", pa.string(), "Lower-case word of the videos' titles and descriptions"),
        column("count", pa.int64(), "Number of titles and descriptions that contain it"),
    ]
)

# --- Results of the stages ----------------------------------------------------------------

THUMBNAILS = pa.schema(
    [
        _THUMBNAIL_ID,
        column("url", pa.string(), "Address or file of the picture"),
        column("status", pa.string(), "'ok', or why there is no picture"),
        column("detail", pa.string(), "The reason in words; null if ok"),
        column(
            "is_retriable", pa.bool_(), "Whether the failure is transient, so that it is retried"
        ),
        column("http_status", pa.int32(), "HTTP status of the last response; null without one"),
        column("width_px", pa.int32(), "Width of the picture as stored", "px"),
        column("height_px", pa.int32(), "Height of the picture as stored", "px"),
        column("sha256", pa.string(), "SHA-256 of the bytes as received, in hexadecimal"),
        column("image", pa.binary(), "The bytes as received: JPEG, PNG, WebP or GIF"),
        SHARDS.field("version"),
        _FETCHED_AT,
        *_VALIDATORS,
    ]
)

CHECKS = pa.schema(
    [
        _THUMBNAIL_ID,
        column("check_number", pa.int32(), "1 for the first check of this thumbnail, 2, …"),
        column(
            "outcome",
            pa.string(),
            "'not_modified' (HTTP 304), 'same_bytes', 'same_picture' (encoded otherwise), "
            "'changed', or why there is no picture, as in thumbnails",
        ),
        column("version", pa.int32(), "Version of the picture after the check"),
        column(
            "perceptual_distance",
            pa.float32(),
            "Difference from the stored version where it is largest, 0 to 255: see "
            "pictures/similarity.py; null if the bytes did not differ, or there are none",
        ),
        *(
            THUMBNAILS.field(name)
            for name in (
                *("url", "detail", "is_retriable", "http_status", "fetched_at"),
                *("etag", "last_modified", "sha256"),
            )
        ),
        column("image", pa.binary(), "The bytes as received, if the picture has changed"),
    ]
)
"""Thumbnails that were asked for again."""

SAME_OUTCOMES = ("not_modified", "same_bytes", "same_picture")
"""Outcomes of checks that found the picture as it was."""

WORDS = pa.schema(
    [
        _THUMBNAIL_ID,
        column("word_index", pa.int32(), "0, 1, … in reading order on its thumbnail"),
        column(
            "text",
            pa.string(),
            "The word as recognised; null for a line that was not read (its script is given), or "
            "if the picture was not read",
        ),
        column(
            "confidence",
            pa.float32(),
            "The recogniser's confidence, or that of the script of an unread line, 0 to 1; null if "
            "unknown",
        ),
        column(
            "script",
            pa.string(),
            "Latin, Cyrillic, Greek, Hangul, Japanese, Chinese, Arabic, Hebrew, Devanagari, Thai "
            "or other; null without letters",
        ),
        *_BOX,
    ]
)

TEXTS = pa.schema(
    [
        _THUMBNAIL_ID,
        column("ocr_raw", pa.string(), "Recognised words in reading order, spaces between"),
        column("ocr", pa.string(), "The same after spelling correction"),
        column(
            "ocr_length",
            pa.int32(),
            "Tokens of the corrected text (NLTK's word tokenizer); each character of Chinese, "
            "Japanese, Thai, Lao, Khmer and Burmese is one",
        ),
        column(
            "text_language",
            pa.string(),
            "Language of the text (ISO 639-1), told from it and the video's title, channel and "
            "description; null without text, or where not known",
        ),
        column(
            "text_script",
            pa.string(),
            "Script of most letters of the text, or of most unread lines if it has none; null "
            "without letters",
        ),
        column(
            "unread_lines",
            pa.int32(),
            "Lines in a script that the text engine does not read, or could not; the text is null "
            "if it has nothing else",
        ),
    ]
)


def embeddings(width: int) -> pa.Schema:
    """The table of text vectors of an encoder with ``width`` numbers per text."""
    vector = column(
        "ocr_embed",
        pa.list_(pa.float32(), width),
        "Sentence embedding of the corrected text; all zeros where there is no text",
    )
    return pa.schema([_THUMBNAIL_ID, vector])


FACES = pa.schema(
    [
        _THUMBNAIL_ID,
        _FACE_INDEX,
        column("confidence", pa.float32(), "The detector's score; higher is more confident"),
        *_BOX,
    ]
)

EMOTIONS = pa.schema(
    [
        _THUMBNAIL_ID,
        _FACE_INDEX,
        column("emotion", pa.string(), "The most probable of the seven"),
        *(
            column(label, pa.float32(), f"Probability of '{label}', 0 to 1")
            for label in EMOTION_LABELS
        ),
        column(
            "is_too_small",
            pa.bool_(),
            "Whether the face is too small to judge: its box's side (mean of width and height) "
            "is under 30 pixels of the stored picture",
        ),
        column(
            "is_blurred",
            pa.bool_(),
            "Whether the face is too blurred to judge: at 48×48 pixels, a further blur by one "
            "pixel removes less than 0.42 of the contrast between neighbours (sharp: about 0.7)",
        ),
        column(
            "is_turned",
            pa.bool_(),
            "Whether the face is turned too far to the side to judge: its nose is over 0.3 eye "
            "distances from the middle between the eyes; some full profiles are missed",
        ),
    ]
)

APPEARANCE = pa.schema(
    [
        _THUMBNAIL_ID,
        *(
            field
            for channel, top in (("gray", 255), ("hue", 179), ("saturation", 255), ("value", 255))
            for field in (
                column(
                    f"{channel}_histogram",
                    _HISTOGRAM,
                    f"Share of pixels in {HISTOGRAM_BINS} equal parts of the picture's own range "
                    f"of {channel}; sums to 1",
                ),
                column(f"{channel}_median", pa.float32(), f"Median {channel}, 0 to {top}"),
            )
        ),
        column("edges", pa.float32(), "Share of pixels on an edge, 0 to 1"),
        column(
            "aspect_ratio",
            pa.float32(),
            "Width / height of the picture without black bars: 1.78 for 16:9",
        ),
        *(
            column(
                f"{channel}_histogram_fixed",
                pa.list_(pa.float32(), FIXED_BINS),
                f"Share of pixels in {FIXED_BINS} equal parts of 0 to 255 of {channel}; sums to 1",
            )
            for channel in ("gray", "saturation", "value")
        ),
        column(
            "hue_histogram_fixed",
            pa.list_(pa.float32(), HUE_BINS),
            f"Share of the picture's colour (largest minus smallest of R, G, B) in {HUE_BINS} hues "
            "of 30° each: around red (0°), orange (30°), …; sums to 1; null without any colour",
        ),
        column(
            "hue_mean",
            pa.float32(),
            "Circular mean hue, weighted in the same way; 0 is red, 120 green, 240 blue; null if "
            "there is no colour, or if opposite hues balance",
            "°",
        ),
        column("brightness_mean", pa.float32(), "Mean gray, 0 to 255"),
        column(
            "brightness_std",
            pa.float32(),
            "Standard deviation of gray (RMS contrast), 0 to 127.5",
        ),
        column(
            "colorfulness",
            pa.float32(),
            "Colourfulness (Hasler and Süsstrunk 2003): 0 is grey, 33 moderately colourful, 82 "
            "highly",
        ),
        column("color_mean", pa.string(), "Mean of R, G and B, as '#ff0000'"),
        column(
            "dominant_colors",
            DOMINANT_COLORS,
            "One to five main colours as '#ff0000', and their shares of the picture, the largest "
            "first; shares under 0.01 are left out",
        ),
        column(
            "sharpness",
            pa.float32(),
            "Variance of the Laplacian of gray at 120×68 pixels, at which all thumbnail qualities "
            "are as sharp: 0 is without any edge",
        ),
        column(
            "perceptual_hash",
            pa.string(),
            "64 bits, ImageHash's phash: few differ between pictures that look alike. As 16 "
            "hexadecimal digits, since pandas rounds integers beside nulls",
        ),
    ]
)

OBJECTS = pa.schema(
    [
        _THUMBNAIL_ID,
        column("object_index", pa.int32(), "0, 1, … the most confident first on its thumbnail"),
        column(
            "class",
            pa.string(),
            "One of COCO's 80 classes, such as 'person'; null if the picture was not looked at",
        ),
        column("confidence", pa.float32(), "The detector's confidence, 0 to 1; null if unknown"),
        *_BOX,
    ]
)

VERSIONS = pa.schema(
    [
        _THUMBNAIL_ID,
        column("version", pa.int32(), "1 for the first picture, 2 for the one after a change, …"),
        column(
            "first_seen_at",
            pa.timestamp("ms", "UTC"),
            "When it was fetched; null if by an earlier version of this package",
        ),
        column(
            "last_seen_at",
            pa.timestamp("ms", "UTC"),
            "When the server last had it; null if not known since first_seen_at is not",
        ),
        THUMBNAILS.field("sha256"),
        column(
            "perceptual_distance",
            pa.float32(),
            "Difference from the version before where it is largest, 0 to 255",
        ),
        column(
            "removed_at",
            pa.timestamp("ms", "UTC"),
            "When the server first had no picture any more (404, placeholder); null if it has one",
        ),
        column("shard", pa.string(), "File of `thumbnails` that has the picture; null if none has"),
    ]
)
"""The versions of each thumbnail of an export."""

# --- Exported columns ---------------------------------------------------------------------

TEXT_MEASURES = (
    column(
        "word_count",
        pa.int32(),
        "Words of the corrected text, as a person counts them: what stands between spaces and has "
        "a letter or a digit; each character of Chinese, Japanese, Thai, Lao, Khmer and Burmese",
    ),
    column(
        "text_area_share",
        pa.float32(),
        "Share of the picture, without black bars, that the boxes of words and of unread lines "
        "cover, 0 to 1; what several cover counts once",
    ),
    column(
        "text_center_x",
        pa.float32(),
        "Centre of the text: mean of the boxes' centres, weighted by their areas; 0 (left edge) to "
        "1; null without text",
    ),
    column("text_center_y", pa.float32(), "The same from the top, without black bars, 0 to 1"),
    column(
        "ocr_confidence_mean",
        pa.float32(),
        "Mean confidence of the words of the text, 0 to 1; null without text",
    ),
)

FACE_MEASURES = (
    column(
        "face_area_share",
        pa.float32(),
        "Share of the picture, without black bars, that the boxes of faces cover, 0 to 1; what "
        "several cover counts once",
    ),
    column(
        "largest_face_share",
        pa.float32(),
        "Share that the largest face's box covers, 0 to 1; null without a face",
    ),
    column(
        "largest_face_center_x",
        pa.float32(),
        "Centre of the largest face's box, 0 (left edge) to 1; null without a face",
    ),
    column(
        "largest_face_center_y",
        pa.float32(),
        "The same from the top, without black bars, 0 to 1",
    ),
    column(
        "doubtful_face_count",
        pa.int32(),
        "Faces that cannot be judged: too small, blurred, or turned too far",
    ),
    *(
        column(
            f"{label}_mean",
            pa.float32(),
            f"Mean probability of '{label}' over the faces that can be judged, 0 to 1; null "
            "without one",
        )
        for label in EMOTION_LABELS
    ),
)


OBJECT_COUNTS = pa.schema(
    [
        column(
            "object_counts",
            pa.map_(pa.string(), pa.int32()),
            "Objects found of each of COCO's classes, the most frequent first; none of 0. Only "
            "with `[objects] detect`",
        ),
        column("person_count", pa.int32(), "Persons among them. Only with `[objects] detect`"),
    ]
)
"""The exported columns that there are only if objects are detected: a null would mean that it could
not be done, and not that nobody asked for it."""


def attributes(width: int, has_objects: bool = False) -> pa.Schema:
    """The columns that ExportAttributes adds to those of the input.

    Args:
        width: Numbers per text vector, 512 for the embedded encoder.
        has_objects: Whether objects are detected, which adds ``OBJECT_COUNTS``.
    """
    return pa.schema(
        [
            _THUMBNAIL_ID,
            THUMBNAILS.field("status").with_name("thumbnail_status"),
            *(
                THUMBNAILS.field(name).with_name(f"thumbnail_{name}")
                for name in ("width_px", "height_px", "sha256")
            ),
            # The tables of yt-dlp have a column aspect_ratio, of the video.
            APPEARANCE.field("aspect_ratio").with_name("thumbnail_aspect_ratio"),
            column(
                "thumbnail_version",
                pa.int32(),
                "Version of the picture: 1, or 2 and more where a refresh found another one",
            ),
            column(
                "thumbnail_first_seen_at",
                pa.timestamp("ms", "UTC"),
                "When this version was fetched; null for a picture from a folder, or fetched by an "
                "earlier version of this package",
            ),
            column(
                "thumbnail_changed_count",
                pa.int32(),
                "How often the picture was found changed until this version",
            ),
            *(
                TEXTS.field(name).with_name(f"thumbnail_{name}")
                for name in (
                    *("ocr_raw", "ocr", "ocr_length"),
                    *("text_language", "text_script", "unread_lines"),
                )
            ),
            column(
                "thumbnail_ocr_embed",
                pa.list_(pa.float32(), width),
                "Sentence embedding of the corrected text; null where there is no text",
            ),
            *TEXT_MEASURES,
            column("face_count", pa.int32(), "Faces found"),
            *(
                column(f"{label}_count", pa.int32(), f"Faces whose strongest emotion is '{label}'")
                for label in EMOTION_LABELS
            ),
            *FACE_MEASURES,
            *(
                field
                for field in APPEARANCE
                if field.name not in (_THUMBNAIL_ID.name, "aspect_ratio")
            ),
            column(
                "duplicate_group",
                pa.string(),
                "thumbnail_id of the first thumbnail of the table that looks like this one, or its "
                "own; null without a picture",
            ),
            *(OBJECT_COUNTS if has_objects else ()),
        ]
    )


TITLE_SIMILARITY = column(
    "title_ocr_similarity",
    pa.float32(),
    "Cosine of the vectors of the row's title and of the corrected text, -1 to 1; null where "
    "either is missing",
)
"""A column of each row, not of each thumbnail: videos with one thumbnail may differ in title."""


def exported(width: int, has_objects: bool = False) -> pa.Schema:
    """The columns that ExportAttributes adds by default; the parameters as for ``attributes``."""
    return attributes(width, has_objects).append(TITLE_SIMILARITY)


def name_vector(name: str) -> str:
    """The name of the column of vectors of a column's texts."""
    return f"{name}_embed"


def text_vector(name: str, width: int) -> pa.Field:
    """The column of vectors, of ``width`` numbers, of the texts of another column."""
    return column(
        name_vector(name),
        pa.list_(pa.float32(), width),
        f"Sentence embedding of the column {name}; null where there is no text",
    )


def vectors_among(names: Sequence[str]) -> frozenset[str]:
    """Those of the columns of an export that are vectors made by this package."""
    ours = names[names.index(_THUMBNAIL_ID.name) :]
    return frozenset(name for name in ours if name.endswith(name_vector("")))


def plain_text(markdown: str) -> str:
    """A description, or what a status means, without the marks of Markdown."""
    return markdown.replace("`", "")


def complete(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Add the columns of a schema that files of earlier versions lack, as nulls.

    Args:
        table: Some or all columns of ``schema``.
        schema: The columns of the result, in order.
    """
    columns = [
        table[field.name] if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def markdown_table(fields: Iterable[pa.Field]) -> str:
    """A Markdown table of columns: name, type, meaning, unit."""
    rows = ["| column | type | meaning | unit |", "|---|---|---|---|"]
    for field in fields:
        about = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
        dtype = str(field.type).replace("element: ", "").replace("item: ", "")
        rows.append(
            f"| `{field.name}` | {dtype} | {about['description']} | {about.get('unit', '')} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown_table(exported(width=512, has_objects=True)))
