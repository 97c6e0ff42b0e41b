"""A map of texts, on which similar vectors are close to each other."""

import numpy as np
from numpy.typing import NDArray

_SEED = 0
_MAX_FITTED = 5_000
"""Texts laid out by t-SNE itself, in half a minute; others are placed beside their neighbours."""

_DIMENSIONS = 50
"""Principal components that t-SNE uses; the rest of a sentence's vector is mostly noise."""

_MIN_FITTED = 30
"""With fewer texts, neighbours mean little, and the map shows principal components."""


def project(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay out vectors on a plane with t-SNE (openTSNE); equal vectors give equal maps.

    Args:
        vectors: (N, width) numbers.

    Returns:
        (N, 2) numbers from 0 to 1.
    """
    n = len(vectors)
    if n == 0:
        return np.zeros((0, 2), np.float32)
    components = _principal_components(vectors.astype(np.float64), _DIMENSIONS)
    positions = components[:, :2] if n < _MIN_FITTED else _lay_out(components)
    low, high = positions.min(axis=0), positions.max(axis=0)
    return np.asarray((positions - low) / np.maximum(high - low, 1e-12), np.float32)


def _lay_out(components: NDArray[np.float64]) -> NDArray[np.float64]:
    from openTSNE import TSNE  # slow to import: seconds

    n = len(components)
    fitted = np.sort(np.random.default_rng(_SEED).permutation(n)[:_MAX_FITTED])
    perplexity = min(30.0, (len(fitted) - 1) / 3)
    # One thread: with two, the same vectors gave different maps, and took five times as long on a
    # busy machine (1,000 texts: 32 s instead of 6).
    tsne = TSNE(perplexity=perplexity, random_state=_SEED, n_jobs=1, initialization="pca")
    layout = tsne.fit(components[fitted])
    positions = np.zeros((n, 2))
    positions[fitted] = layout
    rest = np.setdiff1d(np.arange(n), fitted)
    if len(rest):
        positions[rest] = layout.prepare_partial(components[rest], k=5)
    return positions


def _principal_components(vectors: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """(N, most) coordinates with fixed signs: the largest part of each axis is positive."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :most]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    components = centred @ (axes * np.sign(largest))
    if components.shape[1] < 2:
        components = np.pad(components, ((0, 0), (0, 2 - components.shape[1])))
    return np.asarray(components, np.float64)
