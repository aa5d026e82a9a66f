# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Full-reference picture metrics, in float64 with NumPy alone.

Every function takes two pictures of equal shape, [H, W, C] with C = 1 or 3, and the peak sample value
(2**bit_depth - 1). `measure` takes two `Image`s and returns all metrics at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import InputError
from refsw.types import Image

Samples = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]
Float = NDArray[np.float64]

# Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment", Asilomar 2003:
# exponents of the five scales, finest first, and the window and constants of single-scale SSIM (TIP 2004).
SCALE_EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW_TAPS = 11
WINDOW_SIGMA = 1.5
K1, K2 = 0.01, 0.03

LUMA_WEIGHTS = (0.299, 0.587, 0.114)  # BT.601, full range: the luma of JFIF


@dataclass(frozen=True)
class Metrics:
    """All metrics of one decoded picture.

    psnr: dB over all samples of all channels (RGB PSNR of a colour picture); psnr_y: dB of luma;
    msssim: mean over channels, 0..1; msssim_y: of luma; mse: mean squared error behind psnr, in squared 8-bit steps.
    Equal pictures have a PSNR of infinity.
    """

    psnr: float
    psnr_y: float
    msssim: float
    msssim_y: float
    mse: float


def mean_squared_error(reference: Samples, decoded: Samples) -> float:
    """Mean of the squared sample differences, in squared steps of the pictures' own depth."""
    _check_pair(reference, decoded)
    return float(np.mean(np.square(reference.astype(np.float64) - decoded.astype(np.float64))))


def psnr(reference: Samples, decoded: Samples, peak: int = 255) -> float:
    """PSNR in dB over all samples of all channels; infinity where the pictures are equal."""
    return decibels(mean_squared_error(reference, decoded), peak)


def decibels(mse: float, peak: int = 255) -> float:
    """PSNR in dB of a mean squared error."""
    return float("inf") if mse == 0 else float(10 * np.log10(peak * peak / mse))


def luma(samples: Samples) -> Float:
    """BT.601 full-range luma, not rounded: float64 [H, W, 1]. A grey picture is its own luma."""
    if samples.shape[2] == 1:
        return samples.astype(np.float64)
    result: Float = samples.astype(np.float64) @ np.asarray(LUMA_WEIGHTS).reshape(3, 1)
    return result


def msssim_scales(height: int, width: int) -> int:
    """Number of scales that a picture carries, 1..5: those whose shorter side still holds the 11-tap window.

    A side of n samples has ceil(n / 2) at the next scale; all five need 161 samples. A picture below 11 samples
    is given one scale, see `ms_ssim`.
    """
    side, scales = min(height, width), 1
    while scales < len(SCALE_EXPONENTS) and -(-side // 2) >= WINDOW_TAPS:
        side, scales = -(-side // 2), scales + 1
    return scales


def ms_ssim(reference: Samples, decoded: Samples, peak: int = 255) -> float:
    """Multi-scale SSIM (Wang, Simoncelli, Bovik 2003), mean over the channels, at most 1.

    Five scales; 11-tap Gaussian window of sigma 1.5, only where it lies wholly inside the picture; between scales
    the mean of 2 x 2 samples, the last row or column of an odd side repeated, as in the authors' program. Negative
    structure terms count as 0, so that the result is real.

    Small pictures: with fewer than five scales (shorter side below 161) the exponents of the scales that remain
    are divided by their sum; below 11 samples the picture is first continued to 11 by repeating its last row and
    column. Such values are comparable among equal sizes only.
    """
    _check_pair(reference, decoded)
    channels = reference.shape[2]
    values = [_ms_ssim_plane(reference[:, :, c], decoded[:, :, c], peak) for c in range(channels)]
    return float(np.mean(values))


def ms_ssim_decibels(value: float) -> float:
    """-10 log10(1 - MS-SSIM): the scale on which MS-SSIM is drawn and BD-rates are taken."""
    return float("inf") if value >= 1 else float(-10 * np.log10(1 - value))


def measure(reference: Image, decoded: Image) -> Metrics:
    """All metrics of a decoded picture against its reference; InputError where shapes or depths differ."""
    if reference.bit_depth != decoded.bit_depth:
        raise InputError(f"cannot compare pictures of {reference.bit_depth} and {decoded.bit_depth} bits")
    peak = 2**reference.bit_depth - 1
    mse = mean_squared_error(reference.samples, decoded.samples)
    luma_pair = luma(reference.samples), luma(decoded.samples)
    msssim_y = ms_ssim(*luma_pair, peak)
    return Metrics(
        psnr=decibels(mse, peak),
        psnr_y=psnr(*luma_pair, peak),
        msssim=msssim_y if reference.channels == 1 else ms_ssim(reference.samples, decoded.samples, peak),
        msssim_y=msssim_y,
        mse=mse * (255 / peak) ** 2,
    )


def _check_pair(reference: Samples, decoded: Samples) -> None:
    if reference.shape != decoded.shape or reference.ndim != 3:
        raise InputError(f"cannot compare pictures of shapes {reference.shape} and {decoded.shape}")


def _ms_ssim_plane(reference: Samples, decoded: Samples, peak: int) -> float:
    """MS-SSIM of one plane [H, W]."""
    shortfall = [(0, max(0, WINDOW_TAPS - side)) for side in reference.shape]
    x = np.pad(reference.astype(np.float64), shortfall, mode="edge")
    y = np.pad(decoded.astype(np.float64), shortfall, mode="edge")
    scales = msssim_scales(*x.shape)
    exponents = np.asarray(SCALE_EXPONENTS[:scales]) / (1.0 if scales == 5 else sum(SCALE_EXPONENTS[:scales]))
    result = 1.0
    for scale in range(scales):
        similarity, structure = _ssim_terms(x, y, peak)
        last = scale == scales - 1
        result *= max(similarity if last else structure, 0.0) ** exponents[scale]  # luminance at the coarsest only
        x, y = _halve(x), _halve(y)
    return float(result)


def _ssim_terms(x: Float, y: Float, peak: int) -> tuple[float, float]:
    """Mean SSIM and mean contrast-structure term of two planes."""
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    mean_x, mean_y = _window(x), _window(y)
    product = mean_x * mean_y
    power = mean_x * mean_x + mean_y * mean_y
    variances = _window(x * x + y * y) - power  # the sum of both is all that SSIM needs: one filter less
    covariance = _window(x * y) - product
    structure = (2 * covariance + c2) / (variances + c2)
    luminance = (2 * product + c1) / (power + c1)
    return float(np.mean(luminance * structure)), float(np.mean(structure))


def _window(plane: Float) -> Float:
    """Gaussian window, valid part only: [H, W] -> [H - 10, W - 10]."""
    reach = WINDOW_TAPS // 2
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / WINDOW_SIGMA) ** 2)
    taps /= taps.sum()
    for _ in range(2):  # down the rows, then, transposed, down the columns
        size = plane.shape[0] - 2 * reach
        filtered = taps[reach] * plane[reach : reach + size]
        for k in range(reach):  # taps are symmetric
            filtered += taps[k] * (plane[k : k + size] + plane[2 * reach - k : 2 * reach - k + size])
        plane = filtered.T
    return plane


def _halve(plane: Float) -> Float:
    """Mean of 2 x 2 samples: [H, W] -> [ceil(H / 2), ceil(W / 2)]."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    result: Float = (even[0::2, 0::2] + even[1::2, 0::2] + even[0::2, 1::2] + even[1::2, 1::2]) / 4
    return result
