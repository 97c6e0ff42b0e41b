"""Import objects that were detected earlier, as a sister of the original notebook stored them.

``yolo_detections.json`` is one object that maps the file name of a thumbnail
(``https_i.ytimg.comvi<ID>default.jpg``) to the names of the objects on it, one for each, without
boxes and confidences.
"""

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.console import TASK_LINE, Progress, format_count
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.engines.objects.coco import COCO_CLASSES
from thumbnail_tasks.inputs.notebook_json import NotebookFiles

logger = logging.getLogger(__name__)

NAME: Final = "yolo-detections"


def take_objects(
    thumbnails: pa.Table, found: Mapping[str, Sequence[str]], advance: Progress
) -> pa.Table:
    """Take each thumbnail's objects from those that were detected earlier.

    Args:
        thumbnails: N rows of ``schemas.THUMBNAILS``.
        found: Thumbnail id to the classes of its objects.
        advance: Called with the number of thumbnails completed since the last call.

    Returns:
        Rows of ``schemas.OBJECTS``, in the order of ``thumbnails`` and of ``found``; confidence and
        box are null. A picture that is not in ``found`` has one row with a null class: it was not
        looked at.
    """
    rows: list[dict[str, Any]] = []
    for thumbnail in thumbnails.select(["thumbnail_id", "status"]).to_pylist():
        if thumbnail["status"] == "ok":
            thumbnail_id = thumbnail["thumbnail_id"]
            rows += [
                {"thumbnail_id": thumbnail_id, "object_index": index, "class": name}
                for index, name in enumerate(found.get(thumbnail_id, [None]))
            ]
        advance(1)
    return pa.Table.from_pylist(rows, schemas.OBJECTS)


def load_objects() -> Mapping[str, Sequence[str]]:
    """Read the files of ``[yolo_detections] path``.

    Returns:
        Thumbnail id to classes; the first ones if a video occurs in several sizes or files.

    Raises:
        InputError: A file is missing, or does not have this format.
    """
    found = _FILES.read()
    pictures, paths = format_count(len(found), "picture"), ", ".join(map(str, _FILES.find()))
    message = f"objects of {pictures} from {paths}"
    logger.info(TASK_LINE, "DetectObjects", message)
    return found


def _are_classes(value: Any) -> bool:
    return isinstance(value, list) and all(name in COCO_CLASSES for name in value)


def _check() -> None:
    _FILES.read()


_FILES: Final = NotebookFiles(
    setting="yolo_detections",
    path=lambda: settings.yolo_detections().path,
    file="yolo_detections.json",
    values="objects",
    expected="a list of names of COCO's classes, as in ['person', 'cell phone']",
    is_value=_are_classes,
)

ENGINE = Engine(
    load=functools.cache(load_objects),
    name=lambda: f"{NAME}-{_FILES.digest()[:8]}",
    about=lambda: {"files": _FILES.digest()},
    check=_check,
)
