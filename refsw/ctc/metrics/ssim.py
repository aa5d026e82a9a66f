# SPDX-License-Identifier: BSD-3-Clause-Clear
"""SSIM, and MS-SSIM of luma as in JPEG AI and of R, G, B as in the literature on learned compression.

x, y --11-tap window--> means, variances, covariance --> luminance and structure maps --mean--> one scale
   \\--2 x 2 means--> next scale ... five in all
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import STEPS, Float, Pair, Reference
from refsw.ctc.metrics.windows import filter_valid, gaussian, zeros_to
from refsw.types import Image

# Wang, Simoncelli and Bovik 2003: exponents of the five scales, finest first; Wang et al. 2004: window and constants.
SCALE_EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW = gaussian(11, 1.5)
K1, K2 = 0.01, 0.03
JPEG_AI_SIDE = 164  # smaller pictures are continued with zeros to this side, so that all have five scales

WANG_2003 = "Wang, Simoncelli, Bovik: Multi-scale structural similarity for image quality assessment, Asilomar 2003"
WANG_2004 = "Wang, Bovik, Sheikh, Simoncelli: Image quality assessment, IEEE Trans. Image Processing 13(4), 2004"


def ssim(pair: Pair) -> float:
    """Mean SSIM of Y at full resolution, window wholly inside; below 11 samples the last row or column repeats."""
    x, y = (_at_least_window(plane) for plane in pair.luma)
    return float(np.mean(_maps(_Scale(x, filter_valid(x, WINDOW)), y, STEPS)[0]))


def msssim(pair: Pair) -> float:
    """MS-SSIM of Y as JPEG AI takes it: sides below 164 are continued with zeros."""
    return _ms_ssim(pair.source.derived(_luma_scales), zeros_to(pair.luma[1], JPEG_AI_SIDE), STEPS)


def msssim_rgb(pair: Pair) -> float:
    """Mean of the MS-SSIM of R, G and B as they are stored; of the one plane of a grey picture."""
    peak = float(2**pair.reference.bit_depth - 1)
    planes = zip(pair.source.derived(_stored_scales), _stored(pair.picture), strict=True)
    return float(np.mean([_ms_ssim(scales, plane, peak) for scales, plane in planes]))


@dataclass(frozen=True)
class _Scale:
    """A plane at one scale, and its local mean."""

    plane: Float
    mean: Float


def _luma_scales(reference: Reference) -> tuple[_Scale, ...]:
    return _scales(zeros_to(reference.luma, JPEG_AI_SIDE))


def _stored_scales(reference: Reference) -> tuple[tuple[_Scale, ...], ...]:
    return tuple(map(_scales, _stored(reference.image)))


def _stored(image: Image) -> Float:
    return np.moveaxis(image.samples.astype(np.float64), 2, 0)


def _scales(plane: Float) -> tuple[_Scale, ...]:
    plane = _at_least_window(plane)
    found = []
    for _ in range(msssim_scales(*plane.shape)):
        found.append(_Scale(plane, filter_valid(plane, WINDOW)))
        plane = _halve(plane)
    return tuple(found)


def msssim_scales(height: int, width: int) -> int:
    """Number of scales that a picture carries, 1..5: those whose shorter side still holds the 11-tap window.

    A side of n samples has ceil(n / 2) at the next scale; all five need 161 samples. A picture below 11 samples
    is given one scale, see `ms_ssim_plane`.
    """
    side, scales = min(height, width), 1
    while scales < len(SCALE_EXPONENTS) and -(-side // 2) >= WINDOW.size:
        side, scales = -(-side // 2), scales + 1
    return scales


def ms_ssim_plane(x: Float, y: Float, peak: float) -> float:
    """MS-SSIM of two planes [H, W], 0..1.

    Between scales the mean of 2 x 2 samples; an odd side is first given a zero before and after it, as in
    pytorch-msssim, which JPEG AI and most papers use. Negative terms count as 0, so that the result is real.

    With fewer than five scales (shorter side below 161) the exponents of the scales that remain are divided by
    their sum; below 11 samples the last row or column repeats. Such values are comparable among equal sizes only.
    """
    return _ms_ssim(_scales(x), y, peak)


def _ms_ssim(scales: tuple[_Scale, ...], y: Float, peak: float) -> float:
    y = _at_least_window(y)
    exponents = _exponents(SCALE_EXPONENTS[: len(scales)])
    result = 1.0
    for n, (x, exponent) in enumerate(zip(scales, exponents, strict=True)):
        similarity, structure = _maps(x, y, peak)
        last = n == len(scales) - 1  # luminance counts at the coarsest scale only
        result *= max(float(np.mean(similarity if last else structure)), 0.0) ** exponent
        y = _halve(y)
    return result


def _exponents(weights: Sequence[float]) -> Sequence[float]:
    if len(weights) == len(SCALE_EXPONENTS):
        return weights  # their sum is 1.0001, and nobody divides by it
    return [weight / sum(weights) for weight in weights]


def _maps(reference: _Scale, y: Float, peak: float) -> tuple[Float, Float]:
    """Maps of SSIM and of its contrast-structure term, [H - 10, W - 10]."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    x, mean_x, mean_y = reference.plane, reference.mean, filter_valid(y, WINDOW)
    product = mean_x * mean_y
    power = mean_x * mean_x + mean_y * mean_y
    variances = filter_valid(x * x + y * y, WINDOW) - power  # the sum of both is all that is needed: one filter less
    structure = (2 * (filter_valid(x * y, WINDOW) - product) + c2) / (variances + c2)
    return (2 * product + c1) / (power + c1) * structure, structure


def _halve(plane: Float) -> Float:
    """Mean of 2 x 2 samples: [H, W] -> [ceil(H / 2), ceil(W / 2)]."""
    odd = [(length % 2, length % 2) for length in plane.shape]
    padded = np.pad(plane, odd) if any(before for before, _ in odd) else plane
    rows, columns = (length - length % 2 for length in padded.shape)
    even = padded[:rows, :columns]
    return np.asarray((even[0::2, 0::2] + even[1::2, 0::2] + even[0::2, 1::2] + even[1::2, 1::2]) / 4)


def _at_least_window(plane: Float) -> Float:
    shortfall = [(0, max(0, WINDOW.size - side)) for side in plane.shape]
    return np.pad(plane, shortfall, mode="edge") if any(after for _, after in shortfall) else plane


SSIM = Metric("ssim", "SSIM", "1", "", True, False, 1.0, "Y", WANG_2004, ssim)
MSSSIM = Metric("msssim", "MS-SSIM", "1", "", True, True, 1.0, "Y", WANG_2003, msssim)
MSSSIM_RGB = Metric("msssim_rgb", "MS-SSIM RGB", "1", "", True, False, 1.0, "R, G, B", WANG_2003, msssim_rgb)
