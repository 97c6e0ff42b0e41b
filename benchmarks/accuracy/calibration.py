"""Expected calibration error: how far confidence differs from accuracy."""

from html import escape

import numpy as np
from numpy.typing import NDArray

N_BINS = 15

_SIDE_PX = 240
_MARGIN_PX = 40


def bin_confidences(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Assign each case to the bin of its confidence.

    Args:
        probabilities: (N, C), rows sum to 1.
        labels: (N,) the right classes.

    Returns:
        (N, 45): confidence, whether it is right, and 1, in 15 columns each: one per bin of equal
        width, with zeros for the other bins.
    """
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * N_BINS).astype(int) - 1, 0, N_BINS - 1)
    cases = np.zeros((len(labels), 3, N_BINS))
    rows = np.arange(len(labels))
    cases[rows, 0, bins] = confidence
    cases[rows, 1, bins] = is_right
    cases[rows, 2, bins] = 1
    return cases.reshape(len(labels), 3 * N_BINS)


def calibration_error(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean distance between confidence and accuracy, weighted by the cases per bin."""
    confidence, right, count = np.split(sums, 3, axis=-1)
    error: NDArray[np.float64] = np.abs(confidence - right).sum(axis=-1) / count.sum(axis=-1)
    return error


def draw_reliability(charts: dict[str, NDArray[np.float64]]) -> str:
    """Draw one chart per engine as SVG: accuracy (bars) by confidence (the diagonal).

    Args:
        charts: Title to (N, 45) cases of ``bin_confidences``. A bar's shade is its share of cases.
    """
    step = _SIDE_PX + 2 * _MARGIN_PX
    width, height = step * len(charts), step
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for index, (title, cases) in enumerate(charts.items()):
        parts.append(f'<g transform="translate({index * step + _MARGIN_PX},{_MARGIN_PX})">')
        parts += _draw_chart(title, cases.sum(axis=0))
        parts.append("</g>")
    return "\n".join([*parts, "</svg>\n"])


def _draw_chart(title: str, sums: NDArray[np.float64]) -> list[str]:
    side, bar = _SIDE_PX, _SIDE_PX / N_BINS
    _, right, count = np.split(sums, 3)
    error = float(calibration_error(sums))
    lines = [f'<text y="-12">{escape(title)}: ECE {error:.3f}</text>']
    for index in range(N_BINS):
        if count[index]:
            height = side * right[index] / count[index]
            shade = 0.25 + 0.75 * count[index] / count.max()
            lines.append(
                f'<rect x="{index * bar:.1f}" y="{side - height:.1f}" width="{bar - 1:.1f}" '
                f'height="{height:.1f}" fill="steelblue" fill-opacity="{shade:.2f}">'
                f"<title>{int(count[index])} faces, {right[index] / count[index]:.3f} right</title>"
                "</rect>"
            )
    lines += [
        f'<rect width="{side}" height="{side}" fill="none" stroke="black"/>',
        f'<line x1="0" y1="{side}" x2="{side}" y2="0" stroke="crimson" stroke-dasharray="4"/>',
        f'<text x="{side / 2}" y="{side + 30}" text-anchor="middle">confidence, 0 to 1</text>',
        f'<text x="-8" y="{side}" text-anchor="end">0</text>',
        '<text x="-8" y="8" text-anchor="end">1</text>',
        f'<text x="-8" y="{side / 2}" text-anchor="end">accuracy</text>',
    ]
    return lines
