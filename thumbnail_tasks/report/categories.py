"""The names of YouTube's video categories, which tables of videos have as numbers."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join

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

_FILE: Final = "category_id.json"
_COUNTRY_CHARS: Final = 2


def read_category_names(videos: str) -> dict[str, str]:
    """The names of categories: YouTube's, or those of the files beside a table.

    Such a file is an answer of ``videoCategories.list``. It is named ``category_id.json``, or, as
    in Kaggle's trending lists, after the country of the table: ``US_category_id.json`` beside
    ``USvideos.csv``. A file that cannot be read is reported, and not used.

    Args:
        videos: The table: files, folders or globs, with commas between them.

    Returns:
        Titles by id.
    """
    names = dict(YOUTUBE)
    for table in filter(None, (each.strip().rstrip("/") for each in videos.split(","))):
        folder, _, name = table.rpartition("/")
        for file in (_FILE, f"{name[:_COUNTRY_CHARS]}_{_FILE}"):
            names |= _read_names(join(folder, file) if folder else file)
    return names


def _read_names(address: str) -> dict[str, str]:
    """The titles in a file of categories, by id; none if there is no such file."""
    try:
        items = json.loads(files.read_text(address))["items"]
        return {str(item["id"]): str(item["snippet"]["title"]) for item in items}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, StorageError, ValueError, KeyError, TypeError) as error:
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
