"""SearchTexts finds texts by meaning, across languages."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES
from tests.dag.runs import run, write_videos

pytestmark = [pytest.mark.dag, pytest.mark.model]

TEXTS = {
    "sample00001": "КОТЫ В КОСМОСЕ",
    "sample00005": "DIE BESTE PIZZA DER STADT",
    "sample00007": "J'AI QUITTÉ MON TRAVAIL",
    "sample00026": "富士山に登る",
    "sample00027": "HOW TO FIX A BICYCLE",
}


def test_a_russian_text_is_found_by_an_english_question(tmp_path: Path) -> None:
    read = {f"https:i.ytimg.comvi{video_id}hqdefault": text for video_id, text in TEXTS.items()}
    texts = tmp_path / "filename2text.json"
    texts.write_text(json.dumps(read), encoding="utf-8")
    videos = write_videos(tmp_path / "videos.csv", list(TEXTS))
    finished = run(
        tmp_path / "data",
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--engines-text", "filename2text", "--filename2text-path", str(texts)),
        *("--query", "Which cats have been to space?"),
        task="SearchTexts",
    )
    assert finished.code == 0, finished.printed
    ranked = re.findall(r"^ *(-?\d\.\d{3})  (\S+)  (.+)$", finished.printed, re.MULTILINE)
    assert len(ranked) == len(TEXTS)
    assert ranked[0][1:] == ("sample00001", TEXTS["sample00001"])
