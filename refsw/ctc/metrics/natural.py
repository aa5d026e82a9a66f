# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How natural pictures look, without a reference: statistics of luma, patch by patch, against those of others.

    luma ─ minus local mean, over local deviation ─► 18 parameters of each patch ─┐
      └─ half size ─ the same ──────────────────────────────────────────────────┴► 36 numbers ─► Gaussian of many

The features are NIQE's: Mittal, Soundararajan, Bovik, IEEE Signal Processing Letters 20(3), 2013. Smooth pictures have
other statistics than natural ones, and so have noisy ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.ctc.metrics.planes import Float
from refsw.ctc.metrics.windows import block_means, filter_mirrored, gaussian
from refsw.errors import InputError

PATCH = 64
"""Side of a patch, luma samples."""
TAPS = gaussian(7, 7 / 6)
SHAPES = np.arange(0.2, 10.001, 0.001)
"""Exponents of a generalised Gaussian among which the fitted one is found."""
SHARP = 0.75
"""Part of the greatest local deviation from which a patch of a picture counts as sharp."""
_LOG_GAMMA = np.vectorize(math.lgamma)
RATIOS = np.exp(2 * _LOG_GAMMA(2 / SHAPES) - _LOG_GAMMA(1 / SHAPES) - _LOG_GAMMA(3 / SHAPES))
"""Squared mean magnitude over mean square, of each of SHAPES; grows with them."""


@dataclass(frozen=True)
class Statistics:
    """Gaussian of the features of many patches: mean [36], covariance [36, 36], patches: how many there were."""

    mean: Float
    covariance: Float
    patches: int


def features(luma: Float, sharp: bool = False) -> Float:
    """luma: float64 [H, W], 0..255 -> [patches, 36]; sharp: of sharp patches alone, as NIQE fits its model.

    Raises InputError where no patch fits in.
    """
    rows, columns = luma.shape[0] // PATCH, luma.shape[1] // PATCH
    if rows == 0 or columns == 0:
        raise InputError(f"picture of {luma.shape[1]} x {luma.shape[0]}: statistics need {PATCH} x {PATCH} samples")
    own = luma[: rows * PATCH, : columns * PATCH]
    normal, deviation = _normalised(own)
    half, _ = _normalised(block_means(own, 2))
    found = np.concatenate([_parameters(_patches(normal, PATCH)), _parameters(_patches(half, PATCH // 2))], 1)
    if sharp:
        sharpness = block_means(deviation, PATCH).ravel()
        found = found[sharpness >= SHARP * sharpness.max()]
    return np.asarray(found)


def statistics(found: Float) -> Statistics:
    """Gaussian of features [patches, 36], two patches at least."""
    return Statistics(found.mean(0), np.cov(found, rowvar=False), len(found))


def unnaturalness(own: Statistics, natural: Statistics) -> float:
    """NIQE's distance of a picture, or of several, from natural pictures; 0 is best."""
    between = own.mean - natural.mean
    spread = np.linalg.pinv((own.covariance + natural.covariance) / 2)
    return math.sqrt(max(0.0, float(between @ spread @ between)))


def frechet(first: Statistics, second: Statistics, unit: Float) -> float:
    """Squared Fréchet distance of two Gaussians whose features are measured in `unit` [36]; 0 where they are equal."""
    own, other = (s.covariance / np.outer(unit, unit) for s in (first, second))
    values, vectors = np.linalg.eigh(own)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ other @ root).clip(0)).sum()
    between = (first.mean - second.mean) / unit
    return max(0.0, float(between @ between + np.trace(own) + np.trace(other) - 2 * shared))


def _normalised(plane: Float) -> tuple[Float, Float]:
    """(samples minus local mean, over local deviation + 1; local deviation)."""
    mean = filter_mirrored(plane, TAPS)
    deviation = np.sqrt(np.maximum(filter_mirrored(plane * plane, TAPS) - mean * mean, 0))
    return (plane - mean) / (deviation + 1), deviation


def _patches(plane: Float, side: int) -> Float:
    """[H, W] -> [patches, side, side]."""
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    return plane.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


def _shape(ratio: Float) -> NDArray[np.intp]:
    """Index in SHAPES of the exponent whose ratio is this."""
    return np.searchsorted(RATIOS, ratio).clip(0, len(SHAPES) - 1)


def _symmetric(x: Float) -> tuple[Float, Float]:
    """Exponent and variance of each patch [n, ...] as a generalised Gaussian."""
    axes = (1, 2)
    square = (x * x).mean(axes)
    ratio = np.abs(x).mean(axes) ** 2 / np.maximum(square, 1e-12)
    return SHAPES[_shape(ratio)], square


def _lopsided(x: Float) -> tuple[Float, Float, Float, Float]:
    """Exponent, mean, left and right variance of each patch [n, ...] as an asymmetric generalised Gaussian."""
    axes = (1, 2)
    left, right = x < 0, x >= 0
    below = np.sqrt((x * x * left).sum(axes) / np.maximum(left.sum(axes), 1) + 1e-12)
    above = np.sqrt((x * x * right).sum(axes) / np.maximum(right.sum(axes), 1) + 1e-12)
    g = below / above
    ratio = np.abs(x).mean(axes) ** 2 / np.maximum((x * x).mean(axes), 1e-12)
    ratio = ratio * (g**3 + 1) * (g + 1) / (g * g + 1) ** 2
    exponent = SHAPES[_shape(ratio)]
    one, two, three = (_LOG_GAMMA(k / exponent) for k in (1, 2, 3))
    mean = (above - below) * np.exp(two - one) * np.exp((one - three) / 2)
    return exponent, mean, below**2, above**2


def _parameters(x: Float) -> Float:
    """18 of each patch [n, side, side]: of the samples, and of products with four neighbours."""
    neighbours = (
        x[:, :, :-1] * x[:, :, 1:], x[:, :-1] * x[:, 1:], x[:, :-1, :-1] * x[:, 1:, 1:], x[:, 1:, :-1] * x[:, :-1, 1:]
    )
    found = list(_symmetric(x))
    for product in neighbours:
        found += _lopsided(product)
    return np.stack(found, 1)
