"""Lines that stand upside down."""

import pytest

from thumbnail_tasks.engines.text.line_turns import is_upside_down, may_be_upside_down


def letters(text: str, confidence: float) -> list[tuple[str, float, float]]:
    return [(letter, confidence, 0.5) for letter in text]


@pytest.mark.parametrize(
    ("text", "confidence", "may_be"),
    [("GIAT", 0.8, True), ("GIAT", 0.95, False), ("V S", 0.5, False), ("", 0.0, False)],
)
def test_only_doubtful_lines_are_read_twice(text: str, confidence: float, may_be: bool) -> None:
    assert may_be_upside_down(letters(text, confidence)) == may_be


@pytest.mark.parametrize(
    ("upright", "turned", "is_turned"),
    [
        (("GIAT SPER", 0.81), ("GIANT SPIDER", 1.0), True),
        (("GIAT SPER", 0.81), ("GIANT SPIDER", 0.94), False),
        (("BOLD", 0.89), ("a709", 0.96), False),
        (("I V S", 0.7), ("S A", 1.0), False),
        (("ABC", 0.7), ("", 0.0), False),
    ],
)
def test_a_line_is_upside_down_if_it_is_much_surer_so(
    upright: tuple[str, float], turned: tuple[str, float], is_turned: bool
) -> None:
    assert is_upside_down(letters(*upright), letters(*turned)) == is_turned
