"""Import words from the notebook's own OCR run, so that it need not be repeated.

The notebook stored the results of keras-ocr as ``filename2text*.json``: one object that maps the
file name of a thumbnail without suffix (``https:i.ytimg.comvi<ID>hqdefault``) to its words,
separated by spaces, without boxes and confidences.
"""

import functools
import glob
import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import TASK_LINE, Progress
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.engines.text.scripts import script_of
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.fingerprints import digest_file
from thumbnail_tasks.inputs.picture_folders import id_of_notebook_file

logger = logging.getLogger(__name__)

NAME: Final = "filename2text"


def take_words(thumbnails: pa.Table, texts: Mapping[str, str], advance: Progress) -> pa.Table:
    """Take each thumbnail's words from texts that were recognised earlier.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        texts: Thumbnail id to its words, separated by spaces; empty without words.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        Rows of ``schemas.WORDS``, in the order of ``thumbnails``; confidence and box are null. A
        picture that is not in ``texts`` has one row with a null text: it was not read.
    """
    rows: list[dict[str, Any]] = []
    for thumbnail in thumbnails.select(["thumbnail_id", "status"]).to_pylist():
        if thumbnail["status"] == "ok":
            thumbnail_id = thumbnail["thumbnail_id"]
            words = texts[thumbnail_id].split() if thumbnail_id in texts else [None]
            rows += [
                {
                    "thumbnail_id": thumbnail_id,
                    "word_index": index,
                    "text": word,
                    "script": script_of([word]) if word else None,
                }
                for index, word in enumerate(words)
            ]
        advance(1)
    return pa.Table.from_pylist(rows, schemas.WORDS)


def load_texts() -> Mapping[str, str]:
    """Read the files of ``[filename2text] path``.

    Returns:
        YouTube's video id to text; the first one if a video occurs in several sizes or files.

    Raises:
        InputError: A file is missing, or does not have the notebook's format.
    """
    texts = _read_files()
    message = f"{len(texts)} texts from {', '.join(map(str, _find_files()))}"
    logger.info(TASK_LINE, "RecognizeText", message)
    return texts


def _read_files() -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in _find_files():
        for name, text in _read(path).items():
            video_id = id_of_notebook_file(name)
            if video_id is None or not isinstance(text, str):
                raise InputError(
                    f"{path}: expected names such as 'https:i.ytimg.comvi<video id>hqdefault' with "
                    f"the words read there; found {name[:80]!r}: {str(text)[:80]!r}"
                )
            texts.setdefault(video_id, text)
    return texts


def _check() -> None:
    _read_files()


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: expected the notebook's JSON of file names and texts; found: {error}"
        ) from error
    if not isinstance(content, dict):
        raise InputError(
            f"{path}: expected a JSON object of file names and texts; "
            f"found: {type(content).__name__}"
        )
    return content


def _find_files() -> list[Path]:
    named = settings.filename2text().path
    files = [
        Path(found)
        for part in filter(None, map(str.strip, named.split(",")))
        for found in sorted(glob.glob(part)) or [part]  # noqa: PTH207 - absolute globs
    ]
    if not files:
        raise InputError(
            "[filename2text] path: expected the notebook's filename2text.json; found nothing. "
            "Give it with --filename2text-path."
        )
    return files


def _digest_files() -> str:
    try:
        digests = [digest_file(path) for path in _find_files()]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


ENGINE = Engine(
    load=functools.cache(load_texts),
    name=lambda: f"{NAME}-{_digest_files()[:8]}",
    about=lambda: {"files": _digest_files()},
    check=_check,
)
