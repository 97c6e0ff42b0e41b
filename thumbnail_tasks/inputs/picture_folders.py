"""Find the pictures of a folder by video id, in the names that tools give them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PurePosixPath
from typing import Final, NamedTuple

from thumbnail_tasks import settings
from thumbnail_tasks.errors import InputError, StorageError
from thumbnail_tasks.inputs.walking import walk_folders
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import is_s3, name_of, relative_to

_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
_ID: Final = r"(?P<id>[A-Za-z0-9_-]{11})"
_QUALITIES: Final = "|".join(settings.QUALITIES)
_NOTEBOOK_NAME: Final = re.compile(
    rf"https?[:_]?i[0-9]?\.ytimg\.comvi{_ID}(?:{_QUALITIES}|(?P<live>(?:{_QUALITIES})_live))"
    r"(?:\.(?:jpg|webp))?"
)
_NAMES: Final = (
    re.compile(rf".*\[{_ID}\]", re.DOTALL),  # yt-dlp: Title [ID].webp
    re.compile(rf"{_ID}[ ._-]\(?(?:{_QUALITIES}|thumb(?:nail)?|cover)\)?"),
    re.compile(rf".*-{_ID}", re.DOTALL),  # youtube-dl: Title-ID.jpg
)
"""Names without suffix that have an id, in order of preference."""

EXPECTED_NAMES: Final = (
    "<video_id>.jpg (or .jpeg, .png, .webp), 'Title [<video_id>].jpg', Title-<video_id>.jpg or "
    "<video_id>/hqdefault.jpg"
)


class Picture(NamedTuple):
    """A picture of a folder."""

    path: str
    revision: str
    """Its size and modification time, or its ETag: another revision is another picture."""


def list_pictures(images_dir: str) -> Mapping[str, Picture]:
    """The pictures of a folder and its subfolders by video id.

    Names are ``<video_id>.jpg|.jpeg|.png|.webp``, those that tools give (``EXPECTED_NAMES``), or
    the notebook's: the link without slashes (with ``_`` for ``:`` on file systems that forbid it).
    The first of these takes precedence, then a picture nearer to the folder itself.

    Raises:
        InputError: There is no such folder, it cannot be read, or it has no pictures.
    """
    list_all = _list_bucket if is_s3(images_dir) else _list_folder
    listed = sorted(list_all(images_dir), key=lambda each: _preference(each[0]))
    if not listed:
        raise InputError(
            f"--images-dir {images_dir}: expected pictures named {EXPECTED_NAMES}; found "
            f"{_describe(images_dir)}"
        )
    found: list[dict[str, Picture]] = [{} for _ in range(len(_NAMES) + 3)]
    for path, picture in listed:
        if picture:
            for rank, video_id in _ids_of(path):
                found[rank].setdefault(video_id, picture)
    pictures: dict[str, Picture] = {}
    for by_id in reversed(found):
        pictures |= by_id
    return pictures


def _preference(path: PurePath) -> tuple[int, int, int, str]:
    quality = settings.QUALITIES.index(path.stem) if path.stem in settings.QUALITIES else 0
    return _SUFFIXES.index(path.suffix.lower()), quality, len(path.parts), str(path)


def _ids_of(path: PurePath) -> Iterator[tuple[int, str]]:
    """The ids that a name may mean, each with the rank of that way to name pictures."""
    notebook_id = id_of_notebook_file(path.name)
    if notebook_id:
        yield len(_NAMES) + 2, notebook_id
        return
    yield 0, path.stem
    if path.stem in settings.QUALITIES and re.fullmatch(_ID, path.parent.name):
        yield 1, path.parent.name
    for rank, pattern in enumerate(_NAMES, 2):
        if match := pattern.fullmatch(path.stem):
            yield rank, match["id"]


def _list_folder(images_dir: str) -> Iterator[tuple[PurePath, Picture | None]]:
    """The pictures of a folder; None for one that was removed meanwhile, or a broken link."""
    try:
        for root, names in walk_folders(Path(images_dir), lambda name: name.startswith(".")):
            for name in names:
                path = Path(root, name)
                if path.suffix.lower() in _SUFFIXES:
                    try:
                        stat = path.stat()
                        yield path, Picture(str(path), f"{stat.st_size}-{stat.st_mtime_ns}")
                    except OSError:
                        yield path, None
    except OSError as error:
        raise InputError(
            f"--images-dir {error.filename}: expected a folder of pictures; found: {error.strerror}"
        ) from error


def _list_bucket(images_dir: str) -> Iterator[tuple[PurePath, Picture | None]]:
    """The pictures of a folder in a bucket."""
    try:
        entries = files.list_files(images_dir, below=True)
    except StorageError as error:
        raise InputError(f"--images-dir {error}") from error
    for entry in entries:
        path = PurePosixPath(relative_to(entry.address, images_dir))
        is_hidden = any(part.startswith(".") for part in path.parts)
        if path.suffix.lower() in _SUFFIXES and not is_hidden:
            yield path, Picture(entry.address, entry.revision)


def _describe(images_dir: str) -> str:
    names = [name_of(entry.address) for entry in files.list_files(images_dir)]
    names = sorted([*names, *map(name_of, files.list_folders(images_dir))])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"none, but {', '.join(names[:3])}{more}" if names else "nothing"


def id_of_notebook_file(name: str) -> str | None:
    """The thumbnail id in the notebook's name for a picture, with or without its suffix.

    The picture of a live stream is not the video's thumbnail; its id is that of its link.

    Example:
        ``https:i.ytimg.comviK0d_lOqB6tshqdefault`` gives ``K0d_lOqB6ts``, and
        ``https:i.ytimg.comviK0d_lOqB6tshqdefault_live`` gives ``K0d_lOqB6ts-hqdefault_live``.
    """
    match = _NOTEBOOK_NAME.fullmatch(name)
    return match and "-".join(filter(None, match.group("id", "live")))
