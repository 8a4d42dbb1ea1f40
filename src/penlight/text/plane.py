"""Words drawn in the plane, by the two directions in which their vectors differ most."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .keyed_vectors import KeyedVectors


def project(vectors: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the principal components of vectors (Pearson 1901), the first two.

    Args:
        vectors: shape (N, D), N of 3 or more, D of 2 or more.

    Returns:
        Coordinates, float64, shape (N, 2), each with its largest number positive; and the share of
        the variance that each of the two has.

    Raises:
        ValueError: there are too few vectors or numbers, or all are the same.

    Example:
        >>> import numpy as np
        >>> from penlight.text.plane import project
        >>> project(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]))[1]
        array([1., 0.])
    """
    if vectors.ndim != 2 or vectors.shape[0] < 3 or vectors.shape[1] < 2:
        msg = f"expected three vectors or more, of two numbers or more; got shape {vectors.shape}"
        raise ValueError(msg)
    centred = vectors.astype(np.float64)
    centred -= centred.mean(0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    if not lengths[0] > 0:
        msg = "all vectors are the same: there is no direction in which they differ"
        raise ValueError(msg)
    points = left[:, :2] * lengths[:2]
    largest = points[np.abs(points).argmax(0), [0, 1]]
    return points * np.where(largest < 0, -1, 1), lengths[:2] ** 2 / (lengths**2).sum()


def draw(wv: KeyedVectors, words: Sequence[str], path: str | os.PathLike[str]) -> float:
    """Draw words as points in the plane.

    Args:
        wv: vectors.
        words: three or more of its words.
        path: where the image goes; the ending says what kind (``.png``, ``.svg``, ``.pdf``).

    Returns:
        The share of the variance that the picture shows.

    Raises:
        KeyError: there is no vector for a word.
        ValueError: there are fewer than three words.
        ImportError: matplotlib is missing; the message says how to install it.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = "drawing needs matplotlib: pip install 'penlight[text]'"
        raise ImportError(msg) from error
    points, shares = project(np.stack([wv.get_vector(word, norm=True) for word in words]))
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(points[:, 0], points[:, 1], s=18)
    for word, point in zip(words, points, strict=True):
        axes.annotate(word, point, xytext=(4, 4), textcoords="offset points")
    axes.margins(0.12)
    axes.set_xlabel(f"first principal component ({shares[0]:.0%} of the variance)")
    axes.set_ylabel(f"second ({shares[1]:.0%})")
    figure.savefig(path, dpi=150)
    return float(shares.sum())
