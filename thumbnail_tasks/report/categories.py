"""The names of YouTube's video categories, which tables of videos have as numbers."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import files

logger = logging.getLogger(__name__)

YOUTUBE: Final = MappingProxyType(
    {
        "1": "Film & Animation",
        "2": "Autos & Vehicles",
        "10": "Music",
        "15": "Pets & Animals",
        "17": "Sports",
        "18": "Short Movies",
        "19": "Travel & Events",
        "20": "Gaming",
        "21": "Videoblogging",
        "22": "People & Blogs",
        "23": "Comedy",
        "24": "Entertainment",
        "25": "News & Politics",
        "26": "Howto & Style",
        "27": "Education",
        "28": "Science & Technology",
        "29": "Nonprofits & Activism",
        "30": "Movies",
        "31": "Anime/Animation",
        "32": "Action/Adventure",
        "33": "Classics",
        "34": "Comedy",
        "35": "Documentary",
        "36": "Drama",
        "37": "Family",
        "38": "Foreign",
        "39": "Horror",
        "40": "Sci-Fi/Fantasy",
        "41": "Thriller",
        "42": "Shorts",
        "43": "Shows",
        "44": "Trailers",
    }
)
"""Titles by id, as ``videoCategories.list`` of YouTube's Data API gives them in English."""

_SUFFIX: Final = "category_id.json"


def read_category_names(videos: str) -> dict[str, str]:
    """The names of categories: YouTube's, or those of the files beside a table.

    Such a file is an answer of ``videoCategories.list``. It is named ``category_id.json``, or, as
    in Kaggle's trending lists, after the table: ``US_category_id.json`` beside ``USvideos.csv``. A
    file that cannot be read is reported, and not used.

    Args:
        videos: The table: files, folders or globs, with commas between them.

    Returns:
        Titles by id.
    """
    names = dict(YOUTUBE)
    for table in videos.split(","):
        folder, _, name = table.strip().rstrip("/").rpartition("/")
        if folder or not table.strip().startswith("/"):
            for address in _list_files(folder or ".", name):
                names |= _read_names(address)
    return names


def _list_files(folder: str, table: str) -> list[str]:
    """The addresses of files of categories that belong to a table in a folder."""
    if any(sign in folder for sign in "*?["):
        return []
    try:
        found = [entry.address for entry in files.list_files(folder, suffix=_SUFFIX)]
    except StorageError as error:
        logger.warning("%s", error)
        return []
    return [each for each in found if table.startswith(_start_of(each))]


def _start_of(address: str) -> str:
    """With what the name of a table begins that has this file of categories: ``US``, or nothing."""
    return address.rpartition("/")[2].removesuffix(_SUFFIX).rstrip("_-.")


def _read_names(address: str) -> dict[str, str]:
    try:
        items = json.loads(files.read_text(address))["items"]
        return {str(item["id"]): str(item["snippet"]["title"]) for item in items}
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning(
            "%s: expected an answer of YouTube's videoCategories.list; found: %r. The report uses "
            "YouTube's names of categories.",
            address,
            error,
        )
        return {}


def name_categories(values: Iterable[str | None], names: Mapping[str, str]) -> dict[str, str]:
    """The names of the categories in a column, by value; with the value if two have one name."""
    known = {value: names[value] for value in values if value is not None and value in names}
    counts = Counter(known.values())
    return {
        value: f"{name} ({value})" if counts[name] > 1 else name for value, name in known.items()
    }
