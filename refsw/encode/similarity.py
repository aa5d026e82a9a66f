# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) What corrections of planes are worth in MS-SSIM: its slope, and its curvature where variances stay.

In a window of one scale, 1 - contrast * structure = variance of the error / (variance of both pictures + C2) (Wang,
Simoncelli, Bovik 2003): nearly a weighted squared error. The slope is exact; the curvature is that of the numerator.
Luminance, which only the coarsest scale compares, is left out: filters of differences hardly change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.tools.quadratic import Quadratic

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, DEVIATION = 11, 1.5
C2 = 0.03**2
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class _Blur:
    """The Gaussian window, wherever it lies inside: rows [h - 10, h], columns [w, w - 10]."""

    rows: Samples
    columns: Samples

    @classmethod
    def of(cls, height: int, width: int) -> _Blur:
        return cls(_window(height).T.copy(), _window(width))

    def forward(self, x: Samples) -> Samples:
        """[..., h, w] -> [..., h - 10, w - 10]."""
        return self.rows @ (x @ self.columns)

    def back(self, x: Samples) -> Samples:
        """The transpose: [..., h - 10, w - 10] -> [..., h, w]."""
        return self.rows.T @ x @ self.columns.T


def _window(size: int) -> Samples:
    offset = np.arange(size)[:, None] - np.arange(size - WINDOW + 1) - WINDOW // 2
    weights = np.exp(-(offset**2) / (2 * DEVIATION**2)) * (np.abs(offset) <= WINDOW // 2)
    return np.asarray(weights / weights.sum(0), np.float32)


def _halved(x: Samples) -> Samples:
    height, width = x.shape[-2] // 2 * 2, x.shape[-1] // 2 * 2
    x = x[..., :height, :width]
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def scales(height: int, width: int) -> int:
    """How many scales a part has that hold a window."""
    return sum(min(height, width) >> scale >= WINDOW for scale in range(len(SCALE_WEIGHTS)))


def similarity_worth(
    source: Samples, decoded: Samples, corrections: Sequence[Samples], colours: NDArray[np.float64]
) -> Quadratic:
    """By how much corrections raise the logarithm of MS-SSIM, the mean over the colours.

    source, decoded: float32 [P, h, w], range 0..1 but for an offset, of at least one scale; corrections: of each plane
    [n, h, w]; colours: float64 [channels, P], errors of displayed samples from those of planes.
    """
    plane = [index for index, own in enumerate(corrections) for _ in own]
    part, share = np.concatenate(corrections), colours[:, plane]
    mixing = colours.astype(np.float32)
    a, b = (np.einsum("cp,phw->chw", mixing, own) for own in (decoded, source))
    total = Quadratic.nothing(len(part))
    weights = SCALE_WEIGHTS[: scales(*part.shape[1:])]
    for scale, weight in enumerate(weights):
        if scale:
            a, b, part = _halved(a), _halved(b), _halved(part)
        total += _of_scale(a, b, part, share).times(weight / sum(weights) / len(a))
    return total


def _of_scale(a: Samples, b: Samples, part: Samples, share: NDArray[np.float64]) -> Quadratic:
    """Of the logarithm of contrast * structure at one scale, the sum over the colours."""
    blur = _Blur.of(*a.shape[1:])
    flat, blurred = part.reshape(len(part), -1), blur.forward(part).reshape(len(part), -1)
    mean_a, mean_b = blur.forward(a), blur.forward(b)
    both = blur.forward(a * a + b * b) - mean_a**2 - mean_b**2 + np.float32(C2)
    common = 2 * (blur.forward(a * b) - mean_a * mean_b) + np.float32(C2)
    matrix, vector = np.zeros((len(part), len(part))), np.zeros(len(part))
    for colour in range(len(a)):
        like = common[colour] / both[colour]
        # the logarithm of a mean that is 0 or less has no slope
        each = 1 / both[colour] / like.size / max(float(like.mean()), 1e-2)
        of_window = -2 * (each * mean_b[colour] - each * like * mean_a[colour])
        slope = 2 * (blur.back(each) * b[colour] - blur.back(each * like) * a[colour]) + blur.back(of_window)
        spread = blur.back(each).ravel()
        curvature = (flat * spread) @ flat.T - (blurred * each.ravel()) @ blurred.T
        matrix += curvature.astype(np.float64) * np.outer(share[colour], share[colour])
        vector += (flat @ slope.ravel()).astype(np.float64) * share[colour] / 2
    return Quadratic((matrix + matrix.T) / 2, vector)
