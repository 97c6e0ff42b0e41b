"""Import words from the notebook's own OCR run, so that it need not be repeated.

The notebook stored the results of keras-ocr as ``filename2text*.json``: one object that maps the
file name of a thumbnail without suffix (``https:i.ytimg.comvi<ID>hqdefault``) to its words,
separated by spaces, without boxes and confidences.
"""

import functools
import logging
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import TASK_LINE, Progress, format_count
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.engines.text.scripts import script_of
from thumbnail_tasks.inputs.notebook_json import NotebookFiles

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
    texts = _FILES.read()
    message = f"{format_count(len(texts), 'text')} from {', '.join(map(str, _FILES.find()))}"
    logger.info(TASK_LINE, "RecognizeText", message)
    return texts


def _check() -> None:
    _FILES.read()


_FILES: Final = NotebookFiles(
    setting=NAME,
    path=lambda: settings.filename2text().path,
    file="filename2text.json",
    values="texts",
    expected="the words read there",
    is_value=lambda value: isinstance(value, str),
)

ENGINE = Engine(
    load=functools.cache(load_texts),
    name=lambda: f"{NAME}-{_FILES.digest()[:8]}",
    about=lambda: {"files": _FILES.digest()},
    check=_check,
)
