"""Letters of all scripts, and what counts as a word where there are no spaces."""

import pytest

from thumbnail_tasks.engines.letters import count_scripts, take_characters


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("", {}),
        ("1 + 1 = 2!", {}),
        ("Ærø ﬁn ÉTÉ", {"Latn": 8}),
        ("Привіт Ω", {"Cyrl": 6, "Grek": 1}),
        ("東京タワー", {"Hani": 2, "Kana": 3}),
        ("안녕", {"Hang": 2}),
        ("ขอบคุณ", {"Thai": 6}),
        ("مرحبا שלום", {"Arab": 5, "Hebr": 4}),
    ],
)
def test_letters_are_counted_by_script(text: str, scripts: dict[str, int]) -> None:
    assert count_scripts(text) == scripts


@pytest.mark.parametrize(
    ("text", "characters", "rest"),
    [
        ("TOP 10", [], "TOP 10"),
        ("東京 Tokyo", ["東", "京"], "   Tokyo"),
        ("ชื่อ", ["ชื่", "อ"], "  "),  # two marks on one letter
        ("カﾞ", ["カ", "ﾞ"], "  "),
        ("안녕 नमस्ते", [], "안녕 नमस्ते"),  # written with spaces
    ],
)
def test_characters_of_scripts_without_spaces_are_taken_out(
    text: str, characters: list[str], rest: str
) -> None:
    assert take_characters(text) == (characters, rest)
