"""The numbers of the page, compared with those that plain pandas computes from the export."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.report.drawn import Drawn, draw_export, sha256_of
from tests.report.odd import make_odd, read_rows
from thumbnail_tasks.report import site
from thumbnail_tasks.report.words import count_words_in
from thumbnail_tasks.schemas import EMOTION_LABELS


def read_data(folder: Path, name: str) -> Any:
    """The value that a data file passes to the page."""
    text = (folder / "data" / f"{name}.js").read_text(encoding="utf-8")
    start = f'report.take("{name}",'
    assert text.startswith(start)
    return json.loads(text.removeprefix(start).removesuffix(");\n"))


@pytest.fixture(scope="module", params=["plain", "odd"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    folder = tmp_path_factory.mktemp("export")
    plain = draw_export(folder, 400)
    return plain if request.param == "plain" else make_odd(plain, folder / "odd")


@pytest.fixture(scope="module")
def folder(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    patch = pytest.MonkeyPatch()
    patch.setattr(site, "project", lambda vectors: np.zeros((len(vectors), 2), np.float32))
    page = drawn.write_site(tmp_path_factory.mktemp("site") / "report", n_pictures=0)
    patch.undo()
    return page.parent


@pytest.fixture(scope="module")
def summary(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = read_data(folder, "summary")
    return data


@pytest.fixture(scope="module")
def rows(drawn: Drawn) -> pd.DataFrame:
    return read_rows(drawn)


@pytest.fixture(scope="module")
def thumbnails(rows: pd.DataFrame) -> pd.DataFrame:
    """The first row of each thumbnail that has a picture."""
    once = rows[rows["thumbnail_id"].notna()].drop_duplicates("thumbnail_id")
    return once[once["thumbnail_status"] == "ok"]


@pytest.fixture(scope="module")
def outcomes(rows: pd.DataFrame, thumbnails: pd.DataFrame) -> pd.DataFrame:
    """The largest value of each outcome of the table, by thumbnail with a picture."""
    named = [name for name in ("views", "likes", "trending") if name in rows]
    largest = rows.groupby("thumbnail_id")[named].max()
    return largest.reindex(thumbnails["thumbnail_id"]).astype(float)


def test_rows_thumbnails_and_statuses(summary: dict[str, Any], rows: pd.DataFrame) -> None:
    assert summary["n_rows"] == len(rows)
    assert summary["n_thumbnails"] == rows["thumbnail_id"].nunique()
    without = rows["thumbnail_id"].isna()
    once = pd.concat([rows[~without].drop_duplicates("thumbnail_id"), rows[without]])
    counts = {each["status"]: each["count"] for each in summary["statuses"]}
    assert counts == once["thumbnail_status"].value_counts().to_dict()
    assert summary["n_items"] == len(once)


def test_texts_faces_and_emotions(summary: dict[str, Any], thumbnails: pd.DataFrame) -> None:
    assert summary["n_ok"] == len(thumbnails)
    assert summary["n_with_text"] == (thumbnails["thumbnail_ocr_length"] > 0).sum()
    assert summary["n_with_faces"] == (thumbnails["face_count"] > 0).sum()
    read = thumbnails[thumbnails["thumbnail_ocr"].notna()]
    assert 0 < len(read) < len(thumbnails)
    assert summary["n_changed"] == (read["thumbnail_ocr_raw"] != read["thumbnail_ocr"]).sum()
    counts = {each["emotion"]: each["count"] for each in summary["emotions"]}
    assert counts == {label: thumbnails[f"{label}_count"].sum() for label in EMOTION_LABELS}
    lengths = thumbnails["thumbnail_ocr_length"].value_counts()
    assert {i: c for i, c in enumerate(summary["words_per_thumbnail"]) if c} == lengths.to_dict()
    faces = thumbnails["face_count"].value_counts()
    assert {i: c for i, c in enumerate(summary["faces_per_thumbnail"]) if c} == faces.to_dict()


def test_mean_probabilities_are_over_all_faces(summary: dict[str, Any], drawn: Drawn) -> None:
    means = drawn.results["emotions"].to_pandas()[list(EMOTION_LABELS)].mean()
    for each in summary["emotions"]:
        assert each["mean_probability"] == pytest.approx(means[each["emotion"]])


def test_words_raw_and_corrected(summary: dict[str, Any], thumbnails: pd.DataFrame) -> None:
    shown = {word: (raw, corrected) for word, raw, corrected in summary["words"]}
    assert shown["stdp"][0] > 0
    assert shown["stdp"][1] == 0
    for index, name in enumerate(("thumbnail_ocr_raw", "thumbnail_ocr")):
        counts = thumbnails[name].str.lower().str.split().explode().value_counts()
        assert {word: pair[index] for word, pair in shown.items() if pair[index]} == dict(counts)


def test_without_stop_words_the_other_words_keep_their_counts(summary: dict[str, Any]) -> None:
    assert summary["stop_word_languages"] == ["en"]
    words = {word: counts for word, *counts in summary["words"]}
    others = {word: counts for word, *counts in summary["other_words"]}
    assert words.keys() - others.keys() == {"the", "is"}
    assert all(words[word] == counts for word, counts in others.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DON'T LOOK!", ["don't", "look"]),
        ("Привет, МИР", ["привет", "мир"]),
        ("안녕하세요 세계", ["안녕하세요", "세계"]),
        ("हिन्दी में दुनिया।", ["हिन्दी", "में", "दुनिया"]),
        ("مُحَمَّد، سلام؟", ["مُحَمَّد", "سلام"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ('צה"ל "נְקֻדּוֹת"', ['צה"ל', "נְקֻדּוֹת"]),
        ("ภาษาไทย น้ำใจ", ["ภาษาไทย", "น้ำใจ"]),
        ("日本語の テスト！", ["日本語の", "テスト"]),
        ("你好，世界。TOP10", ["你好", "世界", "top10"]),
        ("cafe\u0301", ["cafe\u0301"]),
    ],
)
def test_marks_and_joiners_do_not_split_words(text: str, words: list[str]) -> None:
    assert count_words_in(text) == words


def test_statistics_equal_those_of_pandas_describe(
    summary: dict[str, Any], thumbnails: pd.DataFrame
) -> None:
    names = [name for name, *_ in summary["describe"]]
    assert len(names) == 20
    assert {"word_count", "face_area_share", "largest_face_share", "colorfulness"} <= {*names}
    for name, *shown in summary["describe"]:
        assert shown == pytest.approx(thumbnails[name].astype(float).describe().tolist())


def test_colours(summary: dict[str, Any], thumbnails: pd.DataFrame) -> None:
    brightness = pd.cut(thumbnails["value_median"], range(0, 257, 16), right=False)
    assert summary["brightness"] == brightness.value_counts(sort=False).tolist()
    hue = thumbnails["hue_median"][thumbnails["saturation_median"] >= 40]
    assert summary["n_coloured"] == len(hue) == sum(summary["hue"])
    counts = pd.cut(hue, range(0, 181, 10), right=False).value_counts(sort=False).tolist()
    assert summary["hue"] == counts


def test_correlations_equal_those_of_scipy_and_count_each_video_once(
    summary: dict[str, Any], thumbnails: pd.DataFrame, outcomes: pd.DataFrame
) -> None:
    over_all = [each for each in summary["correlations"] if each["within"] == "all"]
    assert {each["outcome"] for each in over_all} == set(outcomes)
    assert "face_count" in {each["attribute"] for each in over_all}
    for each in over_all:
        numbers = thumbnails[each["attribute"]].to_numpy(float)
        outcome = outcomes[each["outcome"]].to_numpy()
        known = ~np.isnan(numbers) & ~np.isnan(outcome)  # no length of a text that was not read
        expected = stats.spearmanr(numbers[known], outcome[known]).statistic
        assert each["rho"] == pytest.approx(expected)
        assert each["n"] == known.sum()


@pytest.mark.parametrize("within", ["category", "channel"])
def test_correlations_within_groups_equal_those_of_pandas(
    summary: dict[str, Any], thumbnails: pd.DataFrame, outcomes: pd.DataFrame, within: str
) -> None:
    column = {"category": "category_id", "channel": "channel_title"}[within]
    in_groups = [each for each in summary["correlations"] if each["within"] == within]
    assert {each["outcome"] for each in in_groups} == set(outcomes)
    for each in in_groups:
        pairs = pd.DataFrame(
            {
                "x": thumbnails[each["attribute"]].to_numpy(float),
                "y": outcomes[each["outcome"]].to_numpy(),
                "group": thumbnails[column].to_numpy(),
            }
        ).dropna()
        pairs = pairs[pairs.groupby("group")["x"].transform("size") > 1]
        ranks = pairs[["x", "y"]].rank()
        centred = ranks - ranks.groupby(pairs["group"]).transform("mean")
        assert each["n"] == len(pairs)
        assert each["rho"] == pytest.approx(centred["x"].corr(centred["y"]))


def test_attributes_without_a_correlation_are_constant_or_unknown(
    summary: dict[str, Any], thumbnails: pd.DataFrame
) -> None:
    ties = {each["attribute"]: each for each in summary["ties"]}
    constant = {name for name, each in ties.items() if each["n_equal"] == each["n"]}
    described = [name for name, *_ in summary["describe"]]
    assert constant == {name for name in described if thumbnails[name].nunique() == 1}
    correlated = {c["attribute"] for c in summary["correlations"] if c["within"] == "all"}
    assert correlated == set(described) - constant


def test_most_frequent_values_equal_those_of_pandas(
    summary: dict[str, Any], thumbnails: pd.DataFrame, outcomes: pd.DataFrame
) -> None:
    ties = {each["attribute"]: each for each in summary["ties"]}
    for name, *_ in summary["describe"]:
        counts = thumbnails[name].astype(float).value_counts()
        assert (name in ties) == (counts.max() > counts.sum() / 2)
        if name in ties:
            expected = {"n": counts.sum(), "value": counts.idxmax(), "n_equal": counts.max()}
            assert ties[name] == {"attribute": name} | expected
    assert [each["outcome"] for each in summary["outcomes"]] == list(outcomes)
    for each in summary["outcomes"]:
        numbers = outcomes[each["outcome"]].dropna()
        assert each["n"] == len(numbers)
        assert each["n_equal"] == (numbers == each["value"]).sum() == numbers.value_counts().max()


def test_outcomes_have_the_names_of_the_table(drawn: Drawn, summary: dict[str, Any]) -> None:
    names = pd.read_parquet(drawn.parquet).columns
    assert {each["column"] for each in summary["outcomes"]} <= {*names}
    assert ("view_count" in names) == (summary["outcomes"][0]["column"] == "view_count")


def test_videos_without_a_channel_are_no_group(
    summary: dict[str, Any], thumbnails: pd.DataFrame
) -> None:
    names = thumbnails["channel_title"].dropna()
    n_compared = int((names.groupby(names).transform("size") > 1).sum())
    assert 0 < n_compared < len(thumbnails)
    within = [
        each["n"]
        for each in summary["correlations"]
        if each["within"] == "channel"
        and each["outcome"] == "likes"
        and thumbnails[each["attribute"]].notna().all()
    ]
    assert set(within) == {n_compared}


def test_categories_have_the_names_of_youtube(
    summary: dict[str, Any], thumbnails: pd.DataFrame
) -> None:
    known = {"1": "Film & Animation", "2": "Autos & Vehicles", "10": "Music"}
    present = {str(each).removesuffix(".0") for each in thumbnails["category_id"].dropna()}
    assert "10" in present
    names = {key: name for key, name in summary["categories"].items() if key in known}
    assert names == {key: name for key, name in known.items() if key in present}
    assert "99" not in summary["categories"]


def test_blank_categories_and_channels_are_none(folder: Path, rows: pd.DataFrame) -> None:
    without = rows["thumbnail_id"].isna()
    once = pd.concat([rows[~without].drop_duplicates("thumbnail_id"), rows[without]])
    index = read_data(folder, "index-0")
    for key, name in (("category", "category_id"), ("channel", "channel_title")):
        expected = [None if pd.isna(each) else str(each) for each in once[name]]
        assert index[key] == [each and each.removesuffix(".0") for each in expected]
        assert None in index[key]


def test_the_gallery_lists_each_thumbnail_once_with_its_values(
    folder: Path, thumbnails: pd.DataFrame
) -> None:
    index = read_data(folder, "index-0")
    shown = pd.DataFrame(index)
    ok = shown[shown["status"] == "ok"].reset_index(drop=True)
    assert ok["id"].tolist() == thumbnails["thumbnail_id"].tolist()
    assert ok["text"].tolist() == thumbnails["thumbnail_ocr"].tolist()
    assert ok["faces"].tolist() == thumbnails["face_count"].tolist()
    assert ok["value"].tolist() == thumbnails["value_median"].tolist()


def test_changed_thumbnails_have_their_versions(folder: Path, thumbnails: pd.DataFrame) -> None:
    shown = pd.DataFrame(read_data(folder, "index-0"))
    details = [read_data(folder, f"details-{number}") for number in range(5)]
    shown["versions"] = [item.get("versions") for part in details for item in part]
    changed = shown[shown["changed"] > 0]
    expected = thumbnails[thumbnails["thumbnail_changed_count"] > 0]
    assert changed["id"].tolist() == expected["thumbnail_id"].tolist()
    assert shown["versions"].notna().sum() == len(changed) > 0
    for (before, now), sha in zip(changed["versions"], expected["thumbnail_sha256"], strict=True):
        assert before == [sha256_of(0)[:18], None, None]  # no stored picture was drawn
        assert now == [sha[:18], "2026-11-08 03:00 UTC", None]


def test_the_thumbnail_that_was_removed_says_when(folder: Path, thumbnails: pd.DataFrame) -> None:
    details = [read_data(folder, f"details-{number}") for number in range(5)]
    ids = read_data(folder, "index-0")["id"]
    removed = {
        name: item["removed"]
        for name, item in zip(ids, itertools.chain(*details), strict=True)
        if "removed" in item
    }
    kept = thumbnails[thumbnails["thumbnail_changed_count"] == 0]
    assert removed == {kept["thumbnail_id"].iloc[0]: "2026-11-09 03:05 UTC"}


def test_the_gallery_has_groups_of_look_alikes(folder: Path, thumbnails: pd.DataFrame) -> None:
    shown = pd.DataFrame(read_data(folder, "index-0"))
    shown = shown[shown["status"] == "ok"].reset_index(drop=True)
    sizes = thumbnails.groupby("duplicate_group")["thumbnail_id"].nunique()
    alike = sizes[sizes > 1].index
    assert 0 < len(alike) < len(sizes)
    groups = thumbnails["duplicate_group"].where(thumbnails["duplicate_group"].isin(alike))
    assert shown["group"].fillna("none").tolist() == groups.fillna("none").tolist()


def test_the_gallery_has_the_language_and_script_of_texts_and_the_number_of_unread_lines(
    folder: Path, thumbnails: pd.DataFrame
) -> None:
    index = read_data(folder, "index-0")
    for key, name in (
        ("language", "thumbnail_text_language"),
        ("script", "thumbnail_text_script"),
        ("unread", "thumbnail_unread_lines"),
    ):
        expected = thumbnails[name].dropna().tolist()
        assert [value for value in index[key] if value is not None] == expected
        assert len(set(expected)) > (key != "language")


def test_an_unread_line_is_no_word_of_low_confidence(folder: Path, drawn: Drawn) -> None:
    words = drawn.results["words"].to_pandas()
    lowest = words[words["text"].notna()].groupby("thumbnail_id")["confidence"].min()
    index = read_data(folder, "index-0")
    for name, confidence in zip(index["id"], index["confidence"], strict=True):
        assert confidence == pytest.approx(lowest.get(name), abs=0.001)


def test_an_export_of_an_earlier_version_has_no_languages_and_scripts(
    drawn: Drawn, tmp_path: Path
) -> None:
    earlier = drawn.without_scripts(tmp_path / "earlier").write_site(tmp_path / "report", 0)
    index = read_data(earlier.parent, "index-0")
    assert not {"language", "script", "unread"} & index.keys()


def test_details_list_every_word_and_face_of_their_thumbnail(folder: Path, drawn: Drawn) -> None:
    ids = read_data(folder, "index-0")["id"]
    details = [each for n in range(5) for each in read_data(folder, f"details-{n}")]
    assert len(details) == len(ids)
    words = drawn.results["words"].to_pandas()
    words["shown"] = words["text"].where(words["text"].notna(), "not read: " + words["script"])
    texts = words.groupby("thumbnail_id")["shown"].apply(list).to_dict()
    faces = drawn.results["emotions"].to_pandas().groupby("thumbnail_id")["emotion"].apply(list)
    for name, detail in zip(ids, details, strict=True):
        shown = [word[0] or f"not read: {word[6]}" for word in detail["words"]]
        assert shown == texts.get(name, [])
        assert [face["emotion"] for face in detail["faces"]] == faces.to_dict().get(name, [])


def test_all_rows_of_the_csv_can_be_downloaded(folder: Path, drawn: Drawn) -> None:
    parts = [read_data(folder, f"rows-{number}") for number in range(3)]
    lines = [read_data(folder, "rows-header"), *(line for part in parts for line in part["lines"])]
    copy = folder.parent / "copy.csv"
    copy.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pd.testing.assert_frame_equal(pd.read_csv(copy), pd.read_csv(drawn.csv))
    ids = read_data(folder, "index-0")["id"]
    row_ids = [ids[item] for part in parts for item in part["items"]]
    assert row_ids == drawn_ids(drawn)


def drawn_ids(drawn: Drawn) -> list[str | None]:
    column = pd.read_parquet(drawn.parquet, columns=["thumbnail_id"])["thumbnail_id"]
    return [None if pd.isna(value) else str(value) for value in column]
